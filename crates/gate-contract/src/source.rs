use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::calendar::{Freeze, Window};
use super::{CompatSource, GateKey, StageKey};

/// The `source` of a resource of type `github-issues`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Source {
    /// Gate mode: `gate` is present.
    Gate(Box<GateSource>),
    /// Compatibility mode: `gate` is absent.
    Compat(Box<CompatSource>),
}

impl<'de> Deserialize<'de> for Source {
    /// The key `gate` decides, so that an error speaks of the mode that was meant and not of both.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Map::deserialize(deserializer)?;
        let gate = value.contains_key("gate");
        let value = serde_json::Value::Object(value);
        if gate {
            read(value).map(|source| Self::Gate(Box::new(source)))
        } else {
            read(value).map(|source| Self::Compat(Box::new(source)))
        }
        .map_err(serde::de::Error::custom)
    }
}

/// Reads a value of JSON. An error names the field that it is about.
///
/// # Errors
///
/// When the value is of another shape.
pub fn read<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| match error.path().to_string().as_str() {
        "." => error.inner().to_string(),
        path => format!("`{path}`: {}", error.inner()),
    })
}

/// Which of the resources of a gate this is. Their sources must differ: with equal ones Concourse keeps one version
/// history for all of them under `--enable-global-resources`, and a put would start the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Written by puts, never checked.
    Post,
    /// Checked for closed issues, never put.
    Trigger,
    /// Checked for records of a stage's versions, never put. A record starts a preview and is never an approval.
    Records,
}

/// How the resource authenticates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// By `access_token`.
    #[default]
    Token,
    /// As a GitHub App, by `app_id`, `app_installation_id` and `private_ssh_key`.
    App,
}

/// What a deployment does while an issue of its gate is still open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnExisting {
    /// Comments on it; the newest record at the moment of closing is what is approved.
    #[default]
    Comment,
    /// Opens a new one and closes the old one as not planned, unless a person closed it first.
    Supersede,
}

/// Who may approve. A person needs one of them; without any, everybody with the role triage or more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Closers {
    /// Roles in the repository of the issues: `read`, `triage`, `write`, `maintain`, `admin` or a custom one. Each is
    /// meant alone: `write` allows no maintainer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(example = ["maintain", "admin"]))]
    pub roles: Vec<String>,
    /// Logins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(example = ["octocat"]))]
    pub users: Vec<String>,
    /// Teams, `organization/team`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(example = ["example/sre"]))]
    pub teams: Vec<String>,
    /// GitHub Apps by their slug. An App is never allowed by its role alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(example = ["dependabot"]))]
    pub apps: Vec<String>,
}

impl Closers {
    /// Nobody in particular was named.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.users.is_empty() && self.teams.is_empty() && self.apps.is_empty()
    }
}

/// The `source` in gate mode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GateSource {
    /// The gate whose issue this is.
    pub gate: GateKey,
    /// Which of the gate's resources this is.
    pub role: Role,
    /// Former keys of the gate, whose open issues are still its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gate_aliases: Vec<GateKey>,
    /// The stage that closing an issue of this gate promotes to. Each record names it, and only a job of that stage can
    /// use the approval. Without it the issues are records, and closing one does nothing. A resource with `role: trigger`
    /// needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<StageKey>,
    /// Former names of the stage that this gate promotes to. A record for one of them is for that stage, and an
    /// approval that one of them used is used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_destinations: Vec<StageKey>,
    /// The repository of the issues, `owner/name`.
    pub repository: String,
    /// Base of GitHub's REST API: `https://api.github.com`, or `https://HOST/api/v3` of a server of one's own.
    #[serde(default = "default_host", skip_serializing_if = "is_default_host")]
    pub gh_host: String,
    /// How to authenticate.
    #[serde(default, skip_serializing_if = "is_default")]
    pub auth_method: AuthMethod,
    /// For `auth_method: token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// For `auth_method: app`: the App's id or client id.
    #[serde(default, deserialize_with = "text_or_number", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<TextOrNumber>"))]
    pub app_id: Option<String>,
    /// For `auth_method: app`: the installation's id.
    #[serde(default, deserialize_with = "text_or_number", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<TextOrNumber>"))]
    pub app_installation_id: Option<String>,
    /// For `auth_method: app`: the App's private key, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_ssh_key: Option<String>,
    /// Numeric id of the account that writes the issues; of an App that of its bot user, `SLUG[bot]`. Logins can be
    /// reused, ids cannot. Without it the resource asks GitHub whose credentials these are, one request more each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<u64>,
    /// Secret of at least 16 characters that signs the records, so that nobody who can edit an issue can forge one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<String>,
    /// Certificate authority of a GitHub server of one's own, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_cert: Option<String>,
    /// Who may approve. Where it is given it names somebody.
    #[serde(default, deserialize_with = "not_empty", skip_serializing_if = "Closers::is_empty")]
    pub closers: Closers,
    /// Does a closing by a commit or a pull request (`fixes #12`) approve?
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_commit_close: bool,
    /// Persons who must approve. The resource refuses anything but 1: closing an issue is the act of one person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<u32>,
    /// An author of the change may not approve it. The resource refuses `true`: a commit names its author by an address
    /// that anybody can write.
    #[serde(default, skip_serializing_if = "is_default")]
    pub not_author: bool,
    /// Seconds after which an approval is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// Seconds between an approval and its use, in which a person can still withdraw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<u64>,
    /// Seconds for which what a record names must have been there, since the record, without a newer one. An approval
    /// waits for the rest of them. A version that was replaced earlier cannot be approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soak: Option<u64>,
    /// When an approval may start a deployment. Outside of all windows it waits. Default: always. Where it is given it has a
    /// window.
    #[serde(default, deserialize_with = "some_windows", skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub windows: Vec<Window>,
    /// Times in which every approval waits, whatever the windows are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freezes: Vec<Freeze>,
    /// Labels that turn a closing into a no.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reject_labels: Vec<String>,
    /// What a deployment does while an issue is still open.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_existing: OnExisting,
    /// Closings before this moment, RFC 3339, are not seen: for the day of a migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Seconds for one HTTP request. Default: 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// Seconds to wait for a rate limit. Default: 120 in a check, and 900 in a put.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_wait: Option<u64>,
    /// Comments on one issue before further ones share a single comment. Default: 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_comments: Option<u32>,
    /// The repository of the code, for the resource type `approved-git`: its versions are the approvals of the gate, and
    /// a get of it fetches the approved commit. It needs `role: trigger`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitSource>,
}

impl GateSource {
    /// A source with nothing but what it needs: all else has its default.
    pub fn new(gate: GateKey, role: Role, repository: String) -> Self {
        Self {
            gate,
            role,
            gate_aliases: Vec::new(),
            destination: None,
            former_destinations: Vec::new(),
            repository,
            gh_host: default_host(),
            auth_method: AuthMethod::default(),
            access_token: None,
            app_id: None,
            app_installation_id: None,
            private_ssh_key: None,
            bot: None,
            signing_key: None,
            ca_cert: None,
            closers: Closers::default(),
            allow_commit_close: false,
            approvals: None,
            not_author: false,
            expires: None,
            delay: None,
            soak: None,
            windows: Vec::new(),
            freezes: Vec::new(),
            reject_labels: Vec::new(),
            on_existing: OnExisting::default(),
            not_before: None,
            timeout: None,
            max_wait: None,
            max_comments: None,
            git: None,
        }
    }
}

/// The `source` of Concourse's own git resource, which fetches an approved commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GitSource {
    /// The address of the repository.
    pub uri: String,
    /// The branch that an approved commit must be on.
    pub branch: String,
    /// Further fields of the git resource, such as `private_key` or `fetch_tags`. The git resource reads them.
    #[serde(flatten)]
    pub options: serde_json::Map<String, serde_json::Value>,
}

pub(super) fn default_host() -> String {
    DEFAULT_HOST.to_owned()
}

const DEFAULT_HOST: &str = "https://api.github.com";

fn is_default_host(host: &str) -> bool {
    host == DEFAULT_HOST
}

/// The two forms of an id, for its schema.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum TextOrNumber {
    Text(String),
    Number(u64),
}

/// A list that a variable left empty must not open the gate to everybody with the role triage.
fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Closers, D::Error> {
    let closers = Closers::deserialize(deserializer)?;
    if closers.is_empty() {
        return Err(serde::de::Error::custom(
            "`closers` names nobody; remove it if anyone with the role triage or more can approve",
        ));
    }
    Ok(closers)
}

/// A list that a variable left empty must not open the gate at every hour.
fn some_windows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Window>, D::Error> {
    let windows = Vec::deserialize(deserializer)?;
    if windows.is_empty() {
        return Err(serde::de::Error::custom(
            "`windows` has no window; remove it if an approval may start a deployment at any time",
        ));
    }
    Ok(windows)
}

/// An id as a text, or as the number that a variable of Concourse's or MIT Open Learning's pipelines give.
pub(super) fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Option::<serde_json::Value>::deserialize(deserializer)? {
        None => Ok(None),
        Some(serde_json::Value::String(text)) => Ok(Some(text)),
        Some(serde_json::Value::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
        // Not the value: it may be a secret in the wrong place.
        Some(_) => Err(serde::de::Error::custom("an id is a text or a number")),
    }
}

/// A field that is null is a field that is not given, as `None` is in MIT Open Learning's image.
pub(super) fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
