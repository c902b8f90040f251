//! Reveals: whether what the owners of every source allow covers the value, for every recipient.
//!
//! Nodes derive the same again from bytecode (`enigma_bytecode::verify`), on purpose by other code.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::facts::{Exposure, RevealFacts, Source};
use super::guard::Guards;
use super::sources::{Combination, Mix, Mixes, Sources};
use super::value::{Leaf, Value};
use super::walk::Walk;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Allow, AllowShape, Guard, Provider, Recipient, Reveal, Slot, Type};
use crate::span::Span;

impl<'a> Walk<'a> {
    pub(super) fn reveal(&mut self, reveal: &'a Reveal, span: Span) {
        let value = self.eval(&reveal.value);
        let guards = self.guards(reveal);
        self.not_hidden(Code::E0304, span, "a reveal under a private condition");
        if reveal.value.ty != Type::Unknown {
            self.release(reveal, &value, &guards);
        }
        if let Some(local) = reveal.local {
            self.typed_as_guarded(reveal, &guards, local);
            let shown = self.opened(reveal, &value, &guards, local);
            self.set(local, Rc::new(shown));
        }
    }

    /// Types are known before secrecy: whether the result may be missing was judged line by line, from what might be private. What
    /// only a later pass of a loop makes private was not seen, nor that a variable is public again.
    fn typed_as_guarded(&mut self, reveal: &Reveal, guards: &Guards, local: crate::hir::LocalId) {
        let typed = self.local(local).is_some_and(|l| l.ty != reveal.value.ty);
        let fits = match &reveal.value.ty {
            // What may be missing anyway stays so.
            Type::Maybe(_) | Type::Unknown => true,
            Type::List(element, _) if matches!(**element, Type::Maybe(_)) => true,
            _ => typed == guards.suppressed,
        };
        if fits {
            return;
        }
        let why = match guards.suppressed {
            true => "what its guard counts becomes private in a later pass of a loop",
            false => {
                "what its guard counts is public, in a variable that may hold something private"
            }
        };
        let message = "whether this result may be missing cannot be told here";
        let diagnostic = Diagnostic::error(Code::E0900, reveal.name_span, message).because(why);
        let diagnostic = diagnostic.help("count in a variable of its own: `let count = ...;`");
        self.report(diagnostic);
    }

    /// What was shown to everyone, as a public value.
    fn opened(
        &mut self,
        reveal: &Reveal,
        value: &Value,
        guards: &Guards,
        local: crate::hir::LocalId,
    ) -> Value {
        let blurred = reveal
            .guards
            .iter()
            .any(|g| matches!(g, Guard::Noise { .. }));
        if guards.suppressed || blurred {
            let ty = self.local(local).map_or(Type::Unknown, |l| l.ty.clone());
            return self.public(&ty);
        }
        let mut shown = value.clone();
        shown.each_leaf(&mut |leaf| {
            let range = leaf.range;
            let number = self.numbers.fresh();
            *leaf = Leaf::public(range, number);
        });
        shown
    }

    fn release(&mut self, reveal: &'a Reveal, value: &Value, guards: &Guards) {
        if has_key(&reveal.value.ty, self) {
            let diagnostic =
                Diagnostic::error(Code::E0316, reveal.value.span, "a key would be shown")
                    .because("this is a key, or holds one")
                    .help("reveal its `public_key()`, or what it signs");
            self.report(diagnostic);
            return;
        }
        if !value.is_private() {
            let text = "nothing private in this reveal";
            let diagnostic = Diagnostic::error(Code::E0311, reveal.value.span, text)
                .because("everyone knows this already");
            self.report(diagnostic);
            return;
        }
        if !self.suits_recipients(reveal) {
            return;
        }
        let mut whole = value.whole(Combination::Number, &mut self.numbers);
        if holds_several(&reveal.value.ty, self) || self.passes > 1 {
            whole.sources = whole.sources.several();
        }
        let mut shown = whole.sources.clone();
        let mut allowed = self.check_sources(reveal, reveal.value.span, &shown);
        if let Some((counts, span)) = &guards.shown {
            // Of one source both are shown.
            shown = shown.combine(counts, Combination::Number);
            let beside = shown.only_of(counts);
            for (source, shape) in self.check_sources(reveal, *span, &beside) {
                let own = allowed.entry(source).or_insert(shape);
                *own = stricter(*own, shape);
            }
        }
        let recipients: Vec<Recipient> = reveal.recipients.iter().map(|(r, _)| *r).collect();
        for source in self.bits_of(&shown, &recipients) {
            // What is more than a bit is not allowed anyway.
            if shown.only(source).is_some_and(|mixes| !mixes.has(Mix::Row)) {
                self.single_bit(source, reveal.value.span);
            }
        }
        self.check_hidden(reveal, &whole, &allowed, guards);
        self.check_uniform(reveal, &whole);
        let noise = self.noise_of(reveal, value, &whole, guards);
        if self.muted > 0 {
            return;
        }
        self.require_rows(&allowed, guards);
        let mut facts = RevealFacts {
            name: reveal.name.clone(),
            value: reveal.value.id,
            span: reveal.value.span,
            ty: reveal.value.ty.clone(),
            recipients,
            sources: allowed.into_iter().collect(),
            shows: exposures(&shown),
            row_guards: guards.rows.clone(),
            suppressed: guards.suppressed,
            noise,
        };
        // A loop's last pass through the analysis is not the only one of outer loops.
        let known = self.entry.reveals.iter_mut().find(|r| r.name == facts.name);
        match known {
            Some(known) => {
                for (source, before) in &known.shows {
                    facts.shows.entry(*source).or_default().extend(before);
                }
                *known = facts;
            }
            None => self.entry.reveals.push(facts),
        }
    }

    /// `to owner(x)` needs one value per row of x.
    fn suits_recipients(&mut self, reveal: &Reveal) -> bool {
        let space = match &reveal.value.ty {
            Type::Rows(_, collection) => Some(*collection),
            _ => None,
        };
        for &(recipient, span) in &reveal.recipients {
            let Recipient::OwnerOf(wanted) = recipient else {
                continue;
            };
            let single = self
                .hir
                .collections
                .get(wanted)
                .is_some_and(|c| c.is_single());
            if space == Some(wanted) || single {
                continue;
            }
            let name = self
                .hir
                .collections
                .get(wanted)
                .map_or("?", |c| c.name.as_str());
            let message = "owners get one value each, and there is not one value for each of them";
            let diagnostic = Diagnostic::error(Code::E0309, span, message)
                .because(format!(
                    "value i would go to the owner of row i of `{name}`"
                ))
                .also(reveal.value.span, "this is not one value per row of it")
                .help(format!(
                    "show it `to each` member of a group, or compute one value per row of `{name}`"
                ));
            self.report(diagnostic);
            return false;
        }
        true
    }

    /// A vector over rows that holds no rows: everyone would get one value for each of others' rows.
    fn check_uniform(&mut self, reveal: &Reveal, whole: &Leaf) {
        let Type::Rows(..) = &reveal.value.ty else {
            return;
        };
        for &(recipient, span) in &reveal.recipients {
            let owner = matches!(recipient, Recipient::OwnerOf(_));
            if owner || whole.sources.has_rows() {
                continue;
            }
            let message = "many values for one recipient";
            let diagnostic = Diagnostic::error(Code::E0309, span, message)
                .because(format!(
                    "{} would get one value for each row",
                    self.hir.describe(recipient)
                ))
                .also(reveal.value.span, "this is one value per row")
                .help("reduce it to one value, for example with `sum()`");
            self.report(diagnostic);
        }
    }

    /// For every source the most demanding shape under which it is released; reports those that are not.
    /// `shown`: what the recipients learn, at `span`.
    fn check_sources(
        &mut self,
        reveal: &Reveal,
        span: Span,
        shown: &Sources,
    ) -> BTreeMap<Source, AllowShape> {
        let mut allowed: BTreeMap<Source, AllowShape> = BTreeMap::new();
        for (source, mixes) in shown.iter() {
            let Some(declared) = self.policy(source) else {
                continue;
            };
            for &(recipient, at) in &reveal.recipients {
                let needs = needs(mixes);
                // The most revealing mix that nobody allows says most.
                let refused = needs
                    .iter()
                    .rev()
                    .find(|need| self.covering(&declared, **need, recipient).is_none());
                if let Some(&need) = refused {
                    let diagnostic = self.refused(span, &declared, need, (recipient, at));
                    self.report(diagnostic);
                    continue;
                }
                for need in needs {
                    if let Some(shape) = self.covering(&declared, need, recipient) {
                        let own = allowed.entry(source).or_insert(shape);
                        *own = stricter(*own, shape);
                    }
                }
                if mixes.has(Mix::Order) {
                    self.check_order(span, &declared, (recipient, at));
                }
            }
        }
        allowed
    }

    /// The sources of which nothing but `allow bit` covers a truth value, for some of the recipients.
    fn bits_of(&self, shown: &Sources, recipients: &[Recipient]) -> Vec<Source> {
        let is_bit = |source: Source| {
            let policy = self.policy(source);
            policy.is_some_and(|policy| {
                recipients.iter().any(|recipient| {
                    let mut shapes = self.shapes(&policy, Exposure::Bit, *recipient);
                    shapes.all(|shape| shape == AllowShape::Bit)
                })
            })
        };
        let bits = shown.iter().filter(|(_, mixes)| mixes.has(Mix::Bit));
        let bits = bits.map(|(source, _)| source);
        bits.filter(|source| is_bit(*source)).collect()
    }

    /// Of each source one bit under `allow bit` is shown by an entry, or stored where it can be shown: whoever has seen a first one can
    /// choose what to ask next, and finds any number by halving.
    fn single_bit(&mut self, source: Source, span: Span) {
        if self.muted > 0 {
            return;
        }
        let first = *self.entry.bits.entry(source).or_insert(span);
        if first != span {
            let name = self.name(source).unwrap_or("?");
            let message = format!("a second bit of `{name}` would be shown");
            let second = Diagnostic::error(Code::E0317, span, message)
                .because(format!("this is one truth value about `{name}`"))
                .also(
                    first,
                    "so is this, and whoever knows it can choose the next",
                )
                .help("make one truth value of both, with `&&` or `||`");
            self.report(second.help(self.more_than_bits(source)));
        }
    }

    /// What a slot gets can be shown to all whom the slot allows anything.
    pub(super) fn check_bits_stored(
        &mut self,
        slot: usize,
        declared: &Slot,
        value: &Leaf,
        (span, several): (Span, bool),
    ) {
        let allows = declared.allows.iter();
        let recipients: Vec<Recipient> = allows
            .flat_map(|allow| allow.recipients.iter().map(|(recipient, _)| *recipient))
            .collect();
        for source in self.bits_of(&value.sources, &recipients) {
            if source == Source::Slot(slot) {
                continue;
            }
            if several {
                let name = self.name(source).unwrap_or("?");
                let message = format!("several bits of `{name}` would be stored");
                let diagnostic = Diagnostic::error(Code::E0317, span, message)
                    .because("each of these can be shown from there, one after the other")
                    .help("store one truth value");
                self.report(diagnostic.help(self.more_than_bits(source)));
            } else {
                self.single_bit(source, span);
            }
        }
    }

    fn more_than_bits(&self, source: Source) -> String {
        let name = self.name(source).unwrap_or("?");
        format!("or, if the owners are to agree to more than bits, add `allow any` to `{name}`")
    }

    /// A rank tells its owner something about all others, who must allow an aggregate. The shape under which the row itself is
    /// released stays that of one value per row.
    fn check_order(&mut self, span: Span, policy: &Policy<'a>, (recipient, at): (Recipient, Span)) {
        match self.covering(policy, Exposure::Aggregate, recipient) {
            None => {
                let diagnostic = self.refused(span, policy, Exposure::Aggregate, (recipient, at));
                self.report(diagnostic);
            }
            Some(AllowShape::Aggregate(k)) => {
                if let Source::Collection(collection) = policy.source {
                    self.at_least(collection, k);
                }
            }
            Some(_) => {}
        }
    }

    fn policy(&self, source: Source) -> Option<Policy<'a>> {
        match source {
            Source::Collection(i) => self.hir.collections.get(i).map(|c| Policy {
                source,
                name: &c.name,
                span: c.span,
                allows: &c.allows,
                owner: match c.provider {
                    Provider::Party(party) if c.is_single() => Some(party),
                    _ => None,
                },
            }),
            Source::Slot(i) => self.hir.slots.get(i).map(|s| Policy {
                source,
                name: &s.name,
                span: s.span,
                allows: &s.allows,
                owner: None,
            }),
            // By calling, the caller agrees to what the manifest says of these.
            Source::Param(_) | Source::Random => None,
        }
    }

    /// The least demanding of the shapes whose `allow` covers the need for the recipient.
    fn covering(
        &self,
        policy: &Policy<'_>,
        need: Exposure,
        recipient: Recipient,
    ) -> Option<AllowShape> {
        let shapes = self.shapes(policy, need, recipient);
        shapes.min_by_key(|shape| demand(*shape))
    }

    /// The shapes whose `allow` covers the need for the recipient.
    fn shapes(
        &self,
        policy: &Policy<'_>,
        need: Exposure,
        recipient: Recipient,
    ) -> std::vec::IntoIter<AllowShape> {
        let to_owner = match policy.source {
            Source::Collection(index) => {
                recipient == Recipient::OwnerOf(index)
                    || policy.owner.map(Recipient::Party) == Some(recipient)
            }
            _ => false,
        };
        let slot = matches!(policy.source, Source::Slot(_));
        let single = policy.owner.is_some();
        let names = |allow: &&Allow| {
            allow
                .recipients
                .iter()
                .any(|(r, _)| self.covers(*r, recipient, policy))
        };
        let shapes = policy.allows.iter().filter(names).map(|allow| allow.shape);
        let covering: Vec<AllowShape> = shapes
            .filter(|shape| match (shape, need) {
                (_, Exposure::Initial) => true,
                (AllowShape::Any, Exposure::Own) => to_owner || slot,
                // Whatever is allowed, a row goes to its owner only.
                (AllowShape::Any, Exposure::Row) => single || slot,
                (AllowShape::Any, _) => true,
                (AllowShape::Aggregate(_), Exposure::Aggregate | Exposure::Hidden) => true,
                (AllowShape::Member, Exposure::Member) => true,
                (AllowShape::Bit, Exposure::Bit) => true,
                (AllowShape::PerOwner, Exposure::Own) => to_owner,
                (AllowShape::PerOwner, Exposure::Row | Exposure::Bit) => to_owner && single,
                _ => false,
            })
            .collect();
        covering.into_iter()
    }

    /// Whether an `allow` to `allowed` lets `wanted` see a value.
    pub(super) fn covers(
        &self,
        allowed: Recipient,
        wanted: Recipient,
        policy: &Policy<'_>,
    ) -> bool {
        if allowed == Recipient::Public || allowed == wanted {
            return true;
        }
        let group = match wanted {
            Recipient::OwnerOf(collection) => {
                self.hir.collections.get(collection).map(|c| c.provider)
            }
            _ => None,
        };
        match (allowed, group) {
            (Recipient::EachOf(group), Some(Provider::Each(own))) => group == own,
            (Recipient::Party(party), Some(Provider::Party(own))) => party == own,
            (Recipient::OwnerOf(_), _) => policy.owner.map(Recipient::Party) == Some(wanted),
            _ => false,
        }
    }

    fn refused(
        &self,
        span: Span,
        policy: &Policy<'_>,
        need: Exposure,
        (recipient, at): (Recipient, Span),
    ) -> Diagnostic {
        let (name, who) = (policy.name, self.hir.describe(recipient));
        let owners = matches!(recipient, Recipient::OwnerOf(_));
        let slot = matches!(policy.source, Source::Slot(_));
        let (message, what) = match need {
            Exposure::Own if owners => (
                format!("no `allow` of `{name}` lets {who} learn a value per row"),
                format!("this has one value per row of `{name}`"),
            ),
            Exposure::Own => (
                format!("rows of `{name}` would be shown to {who}"),
                format!("this has one value per row of `{name}`"),
            ),
            Exposure::Row if slot => (
                format!("what is in `{name}` would be shown to {who}"),
                format!("this shows single values that were stored in `{name}`"),
            ),
            Exposure::Row => (
                format!("rows of `{name}` would be shown to {who}"),
                format!(
                    "this depends on single rows of `{name}`, in a way that does not mix all of them"
                ),
            ),
            Exposure::Member => (
                format!("no `allow` of `{name}` lets {who} learn which member this is"),
                format!("this points at the giver of a row of `{name}`"),
            ),
            Exposure::Bit => (
                format!("no `allow` of `{name}` lets {who} learn this bit"),
                format!("this is one truth value about `{name}`"),
            ),
            Exposure::Hidden => (
                format!("no `allow` of `{name}` covers this for {who}"),
                format!("this mixes a hidden part of the rows of `{name}`"),
            ),
            Exposure::Aggregate => (
                format!("no `allow` of `{name}` covers this for {who}"),
                format!("this mixes all rows of `{name}`"),
            ),
            Exposure::Initial => (
                format!("no `allow` of `{name}` covers this for {who}"),
                format!("this depends on `{name}`"),
            ),
        };
        let mut diagnostic = Diagnostic::error(Code::E0310, at, message)
            .because(format!("{who} would learn it"))
            .also(span, what);
        if policy.allows.is_empty() {
            diagnostic = diagnostic.also(policy.span, "no `allow` means never");
        }
        for allow in policy.allows {
            diagnostic = diagnostic.also(allow.span, "this does not cover it");
        }
        help_of(diagnostic, name, need, owners, slot)
    }

    /// Every `allow` of a slot must be covered by one of each source of what is stored.
    pub(super) fn check_slot_policy(
        &mut self,
        slot: usize,
        declared: &'a Slot,
        value: &Leaf,
        span: Span,
    ) {
        for (source, mixes) in value.sources.iter() {
            let Some(policy) = self.policy(source) else {
                continue;
            };
            if source == Source::Slot(slot) {
                continue;
            }
            for allow in &declared.allows {
                for &(recipient, at) in &allow.recipients {
                    if self.allows(&policy, (allow.shape, mixes), recipient) {
                        continue;
                    }
                    let who = self.hir.describe(recipient);
                    let message = format!(
                        "`{}` may be shown to {who} in a way that `{}` may not",
                        declared.name, policy.name
                    );
                    let mut diagnostic = Diagnostic::error(Code::E0314, span, message)
                        .because(format!("this comes from `{}`", policy.name))
                        .also(
                            at,
                            format!("no `allow` of `{}` is as wide as this one", policy.name),
                        );
                    if policy.allows.is_empty() {
                        diagnostic = diagnostic.also(policy.span, "no `allow` means never");
                    }
                    for own in policy.allows {
                        diagnostic = diagnostic.also(own.span, "this is narrower");
                    }
                    let help = format!(
                        "drop or narrow the `allow` of `{}`, or, if the owners are to agree, widen that of `{}`",
                        declared.name, policy.name
                    );
                    self.report(diagnostic.help(help));
                    break;
                }
            }
        }
        self.require_rows_of_slot(declared, value);
    }

    /// Whether a source allows what goes with these mixes into a slot that allows this shape to a recipient.
    fn allows(
        &self,
        policy: &Policy<'_>,
        (shape, mixes): (AllowShape, Mixes),
        recipient: Recipient,
    ) -> bool {
        let own = policy.allows.iter();
        let mut named = own.filter(|allow| {
            allow
                .recipients
                .iter()
                .any(|(r, _)| self.covers(*r, recipient, policy))
        });
        named.any(|allow| match (allow.shape, shape) {
            (AllowShape::Any, _) => true,
            (AllowShape::Aggregate(own), AllowShape::Aggregate(k)) => own <= k,
            // A whole value in slots of its own would give one truth value of each.
            (AllowShape::Bit, AllowShape::Bit) => !mixes.is_row(),
            (own, wanted) => own == wanted,
        })
    }
}

/// Whose data it is and what is allowed of it.
pub(super) struct Policy<'p> {
    source: Source,
    name: &'p str,
    span: Span,
    allows: &'p [Allow],
    /// The party that gave a single value.
    owner: Option<usize>,
}

/// How far single rows can be told from a value of these sources.
pub(super) fn exposures(sources: &Sources) -> BTreeMap<Source, BTreeSet<Exposure>> {
    let all = sources.iter();
    all.map(|(source, mixes)| (source, needs(mixes).into_iter().collect()))
        .collect()
}

/// From what says least to what says most.
fn needs(mixes: Mixes) -> Vec<Exposure> {
    if mixes.is_empty() {
        return vec![Exposure::Initial];
    }
    let plain = Mix::ALL
        .into_iter()
        .filter(|mix| mixes.has(*mix))
        .filter_map(|mix| match mix {
            Mix::Aggregate => Some(Exposure::Aggregate),
            // Of the rows that have been put in order it is what these are; see `check_order`.
            Mix::Order => None,
            Mix::Hidden => Some(Exposure::Hidden),
            Mix::Member => Some(Exposure::Member),
            Mix::Bit => Some(Exposure::Bit),
            Mix::Row => Some(Exposure::Row),
        });
    let mut needs: Vec<Exposure> = plain.collect();
    if mixes.is_aligned() {
        needs.push(Exposure::Own);
    }
    if mixes.is_joined() {
        needs.push(Exposure::Row);
    }
    needs.sort_unstable();
    needs
}

/// How much a shape demands of a run: what was agreed to by name first, then nothing, then more and more rows.
fn demand(shape: AllowShape) -> (u8, u32) {
    match shape {
        AllowShape::PerOwner | AllowShape::Member | AllowShape::Bit => (0, 0),
        AllowShape::Any => (1, 0),
        AllowShape::Aggregate(k) => (2, k),
    }
}

fn stricter(a: AllowShape, b: AllowShape) -> AllowShape {
    if demand(a) >= demand(b) { a } else { b }
}

fn help_of(
    diagnostic: Diagnostic,
    name: &str,
    need: Exposure,
    owners: bool,
    slot: bool,
) -> Diagnostic {
    let consent = |shape: &str| format!("if the owners are to agree, add {shape} to `{name}`");
    match need {
        Exposure::Own if owners => diagnostic.help(consent("`allow per_owner to owner`")),
        Exposure::Row if slot => diagnostic.help(format!(
            "store a sum over all rows instead, or let `{name}` allow this, for example with `allow any`"
        )),
        Exposure::Own | Exposure::Row => diagnostic
            .help(format!("mix all rows first, for example `{name}.sum()`"))
            .help(format!("or show each owner their own value: `to owner({name})`")),
        Exposure::Member => diagnostic.help(consent("an `allow member` for them")),
        Exposure::Bit => diagnostic.help(consent("an `allow bit` for them")),
        Exposure::Aggregate | Exposure::Hidden | Exposure::Initial => {
            diagnostic.help(consent("an `allow aggregate(N)` for them"))
        }
    }
}

/// Whether a value has a vector in it, of more than one element. Parts beside each other have leaves of their own.
fn holds_several(ty: &Type, walk: &Walk<'_>) -> bool {
    match ty {
        Type::List(element, length) => length.constant() != Some(1) || holds_several(element, walk),
        Type::Rows(..) => true,
        Type::Maybe(inner) => holds_several(inner, walk),
        Type::Tuple(types) => types.iter().any(|ty| holds_several(ty, walk)),
        Type::Struct(index) => {
            let fields = walk.hir.structs.get(*index).map_or(&[][..], |s| &s.fields);
            fields.iter().any(|field| holds_several(&field.ty, walk))
        }
        _ => false,
    }
}

pub(super) fn has_key(ty: &Type, walk: &Walk<'_>) -> bool {
    match ty {
        Type::Key(_) => true,
        Type::Maybe(inner) | Type::List(inner, _) | Type::Rows(inner, _) => has_key(inner, walk),
        Type::Tuple(types) => types.iter().any(|ty| has_key(ty, walk)),
        Type::Struct(index) => {
            let fields = walk.hir.structs.get(*index).map_or(&[][..], |s| &s.fields);
            fields.iter().any(|field| has_key(&field.ty, walk))
        }
        _ => false,
    }
}
