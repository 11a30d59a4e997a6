//! What looks like a secret in clear. A pipeline is read by everybody who may see it, and committed besides.

/// Ends of the names of variables and fields that hold secrets, between underscores.
const WORDS: [&str; 16] = [
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
    "api_key",
    "private_key",
    "ssh_key",
    "access_key",
    "secret_key",
];

/// Does a text under that name hold a secret itself, instead of the name of a credential? A password within an address
/// is one whatever it is called.
pub(crate) fn is_secret_in_clear(name: &str, text: &str) -> bool {
    let suspicious = WORDS.iter().any(|word| ends_in(name, word)) || has_password(text);
    suspicious && !text.is_empty() && !has_reference(text)
}

/// Is a word the end of a name, or all of it, whatever their case?
fn ends_in(name: &str, word: &str) -> bool {
    let (name, word) = (name.as_bytes(), word.as_bytes());
    let normal = |byte: &u8| if *byte == b'-' { b'_' } else { byte.to_ascii_lowercase() };
    name.len() >= word.len()
        && name.iter().rev().zip(word.iter().rev()).all(|(of_name, of_word)| normal(of_name) == *of_word)
        && name[..name.len() - word.len()].last().is_none_or(|before| normal(before) == b'_')
}

/// `((…))`, whose value Concourse fills in.
fn has_reference(text: &str) -> bool {
    text.split_once("((").is_some_and(|(_, rest)| rest.find("))").is_some_and(|end| end > 0))
}

/// `SCHEME://USER:PASSWORD@HOST` (RFC 3986, section 3.2.1).
fn has_password(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ', '\n', '"', '\'']).next().unwrap_or_default();
        authority
            .rsplit_once('@')
            .and_then(|(user, _)| user.split_once(':'))
            .is_some_and(|(_, password)| !password.is_empty())
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
        ] {
            assert!(!is_secret_in_clear(name, text), "{name}: {text}");
        }
    }
}
