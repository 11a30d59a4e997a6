//! What is a secret by its look, whatever it is called.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

use super::{assigned, has_reference};

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
    search(text, Signs::of(text))
}

/// What a text has that a secret of some kind has. Most texts of a pipeline have nothing of it, and the others are searched
/// for what they can hold.
#[derive(Clone, Copy)]
struct Signs {
    /// Dashes, as before and after the label of a private key.
    dashes: bool,
    /// The mark of an address, or a word as long as a token.
    issued: bool,
    /// What gives a value to a name: an assignment, a field, or a flag of a command.
    assigned: bool,
}

/// No mark of an issuer, with the least that follows it, is shorter.
const SHORTEST_TOKEN: usize = 20;

impl Signs {
    #[cfg(test)]
    const ALL: Self = Self { dashes: true, issued: true, assigned: true };

    fn of(text: &str) -> Self {
        let mut signs = Self { dashes: false, issued: false, assigned: false };
        let mut before = b' ';
        let mut word = 0;
        for byte in text.bytes() {
            word = if IN_TOKEN[usize::from(byte)] { word + 1 } else { 0 };
            signs.issued |= word >= SHORTEST_TOKEN;
            match (before, byte) {
                (b'-', b'-') => (signs.dashes, signs.assigned) = (true, true),
                // The value of a field is in quotes, or after a space.
                (_, b'=') | (b':', b' ' | b'"' | b'\'') => signs.assigned = true,
                (space, b'-') if space.is_ascii_whitespace() => signs.assigned = true,
                (b':', b'/') => signs.issued = true,
                _ => {}
            }
            before = byte;
        }
        signs
    }
}

fn search(text: &str, signs: Signs) -> Vec<SecretPart> {
    let mut parts = Vec::new();
    if signs.dashes {
        let start = text.trim_ascii_start();
        if start.starts_with(BEGIN) && start.contains(PRIVATE_KEY) {
            return vec![SecretPart { range: 0..text.len(), what: "key" }];
        }
        parts = private_keys(text);
    }
    if signs.issued {
        parts.extend(issued(text));
    }
    if signs.assigned {
        parts.extend(assigned::parts(text));
    }
    parts.sort_by_key(|part| (part.range.start, Reverse(part.range.end)));
    let mut end = 0;
    parts.retain(|part| {
        let is_new = part.range.start >= end;
        end = end.max(part.range.end);
        is_new
    });
    parts
}

const BEGIN: &str = "-----BEGIN ";
const PRIVATE_KEY: &str = "PRIVATE KEY-----";

/// Private keys (RFC 7468), each with its first and last line.
fn private_keys(text: &str) -> Vec<SecretPart> {
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(BEGIN).map(|at| from + at) {
        let label = start + BEGIN.len();
        from = label;
        let Some(body) = text[label..].find("-----").map(|at| label + at + 5) else { break };
        if !text[label..body].ends_with(PRIVATE_KEY) {
            continue;
        }
        let end = match text[body..].find("-----END ").map(|at| body + at + 9) {
            Some(end) => text[end..].find("-----").map_or(text.len(), |at| end + at + 5),
            // It is cut off.
            None => {
                body + text[body..].bytes().take_while(|byte| is_base64(*byte) || byte.is_ascii_whitespace()).count()
            }
        };
        parts.push(SecretPart { range: start..end, what: "key" });
        from = end;
    }
    parts
}

/// Passwords of addresses, and tokens that their issuers mark.
fn issued(text: &str) -> Vec<SecretPart> {
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
            _ if !is_long(rest) => None,
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

/// Whether a text begins with as many bytes as a token has at least.
fn is_long(text: &[u8]) -> bool {
    text.get(..SHORTEST_TOKEN).is_some_and(|start| start.iter().all(|byte| IN_TOKEN[usize::from(*byte)]))
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
pub(super) fn is_placeholder(body: &[u8]) -> bool {
    const FEWEST: usize = 5;
    let has = |word: &[u8]| body.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    let different: BTreeSet<u8> = body.iter().copied().collect();
    different.len() < FEWEST || [&b"example"[..], b"xxxxx", b"your-", b"your_"].into_iter().any(has)
}

pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// The bytes of which marked tokens and web tokens consist.
const IN_TOKEN: [bool; 256] = {
    let mut known = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        known[byte as usize] = is_word(byte) || byte == b'.';
        byte += 1;
    }
    known
};

const fn is_base32(byte: u8) -> bool {
    byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7')
}

/// The alphabet of base64 (RFC 4648).
pub(super) const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
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
            (
                "tell it: -----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\nand go on",
                &[("-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----", "key")],
            ),
            ("a -----BEGIN PRIVATE KEY----- MIIEabc. b", &[("-----BEGIN PRIVATE KEY----- MIIEabc", "key")]),
            ("a -----BEGIN PUBLIC KEY----- MIIEabc", &[]),
        ] {
            let found = secret_parts(text);
            let found: Vec<(&str, &str)> = found.iter().map(|part| (&text[part.range.clone()], part.what)).collect();
            assert_eq!(found, parts, "{text}");
        }
    }

    #[test]
    fn no_token_is_shorter_than_what_is_searched() {
        let shortest = MARKS.iter().map(|mark| mark.start.len() + mark.least).min();
        assert_eq!(shortest, Some(20));
    }

    proptest::proptest! {
        #[test]
        fn signs_of_a_text_miss_no_secret(
            text in "(curl |-u|--token| --user|-|=|: |token|[a-zA-Z0-9_.-]{1,24}|hvs\\.|AKIAQ3EGWX7LM2PZ5TRV|\n| |://|u:p@|-----BEGIN PRIVATE KEY-----){0,6}",
        ) {
            proptest::prop_assert_eq!(secret_parts(&text), search(&text, Signs::ALL), "{}", text);
        }

        #[test]
        fn random_text_has_no_secret_in_clear(text in "[a-zA-Z0-9+/_. -]{0,400}={0,2}") {
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
