//! Structs, and the instances of generic ones.

use std::collections::BTreeMap;

use super::ty::MAX_WIDTH;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{Field, Label, Struct, Type};
use crate::scope::{Generics, Scope, duplicate, unsupported};
use crate::span::Span;
use crate::suggest::nearest;
use crate::syntax::ast::{self, Arg, Generic, GenericKind, Name, TypeArg};

/// Most structs of a contract, instances of generic ones counted each.
const MAX_STRUCTS: usize = 256;
/// Most fields of a struct.
const MAX_FIELDS: usize = 64;
/// How deep structs may hold each other.
const MAX_DEPTH: usize = 32;

impl Scope {
    /// What the generic parameters of a struct stand for, from what is written between `<` and `>`.
    pub(super) fn struct_generics(
        &mut self,
        ty: &ast::Type,
        item: usize,
        args: &[TypeArg],
        outer: &Generics,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Generics, Diagnostic> {
        let item = self.struct_items.get(item).cloned();
        let parameters = item.as_ref().map(ast::Struct::generics).unwrap_or_default();
        if parameters.len() != args.len() {
            let written: Vec<&str> = parameters.iter().map(|p| p.name.text.as_str()).collect();
            let message = match &written[..] {
                [] => "this struct takes nothing between `<` and `>`".to_owned(),
                _ => format!("this struct takes `<{}>`", written.join(", ")),
            };
            let diagnostic = Diagnostic::error(Code::E0204, ty.span(), message);
            return Err(match item.and_then(|item| item.name()) {
                Some(name) => diagnostic.also(name.span, "declared here"),
                None => diagnostic,
            });
        }
        let mut generics = Generics::default();
        for (parameter, arg) in parameters.into_iter().zip(args) {
            let name = parameter.name.text;
            match (parameter.kind, arg) {
                (GenericKind::Type, TypeArg::Type(ty)) => {
                    let ty = self.part(ty, outer, diagnostics);
                    generics.types.insert(name, ty);
                }
                (GenericKind::Type, TypeArg::Int(_, span)) => {
                    let message = "a type is needed here, not a number";
                    return Err(Diagnostic::error(Code::E0206, *span, message));
                }
                (GenericKind::Size, arg) => {
                    let size = self.type_size(arg, outer)?;
                    generics.sizes.insert(name, size);
                }
                // Reported at the declaration.
                (GenericKind::Label, _) => {}
            }
        }
        Ok(generics)
    }

    /// A struct with its generic parameters settled; `item` is an index into `struct_items`. Errors are reported,
    /// at the declaration or, if it is the instance that is wrong, at `at`.
    pub(crate) fn instance(
        &mut self,
        item: usize,
        generics: Generics,
        at: Span,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Type {
        let unknown = |ty: &Type| *ty == Type::Unknown;
        if generics.types.values().any(unknown) {
            return Type::Unknown;
        }
        let key = (item, generics);
        if let Some(index) = self.instances.get(&key) {
            return Type::Struct(*index);
        }
        let Some(declaration) = self.struct_items.get(item).cloned() else {
            return Type::Unknown;
        };
        let Some(name) = declaration.name() else {
            return Type::Unknown;
        };
        let wrong = if self.making.contains(&item) {
            let message = format!("`{}` contains itself", name.text);
            Diagnostic::error(Code::E0320, at, message)
                .because("its values would have no end")
                .also(name.span, "declared here")
        } else if self.making.len() >= MAX_DEPTH {
            let message = format!("structs hold each other at most {MAX_DEPTH} deep");
            Diagnostic::error(Code::E0601, at, message)
        } else if self.hir.structs.len() + self.making.len() >= MAX_STRUCTS {
            let message = format!(
                "a contract has at most {MAX_STRUCTS} structs, each instance of a generic one counted"
            );
            let diagnostic = Diagnostic::error(Code::E0601, at, message);
            if diagnostics.iter().any(|d| d.message == diagnostic.message) {
                return Type::Unknown;
            }
            diagnostic
        } else {
            self.making.push(item);
            let made = self.make(&declaration, &key.1, at, diagnostics);
            self.making.pop();
            return match made {
                Some(made) => {
                    let index = self.hir.structs.len();
                    let widths = made.fields.iter().map(|field| self.width(&field.ty));
                    let width = widths.fold(0, u64::saturating_add);
                    self.hir.structs.push(made);
                    self.struct_widths.push(width);
                    self.instances.insert(key, index);
                    Type::Struct(index)
                }
                None => Type::Unknown,
            };
        };
        diagnostics.push(wrong);
        Type::Unknown
    }

    fn make(
        &mut self,
        declaration: &ast::Struct,
        generics: &Generics,
        at: Span,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Struct> {
        let name = declaration.name()?;
        let mut fields: Vec<Field> = Vec::new();
        let mut names = BTreeMap::new();
        let mut width = 0;
        for field in declaration.fields() {
            let (Some(name), Some(ty)) = (field.name(), field.ty()) else {
                continue;
            };
            if let Some(first) = names.insert(name.text.clone(), name.span) {
                diagnostics.push(duplicate(&name, first));
                continue;
            }
            if let Some(label) = super::ty::label(&ty) {
                let what = match label {
                    Label::Private => "`private` at a field",
                    Label::Public => "`public` at a field",
                };
                let diagnostic = unsupported(ty.span(), what)
                    .help("say where a struct is used who knows it: all fields are known to the same people");
                diagnostics.push(diagnostic);
            }
            let ty = self.part(&ty, generics, diagnostics);
            width = self.width(&ty).saturating_add(width);
            let range = field.range();
            let range = range.and_then(|range| self.range(&range, &ty, diagnostics));
            fields.push(Field {
                name: name.text,
                ty,
                range,
                span: name.span,
            });
        }
        let limit = if fields.len() > MAX_FIELDS {
            Some(format!("a struct has at most {MAX_FIELDS} fields"))
        } else if width > MAX_WIDTH {
            let most = grouped(MAX_WIDTH.into());
            Some(format!("a value holds at most {most} single values"))
        } else {
            None
        };
        if let Some(message) = limit {
            let diagnostic = Diagnostic::error(Code::E0601, name.span, message);
            diagnostics.push(diagnostic.also(at, "needed here"));
            return None;
        }
        Some(Struct {
            name: self.instance_name(&name.text, &declaration.generics(), generics),
            fields,
            span: name.span,
        })
    }

    /// `Pair<u64, 3>`.
    fn instance_name(&self, name: &str, parameters: &[Generic], generics: &Generics) -> String {
        let written: Vec<String> = parameters
            .iter()
            .filter_map(|parameter| {
                let name = &parameter.name.text;
                let ty = generics.types.get(name).map(|ty| self.hir.type_name(ty));
                ty.or_else(|| generics.sizes.get(name).map(u64::to_string))
            })
            .collect();
        match &written[..] {
            [] => name.to_owned(),
            _ => format!("{name}<{}>", written.join(", ")),
        }
    }
}

/// Names of parts.
impl Scope {
    /// The place of a name in an enumeration, an index into `hir.enums`.
    ///
    /// # Errors
    ///
    /// There is no such name.
    pub(crate) fn variant(&self, index: usize, name: &Name) -> Result<u32, Diagnostic> {
        let Some(declared) = self.hir.enums.get(index) else {
            return Ok(0);
        };
        let mut variants = declared.variants.iter();
        let place = variants.position(|variant| *variant == name.text);
        match place.and_then(|place| u32::try_from(place).ok()) {
            Some(place) => Ok(place),
            None => {
                let message = format!("`{}` has no `{}`", declared.name, name.text);
                let diagnostic = Diagnostic::error(Code::E0208, name.span, message)
                    .also(declared.span, "declared here");
                let known = declared.variants.iter().map(String::as_str);
                Err(did_you_mean(diagnostic, &name.text, known))
            }
        }
    }

    /// The place of a field in a struct, an index into `hir.structs`.
    ///
    /// # Errors
    ///
    /// There is no such field.
    pub(crate) fn field(&self, index: usize, name: &Name) -> Result<usize, Diagnostic> {
        let Some(declared) = self.hir.structs.get(index) else {
            return Ok(0);
        };
        let mut fields = declared.fields.iter();
        fields
            .position(|field| field.name == name.text)
            .ok_or_else(|| {
                let message = format!("`{}` has no field `{}`", declared.name, name.text);
                let diagnostic = Diagnostic::error(Code::E0208, name.span, message)
                    .also(declared.span, "declared here");
                let known = declared.fields.iter().map(|field| field.name.as_str());
                did_you_mean(diagnostic, &name.text, known)
            })
    }

    /// Which of the arguments of `NAME(field: value, ...)` is the value of each field.
    ///
    /// # Errors
    ///
    /// An argument has no name or one that no field has, a field has no argument or two.
    pub(crate) fn field_order(
        &self,
        index: usize,
        args: &[Arg],
        span: Span,
    ) -> Result<Vec<usize>, Diagnostic> {
        let Some(declared) = self.hir.structs.get(index) else {
            return Ok(Vec::new());
        };
        let mut order = vec![None; declared.fields.len()];
        for (at, arg) in args.iter().enumerate() {
            let Some(name) = &arg.name else {
                let names: Vec<String> = declared
                    .fields
                    .iter()
                    .map(|field| format!("{}: ...", field.name))
                    .collect();
                let message = format!("the fields of `{}` are given by name", declared.name);
                return Err(
                    Diagnostic::error(Code::E0204, arg.span, message).help(format!(
                        "write `{}({})`",
                        declared.name,
                        names.join(", ")
                    )),
                );
            };
            let place = self.field(index, name)?;
            match order.get_mut(place) {
                Some(slot @ None) => *slot = Some(at),
                _ => {
                    let message = format!("`{}` is given twice", name.text);
                    return Err(Diagnostic::error(Code::E0204, name.span, message));
                }
            }
        }
        let missing: Vec<String> = declared
            .fields
            .iter()
            .zip(&order)
            .filter(|(_, at)| at.is_none())
            .map(|(field, _)| format!("`{}`", field.name))
            .collect();
        if !missing.is_empty() {
            let message = format!("`{}` needs {} too", declared.name, missing.join(", "));
            return Err(
                Diagnostic::error(Code::E0204, span, message).also(declared.span, "declared here")
            );
        }
        Ok(order.into_iter().flatten().collect())
    }
}

fn did_you_mean<'a>(
    diagnostic: Diagnostic,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    if let Some(near) = nearest(name, known.clone()) {
        return diagnostic.did_you_mean(near);
    }
    let all: Vec<String> = known.take(9).map(|name| format!("`{name}`")).collect();
    match all.len() {
        1..=8 => diagnostic.help(format!("it has {}", all.join(", "))),
        _ => diagnostic,
    }
}

/// Reports what is not built of generic parameters, and names that stand twice.
pub(super) fn check_generics(
    generics: &[Generic],
    of_function: bool,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut names = BTreeMap::new();
    for generic in generics {
        if let Some(first) = names.insert(&generic.name.text, generic.name.span) {
            diagnostics.push(duplicate(&generic.name, first));
        }
        if generic.kind == GenericKind::Label && !of_function {
            let diagnostic = unsupported(generic.span, "a struct with a label as a parameter")
                .help("a value of it is private or public as a whole: leave it out");
            diagnostics.push(diagnostic);
        }
        if let Some(bound) = &generic.bound {
            let diagnostic = unsupported(bound.span, "a bound of a type parameter")
                .help("leave it out: the body is checked for each type that is used");
            diagnostics.push(diagnostic);
        }
    }
}
