use serde::Serialize;
use yaml_source::diagnostic::Count;

use super::AccountBudget;
use super::demand::Polls;

/// What to do about a demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Advice {
    /// The polls leave no room: check less often.
    Interval {
        /// The interval in seconds that takes a quarter of the limit.
        check_every: u64,
    },
    /// Let GitHub tell of closings, and keep the poll as a net.
    Webhook {
        /// Gates that have none.
        gates: u64,
        /// Requests an hour that are left, at most.
        counted_at_most: u64,
        /// The longest time that a closing waits now, in seconds.
        waits: u64,
        /// Gates of one repository are more than its webhooks may be.
        relay: bool,
    },
    /// A round needs more than an hour's limit.
    Round {
        /// Hours that it takes at least.
        hours: u64,
    },
}

/// How many webhooks a repository may have for one event
/// ([about webhooks](https://docs.github.com/en/webhooks/about-webhooks)).
const WEBHOOKS: usize = 20;

/// A closing that waits longer than this is worth a webhook, in seconds.
const SLOW: u64 = 300;

/// The interval behind a webhook, in seconds: it is there for what GitHub could not deliver.
const NET: u64 = 3_600;

/// From what part of the limit on advice is given, in percent: puts, and people, need the rest.
const CROWDED: u64 = 50;

pub(super) fn advice(budget: &AccountBudget) -> Vec<Advice> {
    let account = &budget.account;
    let mut advice = Vec::new();
    let crowded = budget.percent.is_some_and(|percent| percent >= CROWDED);
    if let (Some(limit), true) = (budget.limit.per_hour, crowded || budget.is_over()) {
        let each: u64 = account.gates.iter().map(|polls| polls.count * polls.requests).sum();
        let seconds = (each * 3_600).div_ceil((limit / 4).max(1));
        advice.push(Advice::Interval { check_every: seconds.div_ceil(60) * 60 });
    }
    let polled: Vec<&Polls> = account.gates.iter().filter(|polls| !polls.webhook).collect();
    let waits = polled.iter().map(|polls| polls.every).max().unwrap_or_default();
    if !polled.is_empty() && (crowded || waits > SLOW) {
        let checks = |polls: &Polls| super::demand::per_hour(polls.every.max(if polls.webhook { 0 } else { NET }));
        advice.push(Advice::Webhook {
            gates: polled.iter().map(|polls| polls.count).sum(),
            counted_at_most: account.gates.iter().map(|polls| polls.count * polls.requests * checks(polls)).sum(),
            waits,
            relay: account.is_github_com() && account.without_webhook.values().any(|gates| *gates > WEBHOOKS),
        });
    }
    if let Some(limit) = budget.limit.per_hour.filter(|limit| account.round > *limit) {
        advice.push(Advice::Round { hours: account.round.div_ceil(limit.max(1)) });
    }
    advice
}

impl Advice {
    /// In words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Interval { check_every } => format!(
                "check less often: `issues: {{check_every: {}}}` takes a quarter of the limit",
                super::text::duration(*check_every)
            ),
            Self::Webhook { gates, counted_at_most, waits, relay } => {
                let gates = Count(usize::try_from(*gates).unwrap_or(usize::MAX), "gate");
                let most = super::text::grouped(*counted_at_most);
                let mut words = format!(
                    "a closing waits for up to {}: with `issues: {{webhook: ((…)), check_every: 1h}}` for {gates} it \
                     starts at once, and checks ask {most} times an hour at most",
                    super::text::duration(*waits)
                );
                if *relay {
                    words += &format!(
                        "; GitHub lets a repository have {WEBHOOKS} webhooks for an event, so send one webhook to a \
                         relay that calls the address of each gate"
                    );
                }
                words
            }
            Self::Round { hours } => format!(
                "a change that runs every job at once takes {} of this account's limit: give parts of the fleet \
                 accounts of their own, or an App",
                Count(usize::try_from(*hours).unwrap_or(usize::MAX), "hour")
            ),
        }
    }
}
