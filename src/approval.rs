//! What counts as an approval: one type from the manifest to the stage.
//!
//! A new field is written here: in [`ApprovalSettings`] with its documentation, in [`ApprovalSettings::apply`] for the
//! resource, and in [`settings_of`] for `import`. The resource has it in `gate_contract::GateSource`, and heeds it.

use concourse_pipeline::flow::duration;
use github_issues_resource::contract::calendar::{Freeze, Window};
use github_issues_resource::contract::{Approve, Closers, GateSource, OnExisting};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use yaml_source::yaml::Value;

use crate::formats::{Check, github, registry};
use crate::manifest::{Duration, FreeMap, Moment};

/// What counts as an approval.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalSettings {
    /// `exact`: the versions that the issue names are deployed, or nothing. `latest`: whatever is newest by then.
    #[schemars(example = &"exact")]
    pub approve: Approve,
    /// How a job behind the gate gets the approved commit. `fetch`: git fetches that commit and nothing newer, so that
    /// Concourse shows what was deployed; the gate's resource needs read access to the code. `checkout`: a job fetches
    /// the newest code, and a task checks the approved commit out in it. A job that takes another git input, or
    /// `approve: latest`, always goes by `checkout`.
    #[schemars(example = &"fetch")]
    pub code: ApprovedCode,
    /// Who may close. Default: everybody with the role triage or more.
    #[serde(default)]
    #[schemars(example = json!({"teams": ["example/sre"]}))]
    pub closers: Closers,
    /// An approval that is older counts no more.
    #[serde(default)]
    #[schemars(example = &"14d")]
    pub expires: Option<Duration>,
    /// The time between an approval and the deployment: to change one's mind.
    #[serde(default)]
    #[schemars(example = &"10m")]
    pub delay: Option<Duration>,
    /// What is approved must have been in the environment before for so long, without a newer deployment there. With
    /// `gate: preview` the time since the preview counts, without a newer one.
    #[serde(default)]
    #[schemars(example = &"24h")]
    pub soak: Option<Duration>,
    /// When an approval may start the deployment: outside of these windows it waits. Default: always.
    #[serde(default)]
    #[schemars(example = json!([{"days": ["mon", "tue", "wed", "thu"], "from": "09:00", "to": "16:00", "zone": "America/New_York"}]))]
    pub windows: Vec<Window>,
    /// The fleet's freezes that are for the stage.
    #[serde(skip)]
    pub(crate) freezes: Vec<Freeze>,
    /// Does a closing by a commit or a pull request (`fixes #12`) count?
    #[serde(default)]
    #[schemars(example = true)]
    pub allow_commit_close: bool,
    /// Closings before this moment do not count: for the day of a migration.
    #[serde(default)]
    #[schemars(example = &"2026-03-01T08:00:00Z")]
    pub not_before: Option<Moment>,
    /// What a deployment does while an issue is still open.
    #[schemars(example = &"comment")]
    pub on_existing: OnExisting,
    /// Closing an issue that has one of these labels rejects it.
    #[serde(default)]
    #[schemars(example = ["wontfix"])]
    pub reject_labels: Vec<String>,
    /// What becomes of a version when this stage's preview finds nothing to change. `pass`: the version goes on to the
    /// next preview or gate, and nothing is deployed here. `stop`: it ends here.
    #[schemars(example = &"stop")]
    pub unchanged: Unchanged,
    /// The image in which approved commits are checked out and approved versions are compared, as the `source` of a
    /// `registry-image`. It needs `sh` and `git`.
    #[schemars(with = "FreeMap")]
    #[schemars(example = json!({"repository": "alpine/git", "tag": "v2.49.1"}))]
    pub checkout_image: Value,
}

/// How a job behind a gate gets the approved commit of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ApprovedCode {
    /// Git fetches the approved commit: it is the version that Concourse shows.
    Fetch,
    /// A task checks the approved commit out in a clone of the newest code.
    Checkout,
}

/// What becomes of a version when a preview finds nothing to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Unchanged {
    /// It goes on to the next preview or gate.
    Pass,
    /// It ends here.
    Stop,
}

impl ApprovalSettings {
    /// Sets the fields of a gate's resource that decide what counts.
    pub(crate) fn apply(&self, source: &mut GateSource) {
        source.closers = self.closers.clone();
        source.allow_commit_close = self.allow_commit_close;
        source.expires = self.expires.as_ref().map(Duration::seconds);
        source.delay = self.delay.as_ref().map(Duration::seconds);
        source.soak = self.soak.as_ref().map(Duration::seconds);
        source.windows.clone_from(&self.windows);
        source.freezes.clone_from(&self.freezes);
        source.reject_labels.clone_from(&self.reject_labels);
        source.on_existing = self.on_existing;
        source.not_before = self.not_before.as_ref().map(|moment| moment.0.clone());
    }
}

/// The fields that MIT Open Learning's image does not know, whatever their values.
pub(crate) const UNKNOWN_TO_MITODL: [&str; 7] =
    ["closers", "delay", "soak", "windows", "expires", "reject_labels", "not_before"];

/// The fields of a stage whose text has a format. `*` is any item of a list.
pub(crate) const FORMATS: [(&str, Check); 5] = [
    ("/approval/closers/users/*", github::user),
    ("/approval/closers/teams/*", github::team),
    ("/approval/closers/apps/*", github::app),
    ("/approval/reject_labels/*", github::label),
    ("/approval/checkout_image/repository", registry::image),
];

/// A time that is wrong when it is zero: its place in the settings of a stage, its name, the effect, and what to write instead.
pub(crate) type TimeField = (&'static str, &'static str, &'static str, &'static str);

/// The times among the fields.
pub(crate) const SPANS: [TimeField; 3] = [
    (
        "/approval/expires",
        "expires",
        "an approval is void at once",
        "write how long an approval can wait, such as 14d, or remove `expires`",
    ),
    (
        "/approval/delay",
        "delay",
        "an approval counts at once",
        "write how long an approval waits, such as 10m, or set `delay` only for the environments that need it",
    ),
    (
        "/approval/soak",
        "soak",
        "every version can be approved at once",
        "write how long a version must have been deployed before, such as 4h, or set `soak` only for the environments that need it",
    ),
];

/// The settings of a gate's resource, for `import`. `field` is a field of its source.
pub(crate) fn settings_of(field: impl Fn(&str) -> Option<Json>) -> Map<String, Json> {
    let mut settings = Map::new();
    for key in ["allow_commit_close", "closers", "not_before", "on_existing", "reject_labels", "windows"] {
        settings.extend(field(key).map(|value| (key.to_owned(), value)));
    }
    for key in ["delay", "expires", "soak"] {
        let seconds = field(key).and_then(|value| value.as_i64());
        settings.extend(seconds.map(|seconds| (key.to_owned(), duration(seconds).into())));
    }
    settings
}
