//! Expressions.

use super::machine::{EXPRESSION, Machine};
use super::operator::{binary, cast, depth, fits, lift, scalar, unary};
use super::refusal::{Refusal, Run, internal};
use super::transcript::Event;
use crate::hir::{BinaryOp, Expr, ExprKind, LocalId, Store, Type};
use crate::span::Span;
use crate::value::{Account, ELEMENTS_MAX, Value};

impl Machine<'_> {
    /// The value of an expression.
    pub(super) fn value(&mut self, expr: &Expr) -> Run<Value> {
        self.work(EXPRESSION)?;
        match &expr.kind {
            ExprKind::Local(local) => self.local(*local, expr.span),
            ExprKind::Bool(truth) => Ok(Value::Truth(*truth)),
            ExprKind::Int(number) => self.conform(Value::Number(*number), &expr.ty, expr),
            _ => self.nested(|machine| machine.compound(expr)),
        }
    }

    /// A truth value.
    pub(super) fn truth(&mut self, expr: &Expr) -> Run<bool> {
        match self.value(expr)? {
            Value::Truth(truth) => Ok(truth),
            _ => internal(expr.span, "not a truth value"),
        }
    }

    /// A whole number.
    pub(super) fn whole(&mut self, expr: &Expr) -> Run<i128> {
        match self.value(expr)? {
            Value::Number(number) => Ok(number),
            _ => internal(expr.span, "not a whole number"),
        }
    }

    /// An account.
    pub(super) fn account(&mut self, expr: &Expr) -> Run<Account> {
        match self.value(expr)? {
            Value::Account(account) => Ok(account),
            _ => internal(expr.span, "not an account"),
        }
    }

    /// Values of several expressions.
    pub(super) fn values(&mut self, exprs: &[Expr]) -> Run<Vec<Value>> {
        exprs.iter().map(|expr| self.value(expr)).collect()
    }

    fn compound(&mut self, expr: &Expr) -> Run<Value> {
        match &expr.kind {
            ExprKind::Unary(op, a) => {
                let of = depth(&a.ty);
                let a = self.value(a)?;
                self.lifted(expr, [(&a, of)], |[a]| unary(*op, a))
            }
            ExprKind::Binary(op, a, b) => self.binary(expr, *op, a, b),
            ExprKind::Cast(a) => {
                let of = depth(&a.ty);
                let a = self.value(a)?;
                let ty = scalar(&expr.ty);
                self.lifted(expr, [(&a, of)], |[a]| cast(a, ty))
            }
            ExprKind::Select(c, a, b) => self.select(expr, c, a, b),
            ExprKind::Field(of, field) => self.field(expr, of, *field),
            ExprKind::Index(of, place) => self.index(expr, of, place),
            ExprKind::Map {
                over,
                element,
                body,
            } => self.map(expr, over, *element, body),
            ExprKind::Call(builtin, args) => self.call(expr, *builtin, args),
            ExprKind::Inline { block, result, .. } => {
                self.block(block)?;
                self.local(*result, expr.span)
            }
            ExprKind::Load { slot, key, height } => {
                let key = key.as_deref().map(|key| self.value(key)).transpose()?;
                match height {
                    Some(height) => self.earlier(expr, *slot, key, height),
                    None => self.load(*slot, key, expr.span),
                }
            }
            _ => self.simple(expr),
        }
    }

    /// Literals, what is put together from parts, and what the run is given.
    fn simple(&mut self, expr: &Expr) -> Run<Value> {
        let span = expr.span;
        Ok(match &expr.kind {
            ExprKind::Fix(scaled) => match &expr.ty {
                Type::Fix(fix) => Value::Fixed {
                    fraction: fix.fraction,
                    scaled: *scaled,
                },
                _ => return internal(span, "not of a `fix` type"),
            },
            ExprKind::Variant(place) => match &expr.ty {
                Type::Enum(of) => Value::Variant {
                    of: *of,
                    place: *place,
                },
                _ => return internal(span, "not of an enumeration"),
            },
            ExprKind::Bytes(bytes) => match &expr.ty {
                Type::Text(_) | Type::Str => Value::text(bytes),
                _ => Value::bytes(bytes),
            },
            ExprKind::Text(text) => Value::text(text.as_bytes()),
            ExprKind::Nothing => Value::Maybe(None),
            ExprKind::Something(value) => Value::some(self.value(value)?),
            ExprKind::Collection(index) => self.collection(expr, *index)?,
            ExprKind::RowCount(collection) => Value::Number(self.lengths.rows(*collection) as i128),
            ExprKind::MemberCount(group) => {
                Value::Number(self.members.get(group).map_or(0, Vec::len) as i128)
            }
            ExprKind::Caller => Value::Account(self.caller.clone()),
            ExprKind::Party(party) => Value::Account(Account::Party(*party)),
            ExprKind::Height => Value::Number(self.world.height),
            ExprKind::Time => Value::Number(self.world.time),
            ExprKind::Struct(fields) => match &expr.ty {
                Type::Struct(index) => Value::Struct(*index, self.values(fields)?.into()),
                _ => return internal(span, "not of a struct type"),
            },
            ExprKind::Tuple(parts) => Value::Tuple(self.values(parts)?.into()),
            ExprKind::List(items) => Value::list(self.values(items)?),
            ExprKind::Repeat(value, times) => {
                let value = self.value(value)?;
                Value::list(vec![value; self.length(*times)?])
            }
            ExprKind::Error => return internal(span, "the contract has errors"),
            _ => return internal(span, "an expression of no kind"),
        })
    }

    /// A length that vectors may have.
    pub(super) fn length(&mut self, len: u64) -> Run<usize> {
        match usize::try_from(len) {
            Ok(short) if len <= ELEMENTS_MAX => {
                self.work(short)?;
                Ok(short)
            }
            _ => Err(Box::new(Refusal::TooLong)),
        }
    }

    /// Applies `f` element by element; each result must fit its type.
    pub(super) fn lifted<const N: usize>(
        &mut self,
        expr: &Expr,
        args: [(&Value, usize); N],
        mut f: impl FnMut([&Value; N]) -> Option<Value>,
    ) -> Run<Value> {
        let ty = scalar(&expr.ty);
        let (mut overflow, mut elements) = (false, 0);
        let mut checked = |parts: [&Value; N]| {
            elements += 1;
            let value = f(parts)?;
            overflow |= !fits(&value, ty);
            (!overflow).then_some(value)
        };
        let result = lift(args, depth(&expr.ty), &mut checked);
        self.work(elements)?;
        match result {
            Some(value) => Ok(value),
            None if overflow => self.overflow(expr),
            None => internal(expr.span, "operands do not go together"),
        }
    }

    fn binary(&mut self, expr: &Expr, op: BinaryOp, a: &Expr, b: &Expr) -> Run<Value> {
        let depths = (depth(&a.ty), depth(&b.ty));
        let (a, b) = (self.value(a)?, self.value(b)?);
        self.lifted(expr, [(&a, depths.0), (&b, depths.1)], |[a, b]| {
            binary(op, a, b)
        })
    }

    /// All parts are evaluated: an expression has no effects, and takes the same steps whatever is chosen.
    pub(super) fn select(&mut self, expr: &Expr, c: &Expr, a: &Expr, b: &Expr) -> Run<Value> {
        let depths = [c, a, b].map(|part| depth(&part.ty));
        let (c, a, b) = (self.value(c)?, self.value(a)?, self.value(b)?);
        if let Value::Truth(truth) = c {
            let chosen = if truth { a } else { b };
            return self.conform(chosen, &expr.ty, expr);
        }
        let args = [(&c, depths[0]), (&a, depths[1]), (&b, depths[2])];
        self.lifted(expr, args, |[c, a, b]| {
            Some(if c.truth()? { a.clone() } else { b.clone() })
        })
    }

    fn field(&mut self, expr: &Expr, of: &Expr, field: usize) -> Run<Value> {
        let vectors = depth(&of.ty);
        // A column of a column of lists is as deep as the vectors around the struct, whatever the field is.
        let value = self.value(of)?;
        let mut elements = 0;
        let column = lift([(&value, vectors)], vectors, &mut |[part]| {
            elements += 1;
            part.parts()?.get(field).cloned()
        });
        self.work(elements)?;
        column.map_or_else(|| internal(expr.span, "no such field"), Ok)
    }

    fn index(&mut self, expr: &Expr, of: &Expr, place: &Expr) -> Run<Value> {
        let (span, at) = (place.span, place);
        let value = self.value(of)?;
        let place = self.whole(at)?;
        self.see(|| Event::Index { span, place });
        let Some(items) = value.elements() else {
            return internal(expr.span, "not a vector");
        };
        let found = usize::try_from(place).ok().and_then(|i| items.get(i));
        match found {
            Some(value) => Ok(value.clone()),
            None => self.zero(&expr.ty, expr.span),
        }
    }

    /// What there is when nothing is.
    pub(super) fn zero(&self, ty: &Type, span: Span) -> Run<Value> {
        match Value::zero(ty, self.hir, &self.lengths) {
            Some(zero) => Ok(zero),
            None => internal(span, "a type without a zero"),
        }
    }

    fn map(&mut self, expr: &Expr, over: &Expr, element: LocalId, body: &Expr) -> Run<Value> {
        let Value::List(items) = self.value(over)? else {
            return internal(expr.span, "not a vector");
        };
        let mut results = Vec::with_capacity(items.len());
        self.quietly(|machine| -> Run<()> {
            for item in items.iter() {
                machine.bind(element, item.clone());
                results.push(machine.value(body)?);
            }
            Ok(())
        })?;
        Ok(Value::list(results))
    }

    fn collection(&mut self, expr: &Expr, index: usize) -> Run<Value> {
        let Some(rows) = self.rows.get(&index) else {
            return internal(expr.span, "a collection that was not read in");
        };
        let single = self
            .hir
            .collections
            .get(index)
            .is_some_and(|c| c.is_single());
        if !single {
            return Ok(rows.values.clone());
        }
        match rows.values.elements().and_then(<[Value]>::first) {
            Some(value) => Ok(value.clone()),
            None => self.zero(&expr.ty, expr.span),
        }
    }

    /// `L.get(NAME, HEIGHT)`: what the ledger had after that block; of a block to come, what it has now.
    fn earlier(
        &mut self,
        expr: &Expr,
        slot: usize,
        key: Option<Value>,
        height: &Expr,
    ) -> Run<Value> {
        let height = self.whole(height)?;
        if self.slot(slot, expr.span)?.store != Store::Ledger {
            return internal(expr.span, "only the ledger has a past");
        }
        match self.world.stored_at(slot, key.as_ref(), height) {
            Some(value) => Ok(value),
            None => internal(expr.span, "nothing is in the slot"),
        }
    }
}
