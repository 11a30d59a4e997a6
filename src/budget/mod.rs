//! What a fleet asks of GitHub: requests by the hour, at the intervals of its pipelines, against the limits.
//!
//! It is counted from the pipelines in Concourse's words, so that whatever brings a resource is counted. What a step of
//! our resource costs is measured (`resource/MEASURED.md`, and the table of requests in `resource/README.md`).

mod advice;
mod cost;
mod demand;
mod limit;
mod text;

use serde::Serialize;

pub use advice::Advice;
pub use demand::{Account, Demand, GitHost, Polls};
pub use limit::Limit;
pub(crate) use text::text;

/// The demand of a fleet, and what follows from it.
#[derive(Debug, Serialize)]
pub struct Budget {
    /// The version of this format.
    pub version: u32,
    /// How many pipelines were counted.
    pub pipelines: usize,
    /// Accounts of GitHub that gates ask by, each with a limit of its own.
    pub accounts: Vec<AccountBudget>,
    /// Hosts of git repositories that are polled by git's own protocol, which no limit of the API counts.
    pub git: Vec<GitHost>,
    /// What the numbers take for granted.
    pub assumptions: Vec<&'static str>,
}

/// An account against its limit.
#[derive(Debug, Serialize)]
pub struct AccountBudget {
    /// What is asked by it.
    #[serde(flatten)]
    pub account: Account,
    /// What GitHub lets it ask.
    pub limit: Limit,
    /// Requests an hour that its checks send.
    pub sent_per_hour: u64,
    /// Requests an hour that count against the limit while nobody closes an issue.
    pub counted_when_quiet: u64,
    /// Requests an hour that would count if every check found something new.
    pub counted_at_most: u64,
    /// `counted_at_most` in percent of the limit, where there is one.
    pub percent: Option<u64>,
    /// What to do.
    pub advice: Vec<Advice>,
}

/// The version of [`Budget`] as JSON.
const FORMAT: u32 = 1;

/// What every number takes for granted.
const ASSUMPTIONS: [&str; 5] = [
    "Concourse checks each resource that a job gets once in its `check_every`, by default a minute, and looks for due \
     ones every 10 seconds",
    "global resources are off, as is Concourse's default: equal resources of several pipelines are checked once each",
    "one credential is one account, and nothing else asks by it",
    "an answer of 304 is free on github.com, as requests are authorized; a gate keeps its answer for an hour at most",
    "a round is the worst case: each job runs once, opens an issue, and is approved by a new closing",
];

impl Budget {
    /// Counts, and compares. `limit` stands for the limit of every account, where GitHub's least is not what holds.
    pub fn of(demand: Demand, limit: Option<u64>) -> Self {
        let Demand { pipelines, accounts, git } = demand;
        let accounts = accounts.into_values().map(|account| AccountBudget::of(account, limit)).collect();
        Self {
            version: FORMAT,
            pipelines,
            accounts,
            git: git.into_values().collect(),
            assumptions: ASSUMPTIONS.to_vec(),
        }
    }

    /// Does an account's polling alone go beyond its limit, though nobody closes an issue?
    pub fn is_over(&self) -> bool {
        self.accounts.iter().any(AccountBudget::is_over)
    }
}

impl AccountBudget {
    fn of(account: Account, limit: Option<u64>) -> Self {
        let limit = limit.map_or_else(|| Limit::of(&account), Limit::given);
        let (sent, quiet) = (account.sent_per_hour(), account.quiet_per_hour());
        let at_most = account.news_per_hour();
        let percent = limit.per_hour.map(|limit| percent(at_most, limit));
        let mut budget = Self {
            limit,
            sent_per_hour: sent,
            counted_when_quiet: quiet,
            counted_at_most: at_most,
            percent,
            advice: Vec::new(),
            account,
        };
        budget.advice = advice::advice(&budget);
        budget
    }

    /// Does its polling alone go beyond the limit, though nobody closes an issue?
    pub fn is_over(&self) -> bool {
        self.limit.per_hour.is_some_and(|limit| self.counted_when_quiet > limit)
            || self.limit.per_minute.is_some_and(|limit| self.sent_per_hour > limit.saturating_mul(60))
    }
}

/// Rounded up: a limit that is reached is never told as one that is not.
fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).div_ceil(whole.max(1))
}
