use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, Write as _};

use crate::secrets::{self, REDACTED};

/// What the user reads in the build's log: standard error, without secrets.
///
/// Every line passes [`Log::redact`], which replaces each known secret wherever it stands, whoever put it there: an
/// answer of the server, the text of an error, a file. One that was cut short is replaced as far as it goes.
#[derive(Debug)]
pub struct Log {
    verbose: bool,
    secrets: RefCell<Vec<String>>,
}

impl Log {
    /// Returns a log, with the lines for `-v` or without.
    pub fn new(verbose: bool) -> Self {
        Self { verbose, secrets: RefCell::new(Vec::new()) }
    }

    /// From now on `secret` is not printed. Of a text of several lines (a PEM) no line is.
    pub fn hide(&self, secret: &str) {
        let mut secrets = self.secrets.borrow_mut();
        for line in std::iter::once(secret.trim()).chain(secret.lines().map(str::trim)) {
            // The armour of a PEM is no secret, and a text this short would redact half the log.
            if line.len() >= 6 && !line.starts_with("-----") {
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
        let _ = writeln!(io::stderr().lock(), "{}", self.redact(line));
    }
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
}
