//! The differences between the pipeline that was read and the one that its manifest renders to.

use concourse_pipeline::diff::Change;
use serde_json::Value as Json;

use crate::import::explain::expected::{Evidence, ExpectedDifference, expected};

use super::tree::{Difference, differences};

/// In what a proposal differs from the pipeline that was read, once it is rendered.
#[derive(Debug)]
pub(crate) struct Differences {
    pub(crate) found: Vec<FoundDifference>,
    /// What asks for less than it did.
    pub(crate) weaker: Vec<Change>,
    /// Whose version history starts anew.
    pub(crate) anew: Vec<Change>,
}

/// A difference, and the expected difference that it is one of.
#[derive(Debug)]
pub(crate) struct FoundDifference {
    pub(crate) difference: Difference,
    pub(crate) expected: Option<&'static ExpectedDifference>,
}

/// The differences of two trees.
pub(crate) fn explained(theirs: &Json, ours: &Json, evidence: &Evidence) -> Vec<FoundDifference> {
    let mut theirs = theirs.clone();
    align_get_numbers(&mut theirs, ours);
    let found = differences(&theirs, ours);
    found
        .into_iter()
        .map(|difference| FoundDifference { expected: expected(&difference, evidence), difference })
        .collect()
}

/// A job may get a resource more than once. Gets of one resource have its name, and numbers: those that are equal have one
/// number, whichever came first.
fn align_get_numbers(theirs: &mut Json, ours: &Json) {
    let Some(jobs) = theirs.get_mut("jobs").and_then(Json::as_object_mut) else { return };
    for (job, theirs) in jobs {
        let Some(ours) = ours["jobs"][job.as_str()]["plan"].as_object() else { continue };
        let Some(plan) = theirs.get_mut("plan").and_then(Json::as_object_mut) else { continue };
        let several = ours.keys().filter_map(|key| key.strip_suffix(" #2")).filter(|key| key.starts_with("get "));
        for key in several {
            let of_resource = |other: &str| other == key || other.starts_with(&format!("{key} #"));
            let gets: Vec<String> = plan.keys().filter(|other| of_resource(other)).cloned().collect();
            let gets: Vec<Json> = gets.iter().filter_map(|get| plan.shift_remove(get)).collect();
            let free: Vec<&String> = ours.keys().filter(|other| of_resource(other)).collect();
            let mut taken: Vec<&String> = Vec::new();
            let artifact = |get: &Json| get["get"].clone();
            for get in gets {
                let same =
                    free.iter().find(|key| !taken.contains(key) && artifact(&ours[key.as_str()]) == artifact(&get));
                let number = same.or_else(|| free.iter().find(|key| !taken.contains(key))).copied();
                taken.extend(number);
                plan.insert(number.cloned().unwrap_or_else(|| format!("{key} #{}", free.len() + 1)), get);
            }
        }
    }
}
