//! What looks like a secret in clear. Who can see a file, a pipeline or a log would read it.

mod assigned;
mod keys;
mod shape;

pub(crate) use keys::{Hidden, hidden};
pub use shape::{SecretPart, secret_parts};

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::source::Span;

/// Last words of the names of variables and fields that hold secrets. Words stand between underscores, dashes, dots or
/// capital letters.
const WORDS: [&str; 16] = [
    "token",
    "tokens",
    "password",
    "passwords",
    "passwd",
    "pass",
    "pgpass",
    "passphrase",
    "secret",
    "secrets",
    "pat",
    "credential",
    "credentials",
    "sshpass",
    "cookie",
    "jwt",
];

/// The same, if a word stands before: `PWD` alone is a folder, and `auth` alone is how somebody authenticates.
const SECOND_WORDS: [&str; 2] = ["pwd", "auth"];

/// How a last word ends that is written together with the word before: `dbpasswd`, `PGPASSWORD`.
const ENDINGS: [&str; 6] = ["password", "passwd", "passphrase", "apikey", "secret", "token"];

/// What a key is called whose name holds a secret; others are public, or keys of a map.
const KEYS: [&str; 20] = [
    "api",
    "private",
    "ssh",
    "access",
    "secret",
    "signing",
    "encryption",
    "account",
    "auth",
    "master",
    "crypt",
    "deploy",
    "storage",
    "license",
    "licence",
    "unseal",
    "recovery",
    "session",
    "cookie",
    "hmac",
];

/// What a secret is called whose *name* is given, as Kubernetes does.
const NAMED: [&str; 2] = ["pull", "existing"];

/// Returns whether a text under that name holds a secret itself, instead of the name of a credential. A password within an
/// address, and a token with a mark of its issuer, is one whatever it is called, and also in the place of a name.
pub fn is_secret_in_clear(name: &str, text: &str) -> bool {
    is_secret_by_name(name, text) || !secret_parts(text).is_empty() || !secret_parts(name).is_empty()
}

/// Returns whether a whole text is a secret, since its name says so.
pub fn is_secret_by_name(name: &str, text: &str) -> bool {
    let is_named = names_secret(name);
    if !is_named && !assigned::is_authorization(name) || text.is_empty() || has_reference(text) {
        return false;
    }
    // That a secret is there, or where it is, is none.
    let is_method = || {
        let (_, last) = last_words(name);
        last.eq_ignore_ascii_case("auth") && text.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let is_harmless = || {
        matches!(text, "true" | "false" | "null" | "~" | "placeholder")
            || text.starts_with("arn:aws")
            || is_path_of_file(text)
            || is_method()
    };
    is_named && !is_harmless() || assigned::is_header(name, text)
}

/// Whether a text is the path of a file in an artifact: it says where a secret is.
fn is_path_of_file(text: &str) -> bool {
    const ENDINGS: [&str; 11] = ["crt", "env", "jks", "json", "key", "p12", "pem", "pub", "txt", "yaml", "yml"];
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    let Some((folder, name)) = text.rsplit_once('/') else { return false };
    let ending = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ending)| ending);
    ending.is_some_and(|ending| ENDINGS.contains(&ending)) && folder.split('/').all(is_part) && is_part(name)
}

/// Returns a text in which `***` stands for each part that is a secret by its look.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(text);
    for part in secret_parts(text).iter().rev() {
        shown.to_mut().replace_range(part.range.clone(), "***");
    }
    shown
}

/// Returns a file of YAML or JSON, of as many bytes and lines, in which secrets are hidden.
pub fn masked(text: &str) -> String {
    hidden(Span::NOWHERE.file, text, &BTreeSet::new()).masked(text)
}

/// Returns whether a name ends in a word for secrets, whatever its case.
pub fn names_secret(name: &str) -> bool {
    if !ends_like_secret(name) {
        return false;
    }
    let (before, last) = last_words(name);
    let is_one_of = |word: &str, known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
    if is_one_of(last, &["secret", "secrets"]) && is_one_of(before, &NAMED) {
        return false;
    }
    if is_one_of(last, &["key"]) {
        return is_one_of(before, &KEYS);
    }
    // What Rails signs with.
    if is_one_of(last, &["base"]) {
        return without_ending(name, "secret_key_base").is_some();
    }
    is_one_of(last, &WORDS)
        || !before.is_empty() && is_one_of(last, &SECOND_WORDS)
        || ENDINGS.iter().any(|ending| {
            without_ending(last, ending)
                .is_some_and(|before| !NAMED.iter().any(|named| without_ending(before, named).is_some()))
        })
}

/// Whether a name ends in two letters with which a word for secrets ends. Most names do not, and need not be taken apart.
fn ends_like_secret(name: &str) -> bool {
    let name = name.trim_end_matches(is_between).as_bytes();
    let Some((_, [before, last])) = name.split_last_chunk() else { return false };
    matches!(
        &[before.to_ascii_lowercase(), last.to_ascii_lowercase()],
        b"en"
            | b"ns"
            | b"rd"
            | b"ds"
            | b"wd"
            | b"ss"
            | b"se"
            | b"et"
            | b"ts"
            | b"at"
            | b"al"
            | b"ls"
            | b"ie"
            | b"wt"
            | b"th"
            | b"ey"
    )
}

/// A word without an ending, whatever its case.
fn without_ending<'w>(word: &'w str, ending: &str) -> Option<&'w str> {
    let (rest, last) = word.split_at_checked(word.len().checked_sub(ending.len())?)?;
    last.eq_ignore_ascii_case(ending).then_some(rest)
}

/// What stands between the words of a name.
const fn is_between(c: char) -> bool {
    matches!(c, '_' | '-' | '.')
}

/// The word before the last one of a name, and the last one. Where there is none, it is empty.
fn last_words(name: &str) -> (&str, &str) {
    let (rest, last) = last_word(name.trim_end_matches(is_between));
    let (_, before) = last_word(rest.trim_end_matches(is_between));
    (before, last)
}

/// A name that ends in a word, in front of that word, and the word.
fn last_word(name: &str) -> (&str, &str) {
    let mut after: Option<char> = None;
    let mut characters = name.char_indices().rev().peekable();
    while let Some((at, c)) = characters.next() {
        if is_between(c) {
            return name.split_at(at + c.len_utf8());
        }
        // `accessToken`, `APIKey`.
        let before = characters.peek().map(|(_, before)| *before);
        if c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase() || before.is_uppercase() && after.is_some_and(char::is_lowercase)
            })
        {
            return name.split_at(at);
        }
        after = Some(c);
    }
    ("", name)
}

/// Whether a text has `((…))`, whose value Concourse fills in.
pub fn has_reference(text: &str) -> bool {
    let pairs = || text.as_bytes().windows(2);
    pairs().position(|pair| pair == b"((").is_some_and(|start| {
        // Not even one character stands in `(())`.
        pairs().skip(start + 2).position(|pair| pair == b"))").is_some_and(|end| end > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_clear_are_distinguished_from_names_of_credentials() {
        for (name, text) in [
            ("GITHUB_PAT", "ghp_x"),
            ("TOKENS", "a b"),
            ("CLIENT_CREDENTIALS", "x"),
            ("DB_PASSWORD", "hunter2(("),
            ("password", "hunter2"),
            ("secret-key", "x"),
            ("SECRET_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLE"),
            ("API_KEY", "account.json"),
            ("DB_PASSWORD", "a b/c.json"),
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
            ("SERVICE_ACCOUNT_KEY", "environments/test/account.key.json"),
            ("DEPLOY_KEY", "code/keys/id_deploy.pem"),
            ("CLIENT_SECRET", "placeholder"),
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
    fn names_of_secrets_are_distinguished_from_words_that_look_alike() {
        for name in [
            "DB_PASS",
            "PGPASS",
            "PGPASSWORD",
            "dbpasswd",
            "db.passwd",
            "DATADOG_APIKEY",
            "apikey",
            "apiKey",
            "APIKey",
            "X-API-Key",
            "clientSecret",
            "accessToken",
            "authtoken",
            "http.token",
            "signing_key",
            "storage-account-key",
            "GIT_CRYPT_KEY",
            "RAILS_MASTER_KEY",
            "DB_PASSWORD",
            "pass",
            "dbPass",
            "MYSQL_PWD",
            "keystorePwd",
            "SSHPASS",
            "REDIS_AUTH",
            "proxy-auth",
            "SESSION_COOKIE",
            "cookie",
            "SECRET_KEY_BASE",
            "DEPLOY_KEY",
            "AZURE_STORAGE_KEY",
            "LICENSE_KEY",
            "UNSEAL_KEY",
            "SESSION_KEY",
            "COOKIE_KEY",
            "HMAC_KEY",
            "JWT",
            "ID_JWT",
        ] {
            assert!(names_secret(name), "{name}");
        }
        for name in [
            "bypass",
            "BYPASS",
            "compass",
            "passed",
            "PASSED",
            "passes",
            "passenger",
            "passthrough",
            "pass_through",
            "password_file",
            "keypass_path",
            "tokenizer",
            "secretary",
            "monkey",
            "key",
            "public_key",
            "cache_key",
            "imagePullSecrets",
            "image_pull_secrets",
            "imagepullsecret",
            "existingSecret",
            "secret_name",
            "secretName",
            "pattern",
            "path",
            "patch",
            "PWD",
            "OLDPWD",
            "cwd",
            "auth",
            "GOAUTH",
            "author",
            "oauth",
            "auth_method",
            "cookie_name",
            "key_base",
            "base",
            "keys",
            "authorized_keys",
            "public_keys",
            "host_key",
            "primary_key",
            "jwt_issuer",
            "",
            "_",
            "...",
        ] {
            assert!(!names_secret(name), "{name}");
        }
        for (name, text) in [
            ("USE_TOKEN", "true"),
            ("GIT_AUTH", "netrc"),
            ("DB_SECRET", "arn:aws:secretsmanager:us-east-1:1:secret:db"),
        ] {
            assert!(!is_secret_in_clear(name, text), "{name}: {text}");
        }
    }

    #[test]
    fn words_for_secrets_end_as_the_quick_look_knows() {
        for word in WORDS.iter().chain(&SECOND_WORDS).chain(&ENDINGS).chain(&["key", "base"]) {
            assert!(ends_like_secret(word) && ends_like_secret(&word.to_uppercase()), "{word}");
        }
    }

    #[test]
    fn value_that_a_text_gives_to_the_name_of_a_secret_is_one() {
        for (name, text) in [
            ("Authorization", "Basic dTpTM2NyZXRQYXNzdzByZDE="),
            ("authorization", "Bearer abcdefghij"),
            ("Proxy-Authorization", "token 0a1b2c3d4e"),
            ("value", "Authorization: Basic dTpTM2NyZXRQYXNzdzByZDE="),
            ("value", "AUTHORIZATION: bearer dTpTM2NyZXRQYXNzdzByZDE="),
            ("url", "https://example.com/?token=S3cretPassw0rd1"),
            ("url", "https://example.com/?a=b&access_token=S3cretPassw0rd1&c=d"),
            ("url", "https://example.com/?a=b&key=0123456789abcdef"),
            ("url", "https://x.blob.core.windows.net/a?sv=2020&sig=aB3dEf7hIj0kLmN1oP"),
            ("run", "curl -u bot:hunter https://example.com"),
            ("run", "curl -s -o out \\\n  --user 'bot:hunter' https://example.com"),
            ("run", "cd a; curl -ubot:hunter https://example.com"),
            ("run", "curl --user=\"$NAME:hunter\" https://example.com"),
            ("run", "curl -H 'PRIVATE-TOKEN: S3cretPassw0rd1' https://example.com"),
            ("run", "curl -H \"X-Api-Key: S3cretPassw0rd1\" https://example.com"),
            ("run", "export DB_PASSWORD=S3cretPassw0rd1"),
            ("run", "DB_PASS='S3cretPassw0rd1' psql"),
            ("run", "docker login -u bot --password S3cretPassw0rd1"),
            ("run", "deploy --api-token=S3cretPassw0rd1 now"),
            ("run", "echo '{\"password\":\"S3cretPassw0rd1\"}'"),
            ("dsn", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=aB3dEf7hIj0kLmN1oP=="),
            ("dsn", "host=db password=S3cretPassw0rd1 user=x"),
            ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "x"),
        ] {
            assert!(is_secret_in_clear(name, text), "{name}: {text}");
        }
        for (name, text) in [
            ("Authorization", "Bearer ((api.token))"),
            ("Authorization", "Bearer $TOKEN"),
            ("authorization", "required"),
            ("value", "Authorization: Basic ((git.basic))"),
            ("run", "curl -H \"Authorization: Bearer $TOKEN\" https://example.com"),
            ("run", "curl -H \"Authorization: Bearer ${TOKEN}\" https://example.com"),
            ("run", "curl -H 'Authorization: Bearer YOUR_TOKEN' https://example.com"),
            ("run", "# authorization: see the docs, which are long"),
            ("url", "https://example.com/?token=((a.token))"),
            ("url", "https://example.com/?token=$TOKEN"),
            ("url", "https://example.com/?token=<your token>"),
            ("url", "https://example.com/?key=value&page=12345678"),
            ("url", "https://example.com/?compass=S3cretPassw0rd1"),
            ("run", "curl -u \"$NAME:$PASSWORD\" https://example.com"),
            ("run", "curl -u ((a.user)):((a.password)) https://example.com"),
            ("run", "curl -u \"bot:$(cat password)\" https://example.com"),
            ("run", "curl -u token:x-oauth-basic https://example.com"),
            ("run", "docker run -u 1000:1000 alpine"),
            ("run", "curl https://example.com | docker run -u 1000:1000 alpine"),
            ("run", "sort -u a:b"),
            ("run", "export DB_PASSWORD=$(cat password1)"),
            ("run", "export DB_PASSWORD=\"${OTHER_PASSWORD1}\""),
            ("run", "DB_PASSWORD=/run/secrets/password1"),
            ("run", "DB_PASSWORD= psql; TOKEN=x; PASS=0; password=password"),
            ("run", "docker login -u bot --password-stdin"),
            ("run", "docker build --secret id=npmrc1234,src=.npmrc ."),
            ("run", "token=get_token1(name)"),
            ("run", "password = secrets.token_hex(16)"),
            ("run", "bypass=S3cretPassw0rd1 --compass S3cretPassw0rd1"),
            ("run", "token: vault:secret/data/shop1"),
            ("run", "token: op://vault/item1/token"),
            ("text", "the token: it expires after 30 days"),
        ] {
            assert!(!is_secret_in_clear(name, text), "{name}: {text}");
        }
    }
}

#[cfg(test)]
mod arbitrary {
    use super::{is_secret_in_clear, masked, without_secrets};

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(curl|-u|--token|=|: |é|password|api_key| |'|\"|:|[a-zA-Z0-9]{1,20}|\n|\\\\|\\{|\\?){0,40}") {
            let once = without_secrets(&text).into_owned();
            // What is hidden stays hidden.
            proptest::prop_assert_eq!(without_secrets(&once), once.as_str());
            masked(&text);
            is_secret_in_clear("password", &text);
        }
    }
}
