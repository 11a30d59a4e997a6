use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use github_gates::digest::sha256;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::protocol::Version;

/// What the last check found, kept in the check's own container for the case that nothing changed since: GitHub
/// answers 304 then, which does not count against the rate limit.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Cache {
    pub(crate) etag: String,
    pub(crate) versions: Vec<Version>,
    /// When the answer changes by itself.
    #[serde(default)]
    pub(crate) until: Option<Timestamp>,
}

impl Cache {
    /// Where the answer to one question is kept: under a hash of the whole source and the version. The secrets are
    /// part of the question, for other credentials see other things and another signing key believes other records.
    pub(crate) fn path(source: &impl Serialize, version: Option<&Version>) -> PathBuf {
        let source = serde_json::to_value(source).unwrap_or_default();
        let version = version.map(|version| Value::Object(version.clone()).to_string());
        let question = format!("{} {source} {version:?}", env!("CARGO_PKG_VERSION"));
        env::temp_dir().join("github-issues-resource").join(format!("{}.json", sha256(&question)))
    }

    /// The answer kept there; `None` where there is none that can be read.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Whether the answer still holds at `now`, which is GitHub's time and not this machine's.
    pub(crate) fn holds_at(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Keeps it. Where that fails the next check asks in full, which is all that is lost.
    pub(crate) fn store(&self, path: &Path) {
        let text = serde_json::to_string(self).unwrap_or_default();
        let partial = path.with_extension(format!("{}.part", std::process::id()));
        let _ = path.parent().map(fs::create_dir_all);
        let _ = fs::write(&partial, text).and_then(|()| fs::rename(&partial, path));
    }
}
