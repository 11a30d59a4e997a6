use serde::Serialize;

use super::demand::{Account, Credential};

/// What GitHub lets an account ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Requests an hour; `None` where nothing is limited.
    pub per_hour: Option<u64>,
    /// Points a minute, of which a read is one: GitHub's secondary limit.
    pub per_minute: Option<u64>,
    /// In words.
    pub words: &'static str,
    /// Where it is written.
    pub source: &'static str,
}

/// [Rate limits for the REST API](https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
const REST: &str = "https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api";
/// The same for an App that authenticates as an installation.
const APP: &str =
    "https://docs.github.com/en/apps/creating-github-apps/registering-a-github-app/rate-limits-for-github-apps";
/// The same for GitHub Enterprise Server.
const SERVER: &str =
    "https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/rate-limits-for-the-rest-api";

/// No more than 900 points a minute for REST endpoints; most reads are one point, most writes five.
const POINTS_PER_MINUTE: u64 = 900;

impl Limit {
    /// The least that GitHub documents for such an account.
    pub(super) fn of(account: &Account) -> Self {
        if !account.is_github_com() {
            return Self {
                per_hour: None,
                per_minute: None,
                words: "GitHub Enterprise Server limits nothing unless its administrators say so (`--limit` counts \
                        against what they say)",
                source: SERVER,
            };
        }
        let (words, source) = match account.credential {
            Credential::Token { .. } => ("5,000 requests an hour of a user's token", REST),
            Credential::App { .. } => (
                "5,000 requests an hour of an App's installation at least; up to 12,500 with its users and \
                 repositories, and 15,000 in an organization of GitHub Enterprise Cloud (say so by `--limit`)",
                APP,
            ),
        };
        Self { per_hour: Some(5_000), per_minute: Some(POINTS_PER_MINUTE), words, source }
    }

    /// What the user says.
    pub(super) const fn given(per_hour: u64) -> Self {
        Self { per_hour: Some(per_hour), per_minute: None, words: "as `--limit` says", source: "--limit" }
    }
}
