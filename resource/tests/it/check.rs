//! Conformance cases 1 to 21.

use serde_json::json;

use crate::support::*;

#[test]
fn no_issue_is_no_version() {
    let lab = Lab::new();
    let run = lab.gate_check(None);
    assert_eq!((run.code, run.json(), run.requests.len()), (Some(0), json!([]), 1), "{run:?}");
}

#[test]
fn approval_is_one_version() {
    let lab = Lab::new();
    let number = lab.recorded(1);
    assert_eq!(lab.versions(None), Vec::<serde_json::Value>::new());
    lab.close(number, "alice");
    assert_eq!(lab.versions(None), [lab.version(number)]);
}
