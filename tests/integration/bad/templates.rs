//! Texts with holes, and what fills them.

use insta::assert_snapshot;

use super::{report, warning};

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
    error[template-here]: templates are not filled here
     --> projects/a.yml:4:10
      |
    4 | groups: ["{{ name }}", a]
      |          ^^^^^^^^^^^^
      |
      = help: write the text itself; what differs from stage to stage belongs in `overrides`
    error[template-here]: templates are not filled here
     --> projects/a.yml:5:23
      |
    5 | source: {check_every: "{{ name }}"}
      |                       ^^^^^^^^^^^^
      |
      = help: write the text itself; what differs from stage to stage belongs in `overrides`
    error[template-here]: templates are not filled here
     --> projects/a.yml:6:7
      |
    6 | gate: "{{ name }}"
      |       ^^^^^^^^^^^^
      |
      = help: write the text itself; what differs from stage to stage belongs in `overrides`
    error[template-here]: templates are not filled here
     --> projects/a.yml:7:52
      |
    7 | inputs: {img: {image: {repository: a}, params: {x: "{{ name }}"}}}
      |                                                    ^^^^^^^^^^^^
      |
      = help: write the text itself; what differs from stage to stage belongs in `overrides`

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
    error[template-syntax]: `{{` is not closed by `}}`
     --> projects/a.yml:1:15
      |
    1 | project: shop-{{ name
      |               ^^^^^^^
      |
      = help: write {{ '{{' }} for two braces of the text
    error[template-syntax]: an empty hole
     --> projects/a.yml:3:19
      |
    3 |   pulumi: {path: "{{ }}"}
      |                   ^^^^^
      |
      = help: write {{ '{{' }} for two braces of the text

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
    error[undefined-name]: `nmae` is not defined
     --> projects/a.yml:1:15
      |
    1 | project: shop-{{ nmae }}
      |               ^^^^^^^^^^
      |
      = help: did you mean `name`?
    error[undefined-name]: `relese` is not defined in `values`
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
    error[not-text]: expected text or a number, found a list
     --> projects/a.yml:5:13
      |
    5 | env: {A: "x-{{ values.list }}", B: "{{ previewed }}"}
      |             ^^^^^^^^^^^^^^^^^
      |
      = help: make one text of it: `… | join(',')`
    error[not-text]: expected text or a number, found a boolean
     --> projects/a.yml:5:37
      |
    5 | env: {A: "x-{{ values.list }}", B: "{{ previewed }}"}
      |                                     ^^^^^^^^^^^^^^^
      |
      = help: write a text for each value: `{{ 'a' if … else 'b' }}`

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
      = help: write one of them in plain words

    error: 1 error in 1 file; nothing was compared
    "#);
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
      = help: remove it

    warning: 1 warning in 1 file
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
