use std::fmt::Write as _;

use github_gates::Issue;
use jiff::Timestamp;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::protocol::Version;

const FIELDS: [&str; 6] =
    ["issue_created_at", "issue_number", "issue_state", "issue_title", "issue_url", "issue_closed_at"];

/// A version as MIT Open Learning's image writes it: six texts, times in UTC without a zone, `None` where there is
/// none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IssueVersion {
    pub(super) created_at: Timestamp,
    pub(super) number: u64,
    pub(super) closed_at: Option<Timestamp>,
    title: String,
    url: String,
}

impl IssueVersion {
    pub(super) fn of_issue(issue: &Issue) -> Self {
        Self {
            created_at: issue.created_at,
            number: issue.number,
            closed_at: issue.closed_at.filter(|_| !issue.is_open()),
            title: issue.title.clone(),
            url: issue.url.clone(),
        }
    }

    pub(super) fn read(version: &Version) -> Result<Self> {
        let bad = |why: String| Error::BadRequest(format!("`version` is none of this resource's: {why}"));
        if let Some(key) = version.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return Err(bad(format!("it has `{key}`")));
        }
        let text =
            |name: &str| version.get(name).and_then(Value::as_str).ok_or_else(|| bad(format!("it has no `{name}`")));
        let time = |name: &str| -> Result<Option<Timestamp>> {
            match text(name)? {
                "None" => Ok(None),
                time => {
                    format!("{time}Z").parse().map(Some).map_err(|_| bad(format!("`{name}` is not a time: {time}")))
                }
            }
        };
        let closed = text("issue_state")? == "closed";
        Ok(Self {
            created_at: time("issue_created_at")?.ok_or_else(|| bad("it was never created".to_owned()))?,
            number: text("issue_number")?.parse().map_err(|_| bad("`issue_number` is not a number".to_owned()))?,
            closed_at: time("issue_closed_at")?.filter(|_| closed),
            title: text("issue_title")?.to_owned(),
            url: text("issue_url")?.to_owned(),
        })
    }

    pub(super) fn write(&self) -> Version {
        let time = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let state = if self.closed_at.is_some() { "closed" } else { "open" };
        let values = [
            time(self.created_at),
            self.number.to_string(),
            state.to_owned(),
            self.title.clone(),
            self.url.clone(),
            self.closed_at.map_or_else(|| "None".to_owned(), time),
        ];
        FIELDS.into_iter().map(str::to_owned).zip(values.into_iter().map(Value::from)).collect()
    }

    /// As Python's `json.dumps` writes it, to the byte.
    pub(super) fn python_json(&self) -> String {
        let pairs: Vec<String> = self
            .write()
            .iter()
            .map(|(name, value)| format!("\"{name}\": {}", ascii_json(value.as_str().unwrap_or_default())))
            .collect();
        format!("{{{}}}", pairs.join(", "))
    }
}

/// JSON of a text with everything beyond ASCII escaped.
fn ascii_json(text: &str) -> String {
    let mut out = String::new();
    for c in Value::from(text).to_string().chars() {
        if c.is_ascii() {
            // Python escapes DEL as itself, and so does serde_json.
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_as_python_writes_it() {
        let version: Version = serde_json::from_str(
            r#"{"issue_closed_at":"2026-01-02T03:04:05","issue_created_at":"2026-01-01T00:00:00","issue_number":"7",
                "issue_state":"closed","issue_title":"é \"q\" 😀","issue_url":"https://x/7"}"#,
        )
        .unwrap();
        let version = IssueVersion::read(&version).unwrap();
        assert_eq!(
            version.python_json(),
            r#"{"issue_created_at": "2026-01-01T00:00:00", "issue_number": "7", "issue_state": "closed", "issue_title": "\u00e9 \"q\" \ud83d\ude00", "issue_url": "https://x/7", "issue_closed_at": "2026-01-02T03:04:05"}"#
        );
    }
}
