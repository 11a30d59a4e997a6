//! Values that a text gives to the name of a secret: `PASSWORD=…`, `X-Api-Key: …`, `--token …`, `curl -u NAME:…`.

use super::shape::{SecretPart, is_base64, is_placeholder, is_word};
use super::{has_reference, names_secret};

/// What stands before the credentials of a header (RFC 9110, section 11.4).
const SCHEMES: [&str; 3] = ["basic", "bearer", "token"];

/// Parameters of an address that authenticate a request, besides those whose names say so.
const OF_ADDRESSES: [&str; 2] = ["key", "sig"];

/// GitHub documents it as a password that is none.
const NO_PASSWORD: &str = "x-oauth-basic";

/// Returns whether a text is the value of the header `Authorization`, or of one of its kind.
pub(super) fn is_header(name: &str, text: &str) -> bool {
    is_authorization(name) && value(text, 0, true).is_some()
}

/// The values that a text gives to names of secrets.
pub(super) fn parts(text: &str) -> Vec<SecretPart> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        let found = match byte {
            b'=' => of_name(text, at, at + 1),
            b':' => {
                // A quote begins a value of JSON, and a space one of YAML or of a header.
                let spaces = bytes[at + 1..].iter().take_while(|byte| **byte == b' ').count();
                let is_value = spaces > 0 || matches!(bytes.get(at + 1), Some(b'"' | b'\''));
                if is_value { of_name(text, at, at + 1 + spaces) } else { None }
            }
            b' ' if is_flag(&bytes[..at]) => of_name(text, at, at + 1),
            b'-' if at == 0 || bytes[at - 1].is_ascii_whitespace() => of_login(text, at),
            _ => None,
        };
        parts.extend(found);
    }
    parts
}

/// In bytes.
const LONGEST_NAME: usize = 64;

/// The name that ends before a place of a text, and where it begins. Of one with other characters there is none.
fn name_before(text: &str, end: usize) -> (&str, usize) {
    let bytes = &text.as_bytes()[..end];
    let end = end - usize::from(matches!(bytes.last(), Some(b'"' | b'\'')));
    let length = bytes[..end].iter().rev().take(LONGEST_NAME).take_while(|byte| is_word(**byte)).count();
    (&text[end - length..end], end - length)
}

fn is_flag(before: &[u8]) -> bool {
    let length = before.iter().rev().take(LONGEST_NAME).take_while(|byte| is_word(**byte)).count();
    length > 2 && before[before.len() - length..].starts_with(b"--")
}

/// The value from a place on, if the name that ends at `end` is one for secrets.
fn of_name(text: &str, end: usize, from: usize) -> Option<SecretPart> {
    let (name, begin) = name_before(text, end);
    let is_parameter = begin > 0 && matches!(text.as_bytes()[begin - 1], b'?' | b'&');
    let is_secret = is_authorization(name)
        || names_secret(name)
        || is_parameter && OF_ADDRESSES.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_secret { value(text, from, is_authorization(name)) } else { None }
}

pub(super) fn is_authorization(name: &str) -> bool {
    ["authorization", "proxy-authorization"].iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The value that begins at a place, without quotes and the scheme of a header.
fn value(text: &str, from: usize, is_header: bool) -> Option<SecretPart> {
    let mut from = from;
    from += usize::from(matches!(text.as_bytes().get(from), Some(b'"' | b'\'')));
    let mut has_scheme = false;
    if let Some((scheme, _)) = text.get(from..)?.split_once(' ').filter(|_| is_header)
        && SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
    {
        from += scheme.len() + 1;
        has_scheme = true;
    }
    let rest = &text.as_bytes()[from..];
    let length = rest.iter().take_while(|byte| is_base64(**byte) || b"_-.~!@#%^*?:".contains(byte)).count();
    let found = text[from..from + length].trim_end_matches(['.', ':', '?', '!']);
    // What goes on is put together, called, or filled in.
    let goes_on = matches!(rest.get(length), Some(b'$' | b'(' | b'{' | b'[' | b'<' | b'`'));
    let has = |fits: fn(&u8) -> bool| found.as_bytes().iter().any(fits);
    let is_random = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let is_pair = found.trim_end_matches('=').contains('=');
    let is_secret = found.len() >= 8
        && !goes_on
        && !is_pair
        && (has_scheme || is_random)
        && !is_place(found)
        && !is_placeholder(found.as_bytes());
    is_secret.then(|| SecretPart { range: from..from + found.len(), what: "secret" })
}

/// Whether a text says where a secret is, instead of what it is.
fn is_place(text: &str) -> bool {
    ["/", "./", "~/", "arn:", "file:", "vault:", "alias/", "projects/", "secret/"]
        .iter()
        .any(|start| text.starts_with(start))
        || text.contains("://")
}

/// The password of curl's option `-u NAME:PASSWORD` or `--user NAME:PASSWORD`, which begins at a place.
fn of_login(text: &str, at: usize) -> Option<SecretPart> {
    let rest = &text[at..];
    let value = match rest.strip_prefix("--user") {
        Some(rest) => rest.strip_prefix([' ', '='])?,
        None => rest.strip_prefix("-u")?,
    };
    let value = value.trim_start_matches(' ').trim_start_matches(['"', '\'']);
    if !is_of_curl(&text[..at]) {
        return None;
    }
    let login = value.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).next()?;
    let (name, password) = login.split_once(':').filter(|_| !has_reference(login))?;
    if password.is_empty() || password == NO_PASSWORD || password.starts_with(['$', '(', '{', '<', '`']) {
        return None;
    }
    let start = text.len() - value.len() + name.len() + 1;
    Some(SecretPart { range: start..start + password.len(), what: "password" })
}

/// Whether the command that a text ends in is curl's. A backslash continues it on the next line.
fn is_of_curl(before: &str) -> bool {
    let mut end = before.len();
    let ends = |c: char| matches!(c, '\n' | ';' | '|' | '&');
    let begin = loop {
        match before[..end].rfind(ends) {
            Some(at) if before.as_bytes()[at] == b'\n' && before[..at].ends_with('\\') => end = at,
            Some(at) => break at + 1,
            None => break 0,
        }
    };
    before[begin..].split_whitespace().any(|word| word == "curl" || word.ends_with("/curl"))
}
