use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::io::{self, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use crate::secrets::{self, REDACTED};

/// What the user reads in the build's log: standard error, without secrets.
///
/// Every line passes [`Log::postable`], which replaces each known secret and each of a known shape wherever it stands,
/// whoever put it there: an answer of the server, the text of an error, a file. One that was cut short is replaced as far
/// as it goes.
#[derive(Debug)]
pub struct Log {
    verbose: bool,
    secrets: RefCell<Vec<String>>,
    /// Lines of a private key are being printed, one at a time.
    in_key: Cell<bool>,
}

impl Log {
    /// Returns a log, with the lines for `-v` or without.
    pub fn new(verbose: bool) -> Self {
        Self { verbose, secrets: RefCell::new(Vec::new()), in_key: Cell::new(false) }
    }

    /// From now on `secret` is not printed, nor what base64 makes of it. Of a text of several lines (a PEM) no line is.
    pub fn hide(&self, secret: &str) {
        let mut secrets = self.secrets.borrow_mut();
        for line in std::iter::once(secret.trim()).chain(secret.lines().map(str::trim)) {
            // The armour of a PEM is no secret, and a text this short would redact half the log.
            if line.len() >= 6 && !line.starts_with("-----") {
                secrets.extend(encoded(line));
                secrets.push(line.to_owned());
            }
        }
        // The longest first: a secret that contains another must not survive in part.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
    }

    /// Returns `text` without the known secrets.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.borrow().iter() {
            text = without(&text, secret);
        }
        text
    }

    /// `text` as it may be posted: without the known secrets, and without those of other systems whose shape is known.
    pub fn postable(&self, text: &str) -> String {
        self.redact(&secrets::masked(text))
    }

    /// A line that the user should see.
    pub fn say(&self, line: impl Display) {
        self.line(&line.to_string());
    }

    /// A line for `-v`.
    pub fn detail(&self, line: impl Display) {
        if self.verbose {
            self.line(&line.to_string());
        }
    }

    fn line(&self, line: &str) {
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(io::stderr().lock(), "{}", self.printable(line));
    }

    /// `line` as it may be printed: a private key may be a line of its own for each of its lines.
    fn printable(&self, line: &str) -> String {
        if self.in_key.get() {
            let is_last = line.contains("-----END ");
            let is_key = line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=: ,-\r\t".contains(&byte));
            self.in_key.set(is_key && !is_last);
            if is_key {
                return REDACTED.to_owned();
            }
        }
        self.in_key.set(secrets::ends_in_a_key(line));
        self.postable(line)
    }
}

/// What base64 makes of a secret as a part of something else, such as the name and password of `Basic`: it depends on how
/// many bytes stand before. What its neighbours share is left out.
fn encoded(secret: &str) -> impl Iterator<Item = String> {
    let parts = (0..3).map(|before: usize| {
        let text = BASE64_STANDARD_NO_PAD.encode([&[0; 2][..before], secret.as_bytes()].concat());
        // Two bits of each byte fall to the next character.
        let (from, shared) = ((before * 8).div_ceil(6), (before + secret.len()) % 3);
        text[from..text.len() - usize::from(shared > 0)].to_owned()
    });
    // One this short may be a part of anything.
    parts.filter(|part| part.len() >= TELLING)
}

/// Characters from which on the beginning of a longer secret counts as the secret.
const TELLING: usize = 12;

fn without(text: &str, secret: &str) -> String {
    let beginning = secret.char_indices().nth(TELLING).map_or(secret, |(at, _)| &secret[..at]);
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(beginning) {
        out.push_str(&rest[..at]);
        out.push_str(REDACTED);
        let same = rest[at..].chars().zip(secret.chars()).take_while(|(one, other)| one == other);
        rest = &rest[at + same.map(|(c, _)| c.len_utf8()).sum::<usize>()..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_replaced_wherever_it_stands() {
        let log = Log::new(false);
        log.hide("abcdef");
        log.hide("abcdefgh");
        log.hide("-----BEGIN X-----\nMIIEvQIBADAN\n-----END X-----\n");
        assert_eq!(log.redact("x=abcdefgh, y=abcdef"), "x=[redacted], y=[redacted]");
        assert_eq!(log.redact("key MIIEvQIBADAN."), "key [redacted].");
        log.hide("ghp_0123456789abcdef");
        assert_eq!(log.redact("a ghp_0123456789a, ghp_0123456789abcdef"), "a [redacted], [redacted]");
    }

    #[test]
    fn secret_is_replaced_in_base64() {
        for secret in ["correct horse", "correct horse b", "correct horse ba", "correct-horse-battery"] {
            let log = Log::new(false);
            log.hide(secret);
            for (before, after) in
                [("", ""), ("a:", ""), ("x-access-token:", "\n"), ("bot:", ":x-oauth-basic"), ("", "1")]
            {
                let sent = BASE64_STANDARD_NO_PAD.encode(format!("{before}{secret}{after}"));
                let shown = log.redact(&format!("see {sent}."));
                assert!(shown.contains(REDACTED), "{before}{secret}{after}: {shown}");
                // All but its first and last character.
                let inner = BASE64_STANDARD_NO_PAD.encode(&format!("{before}{secret}{after}")[..before.len() + 6]);
                assert!(!shown.contains(&inner[inner.len() - 6..]), "{before}{secret}{after}: {shown}");
            }
            assert_eq!(log.redact("see Y29ycmVjd, correct"), "see Y29ycmVjd, correct");
        }
    }

    #[test]
    fn line_is_printed_without_secrets_of_a_known_shape() {
        let log = Log::new(false);
        let token = ["ghp", "_0123456789abcdefghijABCDEFGHIJ012345"].concat();
        for (line, shown) in [
            (format!("answers 400: {token}."), "answers 400: [redacted]."),
            ("see https://bot:pass1word@host".to_owned(), "see https://bot:[redacted]@host"),
            (["AKIA", "ABCDEFGHIJKLMNOP"].concat(), "[redacted]"),
            ("a -----BEGIN RSA PRIVATE KEY----- MIIEabc".to_owned(), "a [redacted]"),
            ("MIIEdef/ghi=".to_owned(), "[redacted]"),
            ("-----END RSA PRIVATE KEY-----".to_owned(), "[redacted]"),
            ("commit 0123456789abcdef".to_owned(), "commit 0123456789abcdef"),
            ("-----BEGIN EC PRIVATE KEY-----".to_owned(), "[redacted]"),
            ("fatal: `a` is no key".to_owned(), "fatal: `a` is no key"),
            ("commit".to_owned(), "commit"),
        ] {
            assert_eq!(log.printable(&line), shown, "{line}");
        }
    }
}
