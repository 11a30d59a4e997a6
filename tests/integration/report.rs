//! The formats of reports say the same, in their own ways.

use std::fs;

use insta::assert_snapshot;
use serde_json::Value;
use yaml_source::diagnostic::Rule;

use crate::support::{Ran, Work, root};

const FLEET: &str = "\
version: 1
projects: ['gr*/*.yml', projects/*.yml]
concourses: {main: {target: main, team: shop}}
defaults:
  environments: [QA, Production]
  source: {repository: https://github.com/example/shop}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
";

/// An error behind characters of several bytes, a secret, and a warning of two places.
fn work() -> Work {
    Work::new()
        .file("pipegen.yml", FLEET)
        .file(
            "größe, a: b/a.yml",
            "project: shop-a\nstack: {pulumi: {path: 'ü€😀', refrsh: 100%}}\nenv: {DB_PASSWORD: hunter2-prod}\n",
        )
        .file(
            "projects/b.yml",
            "project: shop-b\nstack:\n  pulumi: {path: infra/b}\n# approve\napproval: {approve: latest}\n",
        )
}

fn validated(format: &str) -> Ran {
    work().run(&["validate", "--format", format]).ended(1)
}

#[test]
fn plain_is_for_people() {
    let ran = validated("plain");
    assert_eq!(ran.stdout, "");
    assert_snapshot!(ran.stderr, @"
    error[unknown-field]: unknown option `refrsh` of the stack kind `pulumi`
     --> größe, a: b/a.yml:2:31
      |
    2 | stack: {pulumi: {path: 'ü€😀', refrsh: 100%}}
      |                                ^^^^^^
      |
      = help: did you mean `refresh`?
    error[plaintext-secret]: `DB_PASSWORD` is written in clear
     --> größe, a: b/a.yml:3:20
      |
    3 | env: {DB_PASSWORD: ************}
      |                    ^^^^^^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))
    warning[loose-approval]: an approval deploys whatever is newest to `shop-b` Production
     --> projects/b.yml:5:21
      |
    5 | approval: {approve: latest}
      |                     ^^^^^^
      |
      = help: write `approve: exact`, which deploys what the issue names

    error: 2 errors and 1 warning in 2 files
    ");
}

/// A pipeline of JSON may be one line, and two places a file apart.
#[test]
fn long_lines_and_far_places_are_shown_in_part() {
    let jobs: Vec<String> = (0..200).map(|index| format!(r#"{{"name": "öj{index}", "plan": []}}"#)).collect();
    let long = format!(r#"{{"jobs": [{}, {{"name": "last", "pln": [], "plan": []}}]}}"#, jobs.join(", "));
    let ran = Work::new().file("long.json", &long).run(&["validate", "--allow", "empty-plan", "long.json"]).ended(1);
    assert_snapshot!(ran.stderr, @r#"
    error[unknown-field]: a job has no field `pln`
     --> long.json:1:6118
      |
     ::: 
    1 | …"plan": []}, {"name": "öj199", "plan": []}, {"name": "last", "pln": [], "plan": []}]}
      |                                                               ^^^^^
      |
      = help: did you mean `plan`?

    error: 1 error in 1 file
    "#);
    let apart = format!("jobs:\n- {{name: a, plan: []}}\n{}- {{name: a, plan: []}}\n", "# far\n".repeat(1000));
    let ran = Work::new().file("far.yml", &apart).run(&["validate", "--allow", "empty-plan", "far.yml"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    error[repeated-name]: the name `a` appears twice
        --> far.yml:1003:10
         |
    1003 | - {name: a, plan: []}
         |          ^
         |
        ::: far.yml:2:10
         |
       2 | - {name: a, plan: []}
         |          - first here
         |
         = help: give one of them another name

    error: 1 error in 1 file
    ");
    // The end of a file, behind what ends no line.
    let strange = format!("jobs:\n{}- {{name: a, plan: []}}\n{}", "# far\n".repeat(1000), "\r".repeat(100));
    Work::new().file("strange.yml", &strange).run(&["validate", "strange.yml"]).ended(1);
}

#[test]
fn github_takes_annotations() {
    assert_snapshot!(validated("github").stdout, @"
    ::error file=größe%2C a%3A b/a.yml,line=2,endLine=2,col=31,endColumn=37,title=unknown-field::unknown option `refrsh` of the stack kind `pulumi`%0Ahelp: did you mean `refresh`?
    ::error file=größe%2C a%3A b/a.yml,line=3,endLine=3,col=20,endColumn=32,title=plaintext-secret::`DB_PASSWORD` is written in clear%0Ahelp: give the name of a credential, such as ((github.token))
    ::warning file=projects/b.yml,line=5,endLine=5,col=21,endColumn=27,title=loose-approval::an approval deploys whatever is newest to `shop-b` Production%0Ahelp: write `approve: exact`, which deploys what the issue names
    ");
}

#[test]
fn json_is_as_its_schema_says() {
    let work = work();
    let ran = work.run(&["validate", "--format", "json"]).ended(1);
    assert_eq!(ran.stderr, "error: 2 errors and 1 warning in 2 files\n");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let schema: Value = serde_json::from_str(&work.run(&["schema", "report"]).fine()).unwrap();
    let errors: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(&report).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    assert_snapshot!(ran.stdout, @r#"
    {
      "version": 1,
      "tool": {
        "name": "ol-pipegen",
        "version": "0.1.0"
      },
      "errors": 2,
      "warnings": 1,
      "diagnostics": [
        {
          "rule": "unknown-field",
          "severity": "error",
          "message": "unknown option `refrsh` of the stack kind `pulumi`",
          "place": {
            "file": "größe, a: b/a.yml",
            "start": {
              "line": 2,
              "column": 31,
              "byte": 52
            },
            "end": {
              "line": 2,
              "column": 37,
              "byte": 58
            },
            "label": ""
          },
          "related": [],
          "notes": [],
          "help": "did you mean `refresh`?",
          "refused_by": [],
          "concourse_says": []
        },
        {
          "rule": "plaintext-secret",
          "severity": "error",
          "message": "`DB_PASSWORD` is written in clear",
          "place": {
            "file": "größe, a: b/a.yml",
            "start": {
              "line": 3,
              "column": 20,
              "byte": 86
            },
            "end": {
              "line": 3,
              "column": 32,
              "byte": 98
            },
            "label": ""
          },
          "related": [],
          "notes": [],
          "help": "give the name of a credential, such as ((github.token))",
          "refused_by": [],
          "concourse_says": []
        },
        {
          "rule": "loose-approval",
          "severity": "warning",
          "message": "an approval deploys whatever is newest to `shop-b` Production",
          "place": {
            "file": "projects/b.yml",
            "start": {
              "line": 5,
              "column": 21,
              "byte": 79
            },
            "end": {
              "line": 5,
              "column": 27,
              "byte": 85
            },
            "label": ""
          },
          "related": [],
          "notes": [],
          "help": "write `approve: exact`, which deploys what the issue names",
          "refused_by": [],
          "concourse_says": []
        }
      ]
    }
    "#);
}

#[test]
fn the_name_of_a_rule_is_a_link_to_its_page_in_a_terminal() {
    let linked = work().run(&["validate", "--color", "always"]).ended(1).stderr;
    for rule in ["unknown-field", "plaintext-secret", "loose-approval"] {
        let url = rule.parse::<Rule>().unwrap().url();
        assert!(linked.contains(&format!("\u{1b}]8;;{url}\u{1b}\\")), "{rule}: {linked:?}");
    }
    assert!(!validated("plain").stderr.contains("docs/rules"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "the log is what is tested")]
fn sarif_is_as_its_schema_says() {
    let ran = validated("sarif");
    let log: Value = serde_json::from_str(&ran.stdout).unwrap();
    let errors = not_sarif(&log);
    assert_eq!(errors, Vec::<String>::new());
    let mut shown = log.clone();
    for rule in shown["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap() {
        let page = rule["id"].as_str().unwrap().parse::<Rule>().unwrap().page();
        assert_eq!((&rule["help"]["text"], &rule["help"]["markdown"]), (&page.into(), &page.into()));
        rule["help"] = "its page".into();
    }
    assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap(), @r#"
    {
      "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
      "version": "2.1.0",
      "runs": [
        {
          "tool": {
            "driver": {
              "name": "ol-pipegen",
              "version": "0.1.0",
              "semanticVersion": "0.1.0",
              "informationUri": "https://github.com/mitodl/ol-pipegen",
              "rules": [
                {
                  "id": "unknown-field",
                  "shortDescription": {
                    "text": "This place does not know the key."
                  },
                  "help": "its page",
                  "helpUri": "https://github.com/mitodl/ol-pipegen/blob/main/docs/rules/unknown-field.md",
                  "defaultConfiguration": {
                    "level": "error"
                  }
                },
                {
                  "id": "plaintext-secret",
                  "shortDescription": {
                    "text": "The file contains a secret in plain text."
                  },
                  "help": "its page",
                  "helpUri": "https://github.com/mitodl/ol-pipegen/blob/main/docs/rules/plaintext-secret.md",
                  "defaultConfiguration": {
                    "level": "error"
                  }
                },
                {
                  "id": "loose-approval",
                  "shortDescription": {
                    "text": "An approval deploys the newest versions, not those that the issue names."
                  },
                  "help": "its page",
                  "helpUri": "https://github.com/mitodl/ol-pipegen/blob/main/docs/rules/loose-approval.md",
                  "defaultConfiguration": {
                    "level": "warning"
                  }
                }
              ]
            }
          },
          "columnKind": "unicodeCodePoints",
          "results": [
            {
              "ruleId": "unknown-field",
              "ruleIndex": 0,
              "level": "error",
              "message": {
                "text": "unknown option `refrsh` of the stack kind `pulumi`\nhelp: did you mean `refresh`?"
              },
              "locations": [
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "gr%C3%B6%C3%9Fe%2C%20a%3A%20b/a.yml"
                    },
                    "region": {
                      "startLine": 2,
                      "startColumn": 31,
                      "endLine": 2,
                      "endColumn": 37
                    }
                  }
                }
              ]
            },
            {
              "ruleId": "plaintext-secret",
              "ruleIndex": 1,
              "level": "error",
              "message": {
                "text": "`DB_PASSWORD` is written in clear\nhelp: give the name of a credential, such as ((github.token))"
              },
              "locations": [
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "gr%C3%B6%C3%9Fe%2C%20a%3A%20b/a.yml"
                    },
                    "region": {
                      "startLine": 3,
                      "startColumn": 20,
                      "endLine": 3,
                      "endColumn": 32
                    }
                  }
                }
              ]
            },
            {
              "ruleId": "loose-approval",
              "ruleIndex": 2,
              "level": "warning",
              "message": {
                "text": "an approval deploys whatever is newest to `shop-b` Production\nhelp: write `approve: exact`, which deploys what the issue names"
              },
              "locations": [
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "projects/b.yml"
                    },
                    "region": {
                      "startLine": 5,
                      "startColumn": 21,
                      "endLine": 5,
                      "endColumn": 27
                    }
                  }
                }
              ]
            }
          ]
        }
      ]
    }
    "#);
    let mut wrong = log;
    wrong["runs"][0]["results"][0]["level"] = "fatal".into();
    assert_eq!(not_sarif(&wrong).len(), 1, "the schema is held against what it describes");
}

/// What the schema of SARIF says of a log.
fn not_sarif(log: &Value) -> Vec<String> {
    let path = root().join("tests/fixtures/sarif/schema-2.1.0.json");
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    // As it is there, with a bracket too much, it is no regular expression to everybody; the errata mend it so.
    for definition in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][definition]["properties"]["language"];
        language["pattern"] = "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$".into();
    }
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    validator.iter_errors(log).map(|error| error.to_string()).collect()
}

#[test]
fn report_of_nothing_is_a_report() {
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/a.yml", &crate::support::manifest("shop-a"));
    let json: Value = serde_json::from_str(&work.run(&["validate", "--format", "json"]).fine()).unwrap();
    assert_eq!((&json["errors"], &json["diagnostics"]), (&0.into(), &Value::Array(Vec::new())));
    let sarif: Value = serde_json::from_str(&work.run(&["validate", "--format", "sarif"]).fine()).unwrap();
    assert_eq!(not_sarif(&sarif), Vec::<String>::new());
    assert_eq!(work.run(&["validate", "--format", "github"]).fine(), "2 files: nothing wrong\n");
    assert_eq!(work.run(&["validate", "--format", "github", "--quiet"]).fine(), "");
}

#[test]
fn document_stands_alone_on_standard_output() {
    let work = work();
    work.write("größe, a: b/a.yml", "project: shop-a\nstack: {pulumi: {path: infra/a}}\n");
    for arguments in [&["render", "--format", "json"][..], &["render", "--check", "--format", "sarif"]] {
        let ran = work.run(arguments).ended(0);
        assert_eq!(ran.stderr, "warning: 1 warning in 1 file\n");
        serde_json::from_str::<Value>(&ran.stdout).unwrap();
    }
    work.write("projects/b.yml", &crate::support::manifest("shop-c"));
    // A file that is out of date is one of the problems, and tells itself apart from an error by the exit code.
    let ran = work.run(&["render", "--check", "--format", "json"]).ended(4);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let rules: Vec<&str> =
        report["diagnostics"].as_array().unwrap().iter().filter_map(|problem| problem["rule"].as_str()).collect();
    assert!(rules.contains(&"stale-file") && report["errors"] == 1, "{}", ran.stdout);
    let sarif = work.run(&["render", "--check", "--format", "sarif"]).ended(4);
    assert_eq!(not_sarif(&serde_json::from_str(&sarif.stdout).unwrap()), Vec::<String>::new());
    let annotations = work.run(&["render", "--check", "--format", "github"]).ended(4).stdout;
    assert_eq!(annotations.matches("title=stale-file").count(), 1, "{annotations}");
    work.write("projects/b.yml", "project: [\n");
    work.run(&["render", "--check", "--format", "json"]).ended(1);
}

#[test]
fn no_format_shows_a_secret() {
    for format in ["plain", "json", "sarif", "github"] {
        let ran = validated(format);
        let all = ran.stdout + &ran.stderr;
        assert!(all.contains("plaintext-secret") && !all.contains("hunter2"), "{format}: {all}");
    }
}

/// Put together here, so that no scanner of repositories takes this file for a leak.
const TOKEN: &str = concat!("gh", "p_Ab3dEfGh1jKlMn0pQrStUvWxYz12345678Zz");

#[test]
fn no_format_shows_a_secret_in_the_place_of_something_else() {
    for more in [
        "issues: {auth: TOKEN}",
        "issues: {auth: hunter2hunter2}",
        "issues: {auth: [hunter2hunter2]}",
        "issues: {signing_key: [hunter2hunter2]}",
        "issues: {signing_key: {key: hunter2hunter2}}",
        "issues: {signing_key: \"hunter2hunter2",
        "issues: {auth: {token: {value: hunter2hunter2}}}",
        "issues: {auth: {token: !secret hunter2hunter2}}",
        "env: {DB_PASSWORD: [hunter2hunter2]}",
        "env: {DB_PASSWORD: {a: hunter2hunter2}}",
        "env: {DB_PASSWORD: \"{{ 'hunter2hunter2' \"}",
        "env: {DB_PASSWORD: \"hunter2hunter2 {{ nothing }}\"}",
        "env: {DB_PASSWORD: \"hunter2\\x68unter2\", X: [}",
        "env: {DB_PASSWORD: hunter2hunter2, DB_PASSWORD: hunter2hunter2}",
        "env:\n  DB_PASSWORD: |\n    hunter2hunter2\n  X: [x",
        "env:\n  DB_PASSWORD:\n  - hunter2hunter2\n  - hunter2hunter2",
        "env: {X: \"{{ 'TOKEN' \"}",
        "env: {X: [TOKEN]}",
        "env: {X: [\"https://bot:hunter2hunter2@example.com\"]}",
        "env: {TOKEN: x}",
        "env: {TOKEN: [x]}",
        "gate: TOKEN",
        "gate: [TOKEN]",
        "TOKEN: x",
        "stack: {TOKEN: {path: x}}",
        "environments: [TOKEN, TOKEN]",
        "inputs: {app: {image: {repository: x}, pin: [TOKEN]}}",
    ] {
        let text = more.replace("TOKEN", TOKEN);
        let manifest = if more.starts_with("stack") {
            format!("project: shop\n{text}\n")
        } else {
            format!("project: shop\nstack: {{pulumi: {{path: infra}}}}\n{text}\n")
        };
        let work = Work::new().file("pipegen.yml", crate::support::SHOP_FLEET).file("projects/a.yml", &manifest);
        for format in ["plain", "json", "sarif", "github"] {
            let ran = work.run(&["validate", "--format", format]);
            let all = ran.stdout + &ran.stderr;
            assert!(ran.code == 1 && all.contains("a.yml"), "{more} as {format}: {all}");
            assert!(!all.contains("hunter2") && !all.contains(&TOKEN[..12]), "{more} as {format}: {all}");
        }
        for command in ["render", "show", "graph", "explain", "verify"] {
            let ran = work.run(&[command, "projects/a.yml"]);
            let all = ran.stdout + &ran.stderr;
            assert!(!all.contains("hunter2") && !all.contains(&TOKEN[..12]), "{command} of {more}: {all}");
        }
    }
}

#[test]
fn reports_show_what_is_no_secret() {
    let shown = |more: &str| {
        let manifest = format!("project: shop\nstack: {{pulumi: {{path: infra}}}}\n{more}\n");
        let work = Work::new().file("pipegen.yml", crate::support::SHOP_FLEET).file("projects/a.yml", &manifest);
        work.run(&["validate"]).ended(1).stderr
    };
    for more in [
        "issues: {auth: {token: (github.token)}}",
        "issues: {auth: {token: ((github.token)), tokn: x}}",
        "env: {DB_PASSWORD: \"{{ nothing }}\"}",
        "inputs: {api-token: {image: {repository: example/shop}, pin: [digest]}}",
        "env: {BYPASS: [anything]}",
    ] {
        let shown = shown(more);
        assert!(shown.contains(more) && !shown.contains("***"), "{more}: {shown}");
    }
}

#[test]
fn diff_of_a_rendered_file_shows_no_secret() {
    let manifest = crate::support::manifest("shop-a");
    let work = Work::new().file("pipegen.yml", crate::support::SHOP_FLEET).file("projects/a.yml", &manifest);
    work.run(&["render", "--quiet"]).fine();
    let rendered = work.read("rendered/a.yml");
    work.write("rendered/a.yml", &rendered.replacen("jobs:", "x: {password: hunter2hunter2}\njobs:", 1));
    let ran = work.run(&["render", "--diff"]);
    assert!(ran.stdout.contains("-x: {password: **************}"), "{}", ran.stdout);
    assert!(!(ran.stdout + &ran.stderr).contains("hunter2"));
}

#[test]
fn order_is_that_of_the_files() {
    let work = work();
    let first = work.run(&["validate", "--format", "json"]).stdout;
    for _ in 0..5 {
        assert_eq!(work.run(&["validate", "--format", "json"]).stdout, first);
    }
}

#[test]
fn value_of_a_variable_is_not_shown_when_it_is_wrong() {
    let work = Work::new().file("a.yml", "jobs:\n- name: a\n  plan: [{get: ((a))}]\n");
    for value in ["@hunter2", "*hunter2", "{a: hunter2", "\"hunter2", "[hunter2"] {
        let ran = work.run(&["validate", "a.yml", "-y", &format!("token={value}")]).ended(2);
        assert_eq!(ran.stderr, "error: `-y token=…` sets no variable: its value is not valid YAML\n", "{value}");
    }
    for (flag, argument) in [("-y", "hunter2"), ("-v", "hunter2"), ("-v", "=hunter2"), ("-y", "a..b=hunter2")] {
        let ran = work.run(&["validate", "a.yml", flag, argument]).ended(2);
        assert!(
            ran.stderr.contains("sets no variable") && !ran.stderr.contains("hunter2"),
            "{argument}: {}",
            ran.stderr
        );
    }
}

#[test]
fn diff_does_not_show_what_takes_the_place_of_a_credential() {
    let task = |name: &str, value: &str| {
        format!(
            "jobs:\n- name: a\n  plan:\n  - task: t\n    config:\n      platform: linux\n      params: {{{name}: {value}}}\n      \
             run: {{path: a}}\n"
        )
    };
    for name in ["MYSQL_PWD", "SSHPASS", "REDIS_AUTH", "SESSION_COOKIE", "DEPLOY_KEY", "JWT", "LOCK"] {
        let work = Work::new().file("a.yml", &task(name, "((x))")).file("b.yml", &task(name, "Hunter2Passw0rd"));
        for format in ["text", "markdown", "json"] {
            for (old, new) in [("a.yml", "b.yml"), ("b.yml", "a.yml")] {
                let shown = work.run(&["diff", old, new, "--format", format]).ended(1).stdout;
                assert!(shown.contains(name) && !shown.contains("Hunter2Passw0rd"), "{name}: {shown}");
            }
        }
    }
}
