//! Secrets in text that is about to be posted or printed, known by their shape.
//!
//! A build's files hold what its tools printed, tokens of other systems too, which the source of the resource does not
//! know. The list is curated: each shape has a prefix that its issuer documents, so that no commit, digest or word is
//! taken for a secret. Sources: GitHub Docs, "About authentication to GitHub", token formats; the issuers' own pages of
//! the other prefixes; RFC 7519 for JSON Web Tokens, RFC 7468 for keys in PEM.

use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// What replaces a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// What may follow a prefix.
#[derive(Clone, Copy)]
enum Tail {
    /// Letters, digits and `_`.
    Word,
    /// Letters, digits, `_` and `-`.
    Url,
    /// The same and `.`.
    Dotted,
    /// Capital letters and 2 to 7, so many exactly.
    Base32,
    /// Hexadecimal digits, so many exactly.
    Hex,
}

impl Tail {
    fn holds(self, byte: u8) -> bool {
        match self {
            Self::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Self::Base32 => byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7'),
            Self::Hex => byte.is_ascii_hexdigit(),
        }
    }

    fn is_exact(self) -> bool {
        matches!(self, Self::Base32 | Self::Hex)
    }
}

/// Prefix, what follows, and how much of it at the least.
const PREFIXED: &[(&str, Tail, usize)] = &[
    // GitHub: classic, OAuth, user-to-server, server-to-server (with a JWT since 2026), refresh; fine-grained.
    ("ghp_", Tail::Dotted, 20),
    ("gho_", Tail::Dotted, 20),
    ("ghu_", Tail::Dotted, 20),
    ("ghs_", Tail::Dotted, 20),
    ("ghr_", Tail::Dotted, 20),
    ("github_pat_", Tail::Word, 20),
    // GitLab: personal, deploy, runner, trigger, job.
    ("glpat-", Tail::Dotted, 20),
    ("gldt-", Tail::Url, 20),
    ("glrt-", Tail::Dotted, 20),
    ("glptt-", Tail::Url, 20),
    ("glcbt-", Tail::Url, 20),
    // AWS: ids of access keys, permanent, temporary, bearer, context-specific.
    ("AKIA", Tail::Base32, 16),
    ("ASIA", Tail::Base32, 16),
    ("ABIA", Tail::Base32, 16),
    ("ACCA", Tail::Base32, 16),
    // Slack.
    ("xoxa-", Tail::Url, 10),
    ("xoxb-", Tail::Url, 10),
    ("xoxe-", Tail::Url, 10),
    ("xoxe.", Tail::Dotted, 10),
    ("xoxp-", Tail::Url, 10),
    ("xoxr-", Tail::Url, 10),
    ("xoxs-", Tail::Url, 10),
    ("xoxc-", Tail::Url, 10),
    ("xoxd-", Tail::Url, 10),
    ("xapp-", Tail::Url, 10),
    // Google: API key, OAuth token, OAuth client secret.
    ("AIza", Tail::Url, 35),
    ("ya29.", Tail::Dotted, 20),
    ("GOCSPX-", Tail::Url, 20),
    // HashiCorp Vault: service, batch, recovery. OpenBao uses the same.
    ("hvs.", Tail::Url, 24),
    ("hvb.", Tail::Url, 24),
    ("hvr.", Tail::Url, 24),
    ("pul-", Tail::Hex, 40),
    ("dop_v1_", Tail::Hex, 64),
    ("doo_v1_", Tail::Hex, 64),
    ("dckr_pat_", Tail::Url, 20),
    ("dckr_oat_", Tail::Url, 20),
    ("npm_", Tail::Word, 36),
    ("pypi-AgE", Tail::Url, 50),
    ("sk_live_", Tail::Word, 16),
    ("sk_test_", Tail::Word, 16),
    ("rk_live_", Tail::Word, 16),
    ("rk_test_", Tail::Word, 16),
    ("whsec_", Tail::Word, 24),
    ("SG.", Tail::Dotted, 60),
    ("sk-ant-", Tail::Url, 20),
    ("sk-proj-", Tail::Url, 20),
    ("hf_", Tail::Word, 30),
    ("AGE-SECRET-KEY-1", Tail::Word, 50),
    ("https://hooks.slack.com/services/", Tail::Word, 0),
];

/// A shape with a name before it, such as `aws_secret_access_key = …`: the name, and how long the value is.
const NAMED: &[(&str, Range<usize>)] = &[("aws_secret_access_key", 40..41), ("aws_session_token", 100..5_000)];

/// `text` without the secrets whose shape is known.
pub(crate) fn masked(text: &str) -> String {
    let mut found: Vec<Range<usize>> = Vec::new();
    prefixed(text, &mut found);
    json_web_tokens(text, &mut found);
    private_keys(text, &mut found);
    passwords_in_addresses(text, &mut found);
    authorization(text, &mut found);
    values_of_known_names(text, &mut found);
    if found.is_empty() {
        return text.to_owned();
    }
    found.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in found {
        if range.start >= at {
            out.push_str(&text[at..range.start]);
            out.push_str(REDACTED);
        }
        at = at.max(range.end);
    }
    out.push_str(&text[at..]);
    out
}

/// Whether a private key begins in `text` and does not end there.
pub(crate) fn ends_in_a_key(text: &str) -> bool {
    let mut found = Vec::new();
    private_keys(text, &mut found);
    let is_whole = |key: &str| key.trim_end_matches('-').contains("-----END ");
    found.last().is_some_and(|range| range.end == text.len() && !is_whole(&text[range.clone()]))
}

/// Where `needle` begins, without regard to case where `any_case` is set.
fn places<'t>(text: &'t str, needle: &'t str, any_case: bool) -> impl Iterator<Item = usize> + 't {
    let (bytes, needle) = (text.as_bytes(), needle.as_bytes());
    (0..bytes.len().saturating_sub(needle.len() - 1)).filter(move |at| {
        let part = &bytes[*at..at + needle.len()];
        if any_case { part.eq_ignore_ascii_case(needle) } else { part == needle }
    })
}

/// Is `at` the beginning of a word?
fn begins_word(text: &str, at: usize) -> bool {
    at == 0 || !matches!(text.as_bytes()[at - 1], byte if byte.is_ascii_alphanumeric() || byte == b'_')
}

/// How many bytes from `at` on are of a sort.
fn run(text: &str, at: usize, holds: impl Fn(u8) -> bool) -> usize {
    text.as_bytes()[at..].iter().take_while(|byte| holds(**byte)).count()
}

fn prefixed(text: &str, found: &mut Vec<Range<usize>>) {
    for (prefix, tail, least) in PREFIXED {
        for start in text.match_indices(prefix).map(|(at, _)| at) {
            let from = start + prefix.len();
            let length = if *least == 0 {
                // The three parts of a webhook's address.
                run(text, from, |byte| Tail::Word.holds(byte) || byte == b'/')
            } else {
                let length = run(text, from, |byte| tail.holds(byte));
                // The end of a sentence is not of the token.
                text[from..from + length].trim_end_matches('.').len()
            };
            let fits = if tail.is_exact() {
                length == *least && !text.as_bytes().get(from + length).is_some_and(u8::is_ascii_alphanumeric)
            } else {
                length >= (*least).max(1)
            };
            if fits && begins_word(text, start) {
                found.push(start..from + length);
            }
        }
    }
}

/// Three parts of base64, the first of which is the header of RFC 7515.
fn json_web_tokens(text: &str, found: &mut Vec<Range<usize>>) {
    for start in text.match_indices("eyJ").map(|(at, _)| at).filter(|at| begins_word(text, *at)) {
        let length = run(text, start, |byte| Tail::Dotted.holds(byte));
        let token = text[start..start + length].trim_end_matches('.');
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let object = |part: &str| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
            serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes).ok()
        };
        let is_header = object(header).is_some_and(|header| header.contains_key("alg") || header.contains_key("enc"));
        if is_header && !claims.is_empty() && signature.len() >= 16 {
            found.push(start..start + token.len());
        }
    }
}

/// From the line that begins a private key to the line that ends it, or to the end of its base64.
fn private_keys(text: &str, found: &mut Vec<Range<usize>>) {
    for start in text.match_indices("-----BEGIN ").map(|(at, _)| at) {
        let Some(close) = text[start + 11..].find("-----").map(|at| start + 11 + at) else { continue };
        let label = &text[start + 11..close];
        if label.len() > 60 || label.contains('\n') || !label.contains("PRIVATE KEY") {
            continue;
        }
        let rest = close + 5;
        let end = match text[rest..].find("-----END ") {
            Some(at) => {
                let end = rest + at + 9;
                text[end..].find("-----").map_or(text.len(), |at| end + at + 5)
            }
            // Cut off: what looks like its lines.
            None => rest + run(text, rest, |byte| byte.is_ascii_alphanumeric() || b"+/=\r\n\t \\:,-".contains(&byte)),
        };
        found.push(start..end);
    }
}

/// The password of `scheme://user:password@host`.
fn passwords_in_addresses(text: &str, found: &mut Vec<Range<usize>>) {
    for start in text.match_indices("://").map(|(at, _)| at + 3) {
        let authority =
            text[start..].split(|c: char| c.is_whitespace() || "/?#\"'<>`".contains(c)).next().unwrap_or_default();
        let Some(at) = authority.rfind('@') else { continue };
        let Some(colon) = authority[..at].find(':') else { continue };
        if colon + 1 < at {
            found.push(start + colon + 1..start + at);
        }
    }
}

/// The value of a header `Authorization`.
fn authorization(text: &str, found: &mut Vec<Range<usize>>) {
    for start in places(text, "authorization:", true) {
        let rest = &text[start + 14..];
        let value = rest.trim_start_matches([' ', '"', '\'']);
        let Some((scheme, credentials)) = value.split_once(' ') else { continue };
        if !["bearer", "basic", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            continue;
        }
        let from = text.len() - credentials.len();
        let length = run(text, from, |byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b','));
        if length >= 8 {
            found.push(from..from + length);
        }
    }
}

fn values_of_known_names(text: &str, found: &mut Vec<Range<usize>>) {
    for (name, lengths) in NAMED {
        for start in places(text, name, true) {
            let rest = &text[start + name.len()..];
            let value = rest.trim_start_matches(['"', '\'', ' ', '\t', '=', ':', '>']);
            let from = text.len() - value.len();
            let length = run(text, from, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'='));
            if rest.len() > value.len() && lengths.contains(&length) {
                found.push(from..from + length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token is put together here, so that no scanner of repositories takes this file for a leak.
    fn token(prefix: &str, tail: &str) -> String {
        format!("{prefix}{tail}")
    }

    fn jwt(header: &str) -> String {
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", encode(header), encode(r#"{"sub":"1234567890"}"#), "c2lnbmF0dXJlLXNpZ25hdHVyZQ")
    }

    fn secrets() -> Vec<String> {
        let alphanumeric = "0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ";
        let mut all: Vec<String> =
            ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].iter().map(|p| token(p, &alphanumeric[..36])).collect();
        all.push(format!("ghs_4711_{}", jwt(r#"{"alg":"RS256","typ":"JWT"}"#)));
        all.extend([
            token("github_pat_", &format!("{}_{}", &alphanumeric[..22], &alphanumeric[..59])),
            token("glpat-", &alphanumeric[..20]),
            token("AKIA", "IOSFODNN7EXAMPLE"),
            token("ASIA", "IOSFODNN7EXAMPLE"),
            token("xoxb-", "123456789012-1234567890123-AbCdEfGhIjKl"),
            token("xapp-", "1-A012-34567-abcdef"),
            token("AIza", &alphanumeric[..35]),
            token("hvs.", &alphanumeric[..30]),
            token("pul-", &"0a1b".repeat(10)),
            token("npm_", &alphanumeric[..36]),
            token("pypi-AgE", &alphanumeric[..55]),
            token("dckr_pat_", &alphanumeric[..27]),
            token("sk_live_", &alphanumeric[..24]),
            token("sk-ant-", "api03-abcdefghijklmnop"),
            token("https://hooks.slack.com/services/", "T0000/B0000/abcdefgh"),
            jwt(r#"{"alg":"RS256","typ":"JWT"}"#),
            jwt(r#"{"typ":"JWT","alg":"none"}"#),
        ]);
        for label in
            ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"]
        {
            all.push(format!("-----BEGIN {label}-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASC\n-----END {label}-----"));
            // As one line of JSON, and cut off.
            all.push(format!("-----BEGIN {label}-----\\nMIIEvQIBADANBgkqhkiG\\n-----END {label}-----"));
            all.push(format!("-----BEGIN {label}-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASC"));
        }
        all
    }

    #[test]
    fn secret_of_a_known_shape_is_masked_wherever_it_stands() {
        for secret in secrets() {
            for (before, after) in [("", ""), ("token=", "\n"), ("\"", "\","), ("(", ")"), ("see ", ". Then go on")] {
                let text = format!("{before}{secret}{after}");
                let shown = masked(&text);
                let cut_off = secret.contains("BEGIN") && !secret.contains("END");
                assert!(!shown.contains(&secret) && shown.contains(REDACTED), "{text} → {shown}");
                assert!(!shown.contains("MIIE") && !shown.contains("9w0BAQ"), "{text} → {shown}");
                assert!(cut_off || shown == format!("{before}{REDACTED}{after}"), "{text} → {shown}");
            }
        }
        let key = format!("aws_secret_access_key = {}", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        assert_eq!(masked(&key), format!("aws_secret_access_key = {REDACTED}"));
        assert_eq!(
            masked("https://x-access-token:hunter22@github.com/o/r"),
            format!("https://x-access-token:{REDACTED}@github.com/o/r")
        );
        assert_eq!(masked("git clone https://u:p@h:1/x"), format!("git clone https://u:{REDACTED}@h:1/x"));
        assert_eq!(
            masked("-H 'Authorization: Bearer abcdefgh12' x"),
            format!("-H 'Authorization: Bearer {REDACTED}' x")
        );
        assert_eq!(masked("AUTHORIZATION: basic dXNlcjpwYXNz"), format!("AUTHORIZATION: basic {REDACTED}"));
    }

    #[test]
    fn commits_digests_and_words_are_no_secrets() {
        let image = "x".repeat(300);
        for text in [
            "0123456789abcdef0123456789abcdef01234567",
            "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "ghp_short, gho_, github_pat_, the prefix ghs_ of tokens",
            "AKIA, AKIAIOSFODNN7, AKIAIOSFODNN7EXAMPLELONGER, XAKIAIOSFODNN7EXAMPLE",
            "eyJhbGciOiJub3QganNvbg, eyJ.eyJ.x, a key eyJ",
            "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n-----END CERTIFICATE-----",
            "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
            "https://github.com/o/r, ssh://git@github.com/o/r, git@github.com:o/r.git",
            "https://example.org/a:b@c, http://host:8080/x@y",
            "pul-request, npm_config_registry, hf_hub, sk_live_, whsec_",
            "arn:aws:iam::123456789012:role/deploy",
            "authorization: see the docs",
            "aws_secret_access_key is set by the pipeline",
            "task-1234, xoxo, glrt-",
            &image,
            "é ü 漢字 eyJ漢 ghp_漢",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn masking_twice_is_masking_once() {
        let all = secrets().join("\n and ");
        assert_eq!(masked(&masked(&all)), masked(&all));
    }
}
