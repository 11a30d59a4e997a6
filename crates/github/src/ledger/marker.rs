use gate_contract::{Approve, GateKey, ReportStatus, StageKey};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::signature::Signer;
use crate::digest::sha256;

const OPENING: &str = "<!-- ol-gate v1 ";
const CLOSING: &str = " -->";
/// How the markers of all versions of the format begin.
const STEM: &str = "<!-- ol-gate";
const MAC: &str = " mac=";

/// What the resource writes, unseen by readers, at the very beginning of an issue's body and of each comment of its
/// own. Nothing else about an issue is believed: not its title, not its labels, not what the text says.
///
/// The format is public and frozen: `<!-- ol-gate v1 JSON [mac=HEX] -->`. A marker anywhere but at the first byte is
/// text like any other, so that a commit message or a preview that quotes one is no marker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Marker {
    /// Of an issue's body.
    Issue(IssueMark),
    /// Of a record.
    Record(RecordMark),
    /// Of a used approval.
    Claim(ClaimMark),
    /// Of the outcome of a deployment.
    Report(ReportMark),
    /// Of a notice to people.
    Notice(NoticeMark),
    /// Of a comment that somebody changed, once it was taken out: no record that is older than it counts.
    Void,
}

/// Of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueMark {
    /// The gate that the issue belongs to.
    pub gate: GateKey,
    /// The stage that closing the issue promotes to, the same for all of its records; none for an issue of records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<StageKey>,
    /// Found again when GitHub did not say whether it opened the issue.
    pub nonce: String,
    /// The name of the chain of records that counts. A new chain makes all earlier records void.
    pub chain: String,
    /// How many records the chain had at the least: fewer found means that one was deleted.
    pub records: usize,
    /// The first record of a chain that began with the issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<Record>>,
    /// The claims that were made, so that deleting a comment gives no approval back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// A later approval was used, and this issue was told so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<u64>,
    /// The issue was told that closing it deploys nothing any more. That stays so, whatever the manifest becomes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// SHA-256 of the text that people see.
    pub text: String,
}

/// Of a comment that records a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordMark {
    /// The record of this comment.
    pub record: Record,
    /// Records whose own comments this one took the place of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
    /// SHA-256 of the text that people see.
    pub text: String,
}

/// A record that was moved into a later comment, with the time that GitHub gave to its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// The record that was moved.
    pub record: Record,
    /// When GitHub took the record.
    pub at: Timestamp,
}

/// The versions of one build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The chain that the record belongs to.
    pub chain: String,
    /// 1 for the first; one more than the records that it follows.
    pub seq: u32,
    /// Hashes of the records that it follows: one, or several after puts at the same time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prev: Vec<String>,
    /// The versions, by the names of their pins.
    pub pins: IndexMap<String, String>,
    /// How closely a deployment follows the versions.
    pub approve: Approve,
    /// The stage that the record promotes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<StageKey>,
    /// The build, by which a second run of the same build is recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// Its name for people.
    pub label: String,
    /// Its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Whether a preview found nothing to change, so that the stage is at these versions without a deployment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
    /// The environments before this one that these versions left unchanged, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchanged_before: Vec<String>,
}

impl Record {
    /// Returns the hash by which other records refer to this one.
    pub fn hash(&self) -> String {
        sha256(&serde_json::to_string(self).unwrap_or_default())
    }

    /// Whether it puts other versions in the place of those of an earlier record.
    pub fn replaces(&self, earlier: &Self) -> bool {
        !self.unchanged && self.pins != earlier.pins
    }
}

/// That an approval was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The stage that used the approval.
    pub consumer: StageKey,
    /// When the issue was closed.
    pub closed_at: Timestamp,
    /// When the approved record was made: a rollback is a claim of a record older than one claimed before.
    pub recorded_at: Timestamp,
    /// The build that used the approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// The person who started the build; none if it started by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The approved commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The build's name for people.
    pub label: String,
    /// The address of the build's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// Of a comment that uses an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimMark {
    /// The claim.
    pub claim: Claim,
    /// Of one attempt: found again when GitHub did not say whether it took the comment.
    pub nonce: String,
}

/// Of a comment with the outcome of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportMark {
    /// The stage that was deployed.
    pub consumer: StageKey,
    /// When the issue was closed.
    pub closed_at: Timestamp,
    /// The outcome.
    pub status: ReportStatus,
    /// The build that deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// Of one attempt, as in a claim.
    pub nonce: String,
}

/// That a closing was looked at, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeMark {
    /// What the notice is about.
    pub what: Notice,
    /// The closing that it is about; at most one notice of a sort for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// The build that wrote the notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// A closing that was refused once for whom it is of, or for a label, approves nothing later either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_final: bool,
    /// Of one attempt, as in a claim.
    pub nonce: String,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The closing does not approve.
    Refused,
    /// It approves later.
    Held,
    /// A later approval was used, or another issue takes its place.
    Superseded,
    /// It is for another stage than the one that asked.
    Moved,
    /// There is nothing to approve.
    Unchanged,
    /// An issue before this one was deleted.
    Deleted,
    /// Git did not bring the approved commit.
    NotFetched,
}

/// A marker and what stands around it.
#[derive(Clone, Debug)]
pub struct Parsed<'a> {
    /// The marker.
    pub marker: Marker,
    json: &'a str,
    mac: Option<&'a str>,
    /// What people see.
    pub text: &'a str,
}

impl<'a> Parsed<'a> {
    /// The marker at the first byte of `body`; `None` when there is none, an error when what is there is broken.
    pub fn read(body: &'a str) -> Option<Result<Self, serde_json::Error>> {
        let rest = body.strip_prefix(OPENING)?;
        let end = rest.find(CLOSING).unwrap_or(rest.len());
        let (inner, text) = (&rest[..end], rest.get(end + CLOSING.len()..).unwrap_or_default());
        // Within the JSON it is text, which no hexadecimal digits end.
        let (json, mac) = match inner.rsplit_once(MAC) {
            Some((json, mac)) if mac.chars().all(|c| c.is_ascii_hexdigit()) => (json, Some(mac)),
            _ => (inner, None),
        };
        let text = text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n')).unwrap_or(text);
        Some(serde_json::from_str(json).map(|marker| Self { marker, json, mac, text }))
    }

    /// Is the marker sealed for the issue `number`?
    pub fn is_sealed(&self, signer: &Signer, gate: &GateKey, number: Option<u64>) -> bool {
        self.mac.is_some_and(|mac| signer.verify(gate, number, self.json, mac))
    }
}

/// Whether a body begins with a marker, valid or not: the issue belongs to a gate.
pub fn is_marked(body: &str) -> bool {
    Parsed::read(body).is_some()
}

/// Returns `text` without anything that could be read as a marker, for texts that come from outside and are posted as they
/// are. Control characters go first: GitHub drops some of them, which could put a marker together again.
pub fn without_markers(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')).collect();
    text.replace(STEM, &STEM.replacen('<', "(", 1))
}

impl Marker {
    /// The whole body or comment: this marker, sealed where there is a key to seal it with, and `text`.
    pub fn write(&self, text: &str, signer: Option<&Signer>, gate: &GateKey, number: Option<u64>) -> String {
        // Angle brackets occur in JSON within strings alone; escaped there, nothing ends the HTML comment early.
        let json = serde_json::to_string(self).unwrap_or_default().replace('<', "\\u003c").replace('>', "\\u003e");
        let mac = signer.map(|signer| format!("{MAC}{}", signer.sign(gate, number, &json))).unwrap_or_default();
        format!("{OPENING}{json}{mac}{CLOSING}\n{text}")
    }
}

/// The hash of a text as people see it: GitHub's page writes CRLF, and ends may lose their blanks.
pub fn text_hash(text: &str) -> String {
    sha256(text.replace("\r\n", "\n").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_markers_holds_none_wherever_it_is_cut() {
        let marker = format!("{OPENING}{{}}{CLOSING}");
        for text in [
            marker.clone(),
            format!(" \n{marker}"),
            format!("<{marker}"),
            format!("<<<!-- ol-gate v1 {marker}{marker}"),
            marker.replace("<!", "<\u{0}!"),
            marker.replace("ol-gate", "ol-\u{8}gate"),
            marker.replace("v1", "v2"),
        ] {
            let safe = without_markers(&text);
            for (start, _) in safe.char_indices() {
                assert!(Parsed::read(&safe[start..]).is_none(), "{text:?} became {safe:?}");
                assert!(!safe[start..].starts_with(STEM), "{text:?} became {safe:?}");
            }
        }
        assert_eq!(without_markers("a <!-- comment -->\n\tb"), "a <!-- comment -->\n\tb");
    }

    fn marker(label: &str) -> Marker {
        let record = Record {
            chain: "c".into(),
            seq: 1,
            prev: vec![],
            pins: IndexMap::from([("code".to_owned(), "a".repeat(40))]),
            approve: Approve::Exact,
            destination: Some("shop/-/QA/deploy".parse().unwrap()),
            build: Some("1".into()),
            label: label.into(),
            log: None,
            unchanged: false,
            unchanged_before: vec![],
        };
        Marker::Record(RecordMark { record, earlier: vec![], text: String::new() })
    }

    fn key() -> GateKey {
        "shop/-/CI/deployed".parse().unwrap()
    }

    #[test]
    fn marker_reads_back_and_nothing_in_it_ends_the_comment() {
        let marker = marker("--> <!-- ol-gate v1 {} --> mac=00");
        let body = marker.write("text\n", None, &key(), Some(3));
        assert_eq!(body.matches("-->").count(), 1);
        let parsed = Parsed::read(&body).unwrap().unwrap();
        assert_eq!(parsed.marker, marker);
        assert_eq!(parsed.text, "text\n");
    }

    #[test]
    fn marker_is_read_at_the_first_byte_only() {
        let body = marker("x").write("", None, &key(), None);
        assert!(Parsed::read(&format!(" {body}")).is_none());
        assert!(Parsed::read(&format!("\u{feff}{body}")).is_none());
        assert!(Parsed::read(&format!("text\n{body}")).is_none());
        assert!(Parsed::read("<!-- ol-gate v1 {\"kind\":").unwrap().is_err());
    }

    #[test]
    fn seal_holds_for_one_issue_of_one_gate_on_one_server() {
        let signer = Signer::new("secret", "https://api.github.com", "o/r");
        let body = marker("x").write("", Some(&signer), &key(), Some(3));
        let parsed = Parsed::read(&body).unwrap().unwrap();
        assert!(parsed.is_sealed(&signer, &key(), Some(3)));
        assert!(!parsed.is_sealed(&signer, &key(), Some(4)));
        assert!(!parsed.is_sealed(&signer, &key(), None));
        assert!(!parsed.is_sealed(&signer, &"shop/-/QA/deployed".parse().unwrap(), Some(3)));
        assert!(!parsed.is_sealed(&Signer::new("other", "https://api.github.com", "o/r"), &key(), Some(3)));
        assert!(!parsed.is_sealed(&Signer::new("secret", "https://ghe/api/v3", "o/r"), &key(), Some(3)));
        assert!(!parsed.is_sealed(&Signer::new("secret", "https://api.github.com", "o/s"), &key(), Some(3)));
        let unsealed = marker("x").write("", None, &key(), Some(3));
        assert!(!Parsed::read(&unsealed).unwrap().unwrap().is_sealed(&signer, &key(), Some(3)));
    }
}
