//! The library as the language shows it: tables of functions, by family, each with its arguments, its result and its
//! meaning. Each is written one way: as a method of its first argument, or as a function.
//!
//! Costs and the exact meaning of each are those of [`Builtin`].

mod check;
mod give;
mod keys;
mod models;
mod orders;
mod reductions;
mod sets;
mod take;
mod values;

pub(crate) use give::Give;
pub(crate) use take::Take;

use crate::hir::{Builtin, Type};

/// A function of the library.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: &'static str,
    /// How it is written.
    pub(crate) form: Form,
    /// What it is behind `lower`.
    pub(crate) builtin: Builtin,
    /// Its arguments by name, the value whose method it is first.
    pub(crate) takes: &'static [(&'static str, Take)],
    /// What it gives.
    pub(crate) gives: Give,
    /// Its meaning in one line.
    pub(crate) meaning: &'static str,
}

/// How a function of the library is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `a.name(b)`.
    Method,
    /// `name(a, b)`.
    Function,
}

/// All functions; several of one name differ in how many arguments they take.
pub(crate) fn functions() -> impl Iterator<Item = &'static Function> {
    let families = [
        reductions::FUNCTIONS,
        orders::FUNCTIONS,
        sets::FUNCTIONS,
        values::FUNCTIONS,
        models::FUNCTIONS,
        keys::FUNCTIONS,
    ];
    families.into_iter().flatten()
}

/// A function of the library, for references and editors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryFunction {
    /// Its name.
    pub name: &'static str,
    /// Of what it is a function.
    pub kind: LibraryKind,
    /// A call of it, like `values.sum()`.
    pub call: String,
    /// What it is in one line.
    pub meaning: &'static str,
}

/// Of what something is a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LibraryKind {
    /// A method of a value.
    Method,
    /// A method of the stores.
    StoreMethod,
    /// A function that is called by itself.
    Function,
    /// The same, in tests alone.
    Test,
}

/// The whole library, in the order of the reference: the one list of what there is.
#[must_use]
pub fn library() -> Vec<LibraryFunction> {
    use LibraryKind as K;
    let with = |of: &'static str| move |name: &'static str| format!("{of}.{name}()");
    let (of_values, of_cells) = (with("values"), with("cells"));
    let one = |kind, name, call: String, meaning| LibraryFunction {
        name,
        kind,
        call,
        meaning,
    };
    let written_out = super::method::OWN.iter();
    let written_out =
        written_out.map(|(name, meaning)| one(K::Method, name, of_values(name), meaning));
    let of_tables = functions().map(|function| {
        let args: Vec<&str> = function.takes.iter().map(|(name, _)| *name).collect();
        let (kind, call) = match (function.form, &args[..]) {
            (Form::Method, [of, args @ ..]) => {
                let call = format!("{of}.{}({})", function.name, args.join(", "));
                (K::Method, call)
            }
            (_, args) => (
                K::Function,
                format!("{}({})", function.name, args.join(", ")),
            ),
        };
        one(kind, function.name, call, function.meaning)
    });
    let cells = super::cells::METHODS.iter();
    let cells = cells.map(|(name, _, meaning)| one(K::Method, name, of_cells(name), meaning));
    let listed = |kind, list: &'static [(&'static str, &'static str, &'static str)]| {
        let list = list.iter();
        list.map(move |(name, call, meaning)| one(kind, name, (*call).to_owned(), meaning))
    };
    written_out
        .chain(of_tables)
        .chain(cells)
        .chain(listed(K::Function, &super::call::OWN))
        .chain(listed(K::StoreMethod, &super::store::METHODS))
        .chain(listed(K::Test, &super::tests::FUNCTIONS))
        .collect()
}

/// Functions of the specification that this version does not build.
const LATER: [&str; 1] = ["commit"];

pub(crate) fn is_known(name: &str, form: Form) -> bool {
    functions().any(|function| function.name == name && function.form == form)
}

pub(crate) fn is_later(name: &str) -> bool {
    LATER.contains(&name)
}

pub(crate) fn names(form: Form) -> impl Iterator<Item = &'static str> {
    functions()
        .filter(move |function| function.form == form)
        .map(|function| function.name)
}

/// What a value of the type has as methods.
pub(crate) fn methods_of(ty: &Type) -> impl Iterator<Item = &'static str> {
    let methods = functions().filter(|function| function.form == Form::Method);
    let fitting = methods.filter(|function| match function.takes.first() {
        Some((_, take)) => take.accepts(ty),
        None => false,
    });
    let mut names: Vec<&str> = fitting.map(|function| function.name).collect();
    names.dedup();
    names.into_iter()
}

#[cfg(test)]
mod tests {
    use super::{Form, functions, library};

    #[test]
    fn the_reference_names_every_function_as_it_is_written() {
        let reference = include_str!("../../../../docs/language/library.md");
        for function in functions() {
            let call = match function.form {
                Form::Method => format!(".{}(", function.name),
                Form::Function => format!("{}(", function.name),
            };
            let named = format!("`{}`", function.name);
            assert!(
                reference.contains(&call) || reference.contains(&named),
                "`{call}` is not in the reference"
            );
        }
        assert!(
            library()
                .iter()
                .all(|function| !function.meaning.is_empty())
        );
    }

    #[test]
    fn a_call_is_decided_by_its_form_and_the_count_of_its_arguments() {
        let mut calls: Vec<_> = functions()
            .map(|function| (function.name, function.form as u8, function.takes.len()))
            .collect();
        let all = calls.len();
        calls.sort_unstable();
        calls.dedup();
        assert_eq!(calls.len(), all);
    }
}
