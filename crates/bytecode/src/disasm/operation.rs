//! An operation as a line of text.

use crate::interface::{Names, hex, millionths, trillionths};
use crate::model::{BitOp, C, Noise, Op, Order, PublicOp, Relation, S, Width};

/// An operation of an entry. Registers are `c0`, `c1`, ... and `s0`, `s1`, ...
#[allow(clippy::too_many_lines)] // One line for each operation.
pub(super) fn text(names: Names<'_>, entry: usize, op: &Op) -> String {
    match op {
        Op::Const { dst: C(dst), value } => format!("c{dst} = {value}"),
        Op::ConstBytes { dst: C(dst), value } => format!("c{dst} = {}", hex(value)),
        Op::Rows {
            dst: C(dst),
            collection,
        } => {
            format!("c{dst} = rows {}", names.collection(*collection))
        }
        Op::Param {
            dst: C(dst),
            param,
            column,
        } => {
            format!(
                "c{dst} = param {}",
                param_column(names, entry, *param, *column)
            )
        }
        Op::Caller { dst: C(dst) } => format!("c{dst} = caller"),
        Op::PartyAccount { dst: C(dst), party } => {
            format!("c{dst} = account {}", names.party(*party))
        }
        Op::Height { dst: C(dst) } => format!("c{dst} = height"),
        Op::Time { dst: C(dst) } => format!("c{dst} = time"),
        Op::Load {
            dst: C(dst),
            slot,
            column,
            key,
        } => {
            format!("c{dst} = load {}", slot_column(names, *slot, *column, *key))
        }
        Op::LoadAt {
            dst: C(dst),
            slot,
            column,
            key,
            height: C(height),
        } => {
            let at = slot_column(names, *slot, *column, *key);
            format!("c{dst} = load {at} at c{height}")
        }
        Op::Public {
            dst: C(dst),
            op,
            a: C(a),
            b: C(b),
        } => {
            format!("c{dst} = c{a} {} c{b}", public_sign(*op))
        }
        Op::Choose {
            dst: C(dst),
            condition: C(condition),
            then: C(then),
            otherwise: C(otherwise),
        } => {
            format!("c{dst} = c{condition} ? c{then} : c{otherwise}")
        }
        // Texts of sources are printed escaped: they may come from anybody.
        Op::Require {
            condition: C(condition),
            why,
        } => format!("require c{condition}, {why:?}"),
        Op::Pays { amount: C(amount) } => format!("pays c{amount}"),
        Op::Store {
            slot,
            column,
            key,
            src: C(src),
        } => {
            format!(
                "store {} = c{src}",
                slot_column(names, *slot, *column, *key)
            )
        }
        Op::Transfer {
            from: Some(C(from)),
            to: C(to),
            amount: C(amount),
        } => {
            format!("transfer c{amount} from c{from} to c{to}")
        }
        Op::Transfer {
            from: None,
            to: C(to),
            amount: C(amount),
        } => {
            format!("transfer c{amount} to c{to}")
        }
        Op::If {
            condition: C(condition),
        } => format!("if c{condition}"),
        Op::Else => "else".to_owned(),
        Op::End => "end".to_owned(),
        Op::EachMember { dst: C(dst), group } => format!("for c{dst} in {}", names.group(*group)),
        Op::Merge {
            dst: S(dst),
            condition: C(condition),
            then: S(then),
            otherwise: S(otherwise),
        } => {
            format!("s{dst} = merge c{condition} ? s{then} : s{otherwise}")
        }
        Op::MergePublic {
            dst: C(dst),
            condition: C(condition),
            then: C(then),
            otherwise: C(otherwise),
        } => {
            format!("c{dst} = merge c{condition} ? c{then} : c{otherwise}")
        }
        Op::Input {
            dst: S(dst),
            collection,
            column,
        } => {
            let columns = names
                .0
                .collections
                .get(usize::from(*collection))
                .map(|c| &c.columns[..]);
            let column = dotted(names.collection(*collection), columns, *column);
            format!("s{dst} = input {column}")
        }
        Op::SecretParam {
            dst: S(dst),
            param,
            column,
        } => {
            format!(
                "s{dst} = param {}",
                param_column(names, entry, *param, *column)
            )
        }
        Op::LoadSecret {
            dst: S(dst),
            slot,
            column,
        } => {
            format!("s{dst} = load {}", slot_column(names, *slot, *column, None))
        }
        Op::StoreSecret {
            slot,
            column,
            src: S(src),
        } => {
            format!(
                "store {} = s{src}",
                slot_column(names, *slot, *column, None)
            )
        }
        Op::Accumulate {
            slot,
            column,
            src: S(src),
        } => {
            format!(
                "store {} += s{src}",
                slot_column(names, *slot, *column, None)
            )
        }
        Op::Hide {
            dst: S(dst),
            a: C(a),
        } => format!("s{dst} = hide c{a}"),
        Op::Add {
            dst: S(dst),
            a: S(a),
            b: S(b),
        } => format!("s{dst} = s{a} + s{b}"),
        Op::Sub {
            dst: S(dst),
            a: S(a),
            b: S(b),
        } => format!("s{dst} = s{a} - s{b}"),
        Op::AddPublic {
            dst: S(dst),
            a: S(a),
            b: C(b),
        } => format!("s{dst} = s{a} + c{b}"),
        Op::MulPublic {
            dst: S(dst),
            a: S(a),
            b: C(b),
        } => format!("s{dst} = s{a} * c{b}"),
        Op::Mul {
            dst: S(dst),
            a: S(a),
            b: S(b),
        } => format!("s{dst} = s{a} * s{b}"),
        Op::Sum {
            dst: S(dst),
            a: S(a),
        } => format!("s{dst} = sum s{a}"),
        Op::Dot {
            dst: S(dst),
            a: S(a),
            b: S(b),
        } => format!("s{dst} = dot s{a}, s{b}"),
        Op::DivPublic {
            dst: S(dst),
            a: S(a),
            b: C(b),
        } => format!("s{dst} = s{a} / c{b}"),
        Op::Div {
            dst: S(dst),
            a: S(a),
            b: S(b),
        } => format!("s{dst} = s{a} / s{b}"),
        Op::ModuloPublic {
            dst: S(dst),
            a: S(a),
            b: C(b),
        } => format!("s{dst} = s{a} % c{b}"),
        Op::Modulo {
            dst: S(dst),
            a: S(a),
            b: S(b),
        } => format!("s{dst} = s{a} % s{b}"),
        Op::SquareRoot {
            dst: S(dst),
            a: S(a),
        } => format!("s{dst} = sqrt s{a}"),
        Op::Absolute {
            dst: S(dst),
            a: S(a),
        } => format!("s{dst} = abs s{a}"),
        Op::Smaller {
            dst: S(dst),
            a: S(a),
            b: S(b),
        } => format!("s{dst} = smaller s{a}, s{b}"),
        Op::Larger {
            dst: S(dst),
            a: S(a),
            b: S(b),
        } => format!("s{dst} = larger s{a}, s{b}"),
        Op::Select {
            dst: S(dst),
            bit: S(bit),
            then: S(then),
            otherwise: S(otherwise),
        } => {
            format!("s{dst} = s{bit} ? s{then} : s{otherwise}")
        }
        Op::Random {
            dst: S(dst),
            len,
            end,
        } => format!("s{dst} = {len} random below {end}"),
        Op::RandomLike {
            dst: S(dst),
            like: S(like),
            end,
        } => format!("s{dst} = random below {end} for each of s{like}"),
        Op::MulFixed {
            dst: S(dst),
            a: S(a),
            b: S(b),
            bits,
        } => {
            format!("s{dst} = s{a} * s{b} fixed({bits})")
        }
        Op::DotFixed {
            dst: S(dst),
            a: S(a),
            b: S(b),
            bits,
        } => {
            format!("s{dst} = dot s{a}, s{b} fixed({bits})")
        }
        Op::DivFixed {
            dst: S(dst),
            a: S(a),
            b: S(b),
            bits,
        } => {
            format!("s{dst} = s{a} / s{b} fixed({bits})")
        }
        Op::SquareRootFixed {
            dst: S(dst),
            a: S(a),
            bits,
        } => {
            format!("s{dst} = sqrt s{a} fixed({bits})")
        }
        Op::Logistic {
            dst: S(dst),
            a: S(a),
            bits,
        } => {
            format!("s{dst} = logistic s{a} fixed({bits})")
        }
        Op::Exp {
            dst: S(dst),
            a: S(a),
            bits,
        } => format!("s{dst} = exp s{a} fixed({bits})"),
        Op::Ln {
            dst: S(dst),
            a: S(a),
            bits,
        } => format!("s{dst} = ln s{a} fixed({bits})"),
        Op::Gather { dst: S(dst), parts } => format!("s{dst} = [{}]", registers(parts)),
        Op::Element {
            dst: S(dst),
            a: S(a),
            at,
        } => format!("s{dst} = s{a}[{at}]"),
        Op::Lookup {
            dst: S(dst),
            table: S(table),
            index: S(index),
        } => {
            format!("s{dst} = s{table}[s{index}]")
        }
        Op::Compare {
            dst: S(dst),
            relation,
            a: S(a),
            b: S(b),
        } => {
            format!("s{dst} = s{a} {} s{b}", sign(*relation))
        }
        Op::ComparePublic {
            dst: S(dst),
            relation,
            a: S(a),
            b: C(b),
        } => {
            format!("s{dst} = s{a} {} c{b}", sign(*relation))
        }
        Op::Rank {
            dst: S(dst),
            a: S(a),
            order,
        } => {
            format!("s{dst} = {} s{a}", by_order(*order, "rank", "rank_desc"))
        }
        Op::First {
            dst: S(dst),
            a: S(a),
            order,
        } => {
            format!("s{dst} = {} s{a}", by_order(*order, "min", "max"))
        }
        Op::Second {
            dst: S(dst),
            a: S(a),
            order,
        } => {
            format!(
                "s{dst} = {} s{a}",
                by_order(*order, "second min", "second max")
            )
        }
        Op::FirstMember {
            dst: S(dst),
            a: S(a),
            order,
        } => {
            format!(
                "s{dst} = {} s{a}",
                by_order(*order, "member of min", "member of max")
            )
        }
        Op::Quantile {
            dst: S(dst),
            a: S(a),
            place: C(place),
        } => {
            format!("s{dst} = place c{place} of sorted s{a}")
        }
        Op::Histogram {
            dst: S(dst),
            a: S(a),
            bounds,
        } => {
            let bounds: Vec<String> = bounds.iter().map(i64::to_string).collect();
            format!("s{dst} = histogram s{a} [{}]", bounds.join(", "))
        }
        Op::CountEach {
            dst: S(dst),
            a: S(a),
            len,
        } => {
            format!("s{dst} = count s{a} for 0..{len}")
        }
        Op::CellSum {
            dst: S(dst),
            keys: S(keys),
            a: S(a),
            len,
        } => {
            format!("s{dst} = sum s{a} by s{keys} for 0..{len}")
        }
        Op::CellQuantile {
            dst: S(dst),
            keys: S(keys),
            a: S(a),
            len,
            numerator,
            denominator,
        } => {
            format!("s{dst} = quantile {numerator}/{denominator} s{a} by s{keys} for 0..{len}")
        }
        Op::EqualKeys { dst: S(dst), a, b } => {
            format!("s{dst} = ({}) == ({})", registers(a), registers(b))
        }
        Op::Distinct { dst: S(dst), keys } => format!("s{dst} = distinct ({})", registers(keys)),
        Op::Join {
            dst: S(dst),
            left,
            right,
            valid: S(valid),
            columns,
        } => format!(
            "s{dst}.. = join ({}) with ({}) where s{valid} columns ({})",
            registers(left),
            registers(right),
            registers(columns)
        ),
        Op::Covariance {
            dst: S(dst),
            a: S(a),
            b: S(b),
            bits,
        } => {
            format!("s{dst} = covariance s{a}, s{b} fixed({bits})")
        }
        Op::Correlation {
            dst: S(dst),
            a: S(a),
            b: S(b),
            bits,
        } => {
            format!("s{dst} = correlation s{a}, s{b} fixed({bits})")
        }
        Op::MeanSquare {
            dst: S(dst),
            a: S(a),
            bits,
        } => {
            format!("s{dst} = mean_square s{a} fixed({bits})")
        }
        Op::Regression {
            dst: S(dst),
            columns,
            y: S(y),
            bits,
            ridge,
            most,
        } => format!(
            "s{dst} = regression s{y} on ({}) ridge {ridge} most {most} fixed({bits})",
            registers(columns)
        ),
        Op::LogisticRegression {
            dst: S(dst),
            columns,
            y: S(y),
            bits,
            rate,
            steps,
            most,
        } => format!(
            "s{dst} = logistic_regression s{y} on ({}) rate {rate} steps {steps} most {most} fixed({bits})",
            registers(columns)
        ),
        Op::Out {
            reveal,
            values,
            counts,
            public,
        } => out(names, *reveal, values, counts, *public),
        Op::Bits {
            dst: S(dst),
            a: S(a),
            width,
        } => format!("s{dst}.. = {width} bits of s{a}"),
        Op::Remainder {
            dst: S(dst),
            a: S(a),
            bits,
        } => format!("s{dst} = s{a} mod 2^{bits}"),
        Op::ShiftRight {
            dst: S(dst),
            a: S(a),
            bits,
        } => format!("s{dst} = s{a} >> {bits}"),
        Op::Bitwise {
            dst: S(dst),
            op,
            a: S(a),
            b: S(b),
        } => format!("s{dst} = s{a} {} s{b}", bit_sign(*op)),
        Op::BitwisePublic {
            dst: S(dst),
            op,
            a: S(a),
            b: C(b),
        } => format!("s{dst} = s{a} {} c{b}", bit_sign(*op)),
        Op::Sort {
            dst: S(dst),
            keys: S(keys),
            order,
            columns,
        } => format!(
            "s{dst}.. = {} ({}) by s{keys}",
            by_order(*order, "sort", "sort_desc"),
            registers(columns)
        ),
        Op::Top {
            dst: S(dst),
            a: S(a),
            len,
        } => format!("s{dst} = top {len} of s{a}"),
        Op::PrefixSums {
            dst: S(dst),
            a: S(a),
        } => format!("s{dst} = prefix_sums s{a}"),
        Op::Shuffle {
            dst: S(dst),
            columns,
        } => format!("s{dst}.. = shuffle ({})", registers(columns)),
    }
}

fn out(names: Names<'_>, reveal: u16, values: &[S], counts: &[S], public: Option<C>) -> String {
    let mut text = public.map_or_else(String::new, |C(public)| format!("c{public}.. = "));
    let Some(line) = names.0.manifest.get(usize::from(reveal)) else {
        return format!("{text}out {} as ?", registers(values));
    };
    let to = names.recipients(&line.recipients);
    text += &format!("out {} as {} to {to}", registers(values), line.name);
    for &(guarded, rows) in &line.min_groups {
        text += &format!(" with min_group({}, {rows})", names.collection(guarded));
    }
    if let Some(least) = line.hidden_below {
        text += &format!(" with min_group(({}), {least})", registers(counts));
    }
    if let Some(blur) = &line.noise {
        text += &format!(" with {}", drawn(blur.values));
        if let Some(counts) = blur.counts {
            text += &format!(", of counts {}", drawn(counts));
        }
        text += &format!(", epsilon {}", millionths(blur.epsilon));
        if blur.delta > 0 {
            text += &format!(", delta {}", trillionths(blur.delta));
        }
    }
    text
}

fn drawn(noise: Noise) -> String {
    match noise {
        Noise::Laplace { decay } => format!("laplace({decay} / 2^64)"),
        Noise::Gaussian(Width { steps: 0, decay }) => format!("gaussian({decay} / 2^64)"),
        Noise::Gaussian(Width { steps, decay }) => {
            format!("gaussian({decay} / 2^64, in {steps} steps)")
        }
    }
}

fn registers(registers: &[S]) -> String {
    let each: Vec<String> = registers
        .iter()
        .map(|S(index)| format!("s{index}"))
        .collect();
    each.join(", ")
}

fn slot_column(names: Names<'_>, slot: u16, column: u16, key: Option<C>) -> String {
    let key = key.map_or_else(String::new, |C(key)| format!("[c{key}]"));
    let columns = names
        .0
        .slots
        .get(usize::from(slot))
        .map(|slot| &slot.columns[..]);
    dotted(&format!("{}{key}", names.slot(slot)), columns, column)
}

fn param_column(names: Names<'_>, entry: usize, param: u16, column: u16) -> String {
    let params = names
        .0
        .entries
        .get(entry)
        .map_or(&[][..], |entry| &entry.params[..]);
    let param = params.get(usize::from(param));
    let name = param.map_or("?", |param| &param.name);
    dotted(name, param.map(|param| &param.columns[..]), column)
}

/// `whole.column`, or `whole` when the column is all of it.
fn dotted(whole: &str, columns: Option<&[crate::model::Column]>, index: u16) -> String {
    let column = columns.and_then(|columns| columns.get(usize::from(index)));
    match column.map(|column| &column.name[..]) {
        Some("") => whole.to_owned(),
        Some(name) => format!("{whole}.{name}"),
        None => format!("{whole}.?"),
    }
}

fn by_order(order: Order, ascending: &'static str, descending: &'static str) -> &'static str {
    match order {
        Order::Ascending => ascending,
        Order::Descending => descending,
    }
}

fn public_sign(op: PublicOp) -> &'static str {
    match op {
        PublicOp::Add => "+",
        PublicOp::Sub => "-",
        PublicOp::Mul => "*",
        PublicOp::Div => "/",
        PublicOp::Rem => "%",
        PublicOp::Smaller => "min",
        PublicOp::Larger => "max",
        PublicOp::Less => "<",
        PublicOp::Equal => "==",
    }
}

fn bit_sign(op: BitOp) -> &'static str {
    match op {
        BitOp::And => "&",
        BitOp::Or => "|",
        BitOp::Xor => "^",
    }
}

fn sign(relation: Relation) -> &'static str {
    match relation {
        Relation::Less => "<",
        Relation::Equal => "==",
        Relation::Greater => ">",
    }
}
