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
        ["error[wrong-type]: `gate` takes text, not a list", "= help: write it like `gate: issue`"]
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
    assert_eq!(
        found,
        ["error[several-kinds]: `auth` takes one entry, and has `token` and `app`", "= help: keep one of them"]
    );
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

/// A wrong manifest gives this one error with this help.
#[track_caller]
fn gives(manifest: &str, error: &str, help: &str) {
    assert_eq!(reported(FLEET, manifest), [format!("error[{error}"), format!("= help: {help}")], "{manifest}");
}

#[test]
fn empty_file_has_one_error() {
    let fleet = [
        "error[missing-field]: this file is empty: expected a fleet",
        "= help: write `version: 1` and `defaults: {…}`; `ol-pipegen init` shows an example",
    ];
    for empty in ["", " ", "# nothing\n"] {
        assert_eq!(reported(empty, &manifest("shop")), fleet);
        let help = "write `project: NAME` and `stack: {KIND: …}`";
        gives(empty, "missing-field]: this file is empty: expected a manifest", help);
        gives("- a\n", "wrong-type]: expected a manifest (a map), found a list", help);
    }
}

#[test]
fn settings_of_projects_beside_defaults() {
    let at_top = FLEET.replace("defaults:\n", "").replace("\n  ", "\n");
    let found = reported(&at_top, &manifest("shop"));
    assert_eq!(
        found,
        [
            "error[unknown-field]: `environments`, `source` and `issues` are settings of projects",
            "= help: write `defaults:` above, and indent `environments`, `source` and `issues`",
        ]
    );
    assert_eq!(
        reported(&format!("{FLEET}notify: {{slack: {{url: ((slack.url))}}}}\n"), &manifest("shop")),
        ["error[unknown-field]: `notify` is a setting of projects", "= help: move `notify` under `defaults`"]
    );
    assert_eq!(
        reported(&format!("{FLEET}  resource_types: {{a: {{source: {{repository: b}}}}}}\n"), &manifest("shop")),
        [
            "error[unknown-field]: unknown field `resource_types`",
            "= help: move `resource_types` to the top level of this file"
        ]
    );
}

#[test]
fn what_every_manifest_lacks_is_reported_once() {
    let work = Work::new()
        .file("pipegen.yml", &FLEET.replace("  issues: ", "  values: "))
        .file("projects/a.yml", &manifest("a"))
        .file("projects/b.yml", &manifest("b"));
    let report = work.run(&["render", "--quiet"]).ended(1).stderr;
    assert_eq!(report.matches("error[missing-field]").count(), 1, "{report}");
    assert!(
        report
            .contains("= help: add `issues: {repository: OWNER/NAME, auth: {token: ((github.token))}}` to `defaults`"),
        "{report}"
    );
}

#[test]
fn misplaced_field_gets_its_place() {
    let unknown = |key: &str| format!("unknown-field]: unknown field `{key}`");
    for (field, help) in [
        ("stages: [CI]", "write `environments: […]`"),
        ("regions: [eu]", "write `groups: […]`"),
        ("name: cart", "write `project: …`"),
        ("stack_prefix: x", "write `groups: […]`, or `names: {stack: …}` for another name of the stacks"),
        ("resource_types: {}", "move `resource_types` to the top level of the fleet's file"),
        ("overrides: {QA: {closers: {users: [a]}}}", "write `approval: {closers: …}`"),
        ("kind: pulumi", "write `stack: {pulumi: …}`"),
        ("Production: {gate: manual}", "write `overrides: {Production: …}`"),
        ("inputs: {a: {timeout: 1h}}", "move `timeout` from `a` to the top level of the manifest"),
    ] {
        let key = match field.split_once(": {QA: {").or_else(|| field.split_once(": {a: {")) {
            Some((_, rest)) => rest,
            None => field,
        };
        gives(&(manifest("shop") + field + "\n"), &unknown(key.split(':').next().unwrap()), help);
    }
    for (option, help) in [
        ("paths: [a]", "write `source: {paths: …}` beside `stack`"),
        ("timeout: 1h", "move `timeout` from `pulumi` to the top level of the manifest"),
    ] {
        let key = option.split(':').next().unwrap();
        gives(
            &format!("project: shop\nstack: {{pulumi: {{path: a, {option}}}}}\n"),
            &format!("unknown-field]: unknown option `{key}` of the stack kind `pulumi`"),
            help,
        );
    }
}

#[test]
fn wrong_shape_gets_the_right_one() {
    let text = |field: &str| format!("wrong-type]: `{field}` takes a map, not text");
    for (field, help) in [
        ("issues: acme/x", "write `issues: {repository: acme/x}`"),
        ("source: https://github.com/a/b", "write `source: {repository: https://github.com/a/b}`"),
        ("approval: required", "write it like `approval: {closers: {teams: [example/sre]}, soak: 24h}`"),
        ("names: shop", "write it like `names: {deploy: \"deploy-{{ project }}-{{ slug }}\"}`"),
    ] {
        gives(&(manifest("shop") + field + "\n"), &text(field.split(':').next().unwrap()), help);
    }
    gives(
        "project: shop\nstack: pulumi\n",
        &text("stack"),
        "write `stack: {pulumi: …}`; `ol-pipegen kind show pulumi` shows its options",
    );
    gives(
        "project: shop\nstack: {pulumi:}\n",
        "wrong-type]: `pulumi` takes a map, not nothing",
        "write `pulumi: {…}`; `ol-pipegen kind show pulumi` shows the options",
    );
    gives(
        "project: shop\nstack:\n  pulumi:\n  path: infra\n",
        "several-kinds]: `stack` takes one entry, and has `pulumi` and `path`",
        "indent `path` below `pulumi`",
    );
    gives(
        "project: shop\nstack: {terraform: {path: a}}\n",
        "unknown-kind]: there is no stack kind `terraform`",
        "write `opentofu: {binary: terraform, path: …}`",
    );
    gives(
        "project: shop\nstack: {helm: {namespace: x}}\n",
        "missing-field]: the stack kind `helm` needs `chart`",
        "add it, such as `chart: charts/service`",
    );
    gives(
        "jobs:\n- {name: x, plan: []}\n",
        "wrong-type]: this is a pipeline of Concourse, not a manifest",
        "render the manifest that it was made from, or check it with `ol-pipegen validate`",
    );
}

#[test]
fn small_mistakes_get_the_right_text() {
    let with = |more: &str| manifest("shop") + more + "\n";
    gives(
        &with("notify: {slack: {url: ((slack.url)), channel: #deploys}}"),
        "yaml-syntax]: unclosed bracket '{'",
        "quote the text that begins with `#`: YAML reads a comment there",
    );
    gives(
        &with("notify:\n  slack:\n    url: ((slack.url))\n    channel: #deploys"),
        "wrong-type]: `channel` takes text, not nothing",
        "quote the name: `channel: \"#NAME\"`",
    );
    gives(
        &with("groups: [a, b]\nskip: [CI.a]"),
        "unknown-stage]: there is no stage `CI.a` to skip",
        "did you mean `a.CI`?",
    );
}

#[test]
fn command_of_another_tool_is_known() {
    let work = Work::new();
    for (given, meant) in [("lint", "validate"), ("check", "validate"), ("plan", "diff"), ("apply", "set")] {
        let stderr = work.run(&[given]).ended(2).stderr;
        assert!(stderr.contains(&format!("tip: a similar subcommand exists: '{meant}'")), "{stderr}");
    }
}

#[test]
fn path_that_does_not_exist() {
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/a.yml", &manifest("shop"));
    for command in ["explain", "show", "graph"] {
        let message = "cannot read no.yml: no such file; name a manifest, such as projects/cart.yml";
        assert_eq!(work.run(&[command, "no.yml"]).ended(3).stderr, format!("error: {message}\n"));
        let message = "is a folder: name one manifest, such as projects/a.yml";
        assert_eq!(work.run(&[command, "projects"]).ended(2).stderr, format!("error: projects {message}\n"));
    }
    let message = "error: cannot read no.yml: no such file or folder\n";
    for command in ["render", "validate", "budget", "import"] {
        assert_eq!(work.run(&[command, "no.yml"]).ended(3).stderr, message, "{command}");
    }
}

/// What new users write, and what they are to write instead.
#[test]
#[expect(clippy::too_many_lines, reason = "each mistake stands beside its message")]
fn typical_mistakes_of_new_users() {
    let with = |more: &str| manifest("shop") + more + "\n";
    let stack = "stack: {pulumi: {path: a}}\n";
    let duration = |text: &str| format!("wrong-type]: `{text}` is not a duration, such as 90s, 15m, 4h or 14d");
    for (manifest, error, help) in [
        (
            "project: shop\nstack:\n\tpulumi: {path: a}\n".to_owned(),
            "yaml-syntax]: a tab in the indent",
            "indent with spaces",
        ),
        (
            "project: shop: cart\n".to_owned() + stack,
            "yaml-syntax]: a second `: ` in one line",
            "quote a text that contains `: `",
        ),
        ("project: \"shop\n".to_owned() + stack, "yaml-syntax]: unclosed quote", "close the quote"),
        (
            "project: shop\nstack: {pulumi: {path: a}\ngate: issue\n".to_owned(),
            "yaml-syntax]: expected `,` or `}`",
            "close the bracket before this place",
        ),
        (
            with("environments:\n- CI\n-QA"),
            "yaml-syntax]: expected a space after `-`",
            "write a space between `-` and the item",
        ),
        (
            with("- CI"),
            "yaml-syntax]: expected a key, found an item of a list",
            "write the key of the list in the line before, or remove the `- `",
        ),
        (
            with("gate: approve"),
            "wrong-type]: `gate` cannot be `approve`",
            "write `issue`, `preview`, `none` or `manual`",
        ),
        (with("gate: Issue"), "wrong-type]: `gate` cannot be `Issue`", "did you mean `issue`?"),
        (
            with("overrides: {production: {gate: manual}}"),
            "unknown-selector]: `production` fits no stage of `shop`",
            "did you mean `Production`?",
        ),
        (
            with("overrides: {Production: manual}"),
            "wrong-type]: `Production` takes a map, not text",
            "write `Production: {gate: manual}`",
        ),
        (
            with("gate: {Production: manual}"),
            "wrong-type]: `gate` takes text, not a map",
            "write `overrides: {Production: {gate: manual}}`",
        ),
        (with("timeout: 2 hours"), &duration("2 hours"), "write 2h"),
        (with("approval: {soak: 1w}"), &duration("1w"), "write 7d"),
        (
            with("environments: [CI QA]"),
            "wrong-type]: `CI QA` is not a name of letters, digits, `-` and `_`",
            "write [CI, QA]",
        ),
        (with("environments: CI, QA"), "wrong-type]: `environments` takes a list, not text", "write [CI, QA]"),
        ("project: 42\n".to_owned() + stack, "ambiguous-scalar]: expected text, found the number `42`", "write \"42\""),
        (
            with("env: {A: true}"),
            "ambiguous-scalar]: expected text, found `true`, which YAML reads as true",
            "write \"true\"",
        ),
        (
            "project: shop\nstack: {pulumi: {pth: a}}\n".to_owned(),
            "unknown-field]: unknown option `pth` of the stack kind `pulumi`",
            "did you mean `path`?",
        ),
        (
            with("env: {A: \"{{ values.size }}\"}"),
            "undefined-name]: `size` is not defined in `values`",
            "define it: `values: {size: …}`",
        ),
        (with("env: {A: \"{{ env }}\"}"), "undefined-name]: `env` is not defined", "did you mean `environment`?"),
        (
            with("env: {A: \"{{ stack }\"}"),
            "template-syntax]: `{{` is not closed by `}}`",
            "write `{{ stack }}`: a `}` is missing",
        ),
        (with("issues: {auth: {}}"), "missing-field]: `auth` takes exactly one entry", "write `token` or `app`"),
        (
            with("needs: [cart]"),
            "unknown-project]: the manifest has no other project `cart`",
            "put both projects under `projects` of one manifest: `needs` works only there",
        ),
        (
            with("approval: {closers: acme/sre}"),
            "wrong-type]: `closers` takes a map, not text",
            "write `closers: {teams: [acme/sre]}`",
        ),
        (
            with("overrides: {CI: {gate: issue}}"),
            "issue-gate-first]: nothing comes before `CI` that could open its issue",
            "remove it: `issue` is the default of all others",
        ),
        (
            with("frobnicate: 1"),
            "unknown-field]: unknown field `frobnicate`",
            "run `ol-pipegen schema project`, which lists all fields",
        ),
        (
            with("inputs: {a: {image: {repository: a/b}, build: {with: {docker: {}}}}}"),
            "unknown-kind]: there is no build kind `docker`",
            "write `image: {}`",
        ),
        (
            "project: Shop Cart\n".to_owned() + stack,
            "concourse-name]: the project's name `Shop Cart` has the illegal character ` `",
            "write `project: shop-cart`",
        ),
    ] {
        gives(&manifest, error, help);
    }
    assert_eq!(
        reported(&FLEET.replace("version: 1\n", ""), &manifest("shop")),
        ["error[missing-field]: `version` is missing", "= help: write `version: 1` in the first line"]
    );
    assert_eq!(
        reported(&FLEET.replace("version: 1", "version: \"1\""), &manifest("shop")),
        ["error[wrong-type]: `version` takes a whole number, not text", "= help: write 1 without quotes"]
    );
}

#[test]
fn selector_in_the_wrong_order() {
    let groups = "groups: [eu, us]\n";
    let (unknown, help) =
        ("unknown-selector]: `Production.eu` fits no stage of `shop`", "did you mean `eu.Production`?");
    gives(&(manifest("shop") + groups + "overrides: {Production.eu: {gate: manual}}\n"), unknown, help);
    let fleet = format!("{FLEET}  overrides: {{production.eu: {{gate: manual}}}}\n");
    assert_eq!(
        reported(&fleet, &(manifest("shop") + groups)),
        [
            "error[unused-override]: no project of this fleet has the environment, group or stage `production.eu`",
            "= help: did you mean `eu.Production`?",
        ]
    );
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/a.yml", &(manifest("shop") + groups));
    let stderr = work.run(&["show", "projects/a.yml", "Production.eu"]).ended(2).stderr;
    assert_eq!(stderr, "error: there is no stage `Production.eu`; did you mean `eu.Production`?\n");
}

#[test]
fn skip_of_an_environment() {
    let of = |more: &str, error: &str, help: &str| gives(&(manifest("shop") + more), error, help);
    let takes = |name: &str| {
        format!("unknown-stage]: `skip` takes a stage of a group, `GROUP.ENVIRONMENT`, not the environment `{name}`")
    };
    of("skip: [QA]\n", &takes("QA"), "remove `QA` from `environments`, and remove `skip`");
    of("groups: [eu]\nskip: [QA]\n", &takes("QA"), "write `eu.QA`, or remove `QA` from `environments`");
    of(
        "groups: [eu]\nskip: [us.Staging]\n",
        "unknown-stage]: there is no stage `us.Staging` to skip",
        "write `GROUP.ENVIRONMENT`, with `eu` and `CI`, `QA` or `Production`",
    );
    of(
        "skip: [Staging]\n",
        "unknown-stage]: there is no stage `Staging` to skip",
        "remove `Staging` from `skip`: this project has no groups",
    );
}

#[test]
fn errors_are_allowed_place_by_place_with_a_reason() {
    let secret = "env: {DB_PASSWORD: hunter2}\n";
    let refused = [
        "error[no-effect]: `rules` cannot allow errors, and `plaintext-secret` is an error",
        "= help: remove it, and write `# ol-pipegen: allow plaintext-secret because …` at each place that may stay",
    ];
    for word in ["allow", "warn"] {
        let rules = format!("rules: {{plaintext-secret: {word}}}\n");
        let in_fleet = reported(&(FLEET.to_owned() + &rules), &(manifest("shop") + secret));
        assert_eq!(in_fleet[..2], refused);
        assert!(in_fleet[2].starts_with("error[plaintext-secret]"), "{in_fleet:?}");
        let in_manifest = reported(FLEET, &(manifest("shop") + &rules));
        assert_eq!(in_manifest, refused);
    }
    assert_eq!(reported(&(FLEET.to_owned() + "rules: {plaintext-secret: deny}\n"), &manifest("shop")), [""; 0]);
    for rule in ["shared-target", "set-pipeline-past-gate", "foreign-version", "unknown-role", "unused-override"] {
        let found = reported(&format!("{FLEET}rules: {{{rule}: allow}}\n"), &manifest("shop"));
        assert_eq!(found[0], format!("error[no-effect]: `rules` cannot allow errors, and `{rule}` is an error"));
        assert_eq!(found.len(), 2, "{found:?}");
    }
}

#[test]
fn folder_within_a_fleet_names_the_fleet() {
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/a.yml", &manifest("shop"))
        .file("projects/more/b.yml", &manifest("other"));
    for (folder, command) in [("projects", "render"), ("projects", "validate"), ("projects/more", "budget")] {
        let stderr = work.run(&[command, folder]).ended(2).stderr;
        let found = "its fleet is pipegen.yml: name that file, or single files of";
        assert_eq!(stderr, format!("error: {folder} has no pipegen.yml; {found} {folder}\n"));
    }
}

#[test]
fn fleet_without_manifests_says_what_to_write() {
    let fleet = |more: &str| Work::new().file("shop/pipegen.yml", &format!("{FLEET}{more}"));
    let helps = |work: &Work| {
        let report = work.run(&["render", "shop"]).ended(1).stderr;
        assert_eq!(report.matches("error[no-projects]").count(), 1, "{report}");
        assert!(!report.contains("unlisted-manifest"), "{report}");
        report.lines().find_map(|line| line.split_once("= help: ")).map(|(_, help)| help.to_owned()).unwrap()
    };
    let write =
        |path: &str| format!("write `project: cart` and `stack: {{KIND: …}}` in `{path}`, or correct `projects`");
    assert_eq!(helps(&fleet("")), write("shop/projects/cart.yml"));
    assert_eq!(helps(&fleet("projects: [apps/*.yml]\n")), write("shop/apps/cart.yml"));
    let yaml = fleet("").file("shop/projects/a.yaml", &manifest("a"));
    assert_eq!(
        helps(&yaml),
        "rename `shop/projects/a.yaml` to `shop/projects/a.yml`, or add a glob that ends in `.yaml`"
    );
    let stderr = fleet("").run(&["init", "shop"]).ended(2).stderr;
    let already = "shop/pipegen.yml is there already: this folder has its fleet";
    assert_eq!(stderr, format!("error: {already}; write a manifest for it, such as shop/projects/cart.yml\n"));
}

#[test]
fn file_of_another_kind_is_named() {
    let kind = "version: 1\nabout: deploys\nsteps:\n- put: x\n";
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/a.yml", &manifest("shop"))
        .file("projects/b.yml", &manifest("other"))
        .file("kinds/stacks/nomad.yml", kind);
    let error = |arguments: &[&str]| work.run(arguments).ended(2).stderr;
    assert_eq!(
        error(&["diff", "projects/a.yml", "projects/b.yml"]),
        "error: projects/a.yml is a manifest: name a rendered pipeline, such as rendered/a.yml\n"
    );
    let path = "kinds/stacks/nomad.yml";
    assert_eq!(error(&["diff", path, path]), format!("error: {path} is a kind: name a rendered pipeline\n"));
    assert_eq!(
        error(&["diff", "pipegen.yml", "projects/a.yml"]),
        "error: pipegen.yml is a fleet: name a rendered pipeline\n"
    );
    for command in ["graph", "show", "explain"] {
        let instead = "name a manifest; `ol-pipegen validate` checks a kind";
        assert_eq!(error(&[command, path]), format!("error: {path} is a kind: {instead}\n"));
    }
    gives(
        kind,
        "wrong-type]: this is a kind, not a manifest",
        "move it to `kinds/stacks/` or `kinds/builds/`, or check it with `ol-pipegen validate`",
    );
}

#[test]
fn kinds_of_a_fleet_are_shown() {
    let kind = "version: 1\nabout: deploys a job\noptions: {}\nsteps:\n- put: x\n";
    let work = Work::new()
        .file("shop/pipegen.yml", FLEET)
        .file("shop/projects/a.yml", "project: shop\nstack: {nomad:}\n")
        .file("shop/kinds/stacks/nomad.yml", kind);
    assert_eq!(work.run(&["kind", "show", "nomad", "--fleet", "shop/pipegen.yml"]).fine(), kind);
    let stderr = work.run(&["kind", "show", "nomat", "--fleet", "shop/pipegen.yml"]).ended(2).stderr;
    assert_eq!(stderr, "error: there is no kind `nomat`; did you mean `nomad`?\n");
    let built_in = work.run(&["kind", "show", "pulumi", "--fleet", "shop/pipegen.yml"]).fine();
    assert!(built_in.contains("title: Pulumi"), "{built_in}");
}

#[test]
fn text_that_is_a_number_to_yaml() {
    let found = "ambiguous-scalar]: expected text, found the number `1.0`, which would become `1`";
    gives(&(manifest("shop") + "source: {branch: 1.0}\n"), found, "write \"1.0\"");
    let found = "wrong-type]: `branch` takes text, not a list";
    gives(&(manifest("shop") + "source: {branch: [main]}\n"), found, "write main");
}

#[test]
fn field_by_the_word_of_another_tool() {
    let of = |more: &str, field: &str, meant: &str| {
        gives(
            &(manifest("shop") + more),
            &format!("unknown-field]: unknown field `{field}`"),
            &format!("did you mean `{meant}`?"),
        );
    };
    of("inputs: {rel: {github_release: {repo: a/b}}}\n", "repo", "repository");
    of("inputs: {rel: {image: {repo: a/b}}}\n", "repo", "repository");
    of("source: {repo: https://github.com/a/b}\n", "repo", "repository");
    of("source: {ref: main}\n", "ref", "branch");
    of("source: {uri: https://github.com/a/b}\n", "uri", "repository");
}

#[test]
fn text_within_brackets_that_needs_quotes() {
    let of = |more: &str, error: &str, help: &str| gives(&format!("project: shop\n{more}"), error, help);
    let template = "unquoted-template]: a text that contains `{{` needs quotes within brackets";
    of("stack: {pulumi: {path: infra/{{ x }}}}\n", template, "write \"infra/{{ x }}\"");
    of("stack: {pulumi: {path: a, stack: b.{{ x }}.c}}\n", template, "write \"b.{{ x }}.c\"");
    of("stack: {pulumi: {path: a}}\nsource: {paths: [a, lib/{{ x }}/y]}\n", template, "write \"lib/{{ x }}/y\"");
    of(
        "stack: {script: {image: a, deploy: echo a: b}}\n",
        "yaml-syntax]: a second `: ` before `,` or `}`",
        "quote a text that contains `: `, or write `,` before the next key",
    );
}

#[test]
fn environment_that_appears_twice() {
    let found = "duplicate-item]: `CI` appears twice in `environments`";
    gives(&(manifest("shop") + "environments: [CI, CI]\n"), found, "remove one of them");
}

#[test]
fn boolean_in_quotes_and_text_in_a_list() {
    let found = "wrong-type]: `trigger` takes true or false, not text";
    gives(&(manifest("shop") + "source: {trigger: 'false'}\n"), found, "write false without quotes");
    let found = "wrong-type]: `A` takes text, not a list";
    gives(&(manifest("shop") + "env: {A: [b]}\n"), found, "write b");
}

#[test]
fn projects_as_a_list() {
    gives(
        "projects: [a, b]\n",
        "wrong-type]: `projects` takes a map, not a list",
        "write it like `projects: {shop-network: {}, shop-cluster: {needs: [shop-network]}}`",
    );
}

#[test]
fn path_from_the_root_of_the_disk() {
    let found = "missing-path]: `/infra/x` is outside of the repository";
    let help = "write `infra/x`: paths begin at the root of the repository";
    gives("project: shop\nstack: {pulumi: {path: /infra/x}}\n", found, help);
    gives(&(manifest("shop") + "source: {paths: [/infra/x]}\n"), found, help);
    gives(
        "project: shop\nstack: {pulumi: {path: ../x}}\n",
        "missing-path]: `../x` is outside of the repository",
        "write a path from the root of the repository, such as lib",
    );
}

#[test]
fn names_that_concourse_does_not_take() {
    let of = |more: &str, what: &str, help: &str| {
        gives(&(manifest("shop") + more), &format!("concourse-name]: {what} has the illegal character ` `"), help);
    };
    of("pipeline: a b\n", "the pipeline's name `a b`", "write `pipeline: a-b`");
    of("tab: a b\n", "the tab's name `a b`", "write `tab: a-b`");
    of("inputs: {a b: {image: {repository: a}}}\n", "the name `a b`", "write `a-b`");
    let of_file = Work::new().file("pipegen.yml", FLEET).file("projects/a b.yml", &manifest("shop"));
    let stderr = of_file.run(&["render"]).ended(1).stderr;
    assert!(stderr.contains("= help: write `pipeline: a-b`"), "{stderr}");
}

#[test]
fn credential_that_is_not_closed() {
    gives(
        &(manifest("shop") + "env: {A: ((foo}\n"),
        "wrong-type]: Concourse does not fill `((foo`: a variable needs two parentheses",
        "write ((foo))",
    );
    assert_eq!(reported(FLEET, &(manifest("shop") + "env: {A: '((1 + 2', B: (a), C: 'a))'}\n")), [""; 0]);
}

#[test]
fn tag_of_an_image_beside_its_versions() {
    for (field, value) in [("versions", "1.x"), ("tag_regex", "^1"), ("newest_by", "created")] {
        gives(
            &format!(
                "{}inputs: {{img: {{image: {{repository: a, tag: latest, {field}: {value}}}}}}}\n",
                manifest("shop")
            ),
            &format!("no-effect]: `{field}` has no effect beside `tag`"),
            &format!("remove `tag`, or remove `{field}`"),
        );
    }
}

#[test]
fn kind_with_a_misspelled_field() {
    let check = |kind: &str| {
        let work = Work::new()
            .file("pipegen.yml", FLEET)
            .file("projects/a.yml", "project: shop\nstack: {nomad: {}}\n")
            .file("kinds/stacks/nomad.yml", kind);
        let stderr = work.run(&["validate", "kinds/stacks/nomad.yml"]).ended(1).stderr;
        let is_told = |line: &&str| ["error[", "warning[", "= help: "].iter().any(|start| line.starts_with(start));
        stderr.lines().map(str::trim).filter(is_told).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        check("version: 1\nstep:\n- put: x\n"),
        ["error[unknown-field]: unknown field `step`", "= help: did you mean `steps`?"]
    );
    assert_eq!(
        check("version: 1\n"),
        [
            "error[missing-field]: a kind without `steps` does nothing",
            "= help: write `steps: […]`, with the steps of a job as Concourse has them",
        ]
    );
    let options = |properties: &str| format!("version: 1\noptions: {{properties: {properties}}}\nsteps:\n- put: x\n");
    assert_eq!(
        check(&options("{job: {type: strng}}")),
        ["error[wrong-type]: JSON Schema has no type `strng`", "= help: did you mean `string`?"]
    );
    let steps = "steps:\n- put: x\n";
    assert_eq!(
        check(&format!("version: 1\noptions: {{type: array}}\n{steps}")),
        [
            "error[wrong-type]: the options of a kind are a map, and this schema takes the type `array`",
            "= help: remove `type`, or write `type: object`",
        ]
    );
    assert_eq!(
        check(&format!("version: 1\noptions: {{job: {{type: string}}}}\n{steps}")),
        ["error[unknown-field]: unknown field `job`", "= help: write `options: {properties: {…}}` around the options",]
    );
    assert_eq!(
        check(&options("{job: {type: text}}")),
        [
            "error[wrong-type]: JSON Schema has no type `text`",
            "= help: write `array`, `boolean`, `integer`, `null`, `number`, `object` or `string`",
        ]
    );
}

#[test]
fn summary_that_no_step_makes() {
    let kind = |summary: &str, output: &str| {
        format!(
            "version: 1
about: deploys
target: '{{{{ environment }}}}'
summary: '{summary}'
steps:
- task: deploy
  config:
    platform: linux
    image_resource: {{type: registry-image, source: {{repository: a}}}}
    outputs: [{output}]
    run: {{path: a}}
"
        )
    };
    let found = |summary: &str, output: &str| {
        let work = Work::new()
            .file("pipegen.yml", FLEET)
            .file("projects/a.yml", "project: shop\nstack: {nomad: {}}\n")
            .file("kinds/stacks/nomad.yml", &kind(summary, output));
        let stderr = work.run(&["validate"]).stderr;
        let is_told = |line: &&str| ["error[", "warning[", "= help: "].iter().any(|start| line.starts_with(start));
        stderr.lines().map(str::trim).filter(is_told).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("summary/deploy.md", "{name: summary}"), [""; 0]);
    assert_eq!(found("{{ code }}/deploy.md", ""), [""; 0]);
    assert_eq!(
        found("other/deploy.md", ""),
        [
            "warning[missing-artifact]: no step of this job makes `other`, in the job `deploy-shop-ci` of the pipeline `a`",
            "= help: get it, or let a task have it as an output",
        ]
    );
}

#[test]
fn setting_in_the_place_of_a_stage_is_one_error() {
    for (setting, value) in [("gate", "manual"), ("approval", "{soak: 1h}"), ("env", "[a]")] {
        gives(
            &(manifest("shop") + &format!("overrides: {{{setting}: {value}}}\n")),
            &format!("unknown-selector]: `{setting}` is a setting, not a stage of `shop`"),
            &format!("name the stage: `overrides: {{QA: {{{setting}: …}}}}`"),
        );
        // Where a manifest has several projects, it is the same mistake.
        gives(
            &format!("stack: {{pulumi: {{path: a}}}}\nprojects:\n  shop:\n    overrides: {{{setting}: {value}}}\n"),
            &format!("unknown-selector]: `{setting}` is a setting, not a stage of `shop`"),
            &format!("name the stage: `overrides: {{QA: {{{setting}: …}}}}`"),
        );
    }
}

#[test]
fn field_that_lacks_one_letter_is_meant() {
    let image = "inputs: {img: {image: {repository: a/b, version: 1.x}}}\n";
    gives(&(manifest("shop") + image), "unknown-field]: unknown field `version`", "did you mean `versions`?");
    let jobs = "extra: {job: []}\n";
    gives(&(manifest("shop") + jobs), "unknown-field]: unknown field `job`", "did you mean `jobs`?");
}

#[test]
fn boolean_is_no_reason_and_no_script() {
    let unpinned = "inputs: {x: {git: {repository: https://github.com/a/b}, unpinned: true}}\n";
    let found = reported(FLEET, &(manifest("shop") + unpinned));
    assert_eq!(found[0], "error[wrong-type]: `unpinned` takes text, not true");
    assert!(found[1].starts_with("= help: write what it is, such as `unpinned: "), "{found:?}");
    let script = "project: shop\nstack: {script: {image: alpine, deploy: ./a.sh, preview: true}}\n";
    let found = reported(FLEET, script);
    assert_eq!(found[0], "error[wrong-type]: `preview` takes text, not true");
    assert!(!found[1].contains("\"true\""), "{found:?}");
    // The value of a variable is any text.
    let env = reported(FLEET, &(manifest("shop") + "env: {A: true}\n"));
    assert!(env[1].contains("write \"true\""), "{env:?}");
}

#[test]
fn flag_that_names_nothing_is_an_error() {
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/a.yml", &manifest("shop"));
    let stderr = |arguments: &[&str]| work.run(arguments).ended(2).stderr;
    assert!(stderr(&["validate", "--source-root", "none"]).contains("there is no such folder"));
    assert!(stderr(&["validate", "--stdin-filename", "a.yml"]).contains("add the path `-`"));
    assert!(stderr(&["verify", "--unpinned", "a/b"]).contains("--unpinned names the job `a`"));
    let kind = stderr(&["kind", "show", "pulumi", "--family", "build"]);
    assert!(kind.starts_with("error: `pulumi` is not a build kind: there are `"), "{kind}");
}

#[test]
fn fleet_with_another_ending_is_named() {
    let work = Work::new().file("pipegen.yaml", FLEET).file("projects/a.yml", &manifest("shop"));
    let stderr = work.run(&["render"]).ended(2).stderr;
    assert!(stderr.contains("pipegen.yaml is not read: rename it to pipegen.yml"), "{stderr}");
}

#[test]
fn what_is_misspelled_in_the_fleet_is_missed_by_no_manifest() {
    for (from, to) in [
        ("environments:", "enviroments:"),
        ("  source: {repository", "  source: {repo: 1, repository"),
        ("defaults:", "default:"),
    ] {
        let work = Work::new().file("pipegen.yml", &FLEET.replacen(from, to, 1));
        for name in ["a", "b"] {
            work.write(&format!("projects/{name}.yml"), &manifest(name));
        }
        let stderr = work.run(&["validate"]).ended(1).stderr;
        assert!(!stderr.contains("error[missing-field]"), "{to}: {stderr}");
    }
    let project = manifest("shop").replacen("project:", "porject:", 1);
    assert_eq!(
        reported(FLEET, &project),
        ["error[unknown-field]: unknown field `porject`", "= help: did you mean `project`?"]
    );
}

#[test]
fn manifest_in_the_place_of_a_pipeline_is_named() {
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/a.yml", &manifest("shop"));
    let stderr = work.run(&["import", "projects/a.yml"]).ended(2).stderr;
    assert_eq!(stderr, "error: projects/a.yml is a manifest: name a rendered pipeline, such as rendered/a.yml\n");
    let fleet = FLEET.to_owned() + "project: shop\n";
    let found = reported(&fleet, &manifest("shop"));
    assert_eq!(found[1], "= help: write it into a manifest, such as projects/NAME.yml");
    let alone = Work::new().file("a.yml", "project: shop\nstack: {pulumi: {path: a}}\n");
    let stderr = alone.run(&["validate", "a.yml"]).ended(1).stderr;
    assert!(stderr.contains("no fleet (pipegen.yml) was found in this folder or above"), "{stderr}");
}

#[test]
fn resource_that_is_meant_by_another_name_is_not_to_be_removed() {
    let text = "resources:\n- {name: code, type: git, source: {uri: a}}\njobs:\n- name: a\n  plan: [{get: cod}]\n";
    let work = Work::new().file("a.yml", text);
    let stderr = work.run(&["validate", "a.yml"]).ended(1).stderr;
    assert!(stderr.contains("write `code` in the place of `cod`") && !stderr.contains("remove it"), "{stderr}");
}

#[test]
fn file_of_another_program_is_named() {
    let task = "platform: linux\nimage_resource: {type: registry-image, source: {repository: a}}\ninputs: [{name: code}]\n\
                run: {path: sh}\n";
    let instead = "name a manifest, a fleet, a kind or a pipeline; keep other files out of the folders of those";
    for (text, noun, help) in [
        (
            task,
            "a task of Concourse",
            "name its path in a step, `{task: NAME, file: CODE/PATH}`; give a manifest, a fleet, a kind or a pipeline here",
        ),
        ("version: '3'\nservices:\n  web: {image: nginx}\nvolumes: {}\n", "a file of Docker Compose", instead),
        ("name: CI\non: [push]\njobs:\n  test: {runs-on: ubuntu-latest, steps: []}\n", "a workflow of GitHub", instead),
        ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n", "an object of Kubernetes", instead),
        (
            "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
            "a chart of Helm",
            "name its folder in a manifest: `stack: {helm: {chart: FOLDER, namespace: …}}`",
        ),
        (
            "name: shop\nruntime: go\n",
            "a project of Pulumi",
            "name its folder in a manifest: `stack: {pulumi: {path: FOLDER}}`",
        ),
        ("repos:\n- {repo: local, hooks: []}\n", "a configuration of pre-commit", instead),
    ] {
        gives(text, &format!("wrong-type]: this is {noun}, not a manifest"), help);
        let work =
            Work::new().file("pipegen.yml", FLEET).file("projects/a.yml", &manifest("shop")).file("ci/other.yml", text);
        let validated = work.run(&["validate", "ci/other.yml"]).ended(1).stderr;
        assert_eq!(validated.matches("error[").count(), 1, "{validated}");
        assert!(validated.contains(&format!("this is {noun}, not a manifest")), "{validated}");
        let kind = Work::new().file("kinds/stacks/other.yml", text).run(&["validate", "kinds/stacks/other.yml"]);
        let kind = kind.ended(1).stderr;
        assert_eq!(kind.matches("error[").count(), 1, "{kind}");
        assert!(kind.contains(&format!("this is {noun}, not a ")), "{kind}");
        for command in ["show", "explain"] {
            let stderr = work.run(&[command, "ci/other.yml"]).ended(2).stderr;
            assert_eq!(stderr, format!("error: ci/other.yml is {noun}: name a manifest\n"));
        }
        let stderr = work.run(&["diff", "ci/other.yml", "ci/other.yml"]).ended(2).stderr;
        assert_eq!(stderr, format!("error: ci/other.yml is {noun}: name a pipeline\n"));
    }
    gives(
        "scenario: a\nsteps: []\n",
        "wrong-type]: this is a scenario, not a manifest",
        "run `ol-pipegen simulate`, which plays it",
    );
    gives(
        "resources: []\nresource_types: []\n",
        "wrong-type]: this is a pipeline of Concourse, not a manifest",
        "render the manifest that it was made from, or check it with `ol-pipegen validate`",
    );
    gives(
        FLEET,
        "wrong-type]: this is a fleet, not a manifest",
        "name the file `pipegen.yml`, and let no glob of `projects` match it",
    );
    // A manifest may have a word of another program in a wrong place, which is another mistake.
    gives(
        &(manifest("shop") + "services: {web: {}}\n"),
        "unknown-field]: unknown field `services`",
        "run `ol-pipegen schema project`, which lists all fields",
    );
}

#[test]
fn project_name_that_no_gate_can_have_gets_a_right_one() {
    let stack = "stack: {pulumi: {path: a}}\n";
    let long = format!("shop-cart-{}", "x".repeat(200));
    for (name, problem, help) in [
        ("café", "has the illegal character `é`", "write `project: cafe`"),
        ("Ärger & Söhne", "has the illegal character `Ä`", "write `project: arger-sohne`"),
        ("商店", "has the illegal character `商`", "name the thing that is deployed, such as `project: shop-cart`"),
        ("\"\"", "is empty", "name the thing that is deployed, such as `project: shop-cart`"),
        ("Shop Cart", "has the illegal character ` `", "write `project: shop-cart`"),
        ("shop/cart", "has the illegal character `/`", "write `project: shop-cart`"),
        (long.as_str(), "has 210 characters: 200 at most are possible", "write `project: shop-cart`"),
    ] {
        let error = format!("concourse-name]: the project's name `{}` {problem}", name.trim_matches('"'));
        gives(&format!("project: {name}\n{stack}"), &error, help);
    }
    // What a project of several is called, is a key.
    let found = reported(FLEET, &format!("{stack}projects: {{café: {{}}, Shop: {{}}}}\n"));
    assert_eq!(
        found,
        [
            "error[concourse-name]: the project's name `café` has the illegal character `é`",
            "= help: write `cafe`",
            "error[concourse-name]: the job's name `deploy-Shop-ci` has the illegal character `S`",
            "= help: write `shop`",
        ]
    );
    let not_a_name = |name: &str| format!("wrong-type]: `{name}` is not a name of letters, digits, `-` and `_`");
    gives(&(manifest("shop") + "environments: [Préprod, Production]\n"), &not_a_name("Préprod"), "write Preprod");
    gives(&(manifest("shop") + "groups: [eu.west, us]\n"), &not_a_name("eu.west"), "write eu-west");
    gives(&(manifest("shop") + "groups: [é a]\n"), &not_a_name("é a"), "write [e, a]");
}

/// A kind that no manifest uses is checked as far as that is possible, when the fleet is checked and when the kind is.
#[test]
fn kind_that_nothing_uses_is_checked() {
    const TARGET: &str = "target: '{{ project }}'\n";
    let begin = "version: 1\nabout: deploys\noptions: {properties: {path: {type: string}}}\n";
    let check = |rest: &str| {
        let work = Work::new()
            .file("pipegen.yml", FLEET)
            .file("projects/a.yml", &manifest("shop"))
            .file("kinds/stacks/mine.yml", &format!("{begin}{rest}"));
        let of = |arguments: &[&str]| {
            let stderr = work.run(arguments).stderr;
            let is_told =
                |line: &&str| ["error[", "warning[", "--> ", "= help: "].iter().any(|start| line.starts_with(start));
            stderr.lines().map(str::trim).filter(is_told).map(str::to_owned).collect::<Vec<_>>()
        };
        let alone = of(&["validate", "kinds/stacks/mine.yml"]);
        assert_eq!(of(&["validate"]), alone, "{rest}");
        alone
    };
    for (rest, line, error, help) in [
        ("steps:\n- put: '{{ nam }}'\n", 6, "undefined-name]: `nam` is not defined", "did you mean `name`?"),
        (
            "steps:\n- put: x\n  params: {a: '{{ options.pth }}'}\n",
            7,
            "undefined-name]: `pth` is not defined in `options`",
            "did you mean `path`?",
        ),
        (
            "steps:\n- put: x\n  params: {a: '{{ project | uper }}'}\n",
            7,
            "undefined-name]: there is no filter `uper`",
            "did you mean `upper`?",
        ),
        (
            "steps:\n- put: '{{ name'\n",
            6,
            "template-syntax]: `{{` is not closed by `}}`",
            "write {{ '{{' }} for two braces of the text",
        ),
        (
            "steps:\n- when: '{{ phase }}'\n  task: deploy\n  fil: '{{ code }}/a.yml'\n",
            8,
            "kind-result]: not what Concourse reads: unknown field `fil`",
            "did you mean `file`?",
        ),
        (
            "resources:\n- {name: '{{ project }}', type: git, sourc: {}}\nsteps:\n- put: x\n",
            6,
            "kind-result]: not what Concourse reads: unknown field `sourc`",
            "did you mean `source`?",
        ),
        (
            "phases: [deploi]\nsteps:\n- put: x\n",
            5,
            "kind-result]: a stack kind has no such phase",
            "write `deploy` or `preview`",
        ),
        (
            "summary: ../x.md\nsteps:\n- put: x\n",
            5,
            "kind-result]: `summary` is `../x.md`, outside of what the build has",
            "write a file of an artifact that a step makes, such as summary/deploy.md",
        ),
        (
            "watch: ['{{ optoins.path }}']\nsteps:\n- put: x\n",
            5,
            "undefined-name]: `optoins` is not defined",
            "did you mean `options`?",
        ),
    ] {
        let found = check(&format!("{TARGET}{rest}"));
        let [first, place, last] = found.as_slice() else { panic!("{rest}: {found:#?}") };
        assert_eq!([first.as_str(), last], [format!("error[{error}"), format!("= help: {help}")], "{rest}");
        assert!(place.starts_with(&format!("--> kinds/stacks/mine.yml:{line}:")), "{place}");
    }
    assert_eq!(
        check("steps:\n- put: x\n"),
        [
            "warning[unnamed-target]: the kind `mine` does not name what it deploys",
            "--> kinds/stacks/mine.yml:4:1",
            "= help: add `target`, such as `target: \"{{ project }}/{{ stack }}\"`",
        ]
    );
    for sound in [
        "steps:\n- put: x\n  params: {a: '{{ values.a }}', b: '{{ env.B }}', '...': '{{ env }}'}\n",
        "steps:\n- {each: [a], '...': '{{ options.path }}', when: '{{ each }}'}\n",
        "steps:\n- task: a\n  config: '{{ options.path }}'\n  attempts: '{{ values.n }}'\n",
        "steps:\n- put: x\n  params: {a: \"{{ group if group is defined else '' }}\"}\n",
    ] {
        assert_eq!(check(&format!("{TARGET}{sound}")), [""; 0], "{sound}");
    }
}

#[test]
fn options_of_a_kind_that_nothing_uses_are_checked() {
    let of_options = |options: &str| {
        let text = format!("version: 1\nabout: deploys\ntarget: a\noptions: {options}\nsteps:\n- put: x\n");
        let stderr = Work::new().file("kinds/stacks/a.yml", &text).run(&["validate", "kinds/stacks/a.yml"]).stderr;
        let is_told = |line: &&str| ["error[", "= help: "].iter().any(|start| line.starts_with(start));
        stderr.lines().map(str::trim).filter(is_told).map(str::to_owned).collect::<Vec<_>>()
    };
    for (options, error, help) in [
        (
            "{required: [pth], properties: {path: {type: string}}}",
            "undefined-name]: `required` names the option `pth`, which `properties` does not declare",
            "did you mean `path`?",
        ),
        (
            "{properties: {path: {type: string, default: 3}}}",
            "wrong-type]: the default of the option `path` does not fit its schema: 3 is not of type \"string\"",
            "change the default, or the type of the option",
        ),
        (
            "\nproperties: {path: {type: string}}",
            "unknown-field]: `properties` belongs under `options`",
            "indent `properties` below `options`",
        ),
    ] {
        assert_eq!(of_options(options), [format!("error[{error}"), format!("= help: {help}")], "{options}");
    }
}

/// What is wrong with a kind is reported once, however many stages use it.
#[test]
fn kind_that_is_used_is_reported_once() {
    let kind = "version: 1\nabout: deploys\ntarget: '{{ project }}'\nsteps:\n- put: '{{ nam }}'\n";
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/a.yml", "project: a\nstack: {mine: {}}\n")
        .file("projects/b.yml", "project: b\nstack: {mine: {}}\n")
        .file("kinds/stacks/mine.yml", kind);
    let stderr = work.run(&["validate"]).ended(1).stderr;
    assert_eq!(stderr.matches("error[").count(), 1, "{stderr}");
}

/// A missing indent is one mistake, whatever follows from it.
#[test]
fn field_without_its_indent() {
    let begin = "version: 1\nconcourses: {main: {target: main}}\n";
    let settings = [
        "environments: [CI, QA]\n",
        "source: {repository: https://github.com/example/shop}\n",
        "issues: {repository: example/deployments, auth: {token: ((github.token))}}\n",
    ];
    let all = "`environments`, `source` and `issues`";
    assert_eq!(
        reported(&format!("{begin}defaults:\n{}", settings.concat()), &manifest("shop")),
        [
            format!("error[unknown-field]: {all} belong under `defaults`"),
            format!("= help: indent {all} below `defaults`")
        ]
    );
    let indented: String = settings[..2].iter().map(|line| format!("  {line}")).collect();
    assert_eq!(
        reported(
            &format!("{begin}defaults:\n{indented}  issues:\n  repository: a/b\n  auth:\n    token: ((a))\n"),
            &manifest("shop")
        ),
        [
            "error[unknown-field]: `repository` and `auth` belong under `issues`",
            "= help: indent `repository` and `auth` below `issues`",
        ]
    );
    assert_eq!(
        reported(
            &FLEET.replace(
                "concourses: {main: {target: main}, edge: {target: edge}}",
                "concourses:\n  main:\n  target: main",
            ),
            &manifest("shop")
        ),
        ["error[unknown-field]: `target` belongs under `main`", "= help: indent `target` below `main`"]
    );
    for (more, moved, owner) in [
        ("source:\npaths: [a]\n", "paths", "source"),
        ("approval:\nsoak: 4h\n", "soak", "approval"),
        ("approval:\n  closers:\n  users: [alice]\n", "users", "closers"),
        ("env:\nREGION: eu\n", "REGION", "env"),
        ("values:\nsize: small\n", "size", "values"),
        ("overrides:\nQA: {gate: manual}\n", "QA", "overrides"),
        ("overrides:\n  QA:\n  gate: manual\n", "gate", "QA"),
        ("inputs:\n  app:\n  image: {repository: a/b}\n", "image", "app"),
        ("names:\ndeploy: deploy-{{ slug }}\n", "deploy", "names"),
    ] {
        let error = format!("unknown-field]: `{moved}` belongs under `{owner}`");
        gives(&(manifest("shop") + more), &error, &format!("indent `{moved}` below `{owner}`"));
    }
    for (text, moved, owner) in [
        ("project: shop\nstack:\npulumi: {path: a}\n", "pulumi", "stack"),
        ("projects:\n  shop:\n  stack: {pulumi: {path: a}}\n", "stack", "shop"),
    ] {
        let error = format!("unknown-field]: `{moved}` belongs under `{owner}`");
        gives(text, &error, &format!("indent `{moved}` below `{owner}`"));
    }
    // What is taken out is nothing that lacks what is below it.
    assert_eq!(reported(FLEET, &(manifest("shop") + "inputs: {a: ~, b: {image: {repository: c/d}}}\n")), [""; 0]);
}

/// A mistake in `names` is one error, and its help names what is allowed.
#[test]
fn names_that_are_wrong() {
    let with = |names: &str| manifest("shop") + "names: {" + names + "}\n";
    let same = |field: &str, stages: &str, value: &str| {
        format!("name-collision]: `names.{field}` is the same for {stages}: `{value}`")
    };
    let all = "`CI`, `QA` and `Production`";
    let help = |example: &str| format!("write what differs from stage to stage, such as `{example}`");
    for (names, error, help) in [
        ("stack: prod", same("stack", all, "prod"), help("stack: \"prod.{{ environment }}\"")),
        ("stack: \"\"", same("stack", all, ""), help("stack: \"{{ environment }}\"")),
        ("stack: \"{{ project }}\"", same("stack", all, "shop"), help("stack: \"{{ project }}.{{ environment }}\"")),
        ("deploy: ship", same("deploy", all, "ship"), help("deploy: \"ship-{{ slug }}\"")),
        ("deployed: done", same("deployed", all, "done"), help("deployed: \"done-{{ slug }}\"")),
        (
            "colour: x",
            "unknown-field]: unknown field `colour`".to_owned(),
            "use `stack`, `code`, `deploy`, `preview`, `build`, `check`, `serial_group`, `deployed`, `ready`, `record`, \
             `alert`, `deployed_title`, `ready_title`, `promotion_label`, `deployed_label` or `final_label`"
                .to_owned(),
        ),
        (
            "stack: {QA: prod}",
            "wrong-type]: `stack` takes text, not a map".to_owned(),
            "write it like `stack: \"{{ environment }}\"`".to_owned(),
        ),
        ("deploy: 3", "ambiguous-scalar]: expected text, found the number `3`".to_owned(), "write \"3\"".to_owned()),
    ] {
        gives(&with(names), &error, &help);
    }
    gives(
        &(with("preview: look") + "gate: preview\n"),
        &same("preview", all, "look"),
        &help("preview: \"look-{{ slug }}\""),
    );
    gives(
        &(manifest("shop") + "groups: [eu, us]\nnames: {stack: \"{{ environment }}\"}\n"),
        &same("stack", "`eu.CI` and `us.CI`", "CI"),
        &help("stack: \"{{ environment }}.{{ group }}\""),
    );
}

/// More of what new users write, and what they are to write instead.
#[test]
#[expect(clippy::too_many_lines, reason = "each mistake stands beside its message")]
fn more_mistakes_of_new_users() {
    let takes = |whom: &str, expected: &str, found: &str| format!("wrong-type]: {whom} takes {expected}, not {found}");
    let input = "inputs: {app: {git: {repository: https://github.com/a/b}}}\n";
    for (more, error, help) in [
        (
            "approval: {windows: [{days: [Monday], from: \"09:00\", to: \"17:00\", zone: Europe/Berlin}]}",
            "wrong-type]: `days` cannot be `Monday`".to_owned(),
            "did you mean `mon`?",
        ),
        (
            "approval: {windows: [{days: [mon], from: 9, to: \"17:00\", zone: Europe/Berlin}]}",
            takes("`from`", "a time of the day, such as \"09:00\"", "9"),
            "write \"09:00\"",
        ),
        (
            "approval: {windows: [{days: mon-fri, from: \"09:00\", to: \"17:00\", zone: Europe/Berlin}]}",
            takes("`days`", "a list", "text"),
            "write it like `days: [mon, tue, wed, thu]`",
        ),
        ("overrides:\n- QA: {gate: manual}", takes("`overrides`", "a map", "a list"), "write `overrides: {QA: {…}}`"),
        ("env: [A=b, C=d]", takes("`env`", "a map", "a list"), "write `env: {A: b, C: d}`"),
        ("env:\n- {name: A, value: b}", takes("`env`", "a map", "a list"), "write `env: {A: b}`"),
        ("env: {A: [b, c]}", takes("`A`", "text", "a list"), "write it like `AWS_REGION: us-east-1`"),
        (
            "inputs:\n- name: app\n  image: {repository: x}",
            takes("`inputs`", "a map", "a list"),
            "write `inputs: {app: {…}}`",
        ),
        (
            "inputs: {app: 'nginx:1.25'}",
            takes("`app`", "a map", "text"),
            "write `app: {image: {repository: nginx, tag: \"1.25\"}}`",
        ),
        (
            "inputs: {app: {type: registry-image, source: {repository: nginx}}}",
            "unknown-field]: `type` and `source` belong under `resource`".to_owned(),
            "write `resource: {type: …, source: …}`",
        ),
        ("timeout: 1h30", "wrong-type]: `1h30` is not a duration, such as 90s, 15m, 4h or 14d".to_owned(), "write 90m"),
        (
            "approval: {expires: never}",
            "wrong-type]: `never` is not a duration, such as 90s, 15m, 4h or 14d".to_owned(),
            "remove the line",
        ),
        ("attempts: 0", takes("`attempts`", "1 or more", "0"), "write 1 or more, or remove the line for the default"),
        (
            "groups: {eu: {}, us: {}}",
            takes("`groups`", "a list", "a map"),
            "write `groups: [eu, us]`; put settings into `overrides`",
        ),
        ("gate: {type: issue}", takes("`gate`", "text", "a map"), "write `gate: issue`"),
        ("gate: no", "wrong-type]: `gate` cannot be `no`".to_owned(), "did you mean `none`?"),
        (
            "env: {A: \"{{ stack.upper() }}\"}",
            "template-syntax]: expressions have no methods".to_owned(),
            "use a filter, such as `{{ stack | lower }}`",
        ),
        (
            "env: {A: \"{{ 'a' + 1 }}\"}",
            "template-syntax]: tried to use + operator on unsupported types string and number".to_owned(),
            "write `~` between texts: `{{ 'a' ~ 1 }}`",
        ),
        (
            "values: {size: {CI: small}}\nenv: {A: \"{{ values.size }}\"}",
            "not-text]: expected text or a number, found a map".to_owned(),
            "name one entry of it, such as `{{ values.sizes[environment] }}`",
        ),
        (
            "env: {A:b}",
            "yaml-syntax]: `A:b` is a key without a value".to_owned(),
            "write `A: b`, with a space after the `:`",
        ),
        (
            "env: {A b}",
            "yaml-syntax]: `A b` is a key without a value".to_owned(),
            "write `A: b`, with a space after the `:`",
        ),
        ("before: [make]", takes("an item of `before`", "a map", "text"), ""),
        (
            "before:\n- run: make",
            "kind-result]: not what Concourse reads: unknown field `run`".to_owned(),
            "write what the step is: `get`, `put`, `task`, `set_pipeline`, `load_var`, `try`, `do` or `in_parallel`",
        ),
        ("extra: {jobs: [{plan: []}]}", "kind-result]: not what Concourse reads: `name` is missing".to_owned(), ""),
        (
            "extra: {jobs: [{name: a, plan: [{get: shop-a, trigger: yes}]}]}",
            "ambiguous-scalar]: `yes` is true to some readers of YAML, and not to others".to_owned(),
            "write true, or \"yes\" for text",
        ),
        (
            "source: {repository: git@github.com/example/shop}",
            "wrong-type]: `git@github.com/example/shop` is not an address that git can clone".to_owned(),
            "write `git@github.com:example/shop`",
        ),
    ] {
        let text = manifest("shop") + more + "\n" + if more.contains("inputs") { "" } else { input };
        let found = reported(FLEET, &text);
        let expected = [format!("error[{error}"), format!("= help: {help}")];
        let expected = if help.is_empty() { &expected[..1] } else { &expected[..] };
        assert_eq!(found, expected, "{more}");
    }
    for (text, error, help) in [
        (
            "project:shop\nstack: {pulumi: {path: a}}\n",
            "yaml-syntax]: a key in the text above",
            "write a space after the `:` in the line before",
        ),
        (
            "project: shop\nstack: {pulumi: {path: a}}\nenv:\n  A: |\n  x\n  B: c\n",
            "yaml-syntax]: a line of a text that is not indented",
            "indent the lines of the text that `|` or `>` begins",
        ),
        (
            "project: shop\nstack: {pulumi: {path: a}}\nenv: {A: @x}\n",
            "yaml-syntax]: a text cannot begin with this character",
            "quote the text",
        ),
        (
            "projects:\n- shop: {stack: {pulumi: {path: a}}}\n",
            "wrong-type]: `projects` takes a map, not a list",
            "write `projects: {shop: {…}}`",
        ),
        (
            "project: shop\nstack: {script: {image: a, deploy: [make, deploy]}}\n",
            "wrong-type]: `deploy` takes text, not a list",
            "write it like `deploy: './deploy.sh \"$ENVIRONMENT\"'`",
        ),
    ] {
        gives(text, error, help);
    }
}

/// What new users write into a fleet.
#[test]
fn mistakes_in_a_fleet() {
    let of = |from: &str, to: &str| {
        assert!(FLEET.contains(from), "{from}");
        reported(&FLEET.replace(from, to), &manifest("shop"))
    };
    let concourses = "concourses: {main: {target: main}, edge: {target: edge}}";
    for (from, to, error, help) in [
        ("version: 1", "version: 1.0", "wrong-type]: expected a whole number, found the number 1.0", ""),
        (
            concourses,
            "concourse: {main: {target: main}, edge: {target: edge}}",
            "unknown-field]: unknown field `concourse`",
            "did you mean `concourses`?",
        ),
        (
            concourses,
            "concourses: {main: main}",
            "wrong-type]: `main` takes a map, not text",
            "write it like `main: {target: main, team: shop}`",
        ),
        (
            "defaults:",
            "projects: [projects]\ndefaults:",
            "no-projects]: no manifest matches `projects`",
            "write `projects: [projects/*.yml]`: `projects` is a folder",
        ),
        (
            "defaults:",
            "kinds: nowhere\ndefaults:",
            "missing-path]: there is no folder `nowhere`",
            "correct the path: it begins at the folder of the fleet, and has `stacks` or `builds` below it",
        ),
        (
            "defaults:",
            "freezes: [2026-12-24]\ndefaults:",
            "wrong-type]: an item of `freezes` takes a map, not text",
            "",
        ),
        ("defaults:", "freezes: [{from: 2026-12-24, to: 2027-01-02}]\ndefaults:", "wrong-type]: `zone` is missing", ""),
    ] {
        let expected = [format!("error[{error}"), format!("= help: {help}")];
        let expected = if help.is_empty() { &expected[..1] } else { &expected[..] };
        assert_eq!(of(from, to), expected, "{to}");
    }
}
