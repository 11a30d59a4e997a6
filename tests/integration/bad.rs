//! What is wrong is said with its place, and what to do: the whole report, rule by rule.

use insta::assert_snapshot;

use ol_pipegen::diagnostic::Rule;

use crate::support::Work;

const FLEET: &str = "\
version: 1
concourses: {main: {target: main}, edge: {target: edge}}
defaults:
  environments: [CI, QA, Production]
  source: {repository: https://github.com/example/shop}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
";

/// The report on a manifest of a small fleet. It must be an error unless only warnings are said to come.
#[track_caller]
fn report(manifest: &str) -> String {
    of(&Work::new().file("pipegen.yml", FLEET).file("projects/a.yml", manifest), 1)
}

#[track_caller]
fn warning(manifest: &str) -> String {
    of(&Work::new().file("pipegen.yml", FLEET).file("projects/a.yml", manifest), 0)
}

#[track_caller]
fn of(work: &Work, code: i32) -> String {
    let ran = work.run(&["render", "--check"]);
    // With --check a manifest that is fine is out of date: nothing was rendered before.
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(code == 0, ran.stderr.contains("error: out of date"), "{}", ran.stderr);
    ran.stderr.replace("\nerror: out of date: 1 file; run `ol-pipegen render`", "")
}

#[test]
fn every_rule_is_shown_here() {
    let cases = concat!(
        include_str!("bad.rs"),
        include_str!("extra.rs"),
        include_str!("words.rs"),
        include_str!("../fixtures/import/branching.txt"),
        include_str!("../fixtures/import/periodic.txt"),
    );
    // What has a page fails and passes there.
    let without_page = Rule::ALL.iter().filter(|rule| rule.page().is_none());
    let missing: Vec<&str> =
        without_page.map(|rule| rule.name()).filter(|name| !cases.contains(&format!("[{name}]"))).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn manifest_that_the_fleet_does_not_list() {
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/a.yml", "project: shop-a\nstack:\n  pulumi: {path: infra/a}\n")
        .file("projects/b.yaml", "project: shop-b\nstack:\n  pulumi: {path: infra/b}\n");
    assert_snapshot!(of(&work, 0), @"
    warning[unlisted-manifest]: no glob of this fleet's `projects` matches `projects/b.yaml`
     --> pipegen.yml:1:1
      |
    1 | version: 1
      | ^^^^^^^
      |
      = note: what is not matched is not rendered, and the pipeline that was rendered from it before is removed
      = help: end the name in `.yml`, or add a glob that ends in `.yaml`

    warning: 1 warning in 1 file
    ");
}

#[test]
fn control_characters_in_a_target() {
    let work =
        Work::new().file("pipegen.yml", "version: 1\nconcourses: {main: {target: \"a\\nb\", team: \"c\\u0085\"}}\n");
    assert_snapshot!(of(&work, 1), @r#"
    error[no-projects]: no manifest matches `projects/*.yml`
     --> pipegen.yml:1:1
      |
    1 | version: 1
      | ^^^^^^^
      |
      = help: `ol-pipegen init` writes one to begin with
    error[wrong-type]: `a\u{a}b` is not one line without control characters
     --> pipegen.yml:2:29
      |
    2 | concourses: {main: {target: "a\nb", team: "c\u0085"}}
      |                             ^^^^^^
    error[wrong-type]: `c\u{85}` is not one line without control characters
     --> pipegen.yml:2:43
      |
    2 | concourses: {main: {target: "a\nb", team: "c\u0085"}}
      |                                           ^^^^^^^^^

    error: 3 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn bytes_that_are_no_text() {
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/b.yml", "project: shop-b\nenviroments: [QA]\n");
    let write = |name: &str, bytes: &[u8]| std::fs::write(work.path().join(name), bytes).unwrap();
    write("projects/a.yml", b"\xef\xbb\xbfproject: shop-\xff\n");
    assert_snapshot!(of(&work, 1), @"
    error[yaml-syntax]: the file is not UTF-8
     --> projects/a.yml:1:15
      |
    1 | project: shop-�
      |               ^ no character from here on
      |
      = help: save it as UTF-8
    error[missing-field]: the manifest and its fleet lack `stack`
     --> projects/b.yml:1:1
      |
    1 | project: shop-b
      | ^^^^^^^
      |
      = help: say what deploys it: `stack: {KIND: …}`, with `helm`, `opentofu`, `pulumi` and `script`
    error[unknown-field]: unknown field `enviroments`
     --> projects/b.yml:2:1
      |
    2 | enviroments: [QA]
      | ^^^^^^^^^^^ no such field of a manifest
      |
      = help: did you mean `environments`?

    error: 3 errors in 2 files; nothing was compared
    ");
    work.write("kinds/stacks/own.yml", "");
    write("kinds/stacks/own.yml", b"version: 1\nabout: \xe9\n");
    write("projects/a.yml", b"project: shop-a\nstack: {own: {}}\n");
    assert_snapshot!(of(&work, 1), @"
    error[yaml-syntax]: the file is not UTF-8
     --> kinds/stacks/own.yml:2:8
      |
    2 | about: �
      |        ^ no character from here on
      |
      = help: save it as UTF-8
    error[missing-field]: the manifest and its fleet lack `stack`
     --> projects/b.yml:1:1
      |
    1 | project: shop-b
      | ^^^^^^^
      |
      = help: say what deploys it: `stack: {KIND: …}`, with `helm`, `opentofu`, `pulumi` and `script`
    error[unknown-field]: unknown field `enviroments`
     --> projects/b.yml:2:1
      |
    2 | enviroments: [QA]
      | ^^^^^^^^^^^ no such field of a manifest
      |
      = help: did you mean `environments`?

    error: 3 errors in 2 files; nothing was compared
    ");
    write("pipegen.yml", b"version: 1\n# \xe9\n");
    assert_snapshot!(of(&work, 1), @"
    error[yaml-syntax]: the file is not UTF-8
     --> pipegen.yml:2:3
      |
    2 | # �
      |   ^ no character from here on
      |
      = help: save it as UTF-8

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn column_behind_a_byte_order_mark() {
    assert!(report("\u{feff}projekt: a\n").contains("projects/a.yml:1:1"));
}

#[test]
fn example_of_the_language() {
    let ran = Work::copy_of("tests/fixtures/bad").run(&["render"]).ended(1);
    assert_eq!(ran.stdout, "");
    assert_snapshot!(ran.stderr, @r#"
    error[unknown-field]: unknown field `enviroments`
     --> projects/bad.yml:2:1
      |
    2 | enviroments: [CI, QA, Production]
      | ^^^^^^^^^^^ no such field of a manifest
      |
      = help: did you mean `environments`?
    error[issue-gate-first]: nothing comes before `CI` that could open its issue
     --> projects/bad.yml:3:7
      |
    3 | gate: issue
      |       ^^^^^ holds for every environment of `shop-api`, the first one too
      |
      = help: leave it out: `issue` is the default of all but the first; or say `gate: none` for `CI` in `overrides`
    error[unknown-field]: unknown option `refrsh` of the stack kind `pulumi`
     --> projects/bad.yml:5:29
      |
    5 |   pulumi: {path: infra/api, refrsh: false}
      |                             ^^^^^^
      |
      = help: did you mean `refresh`?
    error[ambiguous-scalar]: `1.10` is a number to YAML, and would become `1.1`
     --> projects/bad.yml:8:40
      |
    8 |     image: {repository: shop/api, tag: 1.10, password: *******}
      |                                        ^^^^
      |
      = help: write "1.10"
    error[plaintext-secret]: the password of `api-image` is written in clear
     --> projects/bad.yml:8:56
      |
    8 |     image: {repository: shop/api, tag: 1.10, password: *******}
      |                                                        ^^^^^^^
      |
      = help: give the name of a credential, such as ((registry.password))
    error[unknown-environment]: `shop-api` has no environment `Prod`
     --> projects/bad.yml:9:12
      |
    9 |     only: [Prod]
      |            ^^^^
      |
      = help: it has `CI`, `QA` and `Production`
    error[unknown-selector]: `Prodution` fits no stage of `shop-api`
      --> projects/bad.yml:11:3
       |
    11 |   Prodution: {gate: preview}
       |   ^^^^^^^^^
       |
       = help: did you mean `Production`?
    error[unknown-concourse]: the fleet has no Concourse `edgy`
      --> projects/bad.yml:12:19
       |
    12 |   QA: {concourse: edgy}
       |                   ^^^^
       |
       = help: did you mean `edge`?

    error: 8 errors in 1 file; nothing was written
    "#);
}

#[test]
fn file_that_is_no_yaml() {
    assert_snapshot!(report(
        r#"project: "shop
"#
    ), @r#"
    error[yaml-syntax]: unclosed quote
     --> projects/a.yml:1:10
      |
    1 | project: "shop
      |          ^ not YAML from here on

    error: 1 error in 1 file; nothing was compared
    "#);
}

#[test]
fn yaml_tag() {
    assert_snapshot!(report(
        r"project: !env NAME
stack:
  pulumi: {path: infra/cart}
"
    ), @"
    error[yaml-syntax]: YAML tags have no meaning here
     --> projects/a.yml:1:10
      |
    1 | project: !env NAME
      |          ^^^^^^^^^ tagged `!env`
      |
      = help: leave the tag out; a text that looks like something else needs quotes

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn second_document() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
---
project: other
"
    ), @"
    error[yaml-syntax]: a second document
     --> projects/a.yml:4:1
      |
    4 | ---
      | ^^^ only the first would be read
      |
      = help: give it a file of its own

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn alias_bomb() {
    assert_snapshot!(report(
        r"values:
  a: &a [x, x, x, x, x, x, x, x, x, x]
  b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
  c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
  d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
  e: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
"
    ), @"
    error[yaml-limit]: beyond the limit `nodes`: at most 20000 values, those of aliases counted each time
     --> projects/a.yml:6:7
      |
    6 |   e: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
      |       ^^
      |
      = help: split the file; no manifest needs as much

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn empty_file() {
    assert_snapshot!(report(
        r""
    ), @"
    error[missing-field]: nothing in this file: it is to be a manifest
     --> projects/a.yml:1:1
      |
    1 |
      | ^
      |
      = help: `ol-pipegen init` writes one to begin with

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn list_for_a_manifest() {
    assert_snapshot!(report(
        r"- project: a
"
    ), @"
    error[wrong-type]: a manifest is a map
     --> projects/a.yml:1:1
      |
    1 | - project: a
      | ^^^^^^^^^^^^

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn unknown_field_far_from_any() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
zzz: 1
"
    ), @"
    error[unknown-field]: unknown field `zzz`
     --> projects/a.yml:4:1
      |
    4 | zzz: 1
      | ^^^ no such field of a manifest

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn unknown_field_below() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
source: {pahts: [a]}
"
    ), @"
    error[unknown-field]: unknown field `pahts`
     --> projects/a.yml:4:10
      |
    4 | source: {pahts: [a]}
      |          ^^^^^ no such field of `source`
      |
      = help: did you mean `paths`?

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn missing_fields() {
    assert_snapshot!(report(
        r"gate: preview
"
    ), @"
    error[missing-field]: the manifest and its fleet lack `project`
     --> projects/a.yml:1:1
      |
    1 | gate: preview
      | ^^^^
      |
      = help: name the thing that is deployed: `project: shop-cart`
    error[missing-field]: the manifest and its fleet lack `stack`
     --> projects/a.yml:1:1
      |
    1 | gate: preview
      | ^^^^
      |
      = help: say what deploys it: `stack: {KIND: …}`, with `helm`, `opentofu`, `pulumi` and `script`

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn missing_option() {
    assert_snapshot!(report(
        r"project: shop-cart
stack: {pulumi: {}}
"
    ), @"
    error[missing-field]: the stack kind `pulumi` needs `path`
     --> projects/a.yml:2:9
      |
    2 | stack: {pulumi: {}}
      |         ^^^^^^

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn wrong_types() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
environments: CI
timeout: 90
attempts: 0
source: {trigger: yes, check_every: 5 minutes}
record: opne
groups: [a b]
issues: {labels: ~}
"
    ), @r#"
    error[wrong-type]: `environments` takes a list, not text
     --> projects/a.yml:4:15
      |
    4 | environments: CI
      |               ^^
      |
      = help: write [CI]
    error[ambiguous-scalar]: `90` is a number to YAML, and text is due
     --> projects/a.yml:5:10
      |
    5 | timeout: 90
      |          ^^
      |
      = help: write "90"
    error[wrong-type]: `attempts` is 1 at least
     --> projects/a.yml:6:11
      |
    6 | attempts: 0
      |           ^
    error[wrong-type]: `trigger` takes true or false, not text
     --> projects/a.yml:7:19
      |
    7 | source: {trigger: yes, check_every: 5 minutes}
      |                   ^^^
      |
      = help: write true
    error[wrong-type]: `5 minutes` is not a duration, such as 90s, 15m or 4h, or `never`
     --> projects/a.yml:7:37
      |
    7 | source: {trigger: yes, check_every: 5 minutes}
      |                                     ^^^^^^^^^
    error[wrong-type]: `record` cannot be `opne`
     --> projects/a.yml:8:9
      |
    8 | record: opne
      |         ^^^^
      |
      = help: did you mean `open`?
    error[wrong-type]: `a b` is not a name of letters, digits, `-` and `_`
     --> projects/a.yml:9:10
      |
    9 | groups: [a b]
      |          ^^^
    error[wrong-type]: `labels` takes a list, not nothing
      --> projects/a.yml:10:18
       |
    10 | issues: {labels: ~}
       |                  ^
       |
       = help: leave the line out for the default

    error: 8 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn keys_and_items_that_stand_twice() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
environments: [CI, QA, CI]
project: other
"
    ), @"
    error[duplicate-item]: `CI` stands twice in `environments`
     --> projects/a.yml:4:24
      |
    4 | environments: [CI, QA, CI]
      |                --      ^^
      |                |
      |                first here
    error[duplicate-key]: `project` stands twice in this map
     --> projects/a.yml:5:1
      |
    1 | project: shop-cart
      | ------- first here
    ...
    5 | project: other
      | ^^^^^^^
      |
      = help: remove one of them

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn merge_key() {
    assert_snapshot!(report(
        r"values: &v {a: 1}
project: shop-cart
stack:
  pulumi: {path: infra/cart}
env: {<<: *v}
"
    ), @"
    error[merge-key]: `<<` merges maps in some readers and not in others
     --> projects/a.yml:5:7
      |
    5 | env: {<<: *v}
      |       ^^ not used here
      |
      = help: write the entries out; what several projects share belongs into the fleet's `defaults`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn version_of_the_future() {
    assert_snapshot!(report(
        r"version: 2
project: shop-cart
stack:
  pulumi: {path: infra/cart}
"
    ), @"
    error[unknown-version]: version 2 of the language, of which this program knows version 1
     --> projects/a.yml:1:10
      |
    1 | version: 2
      |          ^
      |
      = help: use a newer ol-pipegen, or write `version: 1`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn not_supported_yet() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
issues: {auth: {app: {id: 1}}}
approval: {freeze: []}
"
    ), @"
    error[missing-field]: `app` needs `installation`
     --> projects/a.yml:4:17
      |
    4 | issues: {auth: {app: {id: 1}}}
      |                 ^^^
      |
      = help: an App has an `id`, the id of its `installation`, and a private `key`
    error[missing-field]: `app` needs `key`
     --> projects/a.yml:4:17
      |
    4 | issues: {auth: {app: {id: 1}}}
      |                 ^^^
      |
      = help: an App has an `id`, the id of its `installation`, and a private `key`
    error[not-yet]: `freeze` is not supported yet
     --> projects/a.yml:5:12
      |
    5 | approval: {freeze: []}
      |            ^^^^^^ part of the language, but not of this version of ol-pipegen
      |
      = help: the resource keeps no calendar; `soak` lets an approval wait, `expires` ends it

    error: 3 errors in 1 file; nothing was compared
    ");
}

#[test]
fn chart_by_address_without_its_version() {
    assert_snapshot!(report(
        r"project: shop-cart
stack: {helm: {chart: oci://registry.example.com/cart, namespace: shop, kubeconfig: hunter2}}
"
    ), @"
    error[missing-field]: the stack kind `helm` needs `chart_version`
     --> projects/a.yml:2:9
      |
    2 | stack: {helm: {chart: oci://registry.example.com/cart, namespace: shop, kubeconfig: *******}}
      |         ^^^^
    error[plaintext-secret]: the kubeconfig of `helm` is written in clear
     --> projects/a.yml:2:85
      |
    2 | stack: {helm: {chart: oci://registry.example.com/cart, namespace: shop, kubeconfig: *******}}
      |                                                                                     ^^^^^^^
      |
      = help: give the name of a credential, such as ((helm.kubeconfig))

    error: 2 errors in 1 file; nothing was compared
    ");
    assert_snapshot!(report(
        r"project: shop-cart
stack: {helm: {chart: oci://registry.example.com/cart, chart_version: ^1.2, namespace: shop, set: {image.digest: $DIGEST}}}
"
    ), @"
    error[wrong-type]: `^1.2` is not a whole version, such as `1.4.2`
     --> projects/a.yml:2:71
      |
    2 | stack: {helm: {chart: oci://registry.example.com/cart, chart_version: ^1.2, namespace: shop, set: {image.digest: $DIGEST}}}
      |                                                                       ^^^^
    error[wrong-type]: `$DIGEST` is not the name of a variable
     --> projects/a.yml:2:114
      |
    2 | stack: {helm: {chart: oci://registry.example.com/cart, chart_version: ^1.2, namespace: shop, set: {image.digest: $DIGEST}}}
      |                                                                                                                  ^^^^^^^

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn ambiguous_scalars() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
values: {a: no, b: 012, c: 12:30, d: 1_000, e: y}
env: {A: "{{ values.a }}{{ values.b }}{{ values.c }}{{ values.d }}{{ values.e }}", B: 1.10, C: true, D: 8080}
"#
    ), @r#"
    error[ambiguous-scalar]: `no` is false to some readers of YAML, and not to others
     --> projects/a.yml:4:13
      |
    4 | values: {a: no, b: 012, c: 12:30, d: 1_000, e: y}
      |             ^^
      |
      = help: write "no" for text, or say plainly what is meant
    error[ambiguous-scalar]: `012` is a number to base 8 to some readers of YAML, and not to others
     --> projects/a.yml:4:20
      |
    4 | values: {a: no, b: 012, c: 12:30, d: 1_000, e: y}
      |                    ^^^
      |
      = help: write "012" for text, or say plainly what is meant
    error[ambiguous-scalar]: `12:30` is a number to base 60 to some readers of YAML, and not to others
     --> projects/a.yml:4:28
      |
    4 | values: {a: no, b: 012, c: 12:30, d: 1_000, e: y}
      |                            ^^^^^
      |
      = help: write "12:30" for text, or say plainly what is meant
    error[ambiguous-scalar]: `1_000` is a number to some readers of YAML, and not to others
     --> projects/a.yml:4:38
      |
    4 | values: {a: no, b: 012, c: 12:30, d: 1_000, e: y}
      |                                      ^^^^^
      |
      = help: write "1_000" for text, or say plainly what is meant
    error[ambiguous-scalar]: `y` is true to some readers of YAML, and not to others
     --> projects/a.yml:4:48
      |
    4 | values: {a: no, b: 012, c: 12:30, d: 1_000, e: y}
      |                                                ^
      |
      = help: write "y" for text, or say plainly what is meant
    error[ambiguous-scalar]: `1.10` is a number to YAML, and would become `1.1`
     --> projects/a.yml:5:87
      |
    5 | env: {A: "{{ values.a }}{{ values.b }}{{ values.c }}{{ values.d }}{{ values.e }}", B: 1.10, C: true, D: 8080}
      |                                                                                       ^^^^
      |
      = help: write "1.10"
    error[ambiguous-scalar]: `true` is true to YAML, and text is due
     --> projects/a.yml:5:96
      |
    5 | env: {A: "{{ values.a }}{{ values.b }}{{ values.c }}{{ values.d }}{{ values.e }}", B: 1.10, C: true, D: 8080}
      |                                                                                                ^^^^
      |
      = help: write "true"
    error[ambiguous-scalar]: `8080` is a number to YAML, and text is due
     --> projects/a.yml:5:105
      |
    5 | env: {A: "{{ values.a }}{{ values.b }}{{ values.c }}{{ values.d }}{{ values.e }}", B: 1.10, C: true, D: 8080}
      |                                                                                                         ^^^^
      |
      = help: write "8080"

    error: 8 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn unquoted_template() {
    assert_snapshot!(report(
        r"project: {{ name }}
stack:
  pulumi: {path: infra/cart}
"
    ), @r#"
    error[unquoted-template]: a text that begins with `{{` needs quotes in YAML
     --> projects/a.yml:1:10
      |
    1 | project: {{ name }}
      |          ^^^^^^^^^^ YAML reads a map here
      |
      = help: write "{{ name }}"

    error: 1 error in 1 file; nothing was compared
    "#);
}

#[test]
fn template_where_none_is_filled() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
groups: ["{{ name }}", a]
source: {check_every: "{{ name }}"}
gate: "{{ name }}"
inputs: {img: {image: {repository: a}, params: {x: "{{ name }}"}}}
"#
    ), @r#"
    error[template-here]: a template where none is filled
     --> projects/a.yml:4:10
      |
    4 | groups: ["{{ name }}", a]
      |          ^^^^^^^^^^^^
      |
      = help: write the text itself; what differs from stage to stage belongs into `overrides`
    error[template-here]: a template where none is filled
     --> projects/a.yml:5:23
      |
    5 | source: {check_every: "{{ name }}"}
      |                       ^^^^^^^^^^^^
      |
      = help: write the text itself; what differs from stage to stage belongs into `overrides`
    error[template-here]: a template where none is filled
     --> projects/a.yml:6:7
      |
    6 | gate: "{{ name }}"
      |       ^^^^^^^^^^^^
      |
      = help: write the text itself; what differs from stage to stage belongs into `overrides`
    error[template-here]: a template where none is filled
     --> projects/a.yml:7:52
      |
    7 | inputs: {img: {image: {repository: a}, params: {x: "{{ name }}"}}}
      |                                                    ^^^^^^^^^^^^
      |
      = help: write the text itself; what differs from stage to stage belongs into `overrides`

    error: 4 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn template_that_is_none() {
    assert_snapshot!(report(
        r#"project: shop-{{ name
stack:
  pulumi: {path: "{{ }}"}
"#
    ), @r#"
    error[template-syntax]: a hole that is not closed by `}}`
     --> projects/a.yml:1:15
      |
    1 | project: shop-{{ name
      |               ^^^^^^^
    error[template-syntax]: an empty hole
     --> projects/a.yml:3:19
      |
    3 |   pulumi: {path: "{{ }}"}
      |                   ^^^^^

    error: 2 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn undefined_name() {
    assert_snapshot!(report(
        r#"project: shop-{{ nmae }}
stack:
  pulumi: {path: infra/cart}
values: {release: a}
env: {A: "{{ values.relese }}"}
"#
    ), @r#"
    error[undefined-name]: nothing is called `nmae`
     --> projects/a.yml:1:15
      |
    1 | project: shop-{{ nmae }}
      |               ^^^^^^^^^^
      |
      = help: did you mean `name`?
    error[undefined-name]: nothing is called `relese` in `values`
     --> projects/a.yml:5:11
      |
    5 | env: {A: "{{ values.relese }}"}
      |           ^^^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `release`?

    error: 2 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn hole_that_gives_no_text() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
values: {list: [a, b]}
env: {A: "x-{{ values.list }}", B: "{{ previewed }}"}
"#
    ), @r#"
    error[not-text]: gives a list, where text or a number is due
     --> projects/a.yml:5:13
      |
    5 | env: {A: "x-{{ values.list }}", B: "{{ previewed }}"}
      |             ^^^^^^^^^^^^^^^^^
      |
      = help: make one text of it: `… | join(',')`
    error[not-text]: gives a boolean, where text or a number is due
     --> projects/a.yml:5:37
      |
    5 | env: {A: "x-{{ values.list }}", B: "{{ previewed }}"}
      |                                     ^^^^^^^^^^^^^^^
      |
      = help: say what it stands for: `{{ 'a' if … else 'b' }}`

    error: 2 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn text_that_grows_beyond_measure() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
values: {a: "{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }}", b: "{{ values.a | replace('x', values.a) }}", c: "{{ values.b | replace('x', values.b) }}"}
env: {A: "{{ values.c }}"}
"#
    ), @r#"
    error[template-limit]: grows beyond 262144 bytes when it is filled
     --> projects/a.yml:4:139
      |
    4 | ...{ values.a | replace('x', values.a) }}", c: "{{ values.b | replace('x', values.b) }}"}
      |                                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error: 1 error in 1 file; nothing was compared
    "#);
}

#[test]
fn values_that_need_one_another() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
values: {a: "{{ values.b }}", b: "{{ values.c }}", c: "{{ values.a }}"}
env: {A: "{{ values.a }}"}
"#
    ), @r#"
    error[value-cycle]: values need one another: `a` → `b` → `c` → `a`
     --> projects/a.yml:4:10
      |
    4 | values: {a: "{{ values.b }}", b: "{{ values.c }}", c: "{{ values.a }}"}
      |          ^
      |
      = help: say one of them in plain words

    error: 1 error in 1 file; nothing was compared
    "#);
}

#[test]
fn selector_that_fits_nothing() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
groups: [a]
overrides:
  Prodution: {gate: none}
  a.QAA: {gate: none}
"
    ), @"
    error[unknown-selector]: `Prodution` fits no stage of `shop-cart`
     --> projects/a.yml:6:3
      |
    6 |   Prodution: {gate: none}
      |   ^^^^^^^^^
      |
      = help: did you mean `Production`?
    error[unknown-selector]: `a.QAA` fits no stage of `shop-cart`
     --> projects/a.yml:7:3
      |
    7 |   a.QAA: {gate: none}
      |   ^^^^^
      |
      = help: did you mean `a.QA`?

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn group_that_is_an_environment() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
groups: [QA, other]
"
    ), @"
    error[ambiguous-selector]: `QA` is an environment, too
     --> projects/a.yml:4:10
      |
    4 | groups: [QA, other]
      |          ^^
      |
      = help: give the group another name: in `overrides` nobody could tell which is meant

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn stage_that_is_not_there() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
groups: [a, b]
skip: [a.Prod, c.QA]
"
    ), @"
    error[unknown-stage]: there is no stage `a.Prod` to skip
     --> projects/a.yml:5:8
      |
    5 | skip: [a.Prod, c.QA]
      |        ^^^^^^
      |
      = help: a stage is one of `a` and `b` and one of `CI`, `QA` and `Production`
    error[unknown-stage]: there is no stage `c.QA` to skip
     --> projects/a.yml:5:16
      |
    5 | skip: [a.Prod, c.QA]
      |                ^^^^
      |
      = help: did you mean `a.QA`?

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn chain_of_nothing() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
groups: [a, b]
skip: [a.CI, a.QA, a.Production]
"
    ), @"
    error[empty-chain]: every stage of `a` is skipped
     --> projects/a.yml:4:10
      |
    4 | groups: [a, b]
      |          ^
      |
      = help: take the group out

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn concourse_and_environment_that_are_not_there() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
overrides: {QA: {concourse: nowhere}}
inputs: {img: {image: {repository: a}, only: [Qa]}}
"
    ), @"
    error[unknown-concourse]: the fleet has no Concourse `nowhere`
     --> projects/a.yml:4:29
      |
    4 | overrides: {QA: {concourse: nowhere}}
      |                             ^^^^^^^
      |
      = help: it has `main` and `edge`
    error[unknown-environment]: `shop-cart` has no environment `Qa`
     --> projects/a.yml:5:47
      |
    5 | inputs: {img: {image: {repository: a}, only: [Qa]}}
      |                                               ^^
      |
      = help: did you mean `QA`?

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn kind_that_is_not_there() {
    assert_snapshot!(report(
        r"project: shop-cart
stack: {plumi: {path: a}}
inputs: {img: {image: {repository: a}, build: {with: {imge: {}}}}}
"
    ), @"
    error[unknown-kind]: there is no stack kind `plumi`
     --> projects/a.yml:2:9
      |
    2 | stack: {plumi: {path: a}}
      |         ^^^^^
      |
      = help: did you mean `pulumi`?

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn two_kinds() {
    assert_snapshot!(report(
        r"project: shop-cart
stack: {pulumi: {path: a}, script: {image: a, deploy: b}}
"
    ), @"
    error[several-kinds]: `stack` takes one, not `pulumi` and `script`
     --> projects/a.yml:2:8
      |
    2 | stack: {pulumi: {path: a}, script: {image: a, deploy: b}}
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: keep one of them

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn kind_in_an_override() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
overrides: {QA: {stack: {script: {image: a, deploy: b}}}}
"
    ), @"
    error[several-kinds]: `shop-cart` is deployed by `pulumi`, not by `script`
     --> projects/a.yml:4:26
      |
    3 |   pulumi: {path: infra/cart}
      |   ------ said here
    4 | overrides: {QA: {stack: {script: {image: a, deploy: b}}}}
      |                          ^^^^^^
      |
      = help: an override may change the options of a kind; what another kind deploys is another project

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn input_that_is_two_things() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
inputs: {a: {git: {}, image: {repository: a}}, b: {trigger: false}, c: {image: {tag: "1"}}}
"#
    ), @r#"
    error[several-sources]: `a` is several things at once: it has `git` and `image`
     --> projects/a.yml:4:10
      |
    4 | inputs: {a: {git: {}, image: {repository: a}}, b: {trigger: false}, c: {image: {tag: "1"}}}
      |          ^
      |
      = help: keep one of them
    error[missing-field]: `b` does not say what it is
     --> projects/a.yml:4:48
      |
    4 | inputs: {a: {git: {}, image: {repository: a}}, b: {trigger: false}, c: {image: {tag: "1"}}}
      |                                                ^
      |
      = note: nothing else in the manifest of that name does
      = help: say `git`, `image`, `s3`, `github_release` or `resource`
    error[missing-field]: `image` of `c` needs `repository`
     --> projects/a.yml:4:80
      |
    4 | inputs: {a: {git: {}, image: {repository: a}}, b: {trigger: false}, c: {image: {tag: "1"}}}
      |                                                                                ^^^^^^^^^^

    error: 3 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn build_of_several_repositories() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
inputs: {img: {image: {repository: a}, build: {from: {x: {git: {}}, y: {git: {}}}, with: {image: {}}}}}
"
    ), @"
    error[build-code-missing]: `img` is made from `x` and `y`, and one of them is its code
     --> projects/a.yml:4:54
      |
    4 | inputs: {img: {image: {repository: a}, build: {from: {x: {git: {}}, y: {git: {}}}, with: {image: {}}}}}
      |                                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: say which: `code: …`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn build_code_that_is_not_there() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
inputs: {img: {image: {repository: a}, build: {from: {web: {git: {}}, lib: {git: {}}}, code: wbe, with: {image: {}}}}}
"
    ), @"
    error[unknown-input]: `from` has no `wbe`
     --> projects/a.yml:4:94
      |
    4 | inputs: {img: {image: {repository: a}, build: {from: {web: {git: {}}, lib: {git: {}}}, code: wbe, with: {image: {}}}}}
      |                                                                                              ^^^
      |
      = help: did you mean `web`?

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn gate_of_a_single_stage() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
environments: [default]
"
    ), @"
    error[gate-missing]: `shop-cart` has a single stage, `default`, and nothing says what may deploy there
     --> projects/a.yml:4:1
      |
    4 | environments: [default]
      | ^^^^^^^^^^^^
      |
      = help: say `gate: preview` to see what a deployment would change, `gate: manual`, or `gate: none` for every commit

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn gate_that_cannot_cross() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
environments: [QA, Production]
overrides: {Production: {concourse: edge, gate: none}}
"
    ), @"
    error[gate-cannot-cross]: `none` cannot bring a version to `Production` from another Concourse
     --> projects/a.yml:5:49
      |
    5 | overrides: {Production: {concourse: edge, gate: none}}
      |                                                 ^^^^
      |
      = help: only an issue can: say `gate: issue` or `gate: preview`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn issue_gate_of_a_first_stage() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
overrides: {CI: {gate: issue}}
"
    ), @"
    error[issue-gate-first]: nothing comes before `CI` that could open its issue
     --> projects/a.yml:4:24
      |
    4 | overrides: {CI: {gate: issue}}
      |                        ^^^^^ `CI` is the first of its chain
      |
      = help: leave it out: `issue` is the default of all but the first; or say `gate: none` for `CI` in `overrides`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn kind_without_a_preview() {
    assert_snapshot!(report(
        r"project: shop-site
stack:
  script: {image: alpine, deploy: ./deploy.sh}
overrides: {Production: {gate: preview}}
"
    ), @"
    error[cannot-preview]: the stack kind `script` comes without a preview here
     --> projects/a.yml:4:32
      |
    4 | overrides: {Production: {gate: preview}}
      |                                ^^^^^^^
      |
      = help: give it the option `preview`, or another gate

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn one_name_two_meanings() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: "{{ values.path }}"}
groups: [a, b]
values: {path: infra/a}
overrides:
  b: {values: {path: infra/b}}
"#
    ), @"
    error[conflicting-definition]: two meanings of the resource `pulumi-shop-cart`
     --> projects/a.yml:7:22
      |
    5 | values: {path: infra/a}
      |                ------- comes out as `infra/a` for `a.CI`
    6 | overrides:
    7 |   b: {values: {path: infra/b}}
      |                      ^^^^^^^ comes out as `infra/b` for `b.CI`
      |
      = help: put what differs into its name, or make it equal

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn pipeline_of_two_names() {
    assert_snapshot!(report(
        r"pipeline: cart-{{ environment | lower }}
project: shop-cart
stack:
  pulumi: {path: infra/cart}
"
    ), @"
    error[conflicting-definition]: a manifest is one pipeline, of one name
     --> projects/a.yml:1:11
      |
    1 | pipeline: cart-{{ environment | lower }}
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ comes out as `cart-ci` for `shop-cart` CI and as `cart-qa` for `shop-cart` QA
      |
      = help: leave out what differs from stage to stage; each Concourse gets a pipeline of its own anyway

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn two_jobs_with_one_name() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
groups: [a]
names: {deploy: deploy-all}
"
    ), @"
    error[name-collision]: two jobs come out as `deploy-all`
     --> projects/a.yml:5:17
      |
    5 | names: {deploy: deploy-all}
      |                 ^^^^^^^^^^ for `shop-cart` a.QA
      |
      = note: the other is that of `shop-cart` a.CI
      = help: where a chain has a preview, dots of stack names become dashes; say `names: {deploy: …}`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn name_that_concourse_refuses() {
    assert_snapshot!(report(
        r"project: Shop_Cart
stack:
  pulumi: {path: infra/cart}
"
    ), @"
    error[concourse-name]: the job's name `deploy-Shop_Cart-ci` has the illegal character `S`
     --> projects/a.yml:1:10
      |
    1 | project: Shop_Cart
      |          ^^^^^^^^^
      |
      = note: Concourse takes lowercase letters, digits, `-`, `_` and `.`, a letter or a digit first

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn name_of_ones_own_that_concourse_refuses() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
names: {deploy: "Deploy {{ environment }}"}
pipeline: Cart
"#
    ), @r#"
    error[concourse-name]: the job's name `Deploy CI` must start with a lowercase letter or a number
     --> projects/a.yml:4:17
      |
    4 | names: {deploy: "Deploy {{ environment }}"}
      |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: Concourse takes lowercase letters, digits, `-`, `_` and `.`, a letter or a digit first
    error[concourse-name]: the pipeline's name `Cart` must start with a lowercase letter or a number
     --> projects/a.yml:5:11
      |
    5 | pipeline: Cart
      |           ^^^^

    error: 2 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn input_that_would_hide_something() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
inputs: {gate: {image: {repository: a}}, Img: {image: {repository: a}}}
"
    ), @"
    error[name-collision]: `gate` is the approval that a deployment goes by
     --> projects/a.yml:4:10
      |
    4 | inputs: {gate: {image: {repository: a}}, Img: {image: {repository: a}}}
      |          ^^^^
      |
      = help: give the input another name
    error[concourse-name]: the name `Img` must start with a lowercase letter or a number
     --> projects/a.yml:4:42
      |
    4 | inputs: {gate: {image: {repository: a}}, Img: {image: {repository: a}}}
      |                                          ^^^

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn keys_that_come_out_alike() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
env: {A: x, "{{ 'A' }}": z}
"#
    ), @r#"
    error[name-collision]: comes out as `A`, which is there already
     --> projects/a.yml:4:13
      |
    4 | env: {A: x, "{{ 'A' }}": z}
      |       - `A` ^^^^^^^^^^^

    error: 1 error in 1 file; nothing was compared
    "#);
}

#[test]
fn secrets_in_clear() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
env: {GITHUB_TOKEN: ghp_0123456789}
values: {key: hunter2}
source: {private_key: "{{ values.key }}"}
issues: {auth: {token: ghp_0123456789}}
"#
    ), @"
    error[plaintext-secret]: `GITHUB_TOKEN` is written in clear
     --> projects/a.yml:4:21
      |
    4 | env: {GITHUB_TOKEN: **************}
      |                     ^^^^^^^^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: comes out as a secret in clear
     --> projects/a.yml:6:23
      |
    6 | source: {private_key: ******************}
      |                       ^^^^^^^^^^^^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: the token of `issues` is written in clear
     --> projects/a.yml:7:24
      |
    7 | issues: {auth: {token: **************}}
      |                        ^^^^^^^^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))

    error: 3 errors in 1 file; nothing was compared
    ");
}

#[test]
fn needs_the_code() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
discover: true
"
    ), @"
    error[needs-source-root]: `discover` looks for files of the code
     --> projects/a.yml:4:1
      |
    4 | discover: true
      | ^^^^^^^^
      |
      = help: say where the code is checked out: `--source-root DIR`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn setting_without_effect() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
record: open
environments: [QA, Production]
overrides:
  QA: {approval: {soak: 1h}, record: none}
"
    ), @"
    error[no-effect]: `approval` has no effect: no stage that it holds for has the gate `issue` or `preview`
     --> projects/a.yml:7:8
      |
    7 |   QA: {approval: {soak: 1h}, record: none}
      |        ^^^^^^^^
      |
      = help: take it out, or give the stage such a gate
    error[no-effect]: `record` has no effect: the deployment opens an issue for the next stage
     --> projects/a.yml:7:30
      |
    7 |   QA: {approval: {soak: 1h}, record: none}
      |                              ^^^^^^
      |
      = help: take it out

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn record_that_mitodls_image_cannot_close() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
issues: {resource: mitodl}
record: closed
"
    ), @"
    warning[loose-approval]: an approval lets whatever is newest into `shop-cart` QA
     --> projects/a.yml:4:20
      |
    4 | issues: {resource: mitodl}
      |                    ^^^^^^
      |
      = note: MIT Open Learning's image names no versions, and takes whoever closes an issue for an approver
      = help: `resource: github-issues` deploys what the issue names
    error[no-effect]: MIT Open Learning's image cannot close a record
     --> projects/a.yml:5:9
      |
    5 | record: closed
      |         ^^^^^^
      |
      = help: say `record: open` or `none`, or use `resource: github-issues`

    error: 1 error and 1 warning in 1 file; nothing was compared
    ");
}

#[test]
fn approval_of_whatever_is_newest() {
    assert_snapshot!(warning(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
approval: {approve: latest}
"
    ), @"
    warning[loose-approval]: an approval lets whatever is newest into `shop-cart` QA
     --> projects/a.yml:4:21
      |
    4 | approval: {approve: latest}
      |                     ^^^^^^
      |
      = help: `approve: exact` deploys what the issue names

    warning: 1 warning in 1 file
    ");
}

#[test]
fn version_that_no_issue_can_name() {
    assert_snapshot!(warning(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
inputs: {img: {image: {repository: a}, only: [QA, Production]}}
"
    ), @"
    warning[unapproved-input]: no issue can name the version of `img` that `shop-cart` QA deploys
     --> projects/a.yml:4:10
      |
    4 | inputs: {img: {image: {repository: a}, only: [QA, Production]}}
      |          ^^^
      |
      = note: no stage before it takes the input
      = help: `gate: preview` names every version

    warning: 1 warning in 1 file
    ");
}

#[test]
fn value_that_nothing_uses() {
    assert_snapshot!(warning(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
values: {release: a}
"
    ), @"
    warning[unused-value]: nothing uses `{{ values.release }}`
     --> projects/a.yml:4:10
      |
    4 | values: {release: a}
      |          ^^^^^^^
      |
      = help: take it out

    warning: 1 warning in 1 file
    ");
}

#[test]
fn steps_that_are_none() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
before: [{tsak: a}, {get: a, file: b}, {put: other}]
"
    ), @"
    error[kind-result]: not what Concourse reads: unknown field `tsak`
     --> projects/a.yml:4:11
      |
    4 | before: [{tsak: a}, {get: a, file: b}, {put: other}]
      |           ^^^^
      |
      = note: filled in for the deploy of `shop-cart` CI
      = help: did you mean `task`?
    error[kind-result]: not what Concourse reads: unknown field `file` of this step
     --> projects/a.yml:4:21
      |
    4 | before: [{tsak: a}, {get: a, file: b}, {put: other}]
      |                     ^^^^^^^^^^^^^^^^^
      |
      = note: filled in for the deploy of `shop-cart` CI

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn project_that_is_not_there() {
    let work = Work::new().file("pipegen.yml", &format!("{FLEET}projects: [apps/*.yml, more/*.yml]\n"));
    assert_snapshot!(of(&work, 1), @"
    error[no-projects]: no manifest matches `apps/*.yml` or `more/*.yml`
     --> pipegen.yml:7:11
      |
    7 | projects: [apps/*.yml, more/*.yml]
      |           ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: `ol-pipegen init` writes one to begin with

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn two_pipelines_with_one_name() {
    let manifest = |project: &str| format!("project: {project}\npipeline: shop\nstack:\n  pulumi: {{path: infra}}\n");
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/a.yml", &manifest("shop-a"))
        .file("projects/b.yml", &manifest("shop-b"));
    assert_snapshot!(of(&work, 1), @"
    error[duplicate-pipeline]: two pipelines are called `shop`
     --> projects/b.yml:1:10
      |
    1 | project: shop-b
      |          ^^^^^^
      |
     ::: projects/a.yml:1:10
      |
    1 | project: shop-a
      |          ------ the other is made from this
      |
      = help: a pipeline is called as its file unless `pipeline` says otherwise

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn titles_that_are_taken_for_one_another() {
    let manifest = |project: &str| {
        format!(
            "project: shop-{project}\nstack:\n  pulumi: {{path: infra}}\nissues: {{resource: mitodl}}\n\
             names: {{deployed_title: \"[bot] Cart deployed to {{{{ environment }}}} for {project}\"}}\n"
        )
    };
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/c.yml", &manifest("shop"))
        .file("projects/d.yml", &manifest("shop-eu"));
    assert_snapshot!(of(&work, 1), @r#"
    warning[loose-approval]: an approval lets whatever is newest into `shop-shop` QA
     --> projects/c.yml:4:20
      |
    4 | issues: {resource: mitodl}
      |                    ^^^^^^
      |
      = note: MIT Open Learning's image names no versions, and takes whoever closes an issue for an approver
      = help: `resource: github-issues` deploys what the issue names
    error[title-collision]: closing the issue of the second would open the gate of the first as well
     --> projects/c.yml:5:25
      |
    5 | names: {deployed_title: "[bot] Cart deployed to {{ environment }} for shop"}
      |                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ "[bot] Cart deployed to CI for shop" is the beginning of
      |
     ::: projects/d.yml:5:25
      |
    5 | names: {deployed_title: "[bot] Cart deployed to {{ environment }} for shop-eu"}
      |                         ------------------------------------------------------ "[bot] Cart deployed to CI for shop-eu"
      |
      = note: with `resource: mitodl` an issue is found by the beginning of its title
      = help: end `names.deployed_title` with a full stop
    warning[loose-approval]: an approval lets whatever is newest into `shop-shop-eu` QA
     --> projects/d.yml:4:20
      |
    4 | issues: {resource: mitodl}
      |                    ^^^^^^
      |
      = note: MIT Open Learning's image names no versions, and takes whoever closes an issue for an approver
      = help: `resource: github-issues` deploys what the issue names

    error: 1 error and 2 warnings in 2 files; nothing was compared
    "#);
}

#[test]
fn titles_that_are_equal() {
    let manifest = |project: &str| {
        format!(
            "project: {project}\nenvironments: [QA, Production]\nstack:\n  pulumi: {{path: infra}}\n\
             names: {{deployed_title: \"{{{{ environment }}}} deployed\"}}\n"
        )
    };
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/c.yml", &manifest("shop"))
        .file("projects/d.yml", &manifest("shop-eu"));
    assert_snapshot!(of(&work, 1), @r#"
    error[title-collision]: two issues are called "Production deployed"
     --> projects/c.yml:5:25
      |
    5 | names: {deployed_title: "{{ environment }} deployed"}
      |                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
     ::: projects/d.yml:5:25
      |
    5 | names: {deployed_title: "{{ environment }} deployed"}
      |                         ---------------------------- the other
      |
      = help: put what differs into the title
    error[title-collision]: two issues are called "QA deployed"
     --> projects/c.yml:5:25
      |
    5 | names: {deployed_title: "{{ environment }} deployed"}
      |                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
     ::: projects/d.yml:5:25
      |
    5 | names: {deployed_title: "{{ environment }} deployed"}
      |                         ---------------------------- the other
      |
      = help: put what differs into the title

    error: 2 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn override_that_fits_no_project() {
    let work = Work::new()
        .file("pipegen.yml", &format!("{FLEET}  overrides: {{Staging: {{gate: none}}}}\n"))
        .file("projects/a.yml", "project: shop-cart\nstack:\n  pulumi: {path: infra/cart}\n");
    assert_snapshot!(of(&work, 0), @"
    warning[unused-override]: `Staging` fits no stage of any project of this fleet
     --> pipegen.yml:7:15
      |
    7 |   overrides: {Staging: {gate: none}}
      |               ^^^^^^^
      |
      = help: take it out, or mend the name

    warning: 1 warning in 1 file
    ");
}

#[test]
fn code_that_is_not_as_the_manifest_says() {
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/a.yml", "project: shop-cart\nstack:\n  pulumi: {path: infra/cart}\n")
        .file("projects/b.yml", "project: shop-api\nstack:\n  pulumi: {path: infra/ap}\n")
        .file("projects/c.yml", "project: shop-db\ndiscover: true\nstack:\n  pulumi: {path: infra/db}\n")
        .file("projects/d.yml", "project: shop-out\nstack:\n  pulumi: {path: ../../etc}\n")
        .file("code/infra/cart/Pulumi.CI.yaml", "")
        .file("code/infra/cart/Pulumi.QA.yaml", "")
        .file("code/infra/cart/Pulumi.Staging.yaml", "")
        .file("code/infra/db/Pulumi.yaml", "");
    let ran = work.run(&["render", "--source-root", "code"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    warning[undeclared-stack]: no stage deploys `infra/cart/Pulumi.Staging.yaml`
     --> projects/a.yml:2:1
      |
    2 | stack:
      | ^^^^^
      |
      = note: looked in code
      = help: add the stage, or remove the file
    error[missing-stack-file]: `shop-cart` Production has no stack file `infra/cart/Pulumi.Production.yaml`
     --> projects/a.yml:3:3
      |
    3 |   pulumi: {path: infra/cart}
      |   ^^^^^^
      |
      = note: looked in code
      = help: add the file, or take the stage out of `environments`, or `skip` it
    error[missing-path]: `infra/ap` is not in the code
     --> projects/b.yml:3:18
      |
    3 |   pulumi: {path: infra/ap}
      |                  ^^^^^^^^
      |
      = note: looked in code
    error[nothing-discovered]: no stack file `infra/db/Pulumi.STACK.yaml` for any of the environments
     --> projects/c.yml:2:1
      |
    2 | discover: true
      | ^^^^^^^^
      |
      = help: looked in code; is this the checkout of the code?
    error[missing-path]: `../../etc` is outside of the repository
     --> projects/d.yml:3:3
      |
    3 |   pulumi: {path: ../../etc}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: a path begins at the root of the repository
    error[missing-path]: `../../etc` is not in the code
     --> projects/d.yml:3:18
      |
    3 |   pulumi: {path: ../../etc}
      |                  ^^^^^^^^^
      |
      = note: looked in code

    error: 5 errors and 1 warning in 4 files; nothing was written
    ");
}

#[test]
fn kind_that_is_wrong() {
    let kind = "\
options: {type: strin}
steps:
- task: a
";
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("kinds/stacks/own.yml", kind)
        .file("projects/a.yml", "project: shop-cart\nstack:\n  own: {}\n");
    assert_snapshot!(of(&work, 1), @"
    error[missing-field]: a kind says of which version of the language it is
     --> kinds/stacks/own.yml:1:1
      |
    1 | options: {type: strin}
      | ^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: begin with `version: 1`
    error[wrong-type]: `options` is no JSON Schema: value is not valid under any of the schemas listed in the 'anyOf' keyword
     --> kinds/stacks/own.yml:1:17
      |
    1 | options: {type: strin}
      |                 ^^^^^
      |
      = help: see json-schema.org; a property has a `type`, a `default` and a `description`

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn kind_whose_result_is_nothing_that_concourse_knows() {
    let kind = "\
version: 1
options:
  type: object
  properties: {who: {type: string}}
phases: [deploy, teardown]
resources:
- name: Own
  type: mock
steps:
- task: \"{{ options.who }}\"
  config:
    platform: linux
    run: {path: sh, args: [-c, \"echo {{ options.who }}\"]}
- put: other
  inputs: al
";
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("kinds/stacks/own.yml", kind)
        .file("projects/a.yml", "project: shop-cart\nstack:\n  own: {who: you}\n");
    assert_snapshot!(of(&work, 1), @r#"
    error[kind-result]: a stack kind has no such phase
     --> kinds/stacks/own.yml:5:18
      |
    5 | phases: [deploy, teardown]
      |                  ^^^^^^^^
      |
      = help: it has `deploy` and `preview`
    error[kind-result]: not what Concourse reads: the name `Own` must start with a lowercase letter or a number
     --> kinds/stacks/own.yml:7:9
      |
    7 | - name: Own
      |         ^^^
      |
      = note: filled in for the deploy of `shop-cart` CI
    warning[template-in-script]: a value filled into a script is code
      --> kinds/stacks/own.yml:13:32
       |
    13 |     run: {path: sh, args: [-c, "echo {{ options.who }}"]}
       |                                ^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: hand it over in `params`, and use the variable in the script
    error[kind-result]: not what Concourse reads: unknown word `al`
      --> kinds/stacks/own.yml:15:11
       |
    15 |   inputs: al
       |           ^^
       |
       = note: filled in for the deploy of `shop-cart` CI
       = help: did you mean `all`?

    error: 3 errors and 1 warning in 1 file; nothing was compared
    "#);
}

#[test]
fn characters_that_act_on_a_terminal() {
    let shown = report(
        "project: shop-cart\nstack: {pulumi: {path: \"a\\0\"}}\noverrides: {\"\\e[31m\\u202eQA\": {gate: none}}\n",
    );
    assert!(!shown.contains(['\0', '\u{1b}', '\u{202e}']), "{shown:?}");
    assert_snapshot!(shown, @r#"
    error[control-character]: the text holds U+0000
     --> projects/a.yml:2:24
      |
    2 | stack: {pulumi: {path: "a\0"}}
      |                        ^^^^^
      |
      = help: take it out: no reader shows it, and some refuse it
    error[control-character]: the text holds U+001B
     --> projects/a.yml:3:13
      |
    3 | overrides: {"\e[31m\u202eQA": {gate: none}}
      |             ^^^^^^^^^^^^^^^^
      |
      = help: take it out: no reader shows it, and some refuse it
    error[unknown-selector]: `\u{1b}[31m\u{202e}QA` fits no stage of `shop-cart`
     --> projects/a.yml:3:13
      |
    3 | overrides: {"\e[31m\u202eQA": {gate: none}}
      |             ^^^^^^^^^^^^^^^^
      |
      = help: there are `CI`, `Production` and `QA`

    error: 3 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn titles_that_say_nothing() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nnames: {deployed_title: \"\"}\n"
    ), @r#"
    error[title-collision]: the title of an issue begins with no text
     --> projects/a.yml:4:25
      |
    4 | names: {deployed_title: ""}
      |                         ^^
      |
      = note: for `shop` CI
      = help: name the project and the stage in it

    error: 1 error in 1 file; nothing was compared
    "#);
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nissues: {resource: mitodl}\n\
         names: {deployed_title: ((.:version)) deployed.}\n"
    ), @"
    error[title-collision]: the title of an issue begins with no text
     --> projects/a.yml:5:25
      |
    5 | names: {deployed_title: ((.:version)) deployed.}
      |                         ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: for `shop` CI
      = help: name the project and the stage in it

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn projects_with_one_gate() {
    let manifest = |path: &str| format!("project: shop\nstack:\n  pulumi: {{path: infra/{path}}}\n");
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/a.yml", &manifest("a"))
        .file("projects/b.yml", &manifest("b"));
    assert_snapshot!(of(&work, 1), @"
    error[gate-collision]: two projects have the gate `shop/-/CI/deployed`
     --> projects/b.yml:1:10
      |
    1 | project: shop
      |          ^^^^
      |
     ::: projects/a.yml:1:10
      |
    1 | project: shop
      |          ---- the other
      |
      = note: an approval of the one would deploy the other
      = help: give each `project` a name of its own

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn steps_that_go_past_the_gate() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nbefore:\n- get: news\n  resource: shop-a\n  trigger: true\n\
         - get: fresh\n  resource: shop-a\n- get: shop-a\n- task: forge\n  config:\n    platform: linux\n    \
         outputs: [{name: gate}]\n    run: {path: sh}\n- try:\n    task: patch\n    file: shop-a/patch.yml\n    \
         output_mapping: {patched: shop-a}\n"
    ), @"
    error[step-past-gate]: the get of `news` would start the job past its gate
     --> projects/a.yml:5:3
      |
    5 | - get: news
      |   ^^^^^^^^^
      |
      = note: in the deploy of `shop` CI
      = help: leave `trigger` out; what may start a deployment is one of its `inputs`
    error[step-past-gate]: `fresh` would be the newest version of `shop-a`, whatever was promoted
     --> projects/a.yml:8:3
      |
    8 | - get: fresh
      |   ^^^^^^^^^^
      |
      = note: in the deploy of `shop` CI
      = help: use the artifact that the job has
    error[name-collision]: the job has an artifact `shop-a` already
      --> projects/a.yml:10:3
       |
    10 | - get: shop-a
       |   ^^^^^^^^^^^
       |
       = note: in the deploy of `shop` CI
       = help: give the get another name
    error[step-past-gate]: a step would put something else in the place of `gate`, which was approved
      --> projects/a.yml:11:3
       |
    11 | - task: forge
       |   ^^^^^^^^^^^
       |
       = note: in the deploy of `shop` QA
       = help: give the artifact another name
    error[step-past-gate]: a step would put something else in the place of `shop-a`, which was approved
      --> projects/a.yml:16:3
       |
    16 | - try:
       |   ^^^^
       |
       = note: in the deploy of `shop` QA
       = help: give the artifact another name

    error: 5 errors in 1 file; nothing was compared
    ");
}

#[test]
fn policy_that_mitodls_image_does_not_know() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nissues: {resource: mitodl}\n\
         approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 7d, reject_labels: [\"no\"], approve: exact}\n"
    ), @r#"
    warning[loose-approval]: an approval lets whatever is newest into `shop` QA
     --> projects/a.yml:4:20
      |
    4 | issues: {resource: mitodl}
      |                    ^^^^^^
      |
      = note: MIT Open Learning's image names no versions, and takes whoever closes an issue for an approver
      = help: `resource: github-issues` deploys what the issue names
    error[no-effect]: `approval.closers` would be lost: MIT Open Learning's image does not know it
     --> projects/a.yml:5:12
      |
    5 | approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 7d, reject_labels: ["no"], approve: exact}
      |            ^^^^^^^
      |
      = help: use `issues: {resource: github-issues}`, or take it out
    error[no-effect]: `approval.soak` would be lost: MIT Open Learning's image does not know it
     --> projects/a.yml:5:45
      |
    5 | approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 7d, reject_labels: ["no"], approve: exact}
      |                                             ^^^^
      |
      = help: use `issues: {resource: github-issues}`, or take it out
    error[no-effect]: `approval.expires` would be lost: MIT Open Learning's image does not know it
     --> projects/a.yml:5:56
      |
    5 | approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 7d, reject_labels: ["no"], approve: exact}
      |                                                        ^^^^^^^
      |
      = help: use `issues: {resource: github-issues}`, or take it out
    error[no-effect]: `approval.reject_labels` would be lost: MIT Open Learning's image does not know it
     --> projects/a.yml:5:69
      |
    5 | approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 7d, reject_labels: ["no"], approve: exact}
      |                                                                     ^^^^^^^^^^^^^
      |
      = help: use `issues: {resource: github-issues}`, or take it out
    error[no-effect]: `approval.approve` would be lost: MIT Open Learning's image does not know it
     --> projects/a.yml:5:92
      |
    5 | approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 7d, reject_labels: ["no"], approve: exact}
      |                                                                                            ^^^^^^^
      |
      = help: use `issues: {resource: github-issues}`, or take it out

    error: 5 errors and 1 warning in 1 file; nothing was compared
    "#);
}

#[test]
fn policy_that_nobody_can_keep() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\napproval: {not_author: true, approvals: 2}\n"
    ), @"
    error[not-yet]: `not_author` is not supported yet
     --> projects/a.yml:4:12
      |
    4 | approval: {not_author: true, approvals: 2}
      |            ^^^^^^^^^^ part of the language, but not of this version of ol-pipegen
      |
      = help: a commit names its author by an address that anybody can write; name who may approve in `closers`
    error[not-yet]: `approvals` is not supported yet
     --> projects/a.yml:4:30
      |
    4 | approval: {not_author: true, approvals: 2}
      |                              ^^^^^^^^^ part of the language, but not of this version of ol-pipegen
      |
      = help: closing an issue is the act of one person, and GitHub ties no second to it

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn version_of_a_repository_that_is_no_commit() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\ninputs:\n  \
         charts: {git: {repository: https://github.com/example/charts}, pin: .git/branch}\n"
    ), @"
    error[wrong-type]: what is approved of the repository `charts` is a commit, and no `.git/branch`
     --> projects/a.yml:5:71
      |
    5 |   charts: {git: {repository: https://github.com/example/charts}, pin: .git/branch}
      |                                                                       ^^^^^^^^^^^
      |
      = help: leave `pin` out, or say `pin: null` to leave the input out of approvals

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn variables_with_two_values() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  script: {image: alpine, deploy: ./deploy.sh}\n\
         env: {SCRIPT: mine, STACK: mine, DIGEST: mine}\n\
         inputs:\n  img: {image: {repository: shop/img}, env: {DIGEST: digest}}\n"
    ), @"
    error[name-collision]: the stack kind `script` has a variable `SCRIPT` of its own
     --> projects/a.yml:4:15
      |
    4 | env: {SCRIPT: mine, STACK: mine, DIGEST: mine}
      |               ^^^^
      |
      = help: give yours another name
    error[name-collision]: the stack kind `script` has a variable `STACK` of its own
     --> projects/a.yml:4:28
      |
    4 | env: {SCRIPT: mine, STACK: mine, DIGEST: mine}
      |                            ^^^^
      |
      = help: give yours another name
    error[name-collision]: the variable `DIGEST` has two values
     --> projects/a.yml:6:54
      |
    6 |   img: {image: {repository: shop/img}, env: {DIGEST: digest}}
      |                                                      ^^^^^^
      |
      = note: one of them is `digest` of `img`

    error: 3 errors in 1 file; nothing was compared
    ");
}

#[test]
fn lists_with_nothing_in_them() {
    assert_snapshot!(report(
        "project: shop\nenvironments: []\nstack:\n  pulumi: {path: infra}\n\
         inputs:\n  img: {image: {repository: shop/img}, only: []}\n"
    ), @"
    error[wrong-type]: `environments` has nothing in it
     --> projects/a.yml:2:15
      |
    2 | environments: []
      |               ^^
      |
      = help: leave the line out for the default
    error[wrong-type]: `only` has nothing in it
     --> projects/a.yml:6:46
      |
    6 |   img: {image: {repository: shop/img}, only: []}
      |                                              ^^
      |
      = help: leave the line out for the default

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn more_stages_than_a_manifest_may_have() {
    let names = |prefix: &str| (0..60).map(|index| format!("{prefix}{index}")).collect::<Vec<_>>().join(", ");
    let report = report(&format!(
        "project: shop\nenvironments: [{}]\ngroups: [{}]\nstack:\n  pulumi: {{path: infra}}\n",
        names("e"),
        names("g")
    ));
    assert!(report.starts_with("error[yaml-limit]: more than 2000 stages\n"), "{report}");
}

#[test]
fn values_that_grow_by_the_power_of_their_number() {
    let mut manifest = "project: shop\nstack:\n  pulumi: {path: infra}\nvalues:\n  v0: [a, b]\n".to_owned();
    for index in 1..40 {
        let before = index - 1;
        manifest += &format!("  v{index}: [\"{{{{ values.v{before} }}}}\", \"{{{{ values.v{before} }}}}\"]\n");
    }
    manifest += "env: {X: \"{{ values.v39 | length }}\"}\n";
    let report = report(&manifest);
    assert!(report.contains("error[template-limit]: grows beyond 20000 values, or 64 levels"), "{report}");

    let mut manifest = "project: shop\nstack:\n  pulumi: {path: infra}\nvalues:\n  v0: a\n".to_owned();
    for index in 1..900 {
        manifest += &format!("  v{index}: {{a: \"{{{{ values.v{} }}}}\"}}\n", index - 1);
    }
    let report = self::report(&manifest);
    assert!(report.contains("error[template-limit]: grows beyond 20000 values, or 64 levels"), "{report}");

    let many: String = (0..1_001).map(|index| format!("  v{index}: a\n")).collect();
    let report = self::report(&format!("project: shop\nstack:\n  pulumi: {{path: infra}}\nvalues:\n{many}"));
    assert!(report.contains("error[yaml-limit]: more than 1000 `values`"), "{report}");
}

#[test]
fn secrets_in_clear_wherever_they_stand() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  script: {image: alpine, deploy: ./deploy.sh}\n\
         source: {repository: \"https://bot:hunter2@example.com/shop.git\"}\n\
         env: {GITHUB_PAT: hunter2, DATABASE_URL: \"postgres://u:hunter2@h/d\", DB_PASSWORD: \"hunter2((\"}\n\
         approval: {checkout_image: {repository: git, password: hunter4}}\n\
         before:\n- task: t\n  config:\n    platform: linux\n    image_resource: {type: registry-image, source: \
         {repository: a, password: hunter3}}\n    params: {TOKEN: \"hunter{{ 2 + 3 }}\"}\n    run: {path: sh}\n"
    ), @"
    error[plaintext-secret]: `TOKEN` is written in clear
     --> projects/a.yml:1:10
      |
    1 | project: ****
      |          ^^^^
      |
      = note: in the job `deploy-shop-ci`
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: `uri` is written in clear
     --> projects/a.yml:4:22
      |
    4 | source: {repository: ******************************************}
      |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the resource `shop-a`
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: `GITHUB_PAT` is written in clear
     --> projects/a.yml:5:19
      |
    5 | env: {GITHUB_PAT: *******, DATABASE_URL: **************************, DB_PASSWORD: ***********}
      |                   ^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: `DATABASE_URL` is written in clear
     --> projects/a.yml:5:42
      |
    5 | env: {GITHUB_PAT: *******, DATABASE_URL: **************************, DB_PASSWORD: ***********}
      |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: `DB_PASSWORD` is written in clear
     --> projects/a.yml:5:83
      |
    5 | env: {GITHUB_PAT: *******, DATABASE_URL: **************************, DB_PASSWORD: ***********}
      |                                                                                   ^^^^^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: `password` is written in clear
     --> projects/a.yml:6:56
      |
    6 | approval: {checkout_image: {repository: git, password: *******}}
      |                                                        ^^^^^^^
      |
      = note: in the job `deploy-shop-qa`
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: `password` is written in clear
      --> projects/a.yml:11:78
       |
    11 |     image_resource: {type: registry-image, source: {repository: a, password: *******}}
       |                                                                              ^^^^^^^
       |
       = note: in the job `deploy-shop-ci`
       = help: give the name of a credential, such as ((github.token))

    error: 7 errors in 1 file; nothing was compared
    ");
}

#[test]
fn numbers_and_durations_that_concourse_cannot_hold() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nsource: {check_every: 9999999999h}\n\
         inputs:\n  a: {image: {repository: a}, params: {x: .inf}}\n"
    ), @"
    error[wrong-type]: `9999999999h` is no duration, such as 90s, 15m or 4h, nor `never`
     --> projects/a.yml:4:23
      |
    4 | source: {check_every: 9999999999h}
      |                       ^^^^^^^^^^^
      |
      = note: `shop` CI

    error: 1 error in 1 file; nothing was compared
    ");
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\n\
         inputs:\n  a: {image: {repository: a}, params: {x: 123456789012345678901234567890}}\n"
    ), @"
    error[wrong-type]: a whole number beyond 64 bits: write it as text, in quotes
     --> projects/a.yml:5:43
      |
    5 |   a: {image: {repository: a}, params: {x: 123456789012345678901234567890}}
      |                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: `shop` CI

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn paths_outside_of_the_repository() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: ../../etc}\nsource: {paths: [/etc/passwd]}\n"
    ), @"
    error[missing-path]: `../../etc` is outside of the repository
     --> projects/a.yml:3:3
      |
    3 |   pulumi: {path: ../../etc}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: a path begins at the root of the repository
    error[missing-path]: `/etc/passwd` is outside of the repository
     --> projects/a.yml:4:18
      |
    4 | source: {paths: [/etc/passwd]}
      |                  ^^^^^^^^^^^
      |
      = help: a path begins at the root of the repository

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn artifacts_that_a_job_has_already() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nnames: {code: gate}\n"
    ), @"
    error[name-collision]: `gate` is the approval that a deployment goes by
     --> projects/a.yml:4:15
      |
    4 | names: {code: gate}
      |               ^^^^
      |
      = help: give the code another name

    error: 1 error in 1 file; nothing was compared
    ");
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nnames: {code: mine}\n\
         inputs:\n  mine: {image: {repository: a}}\n"
    ), @"
    error[name-collision]: `mine` is the project's own code
     --> projects/a.yml:6:3
      |
    6 |   mine: {image: {repository: a}}
      |   ^^^^
      |
      = help: give the input another name

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn discovery_that_does_not_find_what_is_said() {
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file(
            "projects/a.yml",
            "project: shop-{{ group }}\ndiscover: true\nenvironments: [CI, QA]\ngroups: [one, two]\n\
             skip: [one.QA, two.QA]\nstack:\n  pulumi: {path: infra}\n",
        )
        .file("code/infra/Pulumi.one.CI.yaml", "")
        .file("code/infra/Pulumi.one.QA.yaml", "");
    let ran = work.run(&["render", "--check", "--source-root", "code"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    error[gate-missing]: `a` has a single stage, `one.CI`, and nothing says what may deploy there
     --> projects/a.yml:3:1
      |
    3 | environments: [CI, QA]
      | ^^^^^^^^^^^^
      |
      = help: say `gate: preview` to see what a deployment would change, `gate: manual`, or `gate: none` for every commit
    error[nothing-discovered]: no stack file `infra/Pulumi.STACK.yaml` for any environment of `two`
     --> projects/a.yml:4:15
      |
    4 | groups: [one, two]
      |               ^^^
      |
      = help: take the group out, or add the file
    error[unknown-stage]: there is no stage `two.QA` to skip
     --> projects/a.yml:5:16
      |
    5 | skip: [one.QA, two.QA]
      |                ^^^^^^
      |
      = help: no stack file `infra/Pulumi.two.QA.yaml`

    error: 3 errors in 1 file; nothing was compared
    ");
}

#[test]
fn former_names_that_fit_nothing() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\n\
         old_names: {deploy-shop-qq: deploy-old, deploy-shop-qa: older, deploy-shop-ci: older}\n"
    ), @"
    error[unknown-name]: no job or resource comes out as `deploy-shop-qq`
     --> projects/a.yml:4:13
      |
    4 | old_names: {deploy-shop-qq: deploy-old, deploy-shop-qa: older, deploy-shop-ci: older}
      |             ^^^^^^^^^^^^^^
      |
      = help: did you mean `deploy-shop-qa`?
    error[name-collision]: the history of `older` goes to two
     --> projects/a.yml:4:64
      |
    4 | old_names: {deploy-shop-qq: deploy-old, deploy-shop-qa: older, deploy-shop-ci: older}
      |                                         --------------         ^^^^^^^^^^^^^^
      |                                         |
      |                                         here, too
      |
      = help: keep one of them

    error: 2 errors in 1 file; nothing was compared
    ");
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nold_names: {deploy-shop-qa: deploy-shop-ci}\n"
    ), @"
    error[name-collision]: `deploy-shop-ci` is still there
     --> projects/a.yml:4:13
      |
    4 | old_names: {deploy-shop-qa: deploy-shop-ci}
      |             ^^^^^^^^^^^^^^
      |
      = help: take the line out, or give what has the name another one

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn every_former_name_is_looked_at() {
    let report = report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nold_names: {deploy-shop-qa: deploy-shop-ci, nothing: older}\n",
    );
    assert!(report.contains("`deploy-shop-ci` is still there"), "{report}");
    assert!(report.contains("no job or resource comes out as `nothing`"), "{report}");
}

#[test]
fn one_project_and_several() {
    assert_snapshot!(report(
        r"project: shop-a
projects:
  shop-b: {stack: {pulumi: {path: infra/b}}}
  shop-c: {overrides: {Prod: {gate: manual}}, stak: {}}
overrides: {PRODUCTION: {gate: manual}}
"
    ), @"
    error[one-project-field]: a manifest has `project` or `projects`, not both
     --> projects/a.yml:2:1
      |
    1 | project: shop-a
      | ------- the other
    2 | projects:
      | ^^^^^^^^
      |
      = help: make the one an entry of the others
    error[missing-field]: the manifest and its fleet lack `stack`
     --> projects/a.yml:4:3
      |
    4 |   shop-c: {overrides: {Prod: {gate: manual}}, stak: {}}
      |   ^^^^^^
      |
      = help: say what deploys it: `stack: {KIND: …}`, with `helm`, `opentofu`, `pulumi` and `script`
    error[unknown-selector]: `Prod` fits no stage of `shop-c`
     --> projects/a.yml:4:24
      |
    4 |   shop-c: {overrides: {Prod: {gate: manual}}, stak: {}}
      |                        ^^^^
      |
      = help: there are `CI`, `Production` and `QA`
    error[unknown-field]: unknown field `stak`
     --> projects/a.yml:4:47
      |
    4 |   shop-c: {overrides: {Prod: {gate: manual}}, stak: {}}
      |                                               ^^^^ no such field of `shop-c`
      |
      = help: did you mean `stack`?
    error[unknown-selector]: `PRODUCTION` fits no stage of `shop-a`
     --> projects/a.yml:5:13
      |
    5 | overrides: {PRODUCTION: {gate: manual}}
      |             ^^^^^^^^^^
      |
      = help: did you mean `Production`?

    error: 5 errors in 1 file; nothing was compared
    ");
}

#[test]
fn needs_that_nobody_can_meet() {
    assert_snapshot!(report(
        r"stack: {pulumi: {path: infra}}
projects:
  shop-network:
    environments: [QA]
    needs: [shop-network]
  shop-cluster:
    needs: [shop-netwrk, shop-network]
  shop-far:
    environments: [QA]
    concourse: edge
    needs: [shop-network]
"
    ), @"
    error[gate-missing]: `shop-network` has a single stage, `QA`, and nothing says what may deploy there
     --> projects/a.yml:4:5
      |
    4 |     environments: [QA]
      |     ^^^^^^^^^^^^
      |
      = help: say `gate: preview` to see what a deployment would change, `gate: manual`, or `gate: none` for every commit
    error[unknown-project]: `shop-network` cannot wait for itself
     --> projects/a.yml:5:13
      |
    5 |     needs: [shop-network]
      |             ^^^^^^^^^^^^
      |
      = help: there are `shop-cluster` and `shop-far`
    error[unknown-project]: the manifest has no other project `shop-netwrk`
     --> projects/a.yml:7:13
      |
    7 |     needs: [shop-netwrk, shop-network]
      |             ^^^^^^^^^^^
      |
      = help: did you mean `shop-network`?
    error[unmet-need]: `shop-network` has no stage where `shop-cluster` CI could wait for it
     --> projects/a.yml:7:26
      |
    7 |     needs: [shop-netwrk, shop-network]
      |                          ^^^^^^^^^^^^
      |
      = help: say `needs` in `overrides`, for the stages where it holds
    error[gate-missing]: `shop-far` has a single stage, `QA`, and nothing says what may deploy there
     --> projects/a.yml:9:5
      |
    9 |     environments: [QA]
      |     ^^^^^^^^^^^^
      |
      = help: say `gate: preview` to see what a deployment would change, `gate: manual`, or `gate: none` for every commit
    error[unmet-need]: `shop-network` QA lives on another Concourse than `shop-far` QA
      --> projects/a.yml:11:13
       |
    11 |     needs: [shop-network]
       |             ^^^^^^^^^^^^
       |
       = help: say `needs` in `overrides`, for the stages where it holds

    error: 6 errors in 1 file; nothing was compared
    ");
}

#[test]
fn needs_in_a_circle() {
    assert_snapshot!(report(
        r"stack: {pulumi: {path: infra}}
projects:
  shop-a: {needs: [shop-b]}
  shop-b: {needs: [shop-c]}
  shop-c: {needs: [shop-a]}
"
    ), @"
    error[needs-cycle]: `shop-a` CI and `shop-b` CI wait for one another
     --> projects/a.yml:3:20
      |
    3 |   shop-a: {needs: [shop-b]}
      |                    ^^^^^^
      |
      = help: take one of the `needs` out

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn build_from_itself() {
    assert_snapshot!(report(
        r"project: shop-a
stack: {pulumi: {path: infra/a}}
inputs:
  one:
    image: {repository: shop/one}
    build: {from: {two: {}}, with: {image: {}}}
  two:
    image: {repository: shop/two}
    build: {from: {one: {}}, with: {image: {}}}
"
    ), @"
    error[build-cycle]: `one` is made from itself
     --> projects/a.yml:4:3
      |
    4 |   one:
      |   ^^^
      |
      = help: make it from something that is there before

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn inputs_that_say_too_little() {
    assert_snapshot!(report(
        r"project: shop-a
stack: {pulumi: {path: infra/a}}
inputs:
  nothing: {env: {X: digest}}
  file: {s3: {bucket: b}}
  files: {s3: {bucket: b, regexp: a-(.*), versioned_file: a, secret_key: hunter2}}
  release: {github_release: {repository: prometheus}}
  thing: {resource: {source: {uri: x}}}
  odd: {resource: {type: A b, source: {}}}
  '{{ each }}-image': {each: [a, a], image: {repository: r}}
"
    ), @"
    error[missing-field]: `nothing` does not say what it is
     --> projects/a.yml:4:3
      |
    4 |   nothing: {env: {X: digest}}
      |   ^^^^^^^
      |
      = note: nothing else in the manifest of that name does
      = help: say `git`, `image`, `s3`, `github_release` or `resource`
    error[missing-field]: the files of `file` are told by `regexp`, or by `versioned_file`
     --> projects/a.yml:5:14
      |
    5 |   file: {s3: {bucket: b}}
      |              ^^^^^^^^^^^
      |
      = help: a pattern with a group for the version, or the file of which the bucket keeps versions
    error[plaintext-secret]: the secret key of `files` is written in clear
     --> projects/a.yml:6:74
      |
    6 |   files: {s3: {bucket: b, regexp: a-(.*), versioned_file: a, secret_key: *******}}
      |                                                                          ^^^^^^^
      |
      = help: give the name of a credential, such as ((aws.secret_key))
    error[wrong-type]: `prometheus` is no repository on GitHub
     --> projects/a.yml:7:42
      |
    7 |   release: {github_release: {repository: prometheus}}
      |                                          ^^^^^^^^^^
      |
      = help: write `OWNER/NAME`
    error[missing-field]: `resource` of `thing` needs `type`
     --> projects/a.yml:8:21
      |
    8 |   thing: {resource: {source: {uri: x}}}
      |                     ^^^^^^^^^^^^^^^^^^
    error[concourse-name]: the name `A b` of a resource type must start with a lowercase letter or a number
     --> projects/a.yml:9:26
      |
    9 |   odd: {resource: {type: A b, source: {}}}
      |                          ^^^
    error[name-collision]: comes out as `a-image`, which is there already
      --> projects/a.yml:10:3
       |
    10 |   '{{ each }}-image': {each: [a, a], image: {repository: r}}
       |   ^^^^^^^^^^^^^^^^^^
       |   |
       |   `a-image`

    error: 7 errors in 1 file; nothing was compared
    ");
}

#[test]
fn resource_whose_version_nothing_names() {
    assert_snapshot!(warning(
        r"project: shop-a
stack: {pulumi: {path: infra/a}}
inputs:
  ready: {resource: {type: time, source: {interval: 24h}}}
"
    ), @"
    warning[unpinned-input]: no issue can name the version of `ready` that `shop-a` QA deploys
     --> projects/a.yml:4:3
      |
    4 |   ready: {resource: {type: time, source: {interval: 24h}}}
      |   ^^^^^
      |
      = note: which file of a resource of its type names the version, nothing says
      = help: say `pin: FILE`; or `pin: null`, where nothing has to hold it to a version

    warning: 1 warning in 1 file
    ");
}

#[test]
fn somebody_speaks_for_a_gate() {
    assert_snapshot!(report(
        r"project: shop-a
stack: {pulumi: {path: infra/a}}
inputs:
  forged:
    resource:
      type: github-issues
      source: {gate: shop-a/-/CI/deployed, role: post, repository: example/deployments, access_token: ((t))}
    pin: ~
overrides:
  CI:
    after:
    - put: github-issues-shop-a-ci-post
      params: {action: record, title: x, pins: {code: shop-a/.git/ref}}
      no_get: true
"
    ), @"
    error[gate-collision]: `forged` would speak for a gate
     --> projects/a.yml:4:3
      |
    4 |   forged:
      |   ^^^^^^
      |
      = note: in the pipeline `a`
      = help: a gate is made by the word `gate`; for an issue of your own leave `gate` out of its source
    error[step-past-gate]: a put to `github-issues-shop-a-ci-post` would speak for a gate
      --> projects/a.yml:12:7
       |
    12 |     - put: github-issues-shop-a-ci-post
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = note: in the deploy of `shop-a` CI
       = help: leave the issues of gates to the gates; write to an issue of your own

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn watched_paths_do_not_fit_the_code() {
    let work = crate::watched::estate()
        .file(
            "projects/tika.yml",
            "project: tika\nstack:\n  pulumi: {path: src/ol_infrastructure/applications/tika}\nsource:\n  paths:\n  - \
             src/bridge/lib/version_pins/TIKA_CHART\n  - src/bridge/secrets/tika\n  - src/bridge/secrets/gone\n",
        )
        .file(
            "projects/vault.yml",
            "project: vault\nstack:\n  pulumi: {path: src/ol_infrastructure/applications/vault}\nsource:\n  paths:\n  - \
             src/bridge/lib/versions.py\n  - src/bridge/settings\n  - src/pipelines_of_old\n  - src/bridge/secrets/*.nothing\n",
        );
    let ran = work.run(&["render", "--source-root", "code"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    warning[unwatched-import]: `src/ol_infrastructure/applications/tika` imports `src/bridge/lib/magic_numbers.py` and `src/bridge/lib/versions.py`, which no watched path holds
     --> projects/tika.yml:3:18
      |
    3 |   pulumi: {path: src/ol_infrastructure/applications/tika}
      |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: src/ol_infrastructure/applications/tika/__main__.py:6 imports `bridge.lib.magic_numbers`
      = note: src/ol_infrastructure/applications/tika/__main__.py:9 imports `bridge.lib.versions`
      = help: add it to `source.paths` (or the fleet's `common_paths`), so that a change there is deployed
    error[missing-path]: `src/bridge/secrets/gone` is watched, and is not in the code
     --> projects/tika.yml:8:5
      |
    8 |   - src/bridge/secrets/gone
      |     ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: looked in code
      = help: a path begins at the root of the repository; no change would ever start a deployment by it
    warning[unread-path]: nothing that is deployed reads `src/pipelines_of_old`
     --> projects/vault.yml:8:5
      |
    8 |   - src/pipelines_of_old
      |     ^^^^^^^^^^^^^^^^^^^^
      |
      = note: it holds 2 files of code, which the project never imports
      = help: take it out: every change there starts a deployment
    error[missing-path]: `src/bridge/secrets/*.nothing` is watched, and is not in the code
     --> projects/vault.yml:9:5
      |
    9 |   - src/bridge/secrets/*.nothing
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: looked in code
      = help: a path begins at the root of the repository; no change would ever start a deployment by it

    error: 2 errors and 2 warnings in 2 files; nothing was written
    ");
}

#[test]
fn variable_of_a_pipeline_with_a_value_that_does_not_fit() {
    let work = Work::new().file("a.yml", "jobs:\n- name: test\n  plan:\n  - {get: source-((branch)), trigger: true}\n");
    let ran = work.run(&["validate", "a.yml", "--yaml-var", "branch=[main]"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    error[unfit-var]: `((branch))` stands within a text, and what is given for it is no text
     --> a.yml:4:11
      |
    4 |   - {get: source-((branch)), trigger: true}
      |           ^^^^^^^^^^^^^^^^^
      |
      = help: give a text or a number

    error: 1 error in 1 file
    ");
}

#[test]
#[expect(clippy::too_many_lines, reason = "all in one run, as a person sees them")]
fn structural_rules_of_pipelines() {
    let pipeline = r#"
groups:
- {jobs: [no-such-*, "["]}
var_sources:
- {name: a, type: vautl}
- {name: b, type: ssm, config: {regoin: us-east-1}}
- {name: c, type: dummy, config: {vars: {x: ((d:y))}}}
- {name: d, type: dummy, config: {vars: {y: ((c:x))}}}
resources:
- {name: code}
- {name: code, type: git}
display: {background_image: "ftp://example.com/a.png"}
jobs:
- name: test
  build_log_retention: {builds: -1}
  plan:
  - {get: code, attempts: 0}
  - {task: "", config: {run: {path: ls}}}
  - {task: nothing}
  - {task: twice, file: code/a.yml, config: {platform: linux}}
  - {load_var: a}
  - {load_var: a, file: code/a}
  - {try: {get: data, resource: code}, timeout: 1 hour}
  - {run: Build, type: biulder}
  - {task: none, file: code/a.yml, across: []}
"#;
    let ran =
        Work::new().file("a.yml", pipeline.trim_start()).run(&["validate", "a.yml", "--concourse", "7.14"]).ended(1);
    assert_snapshot!(ran.stderr, @r#"
    error[missing-name]: an item of `groups` without a name
     --> a.yml:2:3
      |
    2 | - {jobs: [no-such-*, "["]}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: say `name`
    error[unmatched-glob]: no job matches `no-such-*`
     --> a.yml:2:11
      |
    2 | - {jobs: [no-such-*, "["]}
      |           ^^^^^^^^^
    error[malformed-glob]: `[` is no pattern
     --> a.yml:2:22
      |
    2 | - {jobs: [no-such-*, "["]}
      |                      ^^^
      |
      = help: close each `[`; one holds a range such as `a-z`, or characters, not both
    error[unknown-credential-manager]: there is no credential manager `vautl`
     --> a.yml:4:19
      |
    4 | - {name: a, type: vautl}
      |                   ^^^^^
      |
      = help: did you mean `vault`?
    error[invalid-credential-manager]: unknown setting `regoin`
     --> a.yml:5:33
      |
    5 | - {name: b, type: ssm, config: {regoin: us-east-1}}
      |                                 ^^^^^^
      |
      = help: did you mean `region`?
    error[var-source-cycle]: variable sources wait for one another: `c` and `d`
     --> a.yml:6:10
      |
    6 | - {name: c, type: dummy, config: {vars: {x: ((d:y))}}}
      |          ^
    7 | - {name: d, type: dummy, config: {vars: {y: ((c:x))}}}
      |          - and this one
      |
      = help: take the variable of the other source out of the `config` of one
    error[missing-type]: `code` has no type
     --> a.yml:9:10
      |
    9 | - {name: code}
      |          ^^^^
      |
      = help: say `type`
    error[repeated-name]: the name `code` stands twice
      --> a.yml:10:10
       |
     9 | - {name: code}
       |          ---- first here
    10 | - {name: code, type: git}
       |          ^^^^
       |
       = help: give one of them another name
    error[invalid-background]: browsers are not sent to `ftp:`
      --> a.yml:11:29
       |
    11 | display: {background_image: "ftp://example.com/a.png"}
       |                             ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: a URL that begins with `https://`, or a path
    error[ungrouped-job]: job `test` is in no group
      --> a.yml:13:9
       |
    13 | - name: test
       |         ^^^^
       |
       = help: where there are groups, each job is in one of them: add it to the `jobs` of one
    error[impossible-retention]: `builds` is below zero
      --> a.yml:14:33
       |
    14 |   build_log_retention: {builds: -1}
       |                                 ^^
    error[nonpositive-limit]: fewer than one attempt
      --> a.yml:16:27
       |
    16 |   - {get: code, attempts: 0}
       |                           ^
       |
       = help: say a number from 1 on, or take `attempts` out
    error[missing-name]: a step without a name
      --> a.yml:17:12
       |
    17 |   - {task: "", config: {run: {path: ls}}}
       |            ^^
       |
       = help: say behind its first key what it is of
    error[missing-platform]: a task without a platform
      --> a.yml:17:24
       |
    17 |   - {task: "", config: {run: {path: ls}}}
       |                        ^^^^^^^^^^^^^^^^^
       |
       = help: say `platform: linux`
    error[missing-task-config]: a task that says nothing of what it does
      --> a.yml:18:12
       |
    18 |   - {task: nothing}
       |            ^^^^^^^
       |
       = help: say `file: ARTIFACT/PATH`, or `config`
    error[several-task-configs]: a task that says twice what it does
      --> a.yml:19:12
       |
    19 |   - {task: twice, file: code/a.yml, config: {platform: linux}}
       |            ^^^^^                            ----------------- here, and in `file`
       |
       = help: take one of `file` and `config` out
    error[missing-command]: a task without a command
      --> a.yml:19:45
       |
    19 |   - {task: twice, file: code/a.yml, config: {platform: linux}}
       |                                             ^^^^^^^^^^^^^^^^^
       |
       = help: say `run: {path: …}`; from 8.0 on that of the image is run, in 7.14 it is not
    error[missing-file]: a step that reads a file, and says of none
      --> a.yml:20:16
       |
    20 |   - {load_var: a}
       |                ^
       |
       = help: say `file: ARTIFACT/PATH`
    error[repeated-var]: the variable `a` is set twice
      --> a.yml:21:16
       |
    20 |   - {load_var: a}
       |                - first here
    21 |   - {load_var: a, file: code/a}
       |                ^
       |
       = help: give one of them another name
    error[invalid-duration]: `1 hour` is no duration
      --> a.yml:22:49
       |
    22 |   - {try: {get: data, resource: code}, timeout: 1 hour}
       |                                                 ^^^^^^
       |
       = help: numbers with units, from `h`, `m` and `s`: `90s`, `1h30m`
    error[invalid-message]: the name `Build` must start with a lowercase letter or a number
      --> a.yml:23:11
       |
    23 |   - {run: Build, type: biulder}
       |           ^^^^^
       |
       = help: small letters, digits, `-`, `_` and `.`, of which the first is a letter or a digit
    error[unknown-prototype]: there is no prototype `biulder`
      --> a.yml:23:24
       |
    23 |   - {run: Build, type: biulder}
       |                        ^^^^^^^
    error[across-without-vars]: a step across no variables
      --> a.yml:24:36
       |
    24 |   - {task: none, file: code/a.yml, across: []}
       |                                    ^^^^^^
       |
       = help: name one: `across: [{var: NAME, values: […]}]`; or take `across` out

    error: 23 errors in 1 file
    "#);
}

#[test]
fn pipeline_without_jobs() {
    let ran = Work::new().file("a.yml", "resources: []\njobs: []\n").run(&["validate", "a.yml"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    error[no-jobs]: a pipeline without jobs
     --> a.yml:1:1
      |
    1 | resources: []
      | ^^^^^^^^^^^^^
      |
      = help: add one to `jobs`

    error: 1 error in 1 file
    ");
}

#[test]
fn key_that_the_server_cannot_read_back() {
    let pipeline = r#"
jobs:
- name: test
  plan:
  - {task: t, file: a/b.yml, vars: {"a\Nb": 1}}
"#;
    let ran = Work::new()
        .file("a.yml", pipeline.trim_start())
        .run(&["validate", "a.yml", "--allow", "missing-artifact"])
        .ended(1);
    assert_snapshot!(ran.stderr, @r#"
    error[unreadable-key]: a key of more than one line
     --> a.yml:4:37
      |
    4 |   - {task: t, file: a/b.yml, vars: {"a\Nb": 1}}
      |                                     ^^^^^^
      |
      = help: the server cannot read it back: choose another key

    error: 1 error in 1 file
    "#);
}

#[test]
fn pipelines_of_other_teams() {
    let pipeline = "\
resources:
- {name: code, type: git, source: {uri: https://github.com/example/shop}}
jobs:
- name: set
  plan:
  - {get: code, trigger: true}
  - {set_pipeline: self, team: edge, file: code/a.yml}
  - {set_pipeline: b, team: shop, file: code/b.yml}
  - {set_pipeline: c, team: ((team)), file: code/c.yml}
  - {set_pipeline: d, team: edge, file: code/d.yml}
";
    let work = Work::new().file("a.yml", pipeline);
    assert_snapshot!(work.run(&["validate", "a.yml", "--team", "shop"]).ended(0).stderr, @"
    warning[foreign-team]: a pipeline of the team `shop` sets one of the team `edge`
      --> a.yml:10:29
       |
    10 |   - {set_pipeline: d, team: edge, file: code/d.yml}
       |                             ^^^^ the step fails when it is run
       |
       = help: let it live in the team `main`, which alone may do so, or leave `team` out

    warning: 1 warning in 1 file
    ");
    for team in [&["--team", "main"][..], &[]] {
        assert_eq!(work.run(&[&["validate", "a.yml"], team].concat()).ended(0).stderr, "");
    }
}

#[test]
fn templates_that_only_old_concourses_fill() {
    let pipeline = "\
jobs:
- name: a # {{not}} this one
  plan:
  - task: b
    file: code/{{given}}.yml
    params: {STAGE: \"in {{stage}}\"}
";
    let work = Work::new().file("a.yml", pipeline);
    let old = work.run(&["validate", "a.yml", "--concourse", "7.14", "--var", "given=c"]).ended(0).stderr;
    assert_snapshot!(old, @r#"
    warning[missing-artifact]: no step of this job makes `code`
     --> a.yml:5:11
      |
    5 |     file: code/{{given}}.yml
      |           ^^^^^^^^^^^^^^^^^^ fails when it is run
      |
      = help: get it, or let a task have it as an output
    warning[old-template]: Concourse 7.14 puts `null` in the place of `{{stage}}`, within quotes as well
     --> a.yml:6:25
      |
    6 |     params: {STAGE: "in {{stage}}"}
      |                         ^^^^^^^^^
      |
      = help: say `((…))`, or give it a value by `--var`; from 8.0 on it is text

    warning: 2 warnings in 1 file
    "#);
    assert!(!work.run(&["validate", "a.yml", "--concourse", "8.0"]).ended(0).stderr.contains("old-template"));
}
