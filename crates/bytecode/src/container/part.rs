//! How each part of a contract is written and read. What is said here once holds for both directions.

use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, is_name, is_path, tag};
use crate::model::{
    Allow, Blur, Budget, C, Collection, Column, Enum, Group, Kind, Known, Noise, Param, Profile,
    Provider, Recipient, Reveal, Role, RowCount, S, Shape, Slot, Source, Store, Width,
};

/// Something that has an encoding of at least one byte.
pub(super) trait Part: Sized {
    fn write(&self, out: &mut Writer);
    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// A structure is its fields, in this order. Of its code, if it can have some, whether there is any: the code is in a section of its own.
macro_rules! structure {
    ($type:ident { $($field:ident),* $(,)? } $(with $code:ident)?) => {
        impl Part for $type {
            fn write(&self, out: &mut Writer) {
                $(self.$field.write(out);)*
                $(self.$code.is_some().write(out);)?
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                $(let $field = Part::read(input)?;)*
                $(let $code = bool::read(input)?.then(Vec::new);)?
                Ok($type { $($field,)* $($code)? })
            }
        }
    };
}

/// A choice is a byte from the table of tags, and what it holds.
macro_rules! choice {
    ($type:ident, $name:literal, { $($tag:ident: $variant:ident $(($part:ident))?),* $(,)? }) => {
        impl Part for $type {
            fn write(&self, out: &mut Writer) {
                match self {
                    $($type::$variant $(($part))? => {
                        out.byte(tag::$tag);
                        $($part.write(out);)?
                    })*
                }
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let at = input.at();
                match input.byte()? {
                    $(tag::$tag => {
                        $(let $part = Part::read(input)?;)?
                        Ok($type::$variant $(($part))?)
                    })*
                    tag => Err(DecodeError::BadTag { choice: $name, tag, at }),
                }
            }
        }
    };
}

structure!(Group { name, min, max } with admit);
structure!(Enum { name, variants });
structure!(Collection { name, provider, rows, columns, allows } with check);
structure!(Param {
    name,
    private,
    columns
});
structure!(Slot {
    name,
    store,
    key,
    accumulator,
    columns,
    initial,
    allows
} with access);
structure!(Budget {
    epsilon_total,
    delta_total,
    runs_per_input
});
structure!(Allow { shape, recipients });
structure!(Blur {
    values,
    counts,
    epsilon,
    delta
});
structure!(Reveal {
    name,
    entry,
    recipients,
    columns,
    sources,
    min_groups,
    hidden_below,
    noise
});

choice!(Provider, "provider", { FROM_EACH: Each(group), FROM_PARTY: Party(party) });
choice!(RowCount, "number of rows", { ROWS_ONE: One, ROWS_UP_TO: UpTo(rows) });
choice!(Store, "store", { KEPT_LEDGER: Ledger, KEPT_SECRET: Secret, KEPT_DHT: Dht });
choice!(Known, "value", { KNOWN_NUMBER: Number(value), KNOWN_BYTES: Bytes(value) });
choice!(Kind, "kind", {
    KIND_INTEGER: Integer,
    KIND_BOOL: Bool,
    KIND_MEMBER_OF: MemberOf(collection),
    KIND_FIXED: Fixed(bits),
    KIND_ENUM: Enum(index),
    KIND_BYTES: Bytes(most),
    KIND_LIMB: Limb,
    KIND_ACCOUNT: Account,
});
choice!(Shape, "shape", {
    SHAPE_AGGREGATE: Aggregate(rows),
    SHAPE_PER_OWNER: PerOwner,
    SHAPE_ANY: Any,
    SHAPE_MEMBER: Member,
    SHAPE_BIT: Bit,
});
choice!(Recipient, "recipient", {
    TO_EACH_OF: EachOf(group),
    TO_OWNER_OF: OwnerOf(collection),
    TO_PARTY: Party(party),
    TO_CALLER: Caller,
    TO_PUBLIC: Public,
});
choice!(Source, "source", {
    SOURCE_COLLECTION: Collection(collection),
    SOURCE_SLOT: Slot(slot),
    SOURCE_PARAM: Param(param),
});
choice!(Role, "role", { BY_PARTY: Party(party), BY_MEMBER: Member(group) });

impl Part for Profile {
    fn write(&self, out: &mut Writer) {
        out.byte(match self {
            Profile::ShamirM61V1 => tag::PROFILE_SHAMIR_M61_V1,
            Profile::ShamirM127V1 => tag::PROFILE_SHAMIR_M127_V1,
        });
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.byte()? {
            tag::PROFILE_SHAMIR_M61_V1 => Ok(Profile::ShamirM61V1),
            tag::PROFILE_SHAMIR_M127_V1 => Ok(Profile::ShamirM127V1),
            profile => Err(DecodeError::UnknownProfile { profile }),
        }
    }
}

impl Part for Noise {
    fn write(&self, out: &mut Writer) {
        match self {
            Noise::Laplace { decay } => {
                out.byte(tag::NOISE_LAPLACE);
                decay.write(out);
            }
            Noise::Gaussian(Width { steps, decay }) => {
                out.byte(tag::NOISE_GAUSSIAN);
                out.byte(*steps);
                decay.write(out);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let at = input.at();
        let tag = input.byte()?;
        match tag {
            tag::NOISE_LAPLACE => Ok(Noise::Laplace {
                decay: Part::read(input)?,
            }),
            tag::NOISE_GAUSSIAN => Ok(Noise::Gaussian(Width {
                steps: input.byte()?,
                decay: Part::read(input)?,
            })),
            _ => Err(DecodeError::BadTag {
                choice: "noise",
                tag,
                at,
            }),
        }
    }
}

impl Part for Column {
    fn write(&self, out: &mut Writer) {
        out.bytes(self.name.as_bytes());
        self.kind.write(out);
        self.low.write(out);
        self.high.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Column {
            name: input.text(is_path)?,
            kind: Part::read(input)?,
            low: Part::read(input)?,
            high: Part::read(input)?,
        })
    }
}

/// Texts are names, where nothing else is said.
impl Part for String {
    fn write(&self, out: &mut Writer) {
        out.bytes(self.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.text(is_name)
    }
}

macro_rules! unsigned {
    ($($type:ty),*) => {$(
        impl Part for $type {
            fn write(&self, out: &mut Writer) {
                out.number(u64::from(*self));
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                input.small()
            }
        }
    )*};
}

unsigned!(u16, u32, u64);

/// A byte is itself, so that bytes in a list are.
impl Part for u8 {
    fn write(&self, out: &mut Writer) {
        out.byte(*self);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.byte()
    }
}

impl Part for i64 {
    fn write(&self, out: &mut Writer) {
        out.signed(*self);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.signed()
    }
}

impl Part for bool {
    fn write(&self, out: &mut Writer) {
        out.byte(if *self { tag::YES } else { tag::NO });
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let at = input.at();
        match input.byte()? {
            tag::NO => Ok(false),
            tag::YES => Ok(true),
            tag => Err(DecodeError::BadTag {
                choice: "truth value",
                tag,
                at,
            }),
        }
    }
}

impl Part for S {
    fn write(&self, out: &mut Writer) {
        self.0.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Part::read(input).map(S)
    }
}

impl Part for C {
    fn write(&self, out: &mut Writer) {
        self.0.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Part::read(input).map(C)
    }
}

/// Whether there is something, then what.
impl<T: Part> Part for Option<T> {
    fn write(&self, out: &mut Writer) {
        self.is_some().write(out);
        if let Some(part) = self {
            part.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let is_some = bool::read(input)?;
        is_some.then(|| Part::read(input)).transpose()
    }
}

/// How many, then each.
impl<T: Part> Part for Vec<T> {
    fn write(&self, out: &mut Writer) {
        out.length(self.len());
        self.iter().for_each(|part| part.write(out));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.list(Part::read)
    }
}

impl<A: Part, B: Part> Part for (A, B) {
    fn write(&self, out: &mut Writer) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok((A::read(input)?, B::read(input)?))
    }
}
