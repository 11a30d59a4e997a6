//! Compares this crate with Concourse: `compare CASES ANSWERS`, each file with one JSON value a line.
//!
//! `tests/scheduler/run` makes the cases and asks Concourse.

#![allow(clippy::print_stdout, reason = "the program reports here")]

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::Value;

#[path = "../tests/replay/mod.rs"]
mod replay;

fn main() -> Result<ExitCode, String> {
    let mut files = std::env::args().skip(1);
    let (Some(cases), Some(answers)) = (files.next(), files.next()) else {
        return Err("usage: compare CASES ANSWERS".into());
    };
    let cases = read(&cases)?;
    let answers: BTreeMap<String, Value> =
        read(&answers)?.into_iter().map(|answer| (answer["id"].to_string(), answer)).collect();
    let (mut compared, mut differ) = (0, 0);
    for case in &cases {
        let id = case["id"].to_string();
        let result = match answers.get(&id) {
            Some(answer) => replay::compare(case, answer),
            None => Err("Concourse has no answer".into()),
        };
        match result {
            Ok(count) => compared += count,
            Err(difference) => {
                differ += 1;
                println!("{id}: {difference}\n  case: {case}");
            }
        }
    }
    println!("{} histories, {compared} answers: {differ} histories differ", cases.len());
    Ok(if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &str) -> Result<Vec<Value>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    text.lines().map(|line| serde_json::from_str(line).map_err(|error| format!("{path}: {error}"))).collect()
}
