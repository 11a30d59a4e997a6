//! Numbers as Go writes them: they pass through Go's YAML and JSON, and come out as text where text is due.

/// As go-yaml v2 and `strconv.FormatFloat(value, 'g', -1, 64)` write it.
pub(super) fn as_yaml(value: f64) -> String {
    written(value, -4..6, 2)
}

/// The same in single precision: what a number becomes where Concourse wants text (`sigs.k8s.io/yaml`).
pub fn as_text(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "it is what Go does")]
    let single = value as f32;
    match () {
        () if value.is_nan() => "NaN".to_owned(),
        () if single.is_infinite() => if single > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        () => shaped(&format!("{single:e}"), -4..6, 2),
    }
}

/// As `encoding/json` writes a finite number.
pub fn as_json(value: f64) -> String {
    written(value, -6..21, 1)
}

fn written(value: f64, without_exponent: std::ops::Range<i32>, exponent_digits: usize) -> String {
    match () {
        () if value.is_nan() => ".nan".to_owned(),
        () if value.is_infinite() => if value > 0.0 { ".inf" } else { "-.inf" }.to_owned(),
        () => shaped(&format!("{value:e}"), without_exponent, exponent_digits),
    }
}

/// Gives the shortest digits of a number, `1.5e-7`, the shape of Go's.
fn shaped(scientific: &str, without_exponent: std::ops::Range<i32>, exponent_digits: usize) -> String {
    let (sign, unsigned) = scientific.strip_prefix('-').map_or(("", scientific), |rest| ("-", rest));
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits = mantissa.replace('.', "");
    if digits == "0" {
        return format!("{sign}0");
    }
    if !without_exponent.contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{point}{rest}e{exponent_sign}{:0exponent_digits$}", exponent.unsigned_abs());
    }
    let Ok(whole) = usize::try_from(exponent + 1) else {
        return format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1));
    };
    if whole == 0 {
        format!("{sign}0.{digits}")
    } else if digits.len() <= whole {
        format!("{sign}{digits}{}", "0".repeat(whole - digits.len()))
    } else {
        format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        // Printed by strconv.FormatFloat(value, 'g', -1, 64), the same with 32, and encoding/json.
        for (value, yaml, text, json) in [
            (1.0, "1", "1", "1"),
            (-0.5, "-0.5", "-0.5", "-0.5"),
            (0.0001, "0.0001", "0.0001", "0.0001"),
            (0.000_012_5, "1.25e-05", "1.25e-05", "0.0000125"),
            (1e-7, "1e-07", "1e-07", "1e-7"),
            (100_000.0, "100000", "100000", "100000"),
            (1_000_000.0, "1e+06", "1e+06", "1000000"),
            (123_456_789.5, "1.234567895e+08", "1.2345679e+08", "123456789.5"),
            (6.02e23, "6.02e+23", "6.02e+23", "6.02e+23"),
            (1e21, "1e+21", "1e+21", "1e+21"),
            (1e20, "1e+20", "1e+20", "100000000000000000000"),
            (1e300, "1e+300", "+Inf", "1e+300"),
            (1.234_567_890_123_456_8e29, "1.2345678901234568e+29", "1.2345679e+29", "1.2345678901234568e+29"),
        ] {
            assert_eq!((as_yaml(value), as_text(value), as_json(value)), (yaml.into(), text.into(), json.into()));
        }
        assert_eq!((as_yaml(f64::NAN), as_text(f64::NAN)), (".nan".to_owned(), "NaN".to_owned()));
        assert_eq!((as_yaml(f64::INFINITY), as_text(f64::NEG_INFINITY)), (".inf".to_owned(), "-Inf".to_owned()));
    }
}
