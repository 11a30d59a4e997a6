//! Texts within addresses.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A text as part of an address: all but what RFC 3986 calls unreserved is encoded.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// What was [`encoded`]. `None` where that says no text.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let is_code =
        |rest: &str| rest.get(..2).is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    if !text.split('%').skip(1).all(is_code) {
        return None;
    }
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
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
