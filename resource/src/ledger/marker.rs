use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::signature::Signer;
use crate::contract::{Approve, GateKey, ReportStatus, StageKey};
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
pub(crate) enum Marker {
    Issue(IssueMark),
    Record(RecordMark),
    Claim(ClaimMark),
    Report(ReportMark),
    Notice(NoticeMark),
}

/// Of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IssueMark {
    pub(crate) gate: GateKey,
    /// The stage that closing the issue promotes to, the same for all of its records; none for an issue of records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) destination: Option<StageKey>,
    /// Found again when GitHub did not say whether it opened the issue.
    pub(crate) nonce: String,
    /// The name of the chain of records that counts. A new chain makes all earlier records void.
    pub(crate) chain: String,
    /// How many records the chain had at the least: fewer found means that one was deleted.
    pub(crate) records: usize,
    /// The first record of a chain that began with the issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<Box<Record>>,
    /// The claims that were made, so that deleting a comment gives no approval back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) claims: Vec<Claim>,
    /// A later approval was used, and this issue was told so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) superseded_by: Option<u64>,
    /// The issue was told that closing it deploys nothing any more. That stays so, whatever the manifest becomes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) ended: bool,
    /// SHA-256 of the text that people see.
    pub(crate) text: String,
}

/// Of a comment that records a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordMark {
    pub(crate) record: Record,
    /// Records whose own comments this one took the place of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) earlier: Vec<Earlier>,
    pub(crate) text: String,
}

/// A record that was moved into a later comment, with the time that GitHub gave to its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Earlier {
    pub(crate) record: Record,
    pub(crate) at: Timestamp,
}

/// The versions of one build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) chain: String,
    /// 1 for the first; one more than the records that it follows.
    pub(crate) seq: u32,
    /// Hashes of the records that it follows: one, or several after puts at the same time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) prev: Vec<String>,
    pub(crate) pins: IndexMap<String, String>,
    pub(crate) approve: Approve,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) destination: Option<StageKey>,
    /// The build, by which a second run of the same build is recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) build: Option<String>,
    /// Its name for people.
    pub(crate) label: String,
    /// Its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) log: Option<String>,
    /// Whether a preview found nothing to change, so that the stage is at these versions without a deployment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unchanged: bool,
    /// The environments before this one that these versions left unchanged, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unchanged_before: Vec<String>,
}

impl Record {
    pub(crate) fn hash(&self) -> String {
        sha256(&serde_json::to_string(self).unwrap_or_default())
    }
}

/// That an approval was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) consumer: StageKey,
    pub(crate) closed_at: Timestamp,
    /// When the approved record was made: a rollback is a claim of a record older than one claimed before.
    pub(crate) recorded_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) build: Option<String>,
    /// The person who started the build; none if it started by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
    /// The approved commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    pub(crate) label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) log: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimMark {
    pub(crate) claim: Claim,
    /// Of one attempt: found again when GitHub did not say whether it took the comment.
    pub(crate) nonce: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReportMark {
    pub(crate) consumer: StageKey,
    pub(crate) closed_at: Timestamp,
    pub(crate) status: ReportStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) build: Option<String>,
    pub(crate) nonce: String,
}

/// That a closing was looked at, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NoticeMark {
    pub(crate) what: Notice,
    /// The closing that it is about; at most one notice of a sort for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) build: Option<String>,
    /// A closing that was refused once for whom it is of, or for a label, approves nothing later either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_final: bool,
    pub(crate) nonce: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    /// The closing does not approve.
    Refused,
    /// It approves later.
    Held,
    /// A later approval was used, or another issue takes its place.
    Superseded,
    /// It leads nowhere since the pipeline changed.
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
pub(crate) struct Parsed<'a> {
    pub(crate) marker: Marker,
    json: &'a str,
    mac: Option<&'a str>,
    /// What people see.
    pub(crate) text: &'a str,
}

impl<'a> Parsed<'a> {
    /// The marker at the first byte of `body`; `None` when there is none, an error when what is there is broken.
    pub(crate) fn read(body: &'a str) -> Option<Result<Self, serde_json::Error>> {
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
    pub(crate) fn is_sealed(&self, signer: &Signer, gate: &GateKey, number: Option<u64>) -> bool {
        self.mac.is_some_and(|mac| signer.verify(gate, number, self.json, mac))
    }
}

/// Whether a body begins with a marker, valid or not: the issue belongs to a gate.
pub(crate) fn is_marked(body: &str) -> bool {
    Parsed::read(body).is_some()
}

/// Returns `text` without anything that could be read as a marker, for texts that come from outside and are posted as they
/// are. Control characters go first: GitHub drops some of them, which could put a marker together again.
pub(crate) fn without_markers(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')).collect();
    text.replace(STEM, &STEM.replacen('<', "(", 1))
}

impl Marker {
    /// The whole body or comment: this marker, sealed where there is a key to seal it with, and `text`.
    pub(crate) fn write(&self, text: &str, signer: Option<&Signer>, gate: &GateKey, number: Option<u64>) -> String {
        // Angle brackets occur in JSON within strings alone; escaped there, nothing ends the HTML comment early.
        let json = serde_json::to_string(self).unwrap_or_default().replace('<', "\\u003c").replace('>', "\\u003e");
        let mac = signer.map(|signer| format!("{MAC}{}", signer.sign(gate, number, &json))).unwrap_or_default();
        format!("{OPENING}{json}{mac}{CLOSING}\n{text}")
    }
}

/// The hash of a text as people see it: GitHub's page writes CRLF, and ends may lose their blanks.
pub(crate) fn text_hash(text: &str) -> String {
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
