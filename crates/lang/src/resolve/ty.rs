//! Types as they are written.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{Curve, FixType, IntType, Label, Length, Type};
use crate::scope::{Generics, Scope, Symbol, unsupported};
use crate::span::Span;
use crate::suggest::nearest;
use crate::syntax::ast::{self, Name, TypeArg, TypeKind};

/// Most single values that one value can hold: the longest vector.
pub(crate) const MAX_WIDTH: u64 = 1 << 20;
/// Most bytes of a `bytes` or `text`.
const MAX_BYTES: u64 = 65_536;
/// Most parts of a type, after generic parameters have their types.
const MAX_PARTS: usize = 1_024;
/// Most bits of a `fix`: scaled numbers are 64-bit numbers.
const MAX_FIX_BITS: u64 = 64;

/// Names of types that no declaration can have.
pub(crate) const BUILT_IN: [&str; 18] = [
    "bool", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "fix", "id", "hash", "string",
    "bytes", "text", "key", "maybe", "map",
];

impl Scope {
    /// A written type, with its label. Errors are reported and give `Type::Unknown`. Instances of generic
    /// structs are made here.
    pub(crate) fn ty(
        &mut self,
        ty: &ast::Type,
        generics: &Generics,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> (Option<Label>, Type) {
        let label = label(ty);
        let inside = ty
            .parts()
            .find(|part| self::label(part) == Some(Label::Private));
        if let (Some(Label::Public), Some(part)) = (label, inside) {
            let message = "`public` before the whole type, and `private` at a part of it";
            let diagnostic = Diagnostic::error(Code::E0301, part.span(), message);
            diagnostics.push(diagnostic.help("write `private` before the whole type"));
        }
        let value = self.unlabelled(ty, generics, diagnostics);
        match ty.per() {
            None => (label, value),
            Some(name) => (label, self.per(value, &name, diagnostics)),
        }
    }

    /// A type inside of another one.
    pub(super) fn part(
        &mut self,
        ty: &ast::Type,
        generics: &Generics,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Type {
        if let Some(name) = ty.per() {
            let diagnostic = unsupported(name.span, "`per` at a part of a type")
                .help("write it behind the whole type: each row then has all parts");
            diagnostics.push(diagnostic);
        }
        self.unlabelled(ty, generics, diagnostics)
    }

    /// A type whose label and `per` somebody else looks at.
    pub(super) fn unlabelled(
        &mut self,
        ty: &ast::Type,
        generics: &Generics,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Type {
        if let Some(name) = ty.label_name()
            && !generics.labels.contains(&name.text)
        {
            let message = format!("there is no label `{}`", name.text);
            let diagnostic = Diagnostic::error(Code::E0203, name.span, message)
                .help("it is `private`, `public`, or one of the function: `fn f<label L>(x: L u64) -> L u64`");
            diagnostics.push(diagnostic);
        }
        let made = match ty.kind() {
            TypeKind::Missing => Ok(Type::Unknown),
            TypeKind::Named(name, args) => self.named(ty, &name, &args, generics, diagnostics),
            TypeKind::Tuple(parts) => Ok(Type::Tuple(
                parts
                    .iter()
                    .map(|part| self.part(part, generics, diagnostics))
                    .collect(),
            )),
            TypeKind::List { max: true, .. } => Err(unsupported(
                ty.span(),
                "a list of unknown length outside of `collect`",
            )
            .help("state its length, as in `[u64; 3]`, or make the length a parameter: `fn f<const N>(list: [u64; N])`")),
            TypeKind::List {
                element, length, ..
            } => {
                let element = self.part(&element, generics, diagnostics);
                self.size(&length, generics)
                    .map(|length| Type::List(Box::new(element), Length::known(length)))
            }
        };
        let made = made.and_then(|made| self.bounded(made, ty.span()));
        made.unwrap_or_else(|diagnostic| {
            diagnostics.push(diagnostic);
            Type::Unknown
        })
    }

    fn bounded(&self, ty: Type, span: Span) -> Result<Type, Diagnostic> {
        if self.width(&ty) > MAX_WIDTH {
            let most = grouped(MAX_WIDTH.into());
            let message = format!("a value holds at most {most} single values");
            return Err(Diagnostic::error(Code::E0601, span, message));
        }
        if parts(&ty) > MAX_PARTS {
            let message = format!("a type has at most {} parts", grouped(MAX_PARTS as i128));
            return Err(Diagnostic::error(Code::E0601, span, message));
        }
        Ok(ty)
    }

    /// How many single values a value holds; of lists that are as long as a collection, as if it had one row.
    pub(crate) fn width(&self, ty: &Type) -> u64 {
        match ty {
            Type::Bytes(len) | Type::Text(len) => u64::from(*len).div_ceil(7).max(1),
            Type::Maybe(value) => self.width(value).saturating_add(1),
            Type::Tuple(parts) => parts
                .iter()
                .fold(0, |sum, part| self.width(part).saturating_add(sum)),
            Type::Struct(index) => self.struct_widths.get(*index).copied().unwrap_or(1),
            Type::List(element, length) => {
                let elements = length.fixed.saturating_add(length.rows.len() as u64);
                self.width(element).saturating_mul(elements)
            }
            Type::Rows(element, _) => self.width(element),
            _ => 1,
        }
    }

    fn named(
        &mut self,
        ty: &ast::Type,
        name: &Name,
        args: &[TypeArg],
        generics: &Generics,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Type, Diagnostic> {
        let text = name.text.as_str();
        let most_args = match text {
            "fix" => 2,
            "bytes" | "text" | "key" | "maybe" => 1,
            // Any number: said elsewhere.
            "map" | "table" => args.len(),
            _ => match self.symbol(name) {
                Some(Symbol::Struct(_)) => args.len(),
                _ => 0,
            },
        };
        if args.len() != most_args && !(text == "fix" && args.is_empty()) {
            return Err(wrong_count(ty, name, most_args));
        }
        let plain = match text {
            "bool" => Some(Type::Bool),
            "id" => Some(Type::Id),
            "hash" => Some(Type::Bytes(32)),
            "string" => Some(Type::Str),
            "fix" if args.is_empty() => Some(Type::Fix(FixType::DEFAULT)),
            _ => IntType::named(text)
                .map(Type::Int)
                .or_else(|| generics.types.get(text).cloned()),
        };
        match (plain, text, args) {
            (Some(plain), ..) => Ok(plain),
            (None, "fix", [integer, fraction]) => self.fix(ty, integer, fraction, generics),
            (None, "bytes", [len]) => self.byte_count(len, generics).map(Type::Bytes),
            (None, "text", [len]) => self.byte_count(len, generics).map(Type::Text),
            (None, "key", [curve]) => key(curve),
            (None, "maybe", [TypeArg::Type(value)]) => {
                let value = self.part(value, generics, diagnostics);
                Ok(Type::Maybe(Box::new(value)))
            }
            (None, "map", _) => {
                let message = "a `map` can only be a slot of `state L` or `state DHT`";
                Err(Diagnostic::error(Code::E0206, ty.span(), message))
            }
            (None, "table", _) => {
                let message = "a `table` can only be collected";
                let diagnostic = Diagnostic::error(Code::E0206, ty.span(), message);
                Err(diagnostic.help("a list of structs holds the same: `[Row; 10]`"))
            }
            _ => self.declared(ty, name, args, generics, diagnostics),
        }
    }

    fn declared(
        &mut self,
        ty: &ast::Type,
        name: &Name,
        args: &[TypeArg],
        generics: &Generics,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Type, Diagnostic> {
        if generics.sizes.contains_key(&name.text) {
            let message = format!("`{}` is a size, not a type", name.text);
            return Err(Diagnostic::error(Code::E0205, name.span, message));
        }
        match self.symbol(name) {
            Some(Symbol::Enum(index)) => Ok(Type::Enum(index)),
            Some(Symbol::Struct(item)) => {
                let generics = self.struct_generics(ty, item, args, generics, diagnostics)?;
                Ok(self.instance(item, generics, ty.span(), diagnostics))
            }
            Some(Symbol::Broken) => Ok(Type::Unknown),
            Some(symbol) => {
                let message = format!("`{}` is {}, not a type", name.text, symbol.describe());
                Err(self.misused(name, message))
            }
            None => Err(self.unknown_type(name)),
        }
    }

    fn unknown_type(&self, name: &Name) -> Diagnostic {
        let message = format!("there is no type `{}`", name.text);
        let diagnostic = Diagnostic::error(Code::E0201, name.span, message);
        let declared = self.names_at(name.span).filter_map(|(name, symbol)| {
            matches!(symbol, Symbol::Enum(_) | Symbol::Struct(_)).then_some(name)
        });
        match nearest(&name.text, BUILT_IN.into_iter().chain(declared)) {
            Some(near) => diagnostic.did_you_mean(near),
            None => diagnostic.help(
                "whole numbers are u8, u16, u32, u64, i8, i16, i32 and i64; truth values are bool",
            ),
        }
    }

    fn fix(
        &self,
        ty: &ast::Type,
        integer: &TypeArg,
        fraction: &TypeArg,
        generics: &Generics,
    ) -> Result<Type, Diagnostic> {
        let bits = (
            self.type_size(integer, generics)?,
            self.type_size(fraction, generics)?,
        );
        let fits = bits.0 >= 1 && bits.1 >= 1 && bits.0.saturating_add(bits.1) <= MAX_FIX_BITS;
        match (u32::try_from(bits.0), u32::try_from(bits.1)) {
            (Ok(integer), Ok(fraction)) if fits => Ok(Type::Fix(FixType { integer, fraction })),
            _ => {
                let message = format!(
                    "a `fix` has at least one bit on both sides of the point, and at most {MAX_FIX_BITS} together"
                );
                Err(Diagnostic::error(Code::E0601, ty.base_span(), message))
            }
        }
    }

    fn byte_count(&self, arg: &TypeArg, generics: &Generics) -> Result<u32, Diagnostic> {
        let count = self.type_size(arg, generics)?;
        match u32::try_from(count) {
            Ok(len) if (1..=MAX_BYTES).contains(&count) => Ok(len),
            _ => {
                let most = grouped(MAX_BYTES.into());
                let message = format!("a length from 1 to {most} is needed here");
                Err(Diagnostic::error(Code::E0601, arg.span(), message))
            }
        }
    }

    /// A number between `<` and `>`: as written, a constant, or a size that is a parameter.
    pub(super) fn type_size(&self, arg: &TypeArg, generics: &Generics) -> Result<u64, Diagnostic> {
        let ty = match arg {
            TypeArg::Int(text, span) => return self.written_size(text, *span),
            TypeArg::Type(ty) => ty,
        };
        match ty.kind() {
            TypeKind::Named(name, args) if args.is_empty() && ty.label().is_none() => {
                self.named_size(&name, generics)
            }
            _ => Err(Diagnostic::error(
                Code::E0206,
                ty.span(),
                "a number is needed here",
            )),
        }
    }

    /// `per NAME`: a vector over the rows of a collection, or of the one collection of a group.
    fn per(&self, value: Type, name: &Name, diagnostics: &mut Vec<Diagnostic>) -> Type {
        let diagnostic = match self.symbol(name) {
            Some(Symbol::Collection(index)) => return Type::Rows(Box::new(value), index),
            Some(Symbol::Group(group)) => {
                let of_group = |provider| provider == crate::hir::Provider::Each(group);
                let collections = self.hir.collections.iter().enumerate();
                let mut given = collections.filter(|(_, c)| of_group(c.provider));
                match (given.next(), given.next()) {
                    (Some((index, _)), None) => return Type::Rows(Box::new(value), index),
                    _ => {
                        let message =
                            format!("`{}` does not give exactly one collection", name.text);
                        Diagnostic::error(Code::E0308, name.span, message)
                            .because("rows may be refused in one collection and not in another, so their values do not mix")
                            .help("name the collection whose rows are meant, as in `per bid`")
                    }
                }
            }
            Some(Symbol::Broken) => return Type::Unknown,
            Some(_) => self.misused(name, format!("`{}` is not a collection", name.text)),
            None => self.unknown(name, "collection", std::iter::empty()),
        };
        diagnostics.push(diagnostic);
        Type::Unknown
    }
}

/// Who knows the values: what stands before the type, else `private` if a part of it is.
pub(super) fn label(ty: &ast::Type) -> Option<Label> {
    match ty.label() {
        Some(word) if word.text() == "private" => Some(Label::Private),
        Some(_) => Some(Label::Public),
        None => ty.parts().filter_map(|part| label(&part)).max(),
    }
}

/// The label parameters that are stated before a type, and before parts of it.
pub(crate) fn label_names(ty: &ast::Type) -> Vec<Name> {
    let inside = ty.parts().flat_map(|part| label_names(&part));
    ty.label_name().into_iter().chain(inside).collect()
}

fn wrong_count(ty: &ast::Type, name: &Name, expected: usize) -> Diagnostic {
    let message = match expected {
        0 => format!("`{}` takes nothing between `<` and `>`", name.text),
        1 => format!("`{}` takes one parameter between `<` and `>`", name.text),
        _ => format!(
            "`{}` takes {expected} parameters between `<` and `>`",
            name.text
        ),
    };
    Diagnostic::error(Code::E0204, ty.span(), message)
}

fn key(arg: &TypeArg) -> Result<Type, Diagnostic> {
    let name = match arg {
        TypeArg::Type(ty) => match ty.kind() {
            TypeKind::Named(name, _) => name.text,
            _ => String::new(),
        },
        TypeArg::Int(..) => String::new(),
    };
    match name.as_str() {
        "secp256k1" => Ok(Type::Key(Curve::Secp256k1)),
        "ed25519" => Ok(Type::Key(Curve::Ed25519)),
        _ => {
            let message = "the curve of a key is `secp256k1` or `ed25519`";
            Err(Diagnostic::error(Code::E0201, arg.span(), message))
        }
    }
}

fn parts(ty: &Type) -> usize {
    match ty {
        Type::Maybe(part) | Type::List(part, _) | Type::Rows(part, _) => 1 + parts(part),
        Type::Tuple(all) => 1 + all.iter().map(parts).sum::<usize>(),
        _ => 1,
    }
}
