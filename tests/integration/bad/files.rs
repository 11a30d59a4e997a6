//! Files that cannot be read as what they are.

use insta::assert_snapshot;

use crate::support::Work;

use super::{FLEET, of, report};

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
      = help: write `project: cart` and `stack: {KIND: …}` in `projects/cart.yml`, or correct `projects`
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
      = help: write what deploys it: `stack: {KIND: …}`, with `helm`, `opentofu`, `pulumi` and `script`
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
      = help: write what deploys it: `stack: {KIND: …}`, with `helm`, `opentofu`, `pulumi` and `script`
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
      |
      = help: close the quote

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
      = help: remove the tag; a text that looks like something else needs quotes

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
      = help: move it to another file

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
    error[missing-field]: this file is empty: expected a manifest
     --> projects/a.yml:1:1
      |
    1 |
      | ^
      |
      = help: write `project: NAME` and `stack: {KIND: …}`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn list_for_a_manifest() {
    assert_snapshot!(report(
        r"- project: a
"
    ), @"
    error[wrong-type]: expected a manifest (a map), found a list
     --> projects/a.yml:1:1
      |
    1 | - project: a
      | ^^^^^^^^^^^^
      |
      = help: write `project: NAME` and `stack: {KIND: …}`

    error: 1 error in 1 file; nothing was compared
    ");
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
    error[duplicate-item]: `CI` appears twice in `environments`
     --> projects/a.yml:4:24
      |
    4 | environments: [CI, QA, CI]
      |                --      ^^
      |                |
      |                first here
      |
      = help: remove one of them
    error[duplicate-key]: `project` appears twice in this map
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
      = help: write the entries out; what several projects share belongs in the fleet's `defaults`

    error: 1 error in 1 file; nothing was compared
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
      = help: write false, or "no" for text
    error[ambiguous-scalar]: `012` is a number to base 8 to some readers of YAML, and not to others
     --> projects/a.yml:4:20
      |
    4 | values: {a: no, b: 012, c: 12:30, d: 1_000, e: y}
      |                    ^^^
      |
      = help: write "012" for text
    error[ambiguous-scalar]: `12:30` is a number to base 60 to some readers of YAML, and not to others
     --> projects/a.yml:4:28
      |
    4 | values: {a: no, b: 012, c: 12:30, d: 1_000, e: y}
      |                            ^^^^^
      |
      = help: write "12:30" for text
    error[ambiguous-scalar]: `1_000` is a number to some readers of YAML, and not to others
     --> projects/a.yml:4:38
      |
    4 | values: {a: no, b: 012, c: 12:30, d: 1_000, e: y}
      |                                      ^^^^^
      |
      = help: write "1_000" for text
    error[ambiguous-scalar]: `y` is true to some readers of YAML, and not to others
     --> projects/a.yml:4:48
      |
    4 | values: {a: no, b: 012, c: 12:30, d: 1_000, e: y}
      |                                                ^
      |
      = help: write true, or "y" for text
    error[ambiguous-scalar]: expected text, found the number `1.10`, which would become `1.1`
     --> projects/a.yml:5:87
      |
    5 | env: {A: "{{ values.a }}{{ values.b }}{{ values.c }}{{ values.d }}{{ values.e }}", B: 1.10, C: true, D: 8080}
      |                                                                                       ^^^^
      |
      = help: write "1.10"
    error[ambiguous-scalar]: expected text, found `true`, which YAML reads as true
     --> projects/a.yml:5:96
      |
    5 | env: {A: "{{ values.a }}{{ values.b }}{{ values.c }}{{ values.d }}{{ values.e }}", B: 1.10, C: true, D: 8080}
      |                                                                                                ^^^^
      |
      = help: write "true"
    error[ambiguous-scalar]: expected text, found the number `8080`
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
fn keys_that_come_out_alike() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
env: {A: x, "{{ 'A' }}": z}
"#
    ), @r#"
    error[name-collision]: gives the key `A`, which exists already
     --> projects/a.yml:4:13
      |
    4 | env: {A: x, "{{ 'A' }}": z}
      |       - `A` ^^^^^^^^^^^

    error: 1 error in 1 file; nothing was compared
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
      = help: remove it: no reader shows it, and some refuse it
    error[control-character]: the text holds U+001B
     --> projects/a.yml:3:13
      |
    3 | overrides: {"\e[31m\u202eQA": {gate: none}}
      |             ^^^^^^^^^^^^^^^^
      |
      = help: remove it: no reader shows it, and some refuse it
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
