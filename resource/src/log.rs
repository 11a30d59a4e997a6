use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, Write as _};

/// What the user reads in the build's log: standard error, without secrets.
///
/// Every line passes [`Log::redact`], which replaces each known secret wherever it stands, whoever put it there: an
/// answer of the server, the text of an error, a file.
#[derive(Debug)]
pub(crate) struct Log {
    verbose: bool,
    secrets: RefCell<Vec<String>>,
}

impl Log {
    pub(crate) fn new(verbose: bool) -> Self {
        Self { verbose, secrets: RefCell::new(Vec::new()) }
    }

    /// From now on `secret` is not printed. Of a text of several lines (a PEM) no line is.
    pub(crate) fn hide(&self, secret: &str) {
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

    pub(crate) fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.borrow().iter() {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "[redacted]");
            }
        }
        text
    }

    /// A line that the user should see.
    pub(crate) fn say(&self, line: impl Display) {
        self.line(&line.to_string());
    }

    /// A line for `-v`.
    pub(crate) fn detail(&self, line: impl Display) {
        if self.verbose {
            self.line(&line.to_string());
        }
    }

    fn line(&self, line: &str) {
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(io::stderr().lock(), "{}", self.redact(line));
    }
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
    }
}
