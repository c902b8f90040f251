//! From the checked contract to bytecode. Equal work is computed once, and only what is revealed is
//! computed at all.

use std::collections::BTreeMap;

use enigma_bytecode::model::{self, C, Op, PublicOp, Relation, S};

use crate::diagnostic::Diagnostic;
use crate::hir::{AllowShape, BinaryOp, Collection, Entry, Expr, ExprKind, Hir, Recipient};
use crate::resolve::unsupported;
use crate::span::Span;
use crate::types::Kind;

/// The compiled contract; `None`, with diagnostics, if it uses what bytecode cannot say yet.
pub(crate) fn generate(hir: &Hir, diagnostics: &mut Vec<Diagnostic>) -> Option<model::Contract> {
    let before = diagnostics.len();
    let mut manifest = Vec::new();
    let mut entries = Vec::new();
    for (index, entry) in hir.entries.iter().enumerate() {
        entries.push(Codegen::new(entry).run(index, &mut manifest, diagnostics));
    }
    let contract = model::Contract {
        name: hir.name.clone(),
        version: hir.version,
        profile: model::Profile::ShamirM61V1,
        groups: hir
            .groups
            .iter()
            .map(|g| model::Group {
                name: g.name.clone(),
                min: g.min,
                max: g.max,
            })
            .collect(),
        parties: hir.parties.clone(),
        collections: hir
            .collections
            .iter()
            .filter_map(|c| collection(c, diagnostics))
            .collect(),
        manifest,
        entries: entries.into_iter().collect::<Option<_>>()?,
    };
    (diagnostics.len() == before).then_some(contract)
}

fn collection(
    collection: &Collection,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<model::Collection> {
    let mut allows = Vec::new();
    for allow in &collection.allows {
        let shape = match allow.shape {
            AllowShape::Aggregate(k) => model::Shape::Aggregate(k),
            AllowShape::PerOwner => model::Shape::PerOwner,
            AllowShape::Any => model::Shape::Any,
            AllowShape::Member => model::Shape::Member,
            AllowShape::Bit => {
                diagnostics.push(unsupported(allow.span, "this shape"));
                continue;
            }
        };
        let recipients = allow
            .recipients
            .iter()
            .filter_map(|&(who, span)| recipient(who, span, diagnostics));
        allows.push(model::Allow {
            shape,
            recipients: recipients.collect(),
        });
    }
    let range = collection.range?.narrow()?;
    Some(model::Collection {
        name: collection.name.clone(),
        group: number(collection.group)?,
        kind: kind(collection.kind)?,
        low: range.low,
        high: range.high,
        allows,
    })
}

fn recipient(
    who: Recipient,
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<model::Recipient> {
    match who {
        Recipient::EachOf(group) => number(group).map(model::Recipient::EachOf),
        Recipient::OwnerOf(collection) => number(collection).map(model::Recipient::OwnerOf),
        Recipient::Party(party) => number(party).map(model::Recipient::Party),
        Recipient::Public | Recipient::Caller => {
            let diagnostic = unsupported(span, "this recipient").help(
                "in this version values go `to each GROUP`, `to owner(COLLECTION)` or to a party",
            );
            diagnostics.push(diagnostic);
            None
        }
    }
}

/// What a value is; a place among the rows is none.
fn kind(kind: Kind) -> Option<model::Kind> {
    Some(match kind {
        Kind::Int(_) => model::Kind::Integer,
        Kind::Bool => model::Kind::Bool,
        Kind::Member(collection) => model::Kind::MemberOf(number(collection)?),
        Kind::Place(_) => return None,
    })
}

fn number(index: usize) -> Option<u16> {
    u16::try_from(index).ok()
}

/// Where a value is.
#[derive(Clone, Copy)]
enum Register {
    Public(C),
    Secret(S),
}

struct Codegen<'a> {
    entry: &'a Entry,
    code: Vec<Op>,
    public_len: u32,
    secret_len: u32,
    /// Operations so far, with their destination set to register 0: equal ones are not repeated.
    known: BTreeMap<Op, Register>,
    locals: BTreeMap<usize, Register>,
    /// Locals that are arithmetic on constants alone.
    constants: BTreeMap<usize, i64>,
}

impl Codegen<'_> {
    fn new(entry: &Entry) -> Codegen<'_> {
        Codegen {
            entry,
            code: Vec::new(),
            public_len: 0,
            secret_len: 0,
            known: BTreeMap::new(),
            locals: BTreeMap::new(),
            constants: BTreeMap::new(),
        }
    }

    /// `None` only if there are more registers or manifest lines than can be numbered, or if an
    /// error has been reported.
    fn run(
        mut self,
        index: usize,
        manifest: &mut Vec<model::Reveal>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<model::Entry> {
        let entry = self.entry;
        for index in entry.needed_locals() {
            let local = entry.locals.get(index)?;
            if let Some(value) = self.constant(local) {
                self.constants.insert(index, value);
                continue;
            }
            let register = self.expression(local)?;
            self.locals.insert(index, register);
        }
        for reveal in &entry.reveals {
            let [(who, span)] = reveal.recipients[..] else {
                diagnostics.push(unsupported(reveal.span, "a reveal to several recipients"));
                continue;
            };
            let Some(recipient) = recipient(who, span, diagnostics) else {
                continue;
            };
            let Register::Secret(src) = self.expression(&reveal.value)? else {
                return None;
            };
            self.code.push(Op::Out {
                reveal: number(manifest.len())?,
                src,
            });
            let sources = reveal.released.iter();
            manifest.push(model::Reveal {
                name: reveal.name.clone(),
                entry: number(index)?,
                recipient,
                kind: kind(reveal.value.ty?.kind)?,
                sources: sources
                    .map(|(source, shape)| Some((number(*source)?, *shape)))
                    .collect::<Option<_>>()?,
                min_groups: reveal
                    .min_groups
                    .iter()
                    .map(|(collection, rows)| Some((number(*collection)?, *rows)))
                    .collect::<Option<_>>()?,
            });
        }
        Some(model::Entry {
            name: entry.name.clone(),
            code: self.code,
        })
    }

    fn expression(&mut self, expr: &Expr) -> Option<Register> {
        if let Some(value) = self.constant(expr) {
            return self.public(|dst| Op::Const { dst, value });
        }
        match &expr.kind {
            ExprKind::Int(value) => self.public(|dst| Op::Const { dst, value: *value }),
            ExprKind::Rows(index) => {
                let collection = number(*index)?;
                self.public(|dst| Op::Rows { dst, collection })
            }
            ExprKind::Collection(index) => {
                let collection = number(*index)?;
                self.secret(|dst| Op::Input { dst, collection })
            }
            ExprKind::Local(index) => self.locals.get(index).copied(),
            ExprKind::Negate(operand) => match self.expression(operand)? {
                Register::Public(b) => {
                    let a = self.constant_register(0)?;
                    self.public(|dst| Op::Public {
                        dst,
                        op: PublicOp::Sub,
                        a,
                        b,
                    })
                }
                Register::Secret(a) => self.negate(a),
            },
            ExprKind::Not(operand) => {
                let operand = self.expression(operand)?;
                self.not(operand)
            }
            ExprKind::Binary(op, a, b) => {
                let truths = a.ty.is_some_and(|ty| ty.kind == Kind::Bool);
                let (a, b) = (self.expression(a)?, self.expression(b)?);
                match op {
                    BinaryOp::And => self.binary(BinaryOp::Mul, a, b),
                    BinaryOp::Or => {
                        let (a, b) = (self.not(a)?, self.not(b)?);
                        let neither = self.binary(BinaryOp::Mul, a, b)?;
                        self.not(neither)
                    }
                    BinaryOp::NotEqual if truths => self.differ(a, b),
                    BinaryOp::Equal if truths => {
                        let differ = self.differ(a, b)?;
                        self.not(differ)
                    }
                    op if op.is_arithmetic() => self.binary(*op, a, b),
                    op => self.compare(*op, a, b),
                }
            }
            ExprKind::Sum(operand) => {
                let a = self.secret_of(operand)?;
                self.secret(|dst| Op::Sum { dst, a })
            }
            ExprKind::Rank(operand, order) => {
                let (a, order) = (self.secret_of(operand)?, *order);
                self.secret(|dst| Op::Rank { dst, a, order })
            }
            ExprKind::First(operand, order) => {
                let (a, order) = (self.secret_of(operand)?, *order);
                self.secret(|dst| Op::First { dst, a, order })
            }
            ExprKind::FirstMember(operand, order) => {
                let (a, order) = (self.secret_of(operand)?, *order);
                self.secret(|dst| Op::FirstMember { dst, a, order })
            }
            ExprKind::Error => None,
        }
    }

    fn secret_of(&mut self, expr: &Expr) -> Option<S> {
        match self.expression(expr)? {
            Register::Secret(register) => Some(register),
            Register::Public(_) => None,
        }
    }

    /// `1 - a`, of a truth value.
    fn not(&mut self, a: Register) -> Option<Register> {
        let one = self.constant_register(1)?;
        self.binary(BinaryOp::Sub, Register::Public(one), a)
    }

    /// Whether two truth values differ: the square of their difference. Beside a known one nothing is
    /// squared: it is the other value or its negation.
    fn differ(&mut self, a: Register, b: Register) -> Option<Register> {
        use Register::{Public, Secret};
        if let (Secret(_), Public(known)) | (Public(known), Secret(_)) = (a, b)
            && let Some(value) = self.constant_in(known)
        {
            let other = if matches!(a, Secret(_)) { a } else { b };
            return if value == 0 {
                Some(other)
            } else {
                self.not(other)
            };
        }
        let difference = self.binary(BinaryOp::Sub, a, b)?;
        self.binary(BinaryOp::Mul, difference, difference)
    }

    /// A comparison of numbers. There are opcodes for three relations; the others are their negations.
    fn compare(&mut self, op: BinaryOp, a: Register, b: Register) -> Option<Register> {
        use Register::{Public, Secret};
        let (relation, negated) = match op {
            BinaryOp::Less => (Relation::Less, false),
            BinaryOp::GreaterEqual => (Relation::Less, true),
            BinaryOp::Greater => (Relation::Greater, false),
            BinaryOp::LessEqual => (Relation::Greater, true),
            BinaryOp::Equal => (Relation::Equal, false),
            BinaryOp::NotEqual => (Relation::Equal, true),
            _ => return None,
        };
        let swapped = match relation {
            Relation::Less => Relation::Greater,
            Relation::Equal => Relation::Equal,
            Relation::Greater => Relation::Less,
        };
        let holds = match (a, b) {
            (Secret(a), Secret(b)) => self.secret(|dst| Op::Compare {
                dst,
                relation,
                a,
                b,
            })?,
            (Secret(a), Public(b)) => self.secret(|dst| Op::ComparePublic {
                dst,
                relation,
                a,
                b,
            })?,
            (Public(b), Secret(a)) => self.secret(|dst| Op::ComparePublic {
                dst,
                relation: swapped,
                a,
                b,
            })?,
            (Public(_), Public(_)) => return None,
        };
        if negated {
            self.not(holds)
        } else {
            Some(holds)
        }
    }

    fn binary(&mut self, op: BinaryOp, a: Register, b: Register) -> Option<Register> {
        use Register::{Public, Secret};
        match (op, a, b) {
            (_, Public(a), Public(b)) => {
                let op = match op {
                    BinaryOp::Add => PublicOp::Add,
                    BinaryOp::Sub => PublicOp::Sub,
                    BinaryOp::Mul => PublicOp::Mul,
                    BinaryOp::Div => PublicOp::Div,
                    _ => return None,
                };
                self.public(|dst| Op::Public { dst, op, a, b })
            }
            (BinaryOp::Add, Secret(a), Secret(b)) => self.secret(|dst| Op::Add { dst, a, b }),
            (BinaryOp::Add, Secret(a), Public(b)) | (BinaryOp::Add, Public(b), Secret(a)) => {
                self.secret(|dst| Op::AddPublic { dst, a, b })
            }
            (BinaryOp::Sub, Secret(a), Secret(b)) => self.secret(|dst| Op::Sub { dst, a, b }),
            (BinaryOp::Sub, Secret(a), Public(b)) => {
                let b = self.negated_public(b)?;
                self.secret(|dst| Op::AddPublic { dst, a, b })
            }
            (BinaryOp::Sub, Public(a), Secret(b)) => {
                let Secret(b) = self.negate(b)? else {
                    return None;
                };
                self.secret(|dst| Op::AddPublic { dst, a: b, b: a })
            }
            (BinaryOp::Mul, Secret(a), Secret(b)) => self.secret(|dst| Op::Mul { dst, a, b }),
            (BinaryOp::Mul, Secret(a), Public(b)) | (BinaryOp::Mul, Public(b), Secret(a)) => {
                self.secret(|dst| Op::MulPublic { dst, a, b })
            }
            (BinaryOp::Div, Secret(a), Public(b)) => self.secret(|dst| Op::DivPublic { dst, a, b }),
            _ => None,
        }
    }

    fn negate(&mut self, a: S) -> Option<Register> {
        let b = self.constant_register(-1)?;
        self.secret(|dst| Op::MulPublic { dst, a, b })
    }

    /// A public register with the negated value; of a constant, a constant.
    fn negated_public(&mut self, register: C) -> Option<C> {
        let constant = self.constant_in(register);
        if let Some(value) = constant.and_then(i64::checked_neg) {
            return self.constant_register(value);
        }
        let a = self.constant_register(0)?;
        match self.public(|dst| Op::Public {
            dst,
            op: PublicOp::Sub,
            a,
            b: register,
        })? {
            Register::Public(negated) => Some(negated),
            Register::Secret(_) => None,
        }
    }

    /// The constant that a register holds, if it does.
    fn constant_in(&self, register: C) -> Option<i64> {
        self.code.iter().find_map(|op| match op {
            Op::Const { dst, value } if *dst == register => Some(*value),
            _ => None,
        })
    }

    fn constant_register(&mut self, value: i64) -> Option<C> {
        match self.public(|dst| Op::Const { dst, value })? {
            Register::Public(register) => Some(register),
            Register::Secret(_) => None,
        }
    }

    /// The value of arithmetic on constants alone.
    fn constant(&self, expr: &Expr) -> Option<i64> {
        match &expr.kind {
            ExprKind::Int(value) => Some(*value),
            ExprKind::Local(index) => self.constants.get(index).copied(),
            ExprKind::Negate(operand) => self.constant(operand)?.checked_neg(),
            ExprKind::Binary(op, a, b) => op.apply(self.constant(a)?, self.constant(b)?),
            _ => None,
        }
    }

    fn public(&mut self, op: impl Fn(C) -> Op) -> Option<Register> {
        if let Some(register) = self.known.get(&op(C(0))) {
            return Some(*register);
        }
        let dst = C(u16::try_from(self.public_len).ok()?);
        self.public_len += 1;
        Some(self.emit(op(C(0)), op(dst), Register::Public(dst)))
    }

    fn secret(&mut self, op: impl Fn(S) -> Op) -> Option<Register> {
        if let Some(register) = self.known.get(&op(S(0))) {
            return Some(*register);
        }
        let dst = S(u16::try_from(self.secret_len).ok()?);
        self.secret_len += 1;
        Some(self.emit(op(S(0)), op(dst), Register::Secret(dst)))
    }

    fn emit(&mut self, key: Op, op: Op, register: Register) -> Register {
        self.code.push(op);
        self.known.insert(key, register);
        register
    }
}
