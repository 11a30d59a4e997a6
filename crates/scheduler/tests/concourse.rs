//! Histories made by hand, with the answers of Concourse 7.14.0: each shows a rule that is easy to get wrong.

mod replay;

use serde_json::Value;

/// `tests/scheduler/run` asks Concourse for the answers again.
#[test]
fn concourse_and_this_crate_agree_on_histories_made_by_hand() {
    let text = include_str!("cases.jsonl");
    let differences: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a case on each line"))
        .filter_map(|case| {
            let difference = replay::compare(&case, &case["answer"]).err()?;
            Some(format!("{}: {}\n{difference}", case["id"], case["why"]))
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    assert!(text.lines().count() >= 40, "cases are missing");
}
