//! What looks like a secret in clear. A pipeline is read by everybody who may see it, and committed besides.

use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::source::Span;

/// Last words of the names of variables and fields that hold secrets; words stand between underscores or dashes.
const WORDS: [&str; 11] = [
    "token",
    "tokens",
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "secret",
    "secrets",
    "pat",
    "credential",
    "credentials",
];

/// What a key is called whose name holds a secret; others are public, or keys of a map.
const KEYS: [&str; 5] = ["api", "private", "ssh", "access", "secret"];

/// Does a text under that name hold a secret itself, instead of the name of a credential? A password within an address
/// is one whatever it is called.
pub fn is_secret_in_clear(name: &str, text: &str) -> bool {
    (names_secret(name) || has_password(text) || is_token(text)) && !text.is_empty() && !has_reference(text)
}

/// Reports the first credential in a text that is posted on GitHub: `what` is "a title". A local variable of the build,
/// `((.:version))`, is no credential: the build fills it.
pub fn posted_credential(what: &str, text: &str, span: Span) -> Option<Diagnostic> {
    let names = text.split("((").skip(1).filter_map(|rest| rest.split_once("))")).map(|(name, _)| name);
    let name = names.map(|name| name.trim_start_matches('(')).find(|name| !name.starts_with(".:"))?;
    let found = Diagnostic::new(
        Rule::PostedCredential,
        span,
        format!("{what} contains `(({name}))`, whose value would be posted on GitHub"),
    );
    Some(found.help(format!(
        "remove `(({name}))`; for a value that the build loads, write a local variable such as ((.:version)); for a value \
         of the manifest, write a template such as {{{{ version }}}}"
    )))
}

/// Reports the name of a credential that Concourse would not fill: with a parenthesis too few, or as a shell has it.
pub fn misspelled_variable(span: Span, text: &str) -> Option<Diagnostic> {
    let is_shell = text.strip_prefix('$').is_some_and(|rest| {
        let name = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(rest);
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    if is_shell {
        // It may be a password that begins with a dollar sign, which must not be shown.
        let message = "variables of a shell are not filled here";
        let help = "write the name of a credential, such as ((github.token))";
        return Some(Diagnostic::new(Rule::PlaintextSecret, span, message).help(help));
    }
    let name = text.trim_start_matches('(').trim_end_matches(')');
    let around = (text.len() - text.trim_start_matches('(').len(), text.len() - text.trim_end_matches(')').len());
    // With one parenthesis alone a word may be any text.
    let is_name = (name.contains('.') || matches!(around, (2, 0)))
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.ends_with('.');
    if !matches!(around, (1, 1 | 2) | (2, 0 | 1))
        || !is_name
        || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:".contains(&byte))
    {
        return None;
    }
    let message = format!("Concourse does not fill `{text}`: a variable needs two parentheses");
    Some(Diagnostic::new(Rule::WrongType, span, message).help(format!("write (({name}))")))
}

/// How tokens begin whose issuers mark them, so that they are found wherever they stand, and the least that follows:
/// [GitHub's](https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github),
/// GitLab's, Slack's, Vault's and Pulumi's.
const TOKENS: [(&str, usize); 9] = [
    ("ghp_", 36),
    ("gho_", 36),
    ("ghu_", 36),
    ("ghs_", 36),
    ("github_pat_", 60),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("hvs.", 24),
    ("pul-", 40),
];

/// Is a text a secret by its look, whatever it is called? A private key in PEM, or a marked token.
fn is_token(text: &str) -> bool {
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'-') => text.trim_ascii_start().starts_with("-----BEGIN ") && text.contains("PRIVATE KEY-----"),
        Some(b'g' | b'x' | b'h' | b'p') => TOKENS.iter().any(|(start, least)| {
            let rest = text.trim_ascii().strip_prefix(start);
            rest.is_some_and(|rest| {
                rest.len() >= *least && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
            })
        }),
        _ => false,
    }
}

/// Does a name end in a word for secrets, whatever its case?
pub fn names_secret(name: &str) -> bool {
    let is_one_of = |word: &str, words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let mut words = name.rsplit(['_', '-']);
    let last = words.next().unwrap_or_default();
    is_one_of(last, &WORDS)
        || last.eq_ignore_ascii_case("key") && words.next().is_some_and(|word| is_one_of(word, &KEYS))
}

/// `((…))`, whose value Concourse fills in.
fn has_reference(text: &str) -> bool {
    text.split_once("((").is_some_and(|(_, rest)| rest.find("))").is_some_and(|end| end > 0))
}

/// `SCHEME://USER:PASSWORD@HOST` (RFC 3986, section 3.2.1).
fn has_password(text: &str) -> bool {
    // To look is cheaper than to split, and most texts hold no address.
    text.as_bytes().contains(&b':')
        && text.contains("://")
        && text.split("://").skip(1).any(|rest| {
            let authority = rest.split(['/', '?', '#', ' ', '\n', '"', '\'']).next().unwrap_or_default();
            authority
                .rsplit_once('@')
                .and_then(|(user, _)| user.split_once(':'))
                // `$TOKEN` is a shell's variable.
                .is_some_and(|(_, password)| !password.is_empty() && !password.starts_with('$'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_clear_are_told_from_names_of_credentials() {
        for (name, text) in [
            ("GITHUB_PAT", "ghp_x"),
            ("TOKENS", "a b"),
            ("CLIENT_CREDENTIALS", "x"),
            ("DB_PASSWORD", "hunter2(("),
            ("password", "hunter2"),
            ("secret-key", "x"),
            ("DATABASE_URL", "postgres://u:hunter2@h/db"),
            ("uri", "https://bot:hunter2@example.com/a.git"),
            ("deploy_key", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n"),
            ("GH", "ghp_0123456789abcdefghijABCDEFGHIJ012345"),
            ("x", "glpat-0123456789abcdefghij"),
        ] {
            assert!(is_secret_in_clear(name, text), "{name}: {text}");
        }
        for (name, text) in [
            ("GITHUB_PAT", "((github.pat))"),
            ("DATABASE_URL", "postgres://u:((db.password))@h/db"),
            ("TOKEN", ""),
            ("PATTERN", "x"),
            ("KEYPAT", "x"),
            ("uri", "git@example.com:a/b.git"),
            ("uri", "ssh://git@example.com:22/a.git"),
            ("uri", "https://example.com/a:b@c"),
            ("args", "git push https://bot:$TOKEN@example.com/a.git; curl https://u:${PASS}@h"),
            ("GH", "ghp_token"),
            ("GH", "ghp_0123456789 abcdefghijABCDEFGHIJ012345 is what they look like"),
            ("key", "-----BEGIN PUBLIC KEY-----\nx\n"),
            ("x", "pul-request"),
        ] {
            assert!(!is_secret_in_clear(name, text), "{name}: {text}");
        }
    }
}
