//! `state` declarations: what is kept where from call to call.

use enigma_bytecode::interval::MAGNITUDE_LIMIT;
use enigma_bytecode::verify::{MAX_COUNTED, MAX_KEY_BYTES};

use super::Pass;
use super::allow::Source;
use super::ty::{MAX_WIDTH, label};
use crate::code::Code;
use crate::constant::NUMBER_LIMIT;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{AllowShape, Constant, Label, Slot, Store, Type};
use crate::scope::{Generics, Scope, duplicate, unsupported};
use crate::span::Span;
use crate::syntax::ast::{self, Item, Name, TypeArg, TypeKind};

/// One contribution to an accumulator is at most so large, and so is its first value.
const CONTRIBUTION_LIMIT: i128 = 1 << 28;

impl Pass<'_> {
    /// Names of slots, with a place for each.
    pub(super) fn slots(&mut self, state: &ast::State) {
        let Some(store) = state.store() else { return };
        for slot in state.slots() {
            let Some(Name { text, span }) = slot.name() else {
                continue;
            };
            let built_in = match store {
                Store::Ledger => &["height", "time", "get", "set"][..],
                Store::Dht | Store::Mpc => &["get", "set"],
            };
            if built_in.contains(&text.as_str()) {
                let message = format!("`{}.{text}` is a word of the language", store.name());
                self.error(Code::E0202, span, message);
            }
            let index = self.scope.hir.slots.len();
            let first = self.scope.slot(store, &text);
            match first.and_then(|first| self.scope.hir.slots.get(first)) {
                Some(first) => {
                    let name = Name {
                        text: text.clone(),
                        span,
                    };
                    self.diagnostics.push(duplicate(&name, first.span));
                }
                None => {
                    self.scope.slots.insert((store, text.clone()), index);
                }
            }
            self.scope.hir.slots.push(Slot {
                name: text,
                store,
                ty: Type::Unknown,
                key: None,
                accumulator: false,
                initial: Constant::Int(0),
                access: None,
                allows: Vec::new(),
                left_out: false,
                span,
            });
        }
    }

    pub(super) fn stores(&mut self, members: &[Item]) {
        let (mut index, mut total, mut counted) = (0, 0_u64, 0_u64);
        for item in members {
            let Item::State(state) = item else { continue };
            let Some(store) = state.store() else { continue };
            for slot in state.slots().filter(|slot| slot.name().is_some()) {
                let (key, ty) = match slot.ty() {
                    Some(ty) => self.stored(store, &ty),
                    None => (None, Type::Unknown),
                };
                total = total.saturating_add(self.scope.width(&ty));
                if total > MAX_WIDTH {
                    let most = grouped(MAX_WIDTH.into());
                    let message = format!("the stores hold at most {most} single values together");
                    self.error(Code::E0601, slot.span(), message);
                    return;
                }
                let numbers = self.scope.width(&ty);
                self.slot(index, &slot, key, ty);
                counted = counted.saturating_add(numbers.saturating_mul(self.counted(index)));
                if counted > MAX_COUNTED {
                    let most = grouped(MAX_COUNTED.into());
                    let message =
                        format!("more than {most} contributions would have to be counted");
                    let diagnostic = Diagnostic::error(Code::E0601, slot.span(), message)
                        .because("nodes keep who has contributed to each number, up to its `aggregate(N)`")
                        .help("lower the N of `allow aggregate(N)`, or keep fewer numbers");
                    self.diagnostics.push(diagnostic);
                    return;
                }
                index += 1;
            }
        }
    }

    /// Up to how many contributions to each number of a slot are counted: 0 but of accumulators.
    fn counted(&self, index: usize) -> u64 {
        let slot = self.scope.hir.slots.get(index);
        let allows = slot
            .filter(|slot| slot.accumulator)
            .map(|slot| &slot.allows);
        let thresholds = allows.into_iter().flatten().map(|allow| match allow.shape {
            AllowShape::Aggregate(k) => u64::from(k),
            _ => 0,
        });
        thresholds.max().unwrap_or(0)
    }

    fn slot(&mut self, index: usize, item: &ast::Slot, key: Option<Type>, ty: Type) {
        let Some(store) = self.scope.hir.slots.get(index).map(|slot| slot.store) else {
            return;
        };
        let accumulator = item
            .accumulator()
            .is_some_and(|at| self.accumulates(store, &ty, at));
        let initial = self.initial(item, store, &ty, accumulator);
        self.access_stands(item, store);
        let source = Source {
            collection: None,
            provider: None,
            most: u32::MAX.into(),
        };
        let mut allows = Vec::new();
        for allow in item.allows() {
            if store == Store::Mpc {
                allows.extend(self.allow(&allow, source));
            } else {
                let message = "`allow` is for what is private";
                let diagnostic = Diagnostic::error(Code::E0310, allow.span(), message)
                    .because(format!("what is in `state {}` is public", store.name()))
                    .help("leave it out, or keep the slot in `state MPC`");
                self.diagnostics.push(diagnostic);
            }
        }
        if let Some(slot) = self.scope.hir.slots.get_mut(index) {
            slot.ty = ty;
            slot.key = key;
            slot.accumulator = accumulator;
            slot.initial = initial;
            slot.allows = allows;
        }
    }

    /// `access` stands at what nodes keep for some readers, and only there.
    fn access_stands(&mut self, item: &ast::Slot, store: Store) {
        let diagnostic = match (store, item.access()) {
            (Store::Dht, Some(_)) | (Store::Ledger | Store::Mpc, None) => return,
            (Store::Dht, None) => {
                let span = item.name().map_or(item.span(), |name| name.span);
                let message = "a slot of `state DHT` says who may read it";
                Diagnostic::error(Code::E0204, span, message).help(
                    "add `access |who| ...`, of a map `access |who, key| ...`; what everyone may read belongs to `state L`",
                )
            }
            (Store::Ledger, Some(access)) => {
                let message = "`access` is for `state DHT`";
                Diagnostic::error(Code::E0204, access.span(), message)
                    .because("everyone reads the ledger")
            }
            (Store::Mpc, Some(access)) => {
                let message = "`access` is for `state DHT`";
                Diagnostic::error(Code::E0204, access.span(), message)
                    .because("nobody reads a private slot")
                    .help("say with `allow` what may be shown of it")
            }
        };
        self.diagnostics.push(diagnostic);
    }

    /// The type of what is stored, and of a map its keys.
    fn stored(&mut self, store: Store, ty: &ast::Type) -> (Option<Type>, Type) {
        let generics = Generics::default();
        let TypeKind::Named(name, args) = ty.kind() else {
            return (None, self.stored_value(store, ty));
        };
        if name.text != "map" {
            return (None, self.stored_value(store, ty));
        }
        let [TypeArg::Type(key), TypeArg::Type(value)] = &args[..] else {
            let message = "`map` takes the types of its keys and of its values: `map<id, u64>`";
            self.error(Code::E0204, ty.span(), message);
            return (None, Type::Unknown);
        };
        if store == Store::Mpc {
            let diagnostic = unsupported(ty.span(), "a map in `state MPC`")
                .help("a private slot is one value or a list: `private [u64; 100]`");
            self.diagnostics.push(diagnostic);
            return (None, Type::Unknown);
        }
        for ty in [ty, key] {
            if ty.label().is_some() && label(ty) == Some(Label::Private) {
                self.diagnostics.push(private_in(store, ty.span()));
            }
        }
        let key_type = self.scope.unlabelled(key, &generics, self.diagnostics);
        let usable = matches!(
            key_type,
            Type::Id
                | Type::Int(_)
                | Type::Enum(_)
                | Type::Bytes(_)
                | Type::Text(_)
                | Type::Unknown
        );
        if !usable {
            let name = self.scope.hir.type_name(&key_type);
            let message = format!("a `{name}` is no key of a map");
            let diagnostic = Diagnostic::error(Code::E0206, key.span(), message)
                .help("keys are `id`, whole numbers, enumerations, `bytes` and `text`");
            self.diagnostics.push(diagnostic);
            return (None, Type::Unknown);
        }
        if let Type::Bytes(len) | Type::Text(len) = key_type
            && len > MAX_KEY_BYTES
        {
            let message = format!("a key of a map has at most {MAX_KEY_BYTES} bytes");
            let diagnostic = Diagnostic::error(Code::E0601, key.span(), message)
                .because("nodes look for it among all keys, each time")
                .help("take the `hash` of what is longer");
            self.diagnostics.push(diagnostic);
            return (None, Type::Unknown);
        }
        (Some(key_type), self.stored_value(store, value))
    }

    fn stored_value(&mut self, store: Store, ty: &ast::Type) -> Type {
        if let Some(name) = ty.per() {
            let diagnostic = unsupported(name.span, "`per` in a store")
                .help("a slot outlives the rows of a run: store a list, or what follows from them");
            self.diagnostics.push(diagnostic);
            return Type::Unknown;
        }
        let stored = self
            .scope
            .unlabelled(ty, &Generics::default(), self.diagnostics);
        let private = label(ty) == Some(Label::Private);
        match (store, private) {
            (Store::Mpc, true) => {}
            (Store::Mpc, false) => {
                let message = "a slot of `state MPC` is private";
                let diagnostic = Diagnostic::error(Code::E0301, ty.span(), message).help(
                    "write `private` before its type, or declare it in `state L` if everyone may know it",
                );
                self.diagnostics.push(diagnostic);
            }
            (_, true) => self.diagnostics.push(private_in(store, ty.span())),
            (_, false) => {}
        }
        match (store, &stored) {
            (Store::Mpc, Type::Key(_)) => stored,
            (Store::Mpc, _) => self.private_value(stored, ty.span()),
            _ => self.no_key(stored, ty.span()),
        }
    }

    fn accumulates(&mut self, store: Store, ty: &Type, at: Span) -> bool {
        let number = match ty {
            Type::List(element, _) => element,
            other => other,
        };
        let diagnostic = if store != Store::Mpc {
            Diagnostic::error(Code::E0211, at, "an accumulator is private")
                .help("leave the word out: `+=` works for all slots")
        } else if !matches!(number, Type::Int(_) | Type::Unknown) {
            let name = self.scope.hir.type_name(ty);
            let message = format!("an accumulator adds up whole numbers, and this is `{name}`");
            Diagnostic::error(Code::E0211, at, message)
                .help("it is a whole number, or a list of them: `private [u64; 3] accumulator`")
        } else {
            return true;
        };
        self.diagnostics.push(diagnostic);
        false
    }

    fn initial(
        &mut self,
        item: &ast::Slot,
        store: Store,
        ty: &Type,
        accumulator: bool,
    ) -> Constant {
        let Some(expr) = item.value() else {
            return self.scope.zero(ty);
        };
        let value = self.scope.constant(&expr, Some(ty), &Generics::default());
        let (known, value) = match self.known(value) {
            Some((known, value)) => (known, value),
            None => return self.scope.zero(ty),
        };
        if known == Type::Unknown {
            return self.scope.zero(ty);
        }
        let (limit, words) = match store {
            Store::Mpc if accumulator => (CONTRIBUTION_LIMIT + 1, "at most 2^28"),
            Store::Mpc => (i128::from(MAGNITUDE_LIMIT), "below 2^59"),
            _ => (NUMBER_LIMIT, "below 2^63"),
        };
        if largest(&value) >= limit {
            let message = format!("the first value of this slot is {words} in magnitude");
            self.error(Code::E0501, expr.span(), message);
        }
        value
    }
}

fn private_in(store: Store, span: Span) -> Diagnostic {
    let name = store.name();
    let message = format!("`state {name}` keeps nothing private");
    let diagnostic = Diagnostic::error(Code::E0301, span, message);
    let diagnostic = match store {
        Store::Ledger => diagnostic.because("everyone reads the ledger"),
        _ => diagnostic.because("the nodes that hold it can read it"),
    };
    diagnostic.help("keep it in `state MPC`, or leave out `private` if it may be known")
}

/// The largest whole number in a value, in magnitude.
fn largest(value: &Constant) -> i128 {
    match value {
        Constant::Int(value) | Constant::Fix(value) => value.saturating_abs(),
        Constant::Many(parts) => parts.iter().map(largest).max().unwrap_or(0),
        Constant::Maybe(Some(value)) => largest(value),
        _ => 0,
    }
}

impl Scope {
    /// What is in a slot when nothing is stated.
    fn zero(&self, ty: &Type) -> Constant {
        match ty {
            Type::Bool => Constant::Bool(false),
            Type::Fix(_) => Constant::Fix(0),
            Type::Id => Constant::NoAccount,
            Type::Bytes(len) | Type::Text(len) => {
                Constant::Bytes(vec![0; usize::try_from(*len).unwrap_or(0)])
            }
            Type::Str => Constant::Text(String::new()),
            Type::Key(_) => Constant::NoKey,
            Type::Maybe(_) => Constant::Maybe(None),
            Type::Tuple(parts) => {
                Constant::Many(parts.iter().map(|part| self.zero(part)).collect())
            }
            Type::Struct(index) => {
                let declared = self.hir.structs.get(*index);
                let fields = declared.iter().flat_map(|s| &s.fields);
                Constant::Many(fields.map(|field| self.zero(&field.ty)).collect())
            }
            Type::List(element, length) => {
                let times = usize::try_from(length.fixed).unwrap_or(0);
                Constant::Many(vec![self.zero(element); times])
            }
            _ => Constant::Int(0),
        }
    }
}
