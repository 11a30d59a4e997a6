//! Texts within addresses.

use std::fmt::Write;

/// A text as part of an address: all but what RFC 3986 calls unreserved is encoded.
pub(crate) fn encoded(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_else_is_encoded() {
        assert_eq!(encoded("is:issue \"[bot] é\" &q=#"), "is%3Aissue%20%22%5Bbot%5D%20%C3%A9%22%20%26q%3D%23");
    }
}
