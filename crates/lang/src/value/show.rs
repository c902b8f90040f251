//! Values in messages.

use super::{Account, Value};
use crate::diagnostic::grouped;
use crate::hir::Hir;

impl Value {
    /// As one would write it: numbers in groups, fixed point with as many digits as tell neighbours apart, names by name.
    #[must_use]
    pub fn show(&self, hir: &Hir) -> String {
        match self {
            Value::Truth(truth) => truth.to_string(),
            Value::Number(number) => grouped(*number),
            Value::Fixed { fraction, scaled } => fixed(*scaled, *fraction),
            Value::Decimal { units, decimals } => decimal(*units, *decimals),
            Value::Variant { of, place } => variant(hir, *of, *place),
            Value::Account(account) => account.show(hir),
            Value::Bytes(bytes) => {
                let digits: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
                format!("0x{digits}")
            }
            Value::Text(text) => format!("{text:?}"),
            Value::Maybe(None) => "none()".to_owned(),
            Value::Maybe(Some(value)) => format!("some({})", value.show(hir)),
            Value::Struct(index, fields) => {
                let found = hir.structs.get(*index);
                let names = found.into_iter().flat_map(|s| &s.fields);
                let shown = names.zip(fields.iter());
                let shown =
                    shown.map(|(field, value)| format!("{}: {}", field.name, value.show(hir)));
                let name = found.map_or("", |s| s.name.as_str());
                format!("{name}({})", shown.collect::<Vec<_>>().join(", "))
            }
            Value::Tuple(parts) => format!("({})", listed(parts, hir)),
            Value::List(items) => format!("[{}]", listed(items, hir)),
            Value::Place(place) => format!("place {place}"),
            Value::Key(Some(number)) => format!("key {number}"),
            Value::Key(None) => "no key".to_owned(),
        }
    }
}

impl Account {
    /// As a test would name it.
    #[must_use]
    pub fn show(&self, hir: &Hir) -> String {
        match self {
            Account::Nobody => "nobody".to_owned(),
            Account::Party(index) => match hir.parties.get(*index) {
                Some(party) => party.name.clone(),
                None => format!("party {index}"),
            },
            Account::Member(group, member) => match hir.groups.get(*group) {
                Some(group) => format!("{}[{member}]", group.name),
                None => format!("member {member}"),
            },
            Account::Other(name) => name.to_string(),
            Account::Anyone => "anyone".to_owned(),
        }
    }
}

/// Lists longer than this are cut in messages.
const SHOWN_MAX: usize = 20;

fn listed(values: &[Value], hir: &Hir) -> String {
    let mut shown: Vec<String> = values.iter().take(SHOWN_MAX).map(|v| v.show(hir)).collect();
    if values.len() > SHOWN_MAX {
        shown.push(format!("... {} more", values.len() - SHOWN_MAX));
    }
    shown.join(", ")
}

fn variant(hir: &Hir, of: usize, place: u32) -> String {
    let found = hir.enums.get(of).and_then(|found| {
        let name = found.variants.get(usize::try_from(place).ok()?)?;
        Some(format!("{}::{name}", found.name))
    });
    found.unwrap_or_else(|| format!("name {place}"))
}

fn decimal(units: i128, decimals: u32) -> String {
    let Some(one) = 10_i128.checked_pow(decimals) else {
        return format!("{units}e-{decimals}");
    };
    let sign = if units < 0 && units / one == 0 {
        "-"
    } else {
        ""
    };
    let behind = (units % one).unsigned_abs().to_string();
    let zeros = "0".repeat((decimals as usize).saturating_sub(behind.len()));
    let behind = format!("{zeros}{behind}");
    let behind = match behind.trim_end_matches('0') {
        "" => "0",
        digits => digits,
    };
    format!("{sign}{}.{behind}", grouped(units / one))
}

/// With the fewest digits by which neighbours differ: 10^-digits <= 2^-fraction.
fn fixed(scaled: i128, fraction: u32) -> String {
    // log10(2) < 0.30103
    let digits = (fraction * 30_103).div_ceil(100_000);
    let rounded = 10_i128
        .checked_pow(digits)
        .and_then(|ten| scaled.checked_mul(ten))
        .and_then(|product| product.checked_add(half(fraction)?)?.checked_shr(fraction));
    match rounded {
        Some(units) => decimal(units, digits),
        None => format!("{scaled}/2^{fraction}"),
    }
}

fn half(fraction: u32) -> Option<i128> {
    match fraction.checked_sub(1) {
        Some(shift) => 1_i128.checked_shl(shift),
        None => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_they_are_written() {
        let hir = Hir::default();
        let show = |value: Value| value.show(&hir);
        assert_eq!(show(Value::Number(-1_234_567)), "-1_234_567");
        assert_eq!(show(Value::Number(999)), "999");
        let fixed = |scaled| Value::Fixed {
            fraction: 16,
            scaled,
        };
        assert_eq!(show(fixed(3 << 15)), "1.5");
        assert_eq!(show(fixed(-(1 << 15))), "-0.5");
        assert_eq!(show(fixed(0)), "0.0");
        assert_eq!(show(fixed(66)), "0.00101");
        assert_ne!(show(fixed(66)), show(fixed(65)));
        assert_eq!(show(fixed(i64::MAX.into())), "140_737_488_355_327.99998");
        let decimal = |units| Value::Decimal { decimals: 3, units };
        assert_eq!(show(decimal(-1)), "-0.001");
        assert_eq!(show(decimal(12_500)), "12.5");
        let maybe = Value::list(vec![Value::some(Value::Number(4)), Value::Maybe(None)]);
        assert_eq!(show(maybe), "[some(4), none()]");
        let many = Value::list(vec![Value::Truth(true); 25]);
        assert!(show(many).ends_with("true, ... 5 more]"));
    }
}
