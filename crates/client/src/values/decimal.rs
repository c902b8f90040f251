//! Numbers in fixed point as decimals.

use enigma_bytecode::values::shifted_quotient;

/// Most digits of a number that is read.
const DIGITS_MAX: usize = 30;

/// What a text is instead of a number in fixed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotDecimal {
    /// No number as people write it.
    NotNumber,
    /// More digits than are read.
    TooLong,
}

/// A decimal in units of 2^-`fraction`: the nearest, ties up. Numbers beyond all columns stay beyond them.
pub(super) fn scaled(text: &str, fraction: u8) -> Result<i128, NotDecimal> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (before, behind) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let empty_end = digits.ends_with('.') || before.is_empty();
    if empty_end || !is_number(before) || !is_number(behind) {
        return Err(NotDecimal::NotNumber);
    }
    if before.len() + behind.len() > DIGITS_MAX {
        return Err(NotDecimal::TooLong);
    }
    let number = |text: &str| text.parse::<i128>().unwrap_or(0);
    // Both parts apart, so that the product of many digits and many bits has room.
    let whole = number(before).saturating_mul(1 << fraction.min(64));
    let divisor = 10_i128.pow(behind.len() as u32);
    let (quotient, rest) = shifted_quotient(number(behind), u32::from(fraction), divisor);
    // Of two that are as near, the one above.
    let up = if negative {
        rest * 2 > divisor
    } else {
        rest * 2 >= divisor
    };
    let magnitude = whole
        .saturating_add(quotient)
        .saturating_add(i128::from(up));
    Ok(if negative { -magnitude } else { magnitude })
}

/// The shortest decimal that reads back to a number in units of 2^-`fraction`, with a digit behind the point at least.
/// No more are needed than tell neighbours apart: 10^-digits <= 2^-fraction. `fraction < 63`.
pub(super) fn text(number: i64, fraction: u8) -> String {
    // log10(2) < 0.30103
    let most = (u32::from(fraction) * 30_103).div_ceil(100_000).max(1);
    let mut texts = (1..=most).map(|digits| rounded(number, fraction, digits));
    let reads_back = |text: &String| scaled(text, fraction) == Ok(i128::from(number));
    texts
        .find(reads_back)
        .unwrap_or_else(|| rounded(number, fraction, most))
}

/// A number in units of 2^-`fraction` with so many digits behind the point.
fn rounded(number: i64, fraction: u8, digits: u32) -> String {
    let one = 1_i128 << fraction.min(63);
    let ten = 10_i128.pow(digits);
    let magnitude = i128::from(number).abs();
    let (mut whole, rest) = (magnitude / one, magnitude % one);
    // Less than 2^63 * 10^19, which has room.
    let mut behind = (rest * ten + one / 2) / one;
    if behind == ten {
        (whole, behind) = (whole + 1, 0);
    }
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{whole}.{behind:0width$}", width = digits as usize)
}

/// Most significant digits of a number in JSON: every reader gets a double from them that means the same decimal.
const JSON_DIGITS_MAX: usize = 15;

/// Whether a decimal has no more digits than a number in JSON keeps.
pub(super) fn is_json(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit);
    digits.skip_while(|digit| *digit == b'0').count() <= JSON_DIGITS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_go_to_the_nearest_as_the_languages_own_do() {
        let scaled = |text| scaled(text, 16).expect("a number");
        assert_eq!(scaled("0.5"), 1 << 15);
        assert_eq!(scaled("10.25"), (10 << 16) + (1 << 14));
        // 0.1 * 65_536 = 6_553.6
        assert_eq!(scaled("0.1"), 6_554);
        assert_eq!(scaled("-0.1"), -6_554);
        // The half of 2^-16 goes up, anything below goes down.
        assert_eq!(scaled("0.00000762939453125"), 1);
        assert_eq!(scaled("0.00000762939453124"), 0);
        assert_eq!(scaled("-0.00000762939453125"), 0);
        assert_eq!(scaled("-0.00000762939453126"), -1);
        assert_eq!(scaled("+3"), 3 << 16);
        assert!(scaled("999999999999999999999999999999") > i128::from(i64::MAX));
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in [
            "", "-", ".", ".5", "5.", "1,5", "1e3", "0x1", "--1", "1.2.3", " 1", "NaN",
        ] {
            assert_eq!(scaled(text, 16), Err(NotDecimal::NotNumber), "{text:?}");
        }
        let long = format!("0.{}", "1".repeat(40));
        assert_eq!(scaled(&long, 16), Err(NotDecimal::TooLong));
    }

    #[test]
    fn decimals_read_as_they_are_written() {
        assert_eq!(text(3 << 15, 16), "1.5");
        assert_eq!(text(-(1 << 15), 16), "-0.5");
        assert_eq!(text(0, 16), "0.0");
        assert_eq!(text(66, 16), "0.001");
        assert_eq!(text(65, 16), "0.00099");
        // 99.1 and 111.35 are none of these numbers, but the nearest of them are meant.
        assert_eq!(text(6_494_618, 16), "99.1");
        assert_eq!(text(-7_297_434, 16), "-111.35");
        assert_eq!(text(7, 0), "7.0");
        assert!(is_json("-0.00123456789012345") && !is_json("123456789.01234567"));
        assert_eq!(text(i64::MIN, 62), "-2.0");
    }
}
