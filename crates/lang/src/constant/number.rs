//! Numbers as they are written, and their scaled form.

use enigma_bytecode::values::shifted_quotient;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::FixType;
use crate::span::Span;

/// Of a number with a point: more digits than any type holds.
const MAX_DIGITS: usize = 30;

/// A whole number as written.
pub(crate) fn whole(text: &str, span: Span) -> Result<i128, Diagnostic> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let value: Result<u64, _> = digits.parse();
    value.map(i128::from).map_err(|_| too_large(span))
}

/// A number with a point as written: units of 10^-decimals, and decimals.
pub(crate) fn decimal(text: &str, span: Span) -> Result<(i128, u32), Diagnostic> {
    let written: String = text.chars().filter(|c| *c != '_').collect();
    let (before, behind) = written.split_once('.').unwrap_or((&written, ""));
    let digits = format!("{before}{behind}");
    let value: Option<i128> = digits.parse().ok();
    match (value, u32::try_from(behind.len())) {
        (Some(units), Ok(decimals)) if digits.len() <= MAX_DIGITS => Ok((units, decimals)),
        _ => {
            let message = format!("a number has at most {MAX_DIGITS} digits");
            Err(Diagnostic::error(Code::E0501, span, message))
        }
    }
}

/// A number with a point as written, scaled to the nearest number of the type.
pub(crate) fn scaled(text: &str, fix: FixType, span: Span) -> Result<i128, Diagnostic> {
    let (units, decimals) = decimal(text, span)?;
    let misfit = || {
        let (integer, fraction) = (fix.integer, fix.fraction);
        let message = format!("{text} does not fit in fix<{integer}, {fraction}>");
        Diagnostic::error(Code::E0501, span, message)
    };
    let divisor = 10_i128.checked_pow(decimals).ok_or_else(misfit)?;
    // Both parts apart, so that the product of many digits and many bits has room.
    let (before, behind) = (units / divisor, units % divisor);
    let before = shifted(before, fix.fraction).ok_or_else(misfit)?;
    let behind = nearest_shifted(behind, fix.fraction, divisor);
    let scaled = before.checked_add(behind).ok_or_else(misfit)?;
    if fits(scaled, fix) {
        Ok(scaled)
    } else {
        Err(misfit())
    }
}

/// `value * 2^bits / divisor` to nearest, ties up; `0 <= value < divisor <= 10^30`.
fn nearest_shifted(value: i128, bits: u32, divisor: i128) -> i128 {
    let (quotient, rest) = shifted_quotient(value, bits, divisor);
    quotient + i128::from(rest * 2 >= divisor)
}

/// `value * 2^bits`, if there is room.
pub(crate) fn shifted(value: i128, bits: u32) -> Option<i128> {
    1_i128
        .checked_shl(bits)
        .and_then(|factor| value.checked_mul(factor))
}

/// `value / 2^bits` to nearest, ties up; `bits < 126`.
pub(crate) fn halved(value: i128, bits: u32) -> i128 {
    match bits.checked_sub(1) {
        None => value,
        Some(half) => (value >> bits) + ((value >> half) & 1),
    }
}

/// Whether a scaled number is one of the type.
pub(crate) fn fits(scaled: i128, fix: FixType) -> bool {
    let range = fix.range();
    (range.low..=range.high).contains(&scaled)
}

pub(crate) fn too_large(span: Span) -> Diagnostic {
    Diagnostic::error(Code::E0501, span, "this number does not fit in 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_a_point_go_to_the_nearest() {
        let fix = FixType::DEFAULT;
        let scaled = |text| scaled(text, fix, Span::default()).expect("fits");
        assert_eq!(scaled("0.5"), 1 << 15);
        assert_eq!(scaled("1_0.25"), (10 << 16) + (1 << 14));
        // 0.1 * 65_536 = 6_553.6
        assert_eq!(scaled("0.1"), 6_554);
        // The half of 2^-16 goes up, anything below goes down.
        assert_eq!(scaled("0.00000762939453125"), 1);
        assert_eq!(scaled("0.00000762939453124"), 0);
        assert_eq!(halved(3, 1), 2);
        assert_eq!(halved(-3, 1), -1);
        assert_eq!(halved(-5, 0), -5);
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let narrow = FixType {
            integer: 4,
            fraction: 4,
        };
        let scaled = |text| scaled(text, narrow, Span::default());
        assert_eq!(scaled("7.9").expect("fits"), 126);
        assert!(scaled("8.0").is_err());
        assert!(scaled("7.99").is_err());
        assert!(scaled(&format!("0.{}", "1".repeat(40))).is_err());
        assert!(whole("18_446_744_073_709_551_615", Span::default()).is_ok());
        assert!(whole("18_446_744_073_709_551_616", Span::default()).is_err());
    }
}
