//! Durations as Go has them.

/// Nanoseconds, as `time.ParseDuration` reads them; `None` of what is no duration, or beyond 64 bits.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (whole, behind) = digits(rest);
        let (fraction, behind) = behind.strip_prefix('.').map_or(("", behind), digits);
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (unit, nanoseconds) = UNITS.into_iter().find(|(unit, _)| behind.starts_with(unit))?;
        rest = &behind[unit.len()..];
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(nanoseconds)?)?.checked_add(part(fraction, nanoseconds))?;
        if total > BEYOND {
            return None;
        }
    }
    match i64::try_from(total) {
        Ok(total) if negative => Some(-total),
        Ok(total) => Some(total),
        Err(_) => negative.then_some(i64::MIN),
    }
}

/// What only a negative duration may reach.
const BEYOND: u64 = 1 << 63;

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// A fraction of a unit, in nanoseconds. Digits beyond a billionth of an hour do not count.
fn part(fraction: &str, nanoseconds: u64) -> u64 {
    let mut scale = 1_u64;
    let mut value = 0_u64;
    for digit in fraction.bytes().take(15) {
        value = value * 10 + u64::from(digit - b'0');
        scale *= 10;
    }
    u64::try_from(u128::from(value) * u128::from(nanoseconds) / u128::from(scale)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("-0", 0),
            ("1h", 3_600_000_000_000),
            ("1h30m", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("-1m", -60_000_000_000),
            ("+100µs", 100_000),
            ("2562047h47m16.854775807s", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
        ] {
            assert_eq!(parse(text), Some(nanoseconds), "{text}");
        }
        for text in [
            "",
            "1",
            "1d",
            "h",
            "1.2.3s",
            "1h 30m",
            "1H",
            "-",
            "+",
            ".",
            ".s",
            "s",
            "--1s",
            "9223372036854775808ns",
            "2562048h",
            "99999999999999999999s",
            "((timeout))",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
