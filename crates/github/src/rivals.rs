//! Issues that were opened at the same time by steps that could not see each other.

use std::time::Duration;

use jiff::SignedDuration;

use super::api::{self, Probed};
use super::client::{Client, random_u16};
use super::model::Issue;
use crate::error::Result;

/// Issues opened within this time of one another were opened by puts that did not see each other.
const TOGETHER: SignedDuration = SignedDuration::from_mins(10);
/// Numbers that are asked for one by one because the list does not show them.
const MAX_PROBES: usize = 20;

/// Whether both were opened by puts that could not see each other.
pub fn together(one: &Issue, other: &Issue) -> bool {
    one.created_at.duration_since(other.created_at).abs() <= TOGETHER
}

/// What was opened before `mine` and was not listed yet when `highest` was the highest number: after a while, the
/// newest of the list, and one by one the numbers that it does not show.
pub fn rivals_below(client: &Client<'_>, mine: u64, highest: u64) -> Result<Vec<Issue>> {
    issues_below(client, mine, highest).map(|(rivals, _)| rivals)
}

/// As [`rivals_below`], with the newest number whose issue was deleted.
pub fn issues_below(client: &Client<'_>, mine: u64, highest: u64) -> Result<(Vec<Issue>, Option<u64>)> {
    let spread = u64::from(random_u16()) % 3_000;
    client.sleep(Duration::from_millis(2_000 + spread));
    let mut rivals = api::newest(client)?;
    let numbers: Vec<u64> = rivals.iter().map(|issue| issue.number).collect();
    let mut deleted = None;
    for number in (highest + 1..mine).rev().filter(|number| !numbers.contains(number)).take(MAX_PROBES) {
        match api::probe(client, number)? {
            Probed::Issue(issue) => rivals.push(*issue),
            Probed::Deleted => deleted = deleted.or(Some(number)),
            Probed::Nothing => {}
        }
    }
    rivals.retain(|issue| issue.number < mine);
    Ok((rivals, deleted))
}
