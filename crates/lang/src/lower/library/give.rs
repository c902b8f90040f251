//! What functions of the library give.

use crate::hir::{Curve, Expr, ExprKind, FixType, IntType, Length, Type};
use crate::lower::Body;
use crate::lower::coerce::maybe;
use crate::lower::operator::widened;
use crate::lower::vector::{base, each, length_of, list, numbers, rows, with_base};

/// The type of a result, from those of the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Give {
    /// What elements of the first argument are.
    Element,
    /// The same, computed in a wider type if the context asks for one.
    Sum,
    /// Of whole numbers a `u64`.
    Squares,
    /// Of whole numbers a `u64`, or an `i64` where they can be negative.
    Products,
    /// A number in fixed point.
    Ratio,
    /// A place among the rows, or in the list a `u64`.
    Place,
    /// A place, and two elements.
    Top2,
    /// A list of as many elements as the second argument says.
    Top,
    /// A `u64`.
    Count,
    /// A truth value.
    Truth,
    /// `u64`s like the first argument.
    Ranks,
    /// A list as long as the first argument.
    SameList,
    /// A list as long as the first argument, of elements that may be missing.
    MissingList,
    /// A list as long as the first argument, of sums.
    SumList,
    /// `u64`s, one more than edges.
    Bands,
    /// `u64`s, one per name of the enumeration.
    PerName,
    /// Truth values like the first argument, element by element.
    TruthVector,
    /// Elements of the third argument, which may be missing, like the first.
    Joined,
    /// An element of the first argument for each place.
    Picked,
    /// An account.
    Account,
    /// Where the arguments meet, element by element.
    Met,
    /// The same of functions whose results depend on the type.
    OwnMet,
    /// The same, which may be missing.
    MaybeMet,
    /// The type of the first argument.
    Same,
    /// A list of as many truth values as the last argument says.
    Bits,
    /// What may be missing in the first argument.
    Present,
    /// A matrix.
    Product,
    /// One number more than columns.
    Coefficients,
    /// A key of the wanted curve.
    Key,
    /// The public key of the first argument.
    PublicKey,
    /// 64 bytes.
    Signature,
    /// 32 bytes.
    Hash,
}

const U64: Type = Type::Int(IntType::U64);

impl Body<'_> {
    /// The type of the result. The arguments have been checked.
    pub(super) fn given(&self, give: Give, args: &[Expr], want: Option<&Type>) -> Type {
        let first = args.first().map_or(&Type::Unknown, |arg| &arg.ty);
        let element = first.element().unwrap_or(&Type::Unknown).clone();
        match give {
            Give::Element => element,
            Give::Sum => widened(element, want),
            Give::Squares => match element {
                Type::Int(_) => U64,
                fix => fix,
            },
            Give::Products => match element {
                Type::Int(_) if args.iter().all(is_unsigned) => U64,
                Type::Int(_) => Type::Int(IntType::I64),
                fix => fix,
            },
            Give::Ratio => match element {
                Type::Fix(_) => element,
                _ => Type::Fix(FixType::DEFAULT),
            },
            Give::Place => place_in(first),
            Give::Top2 => Type::Tuple(vec![place_in(first), element.clone(), element]),
            Give::Top => list(element, Length::known(constant(args.get(1)))),
            Give::Count => U64,
            Give::Truth => Type::Bool,
            Give::Ranks => like(first, U64),
            Give::SameList => listed(first, element),
            Give::MissingList => match element {
                element @ Type::Maybe(_) => listed(first, element),
                element => listed(first, maybe(element)),
            },
            Give::SumList => listed(first, widened(element, want)),
            Give::Bands => {
                let edges = args
                    .get(1)
                    .and_then(|edges| length_of(&edges.ty)?.constant());
                list(U64, Length::known(edges.unwrap_or_default() + 1))
            }
            Give::PerName => match element {
                Type::Enum(index) => {
                    let names = self
                        .scope
                        .hir
                        .enums
                        .get(index)
                        .map_or(0, |e| e.variants.len());
                    list(U64, Length::known(names as u64))
                }
                _ => Type::Unknown,
            },
            Give::TruthVector => match first {
                Type::List(..) | Type::Rows(..) => like(first, Type::Bool),
                _ => Type::Bool,
            },
            Give::Joined => {
                let value = args.get(2).and_then(|values| values.ty.element());
                like(first, maybe(value.unwrap_or(&Type::Unknown).clone()))
            }
            Give::Picked => match args.get(1) {
                Some(place) => with_base(&place.ty, &element),
                None => Type::Unknown,
            },
            Give::Account => Type::Id,
            Give::Met => widened(met(args), want),
            // What is asked for outside must not change the result.
            Give::OwnMet => met(args),
            Give::MaybeMet => {
                let met = met(args);
                with_base(&met, &maybe(base(&met).clone()))
            }
            Give::Same => first.clone(),
            Give::Bits => {
                let bits = list(Type::Bool, Length::known(constant(args.last())));
                match args {
                    [_, _] => with_base(first, &bits),
                    _ => bits,
                }
            }
            Give::Present => {
                let present = match base(first) {
                    Type::Maybe(inner) => (**inner).clone(),
                    _ => Type::Unknown,
                };
                with_base(first, &present)
            }
            Give::Product => product(args),
            Give::Coefficients => {
                let columns = length_of(first).and_then(|length| length.constant());
                let number = base(first).clone();
                list(number, Length::known(columns.unwrap_or_default() + 1))
            }
            Give::Key => match want {
                Some(Type::Key(curve)) => Type::Key(*curve),
                _ => Type::Key(Curve::Secp256k1),
            },
            Give::PublicKey => match first {
                Type::Key(curve) => Type::Bytes(public_key_bytes(*curve)),
                _ => Type::Unknown,
            },
            Give::Signature => Type::Bytes(64),
            Give::Hash => Type::Bytes(32),
        }
    }
}

/// How many bytes a public key has.
pub(super) fn public_key_bytes(curve: Curve) -> u32 {
    match curve {
        Curve::Secp256k1 => 33,
        Curve::Ed25519 => 32,
    }
}

fn is_unsigned(arg: &Expr) -> bool {
    matches!(base(&arg.ty), Type::Int(int) if int.range().low == 0)
}

/// The value of an argument that is a constant.
fn constant(arg: Option<&Expr>) -> u64 {
    match arg.map(|arg| &arg.kind) {
        Some(ExprKind::Int(value)) => u64::try_from(*value).unwrap_or_default(),
        _ => 0,
    }
}

fn place_in(vector: &Type) -> Type {
    match vector {
        Type::Rows(_, index) => Type::Place(*index),
        Type::List(..) => U64,
        _ => Type::Unknown,
    }
}

/// A vector of the same space or length.
fn like(vector: &Type, element: Type) -> Type {
    match vector {
        Type::Rows(_, index) => rows(element, *index),
        Type::List(_, length) => list(element, length.clone()),
        _ => Type::Unknown,
    }
}

fn listed(vector: &Type, element: Type) -> Type {
    length_of(vector).map_or(Type::Unknown, |length| list(element, length))
}

fn met(args: &[Expr]) -> Type {
    let mut types = args.iter().map(|arg| arg.ty.clone());
    let first = types.next().unwrap_or(Type::Unknown);
    types.fold(first, |a, b| {
        each(&a, &b, &numbers).unwrap_or(Type::Unknown)
    })
}

fn product(args: &[Expr]) -> Type {
    let [a, b] = args else { return Type::Unknown };
    let width = b.ty.element().and_then(length_of);
    match width {
        Some(width) => like(&a.ty, list(base(&a.ty).clone(), width)),
        None => Type::Unknown,
    }
}
