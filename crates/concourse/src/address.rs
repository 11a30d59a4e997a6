//! Texts within addresses.

use std::fmt::Write;

/// A text as part of an address: all but what RFC 3986 calls unreserved is encoded.
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// What was [`encoded`]. `None` where that says no text.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = behind.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &behind[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_encodes_nothing_is_not_decoded() {
        for text in ["%", "%4", "%+1", "a%zz", "%ff", "%é"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }

    #[test]
    fn everything_else_is_encoded() {
        assert_eq!(encoded("is:issue \"[bot] é\" &q=#"), "is%3Aissue%20%22%5Bbot%5D%20%C3%A9%22%20%26q%3D%23");
    }
}
