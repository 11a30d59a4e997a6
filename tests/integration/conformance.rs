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
                let mut takers = takers(&work, version, &case.flags, std::slice::from_ref(&file));
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

/// What fleets here render to is clean to each version, and to `--strict`.
#[test]
fn rendered_pipelines_are_clean_to_every_version() {
    let work = Work::new();
    let examples = root().join("tests/fixtures/examples");
    let alone = root().join("tests/fixtures/alone/site.yml");
    for (folder, of) in [("examples", &examples), ("alone", &alone)] {
        assert_eq!(work.run(&["render", "--quiet", "--out", folder, of.to_str().unwrap()]).code, 0);
    }
    let folders = [root().join("pipelines/*/rendered"), work.path().join("examples"), work.path().join("alone")];
    let mut files: Vec<String> = Vec::new();
    for folder in folders {
        let found = glob::glob(folder.join("*.yml").to_str().unwrap()).unwrap();
        files.extend(found.map(|path| path.unwrap().to_str().unwrap().to_owned()));
    }
    assert!(files.len() > 40, "{files:?}");
    for version in ["7.14", "8.0", "8.1", "8.2", "8.3"] {
        for (file, takers) in takers(&work, version, &[], &files) {
            assert_eq!(takers.len(), 3, "{file} {version}");
        }
    }
}

const CODE: &str = "resources: [{name: code, type: git, source: {uri: https://github.com/example/a}}]\n";

/// The rules that a version reports of a pipeline, and how it ends.
fn ended(text: &str, flags: &[&str]) -> (i32, Vec<String>) {
    let work = Work::new().file("a.yml", &format!("{CODE}{text}")).file("vars.yml", "job: {name: from-a-file}\n");
    let ran = work.run(&[&["validate", "--format", "json", "a.yml"], flags].concat());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let problems = report["diagnostics"].as_array().unwrap();
    (ran.code, problems.iter().map(|problem| problem["rule"].as_str().unwrap().to_owned()).collect())
}

#[test]
fn versions_differ_in_what_they_refuse() {
    let deploy = |job: &str, get: &str| {
        format!(
            "jobs:\n- {{name: unit-a, plan: [{{get: code, trigger: true}}]}}\n- {{name: deploy, {job}plan: [{{get: code, trigger: true{get}}}]}}\n"
        )
    };
    let none: &[&str] = &[];
    for (text, version, code, rules) in [
        (deploy("", ", passed: [unit-*]"), "8.0", 1, &["unknown-job"][..]),
        (deploy("", ", passed: [unit-*]"), "8.1", 0, &["needless-passed"]),
        (deploy("", ", passed: [\"unit-[a]\"]"), "7.14", 1, &["unknown-job"]),
        (deploy("build_logs_to_retain: 5, ", ""), "7.14", 0, none),
        (deploy("build_logs_to_retain: 5, ", ""), "8.0", 0, &["deprecated-field"]),
    ] {
        let found = ended(&text, &["--concourse", version]);
        assert_eq!(found, (code, rules.iter().map(|rule| (*rule).to_owned()).collect()), "{version}: {text}");
    }
    // The newest, unless said.
    assert_eq!(ended(&deploy("", ", passed: [unit-*]"), &[]).0, 0);
}

#[test]
fn strict_refuses_what_fly_does_and_no_lint() {
    let text = "jobs:\n- {name: Deploy, plan: [{get: code, trigger: true}]}\n";
    assert_eq!(ended(text, &[]), (0, vec!["invalid-identifier".to_owned()]));
    assert_eq!(ended(text, &["--strict"]), (1, vec!["invalid-identifier".to_owned()]));
    assert_eq!(ended(text, &["--strict", "--allow", "invalid-identifier"]), (0, vec![]));
    let lint = "jobs:\n- {name: deploy, plan: [{get: code, trigger: true, timeout: soon}]}\n";
    assert_eq!(ended(lint, &["--strict"]), (0, vec!["malformed-duration".to_owned()]));
}

#[test]
fn variables_are_given_as_to_fly() {
    let text = "jobs:\n- {name: ((job.name)), plan: [{get: code, trigger: ((is-triggered))}]}\n";
    let name = ["-v", "job.name=deploy"];
    let triggered = ["-y", "is-triggered=true"];
    assert_eq!(ended(text, &[&name[..], &triggered, &["--strict"]].concat()), (0, vec![]));
    assert_eq!(ended(text, &[&["-l", "vars.yml", "--strict"], &triggered[..]].concat()), (0, vec![]));
    let (code, rules) = ended(text, &name);
    assert_eq!(code, 1);
    assert!(rules.contains(&"wrong-type".to_owned()), "{rules:?}");
}

/// What cannot be decoded uses a resource, or is the job that others wait for: only it is told.
#[test]
fn what_cannot_be_decoded_brings_nothing_else_about() {
    for (text, rule) in [
        ("jobs:\n- {name: test, plan: [{get: [code]}]}\n", "wrong-type"),
        ("jobs:\n- {name: test, plan: [{git: code}]}\n", "missing-step"),
        (
            "jobs:\n- {name: [test], plan: [{get: code, trigger: true}]}\n- {name: b, plan: [{get: code, passed: [test]}]}\n",
            "wrong-type",
        ),
        ("jobs: 1\n", "wrong-type"),
    ] {
        assert_eq!(ended(text, &[]), (1, vec![rule.to_owned()]), "{text}");
    }
}

/// Things without names are told once, and lints have nothing to add.
#[test]
fn things_without_names_are_reported_once() {
    let text = "jobs:\n- {plan: [{get: code, trigger: true}]}\n- {plan: [{get: code, trigger: true}]}\n";
    assert_eq!(ended(text, &[]), (1, vec!["missing-name".to_owned(); 2]));
}

/// To Concourse a job that is not there has no name, and so is the one without: before 8.1, who waits for the one waits for
/// the other.
#[test]
fn a_job_that_is_not_there_is_the_one_without_a_name() {
    let cycle = "jobs: pipeline contains a cycle that starts at Job ''";
    let mentions = |text: &str, version: &str| {
        let work = Work::new().file("a.yml", &format!("{CODE}{text}"));
        work.run(&["validate", "--format", "json", "--concourse", version, "a.yml"]).stdout.contains(cycle)
    };
    let apart =
        "jobs:\n- {name: b, plan: [{get: code, passed: [gone]}]}\n- {name: \"\", plan: [{get: code, passed: [b]}]}\n";
    assert!(mentions(apart, "7.14") && mentions(apart, "8.0") && !mentions(apart, "8.1"));
    let itself = "jobs:\n- {name: \"\", plan: [{get: code, passed: [gone]}]}\n";
    assert!(mentions(itself, "7.14") && !mentions(itself, "8.3"));
    let none = "jobs:\n- {name: b, plan: [{get: code, passed: [gone]}]}\n- {name: \"\", plan: [{get: code}]}\n";
    assert!(!mentions(none, "7.14"));
}
