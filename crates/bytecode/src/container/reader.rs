//! Bytes to contract. Reads what is there and nothing else; whether it is canonical as a whole is
//! decided by encoding it again.

use super::{DecodeError, MAGIC, is_name, tag};
use crate::model::{
    Allow, C, Collection, Contract, Entry, Group, Kind, Op, Order, Profile, PublicOp, Recipient,
    Relation, Reveal, S, Shape,
};

pub(super) fn decode(bytes: &[u8]) -> Result<Contract, DecodeError> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(DecodeError::BadMagic)?;
    let mut input = Reader {
        rest,
        total: bytes.len(),
    };
    let profile = match input.byte()? {
        tag::PROFILE_SHAMIR_M61_V1 => Profile::ShamirM61V1,
        profile => return Err(DecodeError::UnknownProfile { profile }),
    };
    input.section(|_| Ok(()))?;
    let mut contract = input.section(|input| interface(input, profile))?;
    contract.manifest = input.section(|input| input.list(reveal))?;
    let constants = input.section(|input| input.list(Reader::signed))?;
    input.section(|input| {
        let mut entries = contract.entries.iter_mut();
        entries.try_for_each(|entry| {
            entry.code = input.list(|input| op(input, &constants))?;
            Ok(())
        })
    })?;
    // Register counts follow from the code; encoding again compares them.
    input.section(|input| {
        (0..2 * contract.entries.len()).try_for_each(|_| input.number().map(|_| ()))
    })?;
    input.end()?;
    Ok(contract)
}

fn interface(input: &mut Reader<'_>, profile: Profile) -> Result<Contract, DecodeError> {
    Ok(Contract {
        name: input.name()?,
        version: input.small()?,
        profile,
        groups: input.list(|input| {
            Ok(Group {
                name: input.name()?,
                min: input.small()?,
                max: input.small()?,
            })
        })?,
        parties: input.list(Reader::name)?,
        collections: input.list(|input| {
            Ok(Collection {
                name: input.name()?,
                group: input.small()?,
                kind: kind(input)?,
                low: input.signed()?,
                high: input.signed()?,
                allows: input.list(|input| {
                    Ok(Allow {
                        shape: shape(input)?,
                        recipients: input.list(recipient)?,
                    })
                })?,
            })
        })?,
        manifest: Vec::new(),
        entries: input.list(|input| {
            Ok(Entry {
                name: input.name()?,
                code: Vec::new(),
            })
        })?,
    })
}

fn reveal(input: &mut Reader<'_>) -> Result<Reveal, DecodeError> {
    Ok(Reveal {
        name: input.name()?,
        entry: input.small()?,
        recipient: recipient(input)?,
        kind: kind(input)?,
        sources: input.list(|input| Ok((input.small()?, shape(input)?)))?,
        min_groups: input.list(|input| Ok((input.small()?, input.small()?)))?,
    })
}

fn shape(input: &mut Reader<'_>) -> Result<Shape, DecodeError> {
    let at = input.at();
    Ok(match input.byte()? {
        tag::SHAPE_AGGREGATE => Shape::Aggregate(input.small()?),
        tag::SHAPE_PER_OWNER => Shape::PerOwner,
        tag::SHAPE_ANY => Shape::Any,
        tag::SHAPE_MEMBER => Shape::Member,
        _ => return Err(DecodeError::BadTag { at }),
    })
}

fn kind(input: &mut Reader<'_>) -> Result<Kind, DecodeError> {
    let at = input.at();
    Ok(match input.byte()? {
        tag::KIND_INTEGER => Kind::Integer,
        tag::KIND_BOOL => Kind::Bool,
        tag::KIND_MEMBER_OF => Kind::MemberOf(input.small()?),
        _ => return Err(DecodeError::BadTag { at }),
    })
}

fn recipient(input: &mut Reader<'_>) -> Result<Recipient, DecodeError> {
    let at = input.at();
    Ok(match input.byte()? {
        tag::TO_EACH_OF => Recipient::EachOf(input.small()?),
        tag::TO_OWNER_OF => Recipient::OwnerOf(input.small()?),
        tag::TO_PARTY => Recipient::Party(input.small()?),
        _ => return Err(DecodeError::BadTag { at }),
    })
}

fn op(input: &mut Reader<'_>, constants: &[i64]) -> Result<Op, DecodeError> {
    let at = input.at();
    let tag = input.byte()?;
    if tag == tag::CONST {
        let dst = C(input.small()?);
        let place = usize::try_from(input.number()?).ok();
        let value = place.and_then(|place| constants.get(place));
        return Ok(Op::Const {
            dst,
            value: *value.ok_or(DecodeError::BadNumber { at })?,
        });
    }
    let x: u16 = input.small()?;
    let y: u16 = input.small()?;
    let public = |op: PublicOp, z: u16| Op::Public {
        dst: C(x),
        op,
        a: C(y),
        b: C(z),
    };
    let rank = |order: Order| Op::Rank {
        dst: S(x),
        a: S(y),
        order,
    };
    let first = |order: Order| Op::First {
        dst: S(x),
        a: S(y),
        order,
    };
    let first_member = |order: Order| Op::FirstMember {
        dst: S(x),
        a: S(y),
        order,
    };
    let compare = |relation: Relation, z: u16| Op::Compare {
        dst: S(x),
        relation,
        a: S(y),
        b: S(z),
    };
    let compare_public = |relation: Relation, z: u16| Op::ComparePublic {
        dst: S(x),
        relation,
        a: S(y),
        b: C(z),
    };
    Ok(match tag {
        tag::ROWS => Op::Rows {
            dst: C(x),
            collection: y,
        },
        tag::PUBLIC_ADD => public(PublicOp::Add, input.small()?),
        tag::PUBLIC_SUB => public(PublicOp::Sub, input.small()?),
        tag::PUBLIC_MUL => public(PublicOp::Mul, input.small()?),
        tag::PUBLIC_DIV => public(PublicOp::Div, input.small()?),
        tag::INPUT => Op::Input {
            dst: S(x),
            collection: y,
        },
        tag::ADD => Op::Add {
            dst: S(x),
            a: S(y),
            b: S(input.small()?),
        },
        tag::SUB => Op::Sub {
            dst: S(x),
            a: S(y),
            b: S(input.small()?),
        },
        tag::ADD_PUBLIC => Op::AddPublic {
            dst: S(x),
            a: S(y),
            b: C(input.small()?),
        },
        tag::MUL_PUBLIC => Op::MulPublic {
            dst: S(x),
            a: S(y),
            b: C(input.small()?),
        },
        tag::MUL => Op::Mul {
            dst: S(x),
            a: S(y),
            b: S(input.small()?),
        },
        tag::SUM => Op::Sum { dst: S(x), a: S(y) },
        tag::DIV_PUBLIC => Op::DivPublic {
            dst: S(x),
            a: S(y),
            b: C(input.small()?),
        },
        tag::RANK_ASCENDING => rank(Order::Ascending),
        tag::RANK_DESCENDING => rank(Order::Descending),
        tag::LESS => compare(Relation::Less, input.small()?),
        tag::EQUAL => compare(Relation::Equal, input.small()?),
        tag::GREATER => compare(Relation::Greater, input.small()?),
        tag::LESS_PUBLIC => compare_public(Relation::Less, input.small()?),
        tag::EQUAL_PUBLIC => compare_public(Relation::Equal, input.small()?),
        tag::GREATER_PUBLIC => compare_public(Relation::Greater, input.small()?),
        tag::FIRST_ASCENDING => first(Order::Ascending),
        tag::FIRST_DESCENDING => first(Order::Descending),
        tag::FIRST_MEMBER_ASCENDING => first_member(Order::Ascending),
        tag::FIRST_MEMBER_DESCENDING => first_member(Order::Descending),
        tag::DIV => Op::Div {
            dst: S(x),
            a: S(y),
            b: S(input.small()?),
        },
        tag::SQUARE_ROOT => Op::SquareRoot { dst: S(x), a: S(y) },
        tag::SELECT => Op::Select {
            dst: S(x),
            bit: S(y),
            then: S(input.small()?),
            otherwise: S(input.small()?),
        },
        tag::QUANTILE => Op::Quantile {
            dst: S(x),
            a: S(y),
            place: C(input.small()?),
        },
        tag::OUT => Op::Out {
            reveal: x,
            src: S(y),
        },
        _ => return Err(DecodeError::BadTag { at }),
    })
}

struct Reader<'a> {
    rest: &'a [u8],
    /// Length of the container, or the end of the section within it.
    total: usize,
}

impl<'a> Reader<'a> {
    fn at(&self) -> usize {
        self.total - self.rest.len()
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (byte, rest) = self
            .rest
            .split_first()
            .ok_or(DecodeError::Truncated { at: self.at() })?;
        self.rest = rest;
        Ok(*byte)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], DecodeError> {
        let truncated = DecodeError::Truncated { at: self.at() };
        let length = usize::try_from(length).map_err(|_| truncated)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u64, DecodeError> {
        let at = self.at();
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            // Ten bytes hold 70 bits; the last may only add one.
            if shift == 63 && bits > 1 {
                return Err(DecodeError::BadNumber { at });
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                let minimal = byte != 0 || shift == 0;
                return if minimal {
                    Ok(value)
                } else {
                    Err(DecodeError::BadNumber { at })
                };
            }
        }
        Err(DecodeError::BadNumber { at })
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Result<T, DecodeError> {
        let at = self.at();
        T::try_from(self.number()?).map_err(|_| DecodeError::BadNumber { at })
    }

    fn signed(&mut self) -> Result<i64, DecodeError> {
        let value = self.number()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn name(&mut self) -> Result<String, DecodeError> {
        let at = self.at();
        let length = self.number()?;
        let text = std::str::from_utf8(self.take(length)?).ok();
        text.filter(|text| is_name(text))
            .map(str::to_owned)
            .ok_or(DecodeError::BadName { at })
    }

    /// Every element takes at least one byte, so a false length ends with the input.
    fn list<T>(
        &mut self,
        one: impl Fn(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let length = self.number()?;
        let mut list = Vec::new();
        for _ in 0..length {
            list.push(one(self)?);
        }
        Ok(list)
    }

    fn section<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let length = self.number()?;
        let rest = self.take(length)?;
        let mut section = Reader {
            rest,
            total: self.at(),
        };
        let value = read(&mut section)?;
        section.end()?;
        Ok(value)
    }

    fn end(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Trailing { at: self.at() })
        }
    }
}
