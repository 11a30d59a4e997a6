//! The fleet's `freezes`.

use github_issues_resource::contract::calendar::{LocalTime, Zone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalars::Name;

/// A time in which no approval starts a deployment. It is for all stages of the fleet, unless it names some.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezeSettings {
    /// Its first moment: a day, which begins at midnight, or a time.
    #[schemars(example = &"2026-12-24")]
    pub from: LocalTime,
    /// The first moment after it: `2027-01-02` ends with the first of January.
    #[schemars(example = &"2027-01-02")]
    pub to: LocalTime,
    /// Whose clocks count.
    #[schemars(example = &"America/New_York")]
    pub zone: Zone,
    /// Why, for the people who wait.
    #[schemars(example = &"end of the year")]
    pub why: String,
    /// The environments that it is for, in whatever case the name is written.
    #[serde(default)]
    #[schemars(example = ["Production"])]
    pub environments: Vec<Name>,
    /// The projects that it is for, as globs.
    #[serde(default)]
    #[schemars(example = ["shop-*"])]
    pub projects: Vec<String>,
}
