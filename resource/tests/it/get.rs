//! Conformance cases 22 to 27.

use std::fs;

use serde_json::json;

use crate::support::*;

#[test]
fn approval_is_written_byte_for_byte() {
    let lab = Lab::new();
    let number = lab.recorded(1);
    lab.close(number, "alice");
    let version = lab.version(number);
    let (run, dir) = lab.get(&version, "gate");
    run.succeeds();
    let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!(read("ref"), format!("{}\n", commit(1)));
    assert_eq!(read("pins/code"), format!("{}\n", commit(1)));
    assert_eq!(read("pins/img"), format!("sha256:{:064x}\n", 1));
    assert_eq!(read("version"), format!("{version}\n"));
    let approval: serde_json::Value = serde_json::from_str(&read("approval.json")).unwrap();
    let log = "https://ci.example.org/teams/main/pipelines/shop/jobs/deploy-shop-ci/builds/1";
    assert_eq!(
        approval,
        json!({
            "issue": number, "url": format!("https://github.test/{REPO}/issues/{number}"), "closed_by": "alice",
            "closed_at": lab.closed_at(number), "pins": {"code": commit(1), "img": format!("sha256:{:064x}", 1)},
            "build": log, "builds": [log],
        })
    );
    assert_eq!(
        run.json(),
        json!({"version": version, "metadata": [
            {"name": "issue", "value": format!("https://github.test/{REPO}/issues/{number}")},
            {"name": "ref", "value": commit(1)},
            {"name": "approved_by", "value": "alice"},
            {"name": "approved_at", "value": lab.closed_at(number)},
        ]})
    );
    assert_eq!(run.writes(), Vec::<String>::new());
}
