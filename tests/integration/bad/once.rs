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

const HELM: &str = "project: shop\nstack: {helm: {chart: charts/x, namespace: \"{{ stack | lower }}\", set: ";

#[test]
fn variables_of_helm_are_those_of_env() {
    let input = "inputs: {cart: {image: {repository: a/cart}, env: {CART_DIGEST: digest}}}\n";
    let of = |set: &str, more: &str| reported(FLEET, &format!("{HELM}{set}}}}}\n{more}"));
    assert_eq!(of("{image.digest: CART_DIGEST}", input), [""; 0]);
    assert_eq!(of("{image.digest: CART_DIGEST}", "env: {CART_DIGEST: x}\n"), [""; 0]);
    assert_eq!(
        of("{image.digest: CART_DIGETS}", input),
        [
            "error[undefined-name]: `set` uses the variable `CART_DIGETS`, which no `env` defines",
            "= help: did you mean `CART_DIGEST`?",
        ]
    );
    assert_eq!(
        of("{image.digest: CART_DIGEST}", ""),
        [
            "error[undefined-name]: `set` uses the variable `CART_DIGEST`, which no `env` defines",
            "= help: define it, such as with `env: {CART_DIGEST: digest}` of the input that is an image",
        ]
    );
    assert_eq!(
        of("{CART_DIGEST: image.digest}", input),
        [
            "error[wrong-type]: `image.digest` is not the name of a variable",
            "= help: write `{image.digest: CART_DIGEST}`",
        ]
    );
    // The variable is not reported as well.
    assert_eq!(
        of("{image.digest: CART_DIGEST}", &input.replace("CART_DIGEST: digest", "digest: CART_DIGEST")),
        ["error[wrong-type]: an image has no file `CART_DIGEST`", "= help: write `{CART_DIGEST: digest}`"]
    );
    assert_eq!(
        of("{image.digest: CART_DIGEST}", &input.replace(": digest", ": diggest")),
        ["error[wrong-type]: an image has no file `diggest`", "= help: did you mean `digest`?"]
    );
}

#[test]
fn files_of_an_image_type_of_the_fleet_are_not_known() {
    let fleet = FLEET.replace("defaults:", "resource_types: {registry-image: {source: {repository: a/b}}}\ndefaults:");
    let input = "inputs: {cart: {image: {repository: a/cart}, env: {CART: cart.txt}}}\n";
    assert_eq!(reported(&fleet, &(manifest("shop") + input)), [""; 0]);
}

#[test]
fn approval_beside_a_gate_that_takes_none() {
    let fleet = |more: &str| format!("{FLEET}{more}");
    let help = "= help: write `gate: issue` or `gate: preview`, or remove `approval`";
    let of_fleet = |rule: &str, word: &str| {
        [format!("error[{rule}]: `approval` has no effect: the gate `{word}` asks for no approval"), help.to_owned()]
    };
    for word in ["manual", "none"] {
        let over = format!("  overrides: {{Production: {{gate: {word}, approval: {{soak: 4h}}}}}}\n");
        assert_eq!(reported(&fleet(&over), &manifest("shop")), of_fleet("unused-override", word));
        let defaults = format!("  gate: {word}\n  approval: {{soak: 4h}}\n");
        assert_eq!(reported(&fleet(&defaults), &manifest("shop")), of_fleet("no-effect", word));
        // A manifest with a gate of its own takes the approval of the fleet.
        let own = manifest("shop") + "overrides: {Production: {gate: issue}}\n";
        assert_eq!(reported(&fleet(&over), &own), [""; 0]);
        assert_eq!(reported(&fleet(&defaults), &own), [""; 0]);
        let in_manifest =
            manifest("shop") + &format!("overrides: {{Production: {{gate: {word}, approval: {{soak: 4h}}}}}}\n");
        assert_eq!(
            reported(FLEET, &in_manifest),
            [
                "error[no-effect]: `approval` has no effect: no stage that it holds for has the gate `issue` or `preview`",
                help
            ]
        );
    }
}
