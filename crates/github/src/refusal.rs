//! What GitHub's refusals mean, in plain words: which repository on which host, the cause, and what to do.

use serde_json::Value;

use super::transport::Answer;
use crate::error::Error;
use crate::text::one_line;

/// The repository that requests are about, for messages.
#[derive(Clone, Debug)]
pub struct Place {
    /// `https://HOST/api/v3` or `https://api.github.com`.
    pub base: String,
    pub repository: String,
}

impl Place {
    /// The host, with its port.
    pub fn host(&self) -> &str {
        let rest = self.base.split_once("://").map_or(self.base.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    /// What to do when the base of the API looks wrong; `None` when it looks right.
    ///
    /// Source: GitHub Docs, "Getting started with the REST API": `api.github.com`, `api.SUBDOMAIN.ghe.com`, and
    /// `https://HOST/api/v3` on GitHub Enterprise Server.
    pub fn doubt(&self) -> Option<String> {
        let host = self.host();
        let plain = self.base.starts_with("https://") && !host.starts_with("api.") && !self.base.ends_with("/api/v3");
        plain.then(|| {
            format!("`gh_host` is {}, which does not end in /api/v3; expected https://{host}/api/v3", self.base)
        })
    }

    /// The error that a status is, for a request that has no use of its own for it.
    pub fn refusal(&self, answer: &Answer, what: &str) -> Error {
        let (host, repository) = (self.host(), &self.repository);
        let message = answer.message();
        let what = what.to_owned();
        let new = new_token(answer);
        match answer.status {
            301 | 302 | 303 | 307 | 308 => Error::Redirected {
                what,
                repository: repository.clone(),
                to: one_line(answer.header("location").unwrap_or("nowhere"), 300),
            },
            401 => Error::Unauthorized(format!("{host} answers: {message}{new}")),
            403 | 451 => Error::Forbidden { what, why: format!("{}{new}", self.forbidden(answer, &message)) },
            404 => self.not_found(&what, &new),
            410 => Error::Invalid {
                what,
                why: format!(
                    "issues are disabled in the repository `{repository}` on {host} ({message}); enable them in its \
                     settings, or name another `repository`"
                ),
            },
            422 => Error::Invalid { what, why: format!("{host} answers: {}", with_details(answer, &message)) },
            status => Error::Unexpected { what, why: format!("{host} answers {status}: {message}") },
        }
    }

    pub fn not_found(&self, what: &str, addition: &str) -> Error {
        let doubt = self.doubt().map(|doubt| format!("; {doubt}")).unwrap_or_default();
        Error::NotFound {
            what: format!(
                "{what}: not found in the repository `{}` on {}: it does not exist, or these credentials cannot read \
                 it (they need Issues: write and Metadata: read){doubt}{addition}",
                self.repository,
                self.host()
            ),
        }
    }

    fn forbidden(&self, answer: &Answer, message: &str) -> String {
        let (host, repository) = (self.host(), &self.repository);
        let lower = message.to_ascii_lowercase();
        if answer.status == 451 || lower.contains("access blocked") {
            return format!(
                "{host} blocks the repository `{repository}` ({message}); its owner has to ask GitHub Support"
            );
        }
        if lower.contains("archived") {
            return format!(
                "the repository `{repository}` on {host} is archived, so nothing can be written there ({message}); \
                 unarchive it, or name another `repository`"
            );
        }
        if let Some(why) = self.single_sign_on(answer.header("x-github-sso"), message) {
            return why;
        }
        if lower.contains("ip allow list") || lower.contains("ip address is not permitted") {
            return format!("{host} does not allow requests from this machine's address to `{repository}` ({message})");
        }
        if lower.contains("disabled") && lower.contains("issue") {
            return format!("issues are disabled in the repository `{repository}` on {host} ({message})");
        }
        format!("{host} answers for the repository `{repository}`: {message}")
    }

    /// Source: GitHub Docs, "Authenticating to the REST API", SAML SSO: the header names where to authorize the token.
    pub fn single_sign_on(&self, header: Option<&str>, message: &str) -> Option<String> {
        if !message.contains("SAML") && !header.is_some_and(|header| header.starts_with("required")) {
            return None;
        }
        let url = header.and_then(|header| header.split_once("url=")).map(|(_, url)| one_line(url, 300));
        let owner = self.repository.split('/').next().unwrap_or_default();
        Some(format!(
            "the organization `{owner}` on {} requires SAML single sign-on for this token ({message}); authorize the token \
             for the organization{}",
            self.host(),
            url.map(|url| format!(" at {url}")).unwrap_or_default()
        ))
    }
}

/// GitHub's word that a token was too new, for the end of a message.
fn new_token(answer: &Answer) -> String {
    answer.age_of_new_token.map_or_else(String::new, |age| {
        format!(
            "; the App's token was new, made {age} s before, and parts of GitHub may not know a new token yet: run the \
             step again, and check the App's permissions if this persists"
        )
    })
}

/// The message, and which fields it is about.
fn with_details(answer: &Answer, message: &str) -> String {
    let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let details: Vec<String> = value["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|error| {
            let text = |key: &str| error[key].as_str();
            match (error.as_str(), text("message"), text("field"), text("code")) {
                (Some(text), ..) | (None, Some(text), ..) => Some(one_line(text, 200)),
                (_, _, Some(field), Some(code)) => Some(one_line(&format!("{field}: {code}"), 200)),
                _ => None,
            }
        })
        .collect();
    if details.is_empty() { message.to_owned() } else { format!("{message} ({})", details.join("; ")) }
}
