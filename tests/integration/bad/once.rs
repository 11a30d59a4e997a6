//! One mistake gives one error.

use super::FLEET;
use crate::support::{Work, manifest};

/// The errors and the help of a run, without the places.
fn reported(fleet: &str, manifest: &str) -> Vec<String> {
    let work = Work::new().file("pipegen.yml", fleet).file("projects/a.yml", manifest);
    let ran = work.run(&["render", "--quiet"]);
    let is_told = |line: &&str| ["error[", "warning[", "= help: "].iter().any(|start| line.starts_with(start));
    ran.stderr.lines().map(str::trim).filter(is_told).map(str::to_owned).collect()
}

#[test]
fn list_in_place_of_a_word() {
    assert_eq!(
        reported(FLEET, &(manifest("shop") + "gate: [issue, preview]\n")),
        ["error[wrong-type]: `gate` takes text, not a list"]
    );
}

#[test]
fn boolean_of_old_yaml() {
    let found = reported(FLEET, "project: shop\nstack: {pulumi: {path: a, refresh: no}}\n");
    assert_eq!(
        found,
        [
            "error[ambiguous-scalar]: `no` is false to some readers of YAML, and not to others",
            "= help: write false, or \"no\" for text",
        ]
    );
}

#[test]
fn two_ways_to_authenticate() {
    let both = "{token: ((a)), app: {id: 1, installation: 2, key: ((b))}}";
    let found = reported(&FLEET.replace("{token: ((github.token))}", both), &manifest("shop"));
    assert_eq!(found, ["error[several-kinds]: `auth` takes one, not `token` and `app`", "= help: keep one of them"]);
}

#[test]
fn duration_without_a_unit() {
    for (more, field, number) in [
        ("approval: {soak: 24}", "soak", "24"),
        ("timeout: 90", "timeout", "90"),
        ("source: {check_every: 5}", "check_every", "5"),
    ] {
        let found = reported(FLEET, &(manifest("shop") + more + "\n"));
        let help = format!("= help: write {number}s, {number}m, {number}h or {number}d");
        assert_eq!(found, [format!("error[wrong-type]: `{field}` needs a unit"), help]);
    }
}

#[test]
fn line_with_a_wrong_indent() {
    for (manifest, message) in [
        ("project: shop\n stack: {pulumi: {path: a}}\n", "1 space, and 0 spaces in the line before"),
        (
            "project: shop\nstack:\n  pulumi:\n    path: a\n   refresh: true\n",
            "3 spaces, and 4 spaces in the line before",
        ),
    ] {
        let found = reported(FLEET, manifest);
        assert_eq!(
            found,
            [
                format!("error[yaml-syntax]: unexpected indent: {message}"),
                "= help: begin all keys of one map in the same column".to_owned()
            ]
        );
    }
}

#[test]
fn resource_type_of_an_input_in_extra() {
    let found = reported(
        FLEET,
        &(manifest("shop")
            + "inputs: {app: {resource: {type: foo, source: {a: b}}, pin: version}}\nextra:\n  resource_types: \
               [{name: foo, type: registry-image, source: {repository: example/foo, tag: '1'}}]\n"),
    );
    assert_eq!(
        found,
        [
            "error[conflicting-definition]: two meanings of the resource type `foo`",
            "= help: define the type in the fleet's `resource_types`, which is for inputs too",
        ]
    );
}

#[test]
fn rule_that_does_not_exist() {
    let report = Work::new().run(&["rule", "nope"]).ended(2).stderr;
    assert!(report.contains("unknown rule `nope`; `ol-pipegen rule` lists all rules"), "{report}");
}
