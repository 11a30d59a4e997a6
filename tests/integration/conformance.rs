//! Pipelines of which it was measured what `fly validate-pipeline` of Concourse 7.14.0 (`--enable-across-step`) and 8.2.5,
//! plain and strict, and their servers say. `tests/conformance/run` asks the real one about many more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;
use serde_json::Value;

use crate::support::{Work, root};

/// Who takes a pipeline: `fly`, `fly --strict` and `server`, by version. The server is sent what fly makes of variables:
/// with flags it was not asked.
#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(rename = "7.14")]
    old: BTreeSet<String>,
    #[serde(rename = "8.2")]
    new: BTreeSet<String>,
    text: String,
}

/// What is not the same, and why. Nothing is.
const DIFFERENT: &[(&str, &str)] = &[];

fn cases() -> Vec<Case> {
    let lines = fs::read_to_string(root().join("tests/fixtures/concourse/cases.jsonl")).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Who takes each of some files.
fn takers(work: &Work, version: &str, flags: &[String], files: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let mut arguments = vec!["validate", "--as-pipeline", "--concourse", version, "--format", "json"];
    arguments.extend(flags.iter().map(String::as_str));
    arguments.extend(files.iter().map(String::as_str));
    let ran = work.run(&arguments);
    let all = BTreeSet::from(["fly", "fly --strict", "server"].map(str::to_owned));
    let mut takers: BTreeMap<String, BTreeSet<String>> = files.iter().map(|file| (file.clone(), all.clone())).collect();
    if ran.code == 2 {
        // A flag that cannot be read; fly ends with 1.
        return files.iter().map(|file| (file.clone(), BTreeSet::new())).collect();
    }
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    for problem in report["diagnostics"].as_array().unwrap() {
        let takers = takers.get_mut(problem["place"]["file"].as_str().unwrap()).unwrap();
        for who in problem["refused_by"].as_array().unwrap() {
            takers.remove(who.as_str().unwrap());
        }
    }
    takers
}

#[test]
fn verdicts_are_those_of_concourse() {
    let cases = cases();
    assert_eq!(cases.len(), 283);
    let work = Work::new();
    for case in &cases {
        work.write(&format!("{}.yml", case.name), &case.text);
    }
    let mut different = Vec::new();
    for version in ["7.14", "8.2"] {
        let plain: Vec<String> =
            cases.iter().filter(|case| case.flags.is_empty()).map(|case| format!("{}.yml", case.name)).collect();
        let mut takers_of = takers(&work, version, &[], &plain);
        for case in &cases {
            let file = format!("{}.yml", case.name);
            let mut found = takers_of.remove(&file).unwrap_or_else(|| {
                let mut takers = takers(&work, version, &case.flags, &[file.clone()]);
                takers.remove(&file).unwrap()
            });
            if !case.flags.is_empty() {
                found.remove("server");
            }
            let expected = if version == "7.14" { &case.old } else { &case.new };
            let is_known = DIFFERENT.iter().any(|(name, _)| *name == case.name);
            if (found != *expected) != is_known {
                different.push(format!(
                    "{} {version}: taken by {expected:?}, and not by {found:?}\n{}",
                    case.name, case.text
                ));
            }
        }
    }
    assert!(different.is_empty(), "{}\n{} differ", different.join("\n"), different.len());
}

/// The exit code is what a pipeline is held to: 1 where there is an error, and with `--strict` where fly's would be.
#[test]
fn exit_codes_are_those_of_fly() {
    let work = Work::new();
    for case in cases().iter().filter(|case| case.flags.is_empty()).step_by(5) {
        work.write("p.yml", &case.text);
        let code = |flags: &[&str]| {
            let ran =
                work.run(&[&["validate", "--as-pipeline", "--quiet", "--concourse", "7.14", "p.yml"], flags].concat());
            assert!(ran.code <= 1, "{}: {}", case.name, ran.stderr);
            ran.code
        };
        let is_taken = |who| case.old.contains(who);
        assert_eq!(code(&["--strict"]) == 0, is_taken("fly --strict"), "{}", case.name);
        assert_eq!(code(&[]) == 0, is_taken("fly") && is_taken("server"), "{}", case.name);
    }
}
