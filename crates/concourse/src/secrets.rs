//! What looks like a secret in clear. A pipeline is read by everybody who may see it, and committed besides.

use std::collections::BTreeSet;
use std::ops::Range;

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

/// Does a text under that name hold a secret itself, instead of the name of a credential? A password within an address, and
/// a token with a mark of its issuer, is one whatever it is called.
pub fn is_secret_in_clear(name: &str, text: &str) -> bool {
    is_secret_by_name(name, text) || !secret_parts(text).is_empty()
}

/// Is a whole text a secret, since its name says so?
pub fn is_secret_by_name(name: &str, text: &str) -> bool {
    names_secret(name) && !text.is_empty() && !has_reference(text)
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

/// A part of a text that is a secret by its look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretPart {
    /// Where it is in the text.
    pub range: Range<usize>,
    /// What it is: `password`, `token`, `webhook` or `key`.
    pub what: &'static str,
}

/// The parts of a text that are secrets by their look, in order, none within another.
pub fn secret_parts(text: &str) -> Vec<SecretPart> {
    let start = text.trim_ascii_start();
    if start.starts_with("-----BEGIN ") && start.contains("PRIVATE KEY-----") {
        return vec![SecretPart { range: 0..text.len(), what: "key" }];
    }
    let mut parts = Vec::new();
    let mut is_within = false;
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let is_first = !is_within;
        is_within = is_word(byte);
        if at < done {
            continue;
        }
        let rest = &text.as_bytes()[at..];
        let found = match byte {
            b':' if rest.starts_with(b"://") => {
                password(&text[at + 3..]).map(|part| (at + 3 + part.start, part.len(), "password"))
            }
            _ if !is_first => None,
            b'h' if rest.starts_with(SLACK.as_bytes()) => webhook(&text[at..]).map(|length| (at, length, "webhook")),
            b'e' if rest.starts_with(b"eyJ") => web_token(rest).map(|length| (at, length, "token")),
            b'g' | b'x' | b'h' | b'p' | b's' | b'r' | b'n' | b'A' => token(rest).map(|length| (at, length, "token")),
            _ => None,
        };
        if let Some((start, length, what)) = found {
            done = start + length;
            parts.push(SecretPart { range: start..done, what });
        }
    }
    parts
}

/// How a token begins whose issuer marks it, and what follows.
struct Mark {
    start: &'static str,
    least: usize,
    most: usize,
    fits: fn(u8) -> bool,
}

const fn mark(start: &'static str, least: usize) -> Mark {
    Mark { start, least, most: usize::MAX, fits: is_word }
}

/// The marks of
/// [GitHub](https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github),
/// GitLab, Slack, Vault, Pulumi, Stripe, npm, `PyPI`, Google and
/// [AWS](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html).
const MARKS: [Mark; 18] = [
    mark("ghp_", 36),
    mark("gho_", 36),
    mark("ghu_", 36),
    mark("ghs_", 36),
    mark("ghr_", 36),
    mark("github_pat_", 60),
    mark("glpat-", 20),
    mark("xoxb-", 20),
    mark("xoxp-", 20),
    mark("hvs.", 24),
    Mark { fits: |byte| byte.is_ascii_hexdigit(), ..mark("pul-", 40) },
    mark("sk_live_", 24),
    mark("rk_live_", 24),
    mark("npm_", 36),
    mark("pypi-AgE", 50),
    Mark { most: 35, ..mark("AIza", 35) },
    Mark { most: 16, fits: is_base32, ..mark("AKIA", 16) },
    // Of a temporary key.
    Mark { most: 16, fits: is_base32, ..mark("ASIA", 16) },
];

/// The bytes of a marked token that a text begins with.
fn token(text: &[u8]) -> Option<usize> {
    MARKS.iter().find_map(|mark| {
        let rest = text.strip_prefix(mark.start.as_bytes())?;
        let length = rest.iter().take_while(|byte| is_word(**byte)).count();
        let body = &rest[..length];
        let fits = (mark.least..=mark.most).contains(&length) && body.iter().all(|byte| (mark.fits)(*byte));
        (fits && !is_placeholder(body)).then_some(mark.start.len() + length)
    })
}

/// The address at which [Slack](https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks) takes messages
/// from whoever knows it.
const SLACK: &str = "https://hooks.slack.com/services/";

/// The bytes of such an address that a text begins with: a team, a webhook, and a secret.
fn webhook(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(SLACK)?;
    let mut words = rest.splitn(3, '/');
    let (team, hook, secret) = (words.next()?, words.next()?, words.next()?);
    let is_id = |id: &str, first: char| {
        id.len() > 1 && id.starts_with(first) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let length = secret.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let fits = is_id(team, 'T') && is_id(hook, 'B') && length >= 20 && !is_placeholder(&secret.as_bytes()[..length]);
    fits.then_some(text.len() - secret.len() + length)
}

/// The bytes of a signed JSON web token (RFC 7519) that a text begins with: two objects and a signature.
fn web_token(text: &[u8]) -> Option<usize> {
    // The example of RFC 7519 and jwt.io is about this subject.
    const EXAMPLE: &[u8] = b"eyJzdWIiOiIxMjM0NTY3ODkwIi";
    let length = text.iter().take_while(|byte| is_word(**byte) || **byte == b'.').count();
    let mut parts = text[..length].split(|byte| *byte == b'.');
    let (head, body, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = head.len() >= 16
        && body.len() >= 8
        && body.starts_with(b"eyJ")
        && !body.starts_with(EXAMPLE)
        && signature.len() >= 32
        && !is_placeholder(signature);
    fits.then_some(head.len() + body.len() + signature.len() + 2)
}

/// Does documentation have such a text in the place of a secret? `EXAMPLE`, `your-token`, `XXXXX`, or few different
/// characters.
fn is_placeholder(body: &[u8]) -> bool {
    const FEWEST: usize = 5;
    let has = |word: &[u8]| body.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    let different: BTreeSet<u8> = body.iter().copied().collect();
    different.len() < FEWEST || [&b"example"[..], b"xxxxx", b"your-", b"your_"].into_iter().any(has)
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

const fn is_base32(byte: u8) -> bool {
    byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7')
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

/// Where the password of `USER:PASSWORD@HOST` is (RFC 3986, section 3.2.1).
fn password(rest: &str) -> Option<Range<usize>> {
    let authority = rest.split(['/', '?', '#', ' ', '\n', '"', '\'']).next().unwrap_or_default();
    let (login, _) = authority.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    // `$TOKEN` is a shell's variable.
    let is_secret = !password.is_empty() && !password.starts_with('$') && !has_reference(password);
    is_secret.then(|| user.len() + 1..login.len())
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
            ("x", concat!("https://hooks.slack.com/services/", "T02AB3CD4/B05EF6GH7/Zk3vQw8LmN2xRt7YpB4sDf9G")),
            ("x", "AKIAQ3EGWX7LM2PZ5TRV"),
            ("x", concat!("sk_", "live_4eC39HqLyjWDarjtT1zdp7dc")),
            ("x", "npm_0123456789abcdefghijABCDEFGHIJ012345"),
            ("x", concat!("pypi-", "AgEIcHlwaS5vcmcCJDU4ZTk0ODc0LTk2ZjMtNGQ1ZS1hMjQwLTJkYzZmNTQ3")),
            ("x", concat!("AI", "zaSyA1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tU1v")),
            ("x", "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            (
                "args",
                concat!("curl -d x https://hooks.slack.com/services/", "T02AB3CD4/B05EF6GH7/Zk3vQw8LmN2xRt7YpB4sDf9G"),
            ),
            ("args", "git clone https://ghp_0123456789abcdefghijABCDEFGHIJ012345@example.com/a"),
            ("args", "export AWS_ACCESS_KEY_ID=AKIAQ3EGWX7LM2PZ5TRV; aws s3 ls"),
            ("args", "TOKEN=((a.token)) curl https://u:hunter2@example.com"),
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
            ("x", "AKIAIOSFODNN7EXAMPLE"),
            ("x", "AKIA0123456789ABCDEF"),
            ("x", "AKIAQ3EGWX7LM2PZ5TRVX"),
            ("x", "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"),
            ("x", "https://hooks.slack.com/services/T.../B.../..."),
            ("x", "https://hooks.slack.com/services/((slack.path))"),
            ("x", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
            ("x", "sk_live_your-secret-key-goes-here"),
            ("x", concat!("sk_", "test_4eC39HqLyjWDarjtT1zdp7dc")),
            ("x", "npm_config_registry"),
            ("x", "pypi-publish-of-the-package-that-has-a-very-long-name-indeed-it-has"),
            ("x", concat!("AI", "zaSyA1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tU1vXYZ")),
            (
                "x",
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
            ),
            ("x", "eyJhbGciOiJIUzI1NiJ9"),
            ("x", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
            ("x", "aGVsbG9BS0lBUTNFR1dYN0xNMlBaNVRSVg=="),
        ] {
            assert!(!is_secret_in_clear(name, text), "{name}: {text}");
        }
    }

    #[test]
    fn a_secret_is_the_part_of_a_text_that_nobody_may_read() {
        for (text, parts) in [
            ("https://bot:hunter2@example.com/a.git", &[("hunter2", "password")][..]),
            ("https://u:a@h https://u:((b.c))@h ssh://u:d@h:22", &[("a", "password"), ("d", "password")]),
            ("id AKIAQ3EGWX7LM2PZ5TRV,", &[("AKIAQ3EGWX7LM2PZ5TRV", "token")]),
            (
                concat!("curl 'https://hooks.slack.com/services/", "T02AB3CD4/B05EF6GH7/Zk3vQw8LmN2xRt7YpB4sDf9G'"),
                &[(
                    concat!("https://hooks.slack.com/services/", "T02AB3CD4/B05EF6GH7/Zk3vQw8LmN2xRt7YpB4sDf9G"),
                    "webhook",
                )],
            ),
        ] {
            let found = secret_parts(text);
            let found: Vec<(&str, &str)> = found.iter().map(|part| (&text[part.range.clone()], part.what)).collect();
            assert_eq!(found, parts, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn random_text_has_no_secret_in_clear(text in "[a-zA-Z0-9+/=_. -]{0,400}") {
            assert_eq!(secret_parts(&text), [], "{text}");
        }

        #[test]
        fn parts_are_in_order(text in ".{0,20}(://|@|:|AKIAQ3EGWX7LM2PZ5TRV|[/ \"']|eyJ){0,12}.{0,20}") {
            let mut end = 0;
            for SecretPart { range, .. } in secret_parts(&text) {
                assert!(range.start >= end && text.get(range.clone()).is_some_and(|part| !part.is_empty()), "{text}");
                end = range.end;
            }
        }
    }
}
