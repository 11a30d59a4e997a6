//! Pipelines as Concourse decodes them: what each scalar is to it, and what it refuses where.

use concourse_pipeline::model::ConcourseVersion;
use concourse_pipeline::validate::{Vars, decode};
use proptest::strategy::Strategy;
use yaml_source::diagnostic::{Diagnostics, Refusal, Severity};
use yaml_source::source::Sources;
use yaml_source::yaml::{Node, NodeKind, Resolved};

use ConcourseVersion::{V7_14, V8_0, V8_1, V8_2, V8_3};

const EVERYWHERE: Refusal = Refusal::EVERYWHERE;

/// What is said of a pipeline, each as `LINE:COLUMN RULE: MESSAGE [HELP]`, and who refuses it.
struct Outcome {
    node: Option<Node>,
    reported: Vec<(String, Refusal)>,
}

fn decode_with(text: &[u8], version: ConcourseVersion, vars: &Vars) -> Outcome {
    let mut sources = Sources::default();
    let file = sources.add("pipeline.yml", text.to_vec());
    let mut diagnostics = Diagnostics::default();
    let decoded = decode(&sources, file, version, vars, &mut diagnostics);
    let reported = diagnostics.into_sorted().into_iter().map(|one| {
        let is_error = one.refusal().plain || one.refusal().server;
        assert_eq!(one.severity() == Severity::Error, is_error, "{one:?}");
        let (line, column) = sources.line_column(one.span());
        let help = one.help.as_ref().map_or(String::new(), |help| format!(" [{help}]"));
        (format!("{line}:{column} {}: {}{help}", one.rule, one.message), one.refusal())
    });
    Outcome { node: decoded.map(|decoded| decoded.node), reported: reported.collect() }
}

fn decoded(text: &str, version: ConcourseVersion) -> Outcome {
    decode_with(text.as_bytes(), version, &Vars::default())
}

/// Decodes what is fine to a version.
#[track_caller]
fn fine(text: &str, version: ConcourseVersion) -> Node {
    let Outcome { node, reported } = decoded(text, version);
    assert_eq!(reported, [], "{text}");
    node.unwrap()
}

/// What a version refuses, and that all of it is refused everywhere.
#[track_caller]
fn refused(text: &str, version: ConcourseVersion) -> Vec<String> {
    let reported =
        decoded(text, version).reported.into_iter().filter(|(reported, _)| !reported.contains("old-template"));
    let (reported, refusals): (Vec<_>, Vec<_>) = reported.unzip();
    assert!(refusals.iter().all(|refusal| *refusal == EVERYWHERE), "{reported:?}: {refusals:?}");
    reported
}

/// By the rules of `encoding/json`; the mutants of tests/conformance/pipelines/keys.yml hold them against Concourse.
#[test]
fn keys_that_differ_in_case_are_decoded_one_into_the_other() {
    let job = |fields: &str| format!("jobs:\n- {{name: j, {fields}}}\n");
    let task = |config: &str| job(&format!("plan: [{{task: t, config: {{platform: linux, {config}}}}}]"));
    for (text, pointer, left) in [
        // Nothing leaves a text as it was, and a list is gone.
        (job("Plan: [{get: a}], plan: [{get: b}], Old_name: x, old_name: null"), "/jobs/0/old_name", "x"),
        (job("plan: [{get: b}], old_name: null, Old_name: x"), "/jobs/0/old_name", "x"),
        (job("Plan: [{get: a}], plan: null"), "/jobs/0/plan", "[]"),
        (
            job("plan: [], Build_log_retention: {days: 2}, build_log_retention: {builds: 1}"),
            "/jobs/0/build_log_retention/days",
            "2",
        ),
        (
            job("plan: [], Build_log_retention: {days: 2}, build_log_retention: {Days: 3}"),
            "/jobs/0/build_log_retention/days",
            "3",
        ),
        (job("plan: [], Build_log_retention: {days: 2}, build_log_retention: null"), "/jobs/0/build_log_retention", ""),
        (task("Run: {path: ls}, run: {args: [x]}"), "/jobs/0/plan/0/config/run/path", "ls"),
        (task("run: {path: ls}, Params: {A: b, C: d}, params: {A: e}"), "/jobs/0/plan/0/config/params/A", "e"),
        (task("run: {path: ls}, Params: {A: b, C: d}, params: {A: e}"), "/jobs/0/plan/0/config/params/C", "d"),
        (job("plan: [], Ensure: null, ensure: {get: b}"), "/jobs/0/ensure/get", "b"),
        (job("plan: [], Ensure: {get: a}, ensure: {get: b}"), "/jobs/0/ensure/get", "a"),
        // Items too, as many as the last list has.
        (
            task("run: {path: ls}, Inputs: [{name: a}, {name: b}], inputs: [{path: c}]"),
            "/jobs/0/plan/0/config/inputs/0/name",
            "a",
        ),
        (
            task("run: {path: ls}, Inputs: [{name: a}, {name: b}], inputs: [{path: c}]"),
            "/jobs/0/plan/0/config/inputs/1",
            "",
        ),
        // But not at the top.
        ("Jobs: [{name: j, plan: []}]\njobs: [{name: k}]\n".to_owned(), "/jobs/0/plan", ""),
    ] {
        let node = fine(&text, V7_14);
        let found = match node.at(pointer).map(|node| &node.kind) {
            None => String::new(),
            Some(NodeKind::Scalar(scalar)) => scalar.text.clone(),
            Some(NodeKind::List(items)) => format!("{:?}", items.iter().map(Node::as_str).collect::<Vec<_>>()),
            Some(kind) => panic!("{text}: {kind:?}"),
        };
        assert_eq!(found, left, "{text}: {pointer}");
    }
}

/// One is wrong, and another one is taken: what is wrong is said, once.
#[test]
fn a_key_in_another_case_is_decoded_as_well() {
    assert_eq!(
        refused("jobs: []\nresources: [{name: a, Type: [], type: git, Source: {b: c}, source: 1}]\n", V7_14),
        [
            "2:29 wrong-type: `type` of a resource takes a text, not a list",
            "2:68 wrong-type: `source` of a resource takes a map, not the number `1`"
        ],
    );
}

/// `atc/steps.go` decodes all of a step, and then strikes out what it knows by the very name.
#[test]
fn key_of_a_step_in_another_case_is_decoded_and_unknown() {
    let unknown = "4:15 unknown-field: a task step has no field `FILE` [did you mean `file`?]";
    for (step, left) in [("{task: t, FILE: a/b}", "a/b"), ("{task: t, FILE: a/b, file: c/d}", "c/d")] {
        let Outcome { node, reported } = decoded(&plan(&format!("  - {step}\n")), V7_14);
        assert_eq!(reported, [(unknown.to_owned(), EVERYWHERE)], "{step}");
        let node = node.unwrap();
        assert_eq!(node.at("/jobs/0/plan/0/file").and_then(Node::as_str), Some(left), "{step}");
    }
    // A hook that has a step keeps to it.
    let node = decoded(&plan("  - {get: a, Ensure: {get: b}, ensure: {get: c}}\n"), V7_14).node.unwrap();
    assert_eq!(node.at("/jobs/0/plan/0/ensure/get").and_then(Node::as_str), Some("b"));
}

/// Each was put to `fly validate-pipeline --strict` of 7.14.0.
#[test]
fn keys_of_two_types_are_two_until_they_are_json() {
    let reported = |source: &str| decoded(&format!("resources: [{{source: {source}}}]\n"), V7_14).reported;
    for source in [r#"{8080: 1, "8080": 2}"#, r#"{"true": 1, true: 2}"#] {
        assert_eq!(reported(source), [], "{source}");
    }
    for (source, key) in [
        (r#"{8080: 1, "8080": 2, 8080: 3}"#, "1:43 duplicate-key: `8080`"),
        ("{yes: 1, true: 2}", "1:31 duplicate-key: `true`"),
        ("{1: 1, 1.0: 2}", "1:29 duplicate-key: `1`"),
    ] {
        let help = "remove one of them; it is the last one that counts";
        assert_eq!(
            reported(source),
            [(format!("{key} appears twice in this map [{help}]"), Refusal::STRICT)],
            "{source}"
        );
    }
}

/// A pipeline of one job with this plan, each step a line.
fn plan(steps: &str) -> String {
    format!("jobs:\n- name: j\n  plan:\n{steps}")
}

fn json(node: &Node) -> String {
    match &node.kind {
        NodeKind::Scalar(scalar) if scalar.resolve() == Resolved::Null => "null".to_owned(),
        NodeKind::Scalar(scalar) if scalar.resolve() == Resolved::Text => format!("{:?}", scalar.text),
        NodeKind::Scalar(scalar) => scalar.text.clone(),
        _ => "refused".to_owned(),
    }
}

#[test]
fn scalars_are_what_they_are_to_concourse() {
    let table = include_str!("../fixtures/concourse/scalars.tsv");
    let places = [
        ("resources:\n- name: r\n  type: git\n  source:\n    v: @\n", "/resources/0/source/v"),
        ("resources:\n- name: r\n  type: git\n  webhook_token: @\n", "/resources/0/webhook_token"),
        ("resources:\n- name: r\n  type: git\n  source:\n    @: v\n", "/resources/0/source"),
        ("jobs:\n- plan:\n  - task: t\n    file: f\n    params:\n      v: @\n", "/jobs/0/plan/0/params/v"),
        ("jobs:\n- plan:\n  - get: g\n    resource: @\n", "/jobs/0/plan/0/resource"),
    ];
    let mut wrong = Vec::new();
    for line in table.lines().skip_while(|line| !line.starts_with("scalar\t")).skip(1) {
        let mut cells = line.split('\t');
        let scalar = cells.next().unwrap();
        let due: Vec<&str> = cells.collect();
        for version in [V7_14, V8_2] {
            for (index, (template, pointer)) in places.into_iter().enumerate() {
                let text = template.replace('@', scalar);
                let Outcome { node, reported } = decoded(&text, version);
                let is_refused = reported.iter().any(|(_, refusal)| refusal.plain);
                let node = node.as_ref().and_then(|node| node.at(pointer)).filter(|_| !is_refused);
                let read = match node {
                    Some(node) if index == 2 => node.as_map().map(|map| format!("{:?}", map.entries()[0].key)),
                    Some(node) => Some(json(node)),
                    None => None,
                };
                let read = read.unwrap_or_else(|| "refused".to_owned());
                let due = if version > V7_14 && !due[5].is_empty() { due[5] } else { due[index] };
                if read != due {
                    wrong.push(format!("{version} {pointer} {scalar}: {read}, not {due} ({reported:?})"));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn duplicate_keys_are_refused_by_version() {
    let text = "jobs:\n- name: j\n  serial: true\n  serial: false\n";
    let Outcome { node, reported } = decoded(text, V7_14);
    assert_eq!(node.unwrap().at("/jobs/0/serial").unwrap().as_str(), Some("false"));
    assert_eq!(
        reported,
        [(
            "4:3 duplicate-key: `serial` appears twice in this map [remove one of them; it is the last one that counts]"
                .to_owned(),
            Refusal::STRICT
        )]
    );
    assert_eq!(decoded(text, V8_0).reported[0].1, Refusal::FLY);
    // By what is written: `y` and `yes` are one key, and two words.
    let text = plan("  - task: t\n    file: f\n    params: {y: 1, yes: 2}\n");
    assert_eq!(decoded(&text, V7_14).reported[0].1, Refusal::STRICT);
    fine(&text, V8_0);
}

#[test]
fn maps_are_merged_in_the_order_in_which_they_stand() {
    let text = "\
resources:
- &a {name: a, type: git, source: {b: 1, c: 1}}
- {icon: x, <<: *a, name: b}
- &c
  <<: [{icon: first, public: yes}, {icon: z, old_name: o}]
  name: c
  type: git
";
    let node = fine(text, V8_0);
    let at = |pointer: &str| node.at(pointer).unwrap().as_str().unwrap().to_owned();
    assert_eq!(at("/resources/1/name"), "b");
    assert_eq!(at("/resources/1/source/c"), "1");
    assert_eq!(at("/resources/2/icon"), "first");
    assert_eq!(at("/resources/2/public"), "true");
    assert_eq!(at("/resources/2/old_name"), "o");
    // What stands before a merge is overridden, unlike in other readers.
    let node = fine("resources: [{name: a, <<: {name: b}}]\n", V8_0);
    assert_eq!(node.at("/resources/0/name").unwrap().as_str(), Some("b"));
    // 7.14 --strict takes it for a duplicate.
    let reported = decoded(text, V7_14).reported;
    assert_eq!(reported.len(), 2, "{reported:?}");
    assert!(
        reported.iter().all(|(reported, refusal)| reported.contains("duplicate-key") && *refusal == Refusal::STRICT)
    );
    let merge = "wrong-type: `<<` merges a map, or a list of maps, and nothing else";
    assert_eq!(refused("resources: [{<<: 1}]\n", V8_3), [format!("1:18 {merge}")]);
    assert_eq!(refused("jobs: &a [{}]\nresources: [{<<: *a}]\n", V8_3), [format!("2:18 {merge}")]);
    // In quotes, it is a key until the filled pipeline is read again.
    assert_eq!(refused(&plan("  - {task: t, file: f, params: {\"<<\": x}}\n"), V8_3), [format!("4:39 {merge}")]);
    let vars = Vars::new(&[], &["m={A: 1}".into()], V8_3).unwrap();
    let text = plan("  - {task: t, file: f, params: {\"<<\": ((m)), B: 2}}\n");
    let Outcome { node, reported } = decode_with(text.as_bytes(), V8_3, &vars);
    assert_eq!(reported, []);
    assert_eq!(node.unwrap().at("/jobs/0/plan/0/params/A").unwrap().as_str(), Some("1"));
}

#[test]
fn files_are_read_as_go_yaml_reads_them() {
    for text in [
        "",
        "# nothing\n",
        "\u{feff}jobs: []\n",
        "jobs: []\r\n",
        "%YAML 1.1\n---\njobs: []\n",
        // Only the first document counts, whatever comes behind.
        "jobs: []\n---\n{[\n",
        "jobs: []\n...\n\n---\njobs: 1\n",
        "{\"jobs\": [{\"name\": \"j\"}]}\n",
        "jobs: !!seq\n- !job {name: j}\n",
        "jobs: [{name: \"a?b\", old_name: 'a\tb'}]\n",
    ] {
        fine(text, V7_14);
        fine(text, V8_3);
    }
    for (text, reported) in [
        ("%YAML 1.2\n---\njobs: []\n", "1:1 yaml-syntax: `%YAML` names another version than 1.1 [remove the line]"),
        (
            "jobs: [\u{1}]\n",
            "1:8 yaml-syntax: control characters are not allowed [write it as an escape, in double quotes]",
        ),
        (
            "jobs: []\n\t\ngroups: []\n",
            "2:1 yaml-syntax: a tab is not an indentation, not even of an empty line [write spaces]",
        ),
        (
            "jobs:\n-\tname: a\n",
            "2:2 yaml-syntax: a tab is not an indentation, not even of an empty line [write spaces]",
        ),
        (
            "jobs: [{name: a?b}]\n",
            "1:16 yaml-syntax: a text with `?` needs quotes within `{}` and `[]` [write \"a?b\"]",
        ),
        (
            "jobs: []\ngroups: [{name: \"\\\\/\"}, {name: \"\\/\"}]\n",
            "2:33 yaml-syntax: an escape of JSON that YAML 1.1 does not have [write the character itself]",
        ),
        (
            "groups: [{name: \"\\ud83d\\ude00\"}]\n",
            "1:18 yaml-syntax: an escape of JSON that YAML 1.1 does not have [write the character itself]",
        ),
        (
            "resources: [{source: {a\n b: c}}]\n",
            "1:23 yaml-syntax: a key of more than one line [keep the key in one line, or write the comma that is missing before it]",
        ),
        ("groups: &a.b []\n", "1:9 yaml-syntax: the name of an anchor is letters, digits, `_` and `-`"),
        ("jobs: !!int x\n", "1:13 yaml-syntax: `x` is not a `!!int` [remove the tag]"),
        (
            "[a, b]: 1\n",
            "1:1 wrong-type: a key that is not text [write the key as a text; one that begins with `{`, `[` or `?` needs quotes]",
        ),
        (
            "~: 1\n",
            "1:1 wrong-type: a key that is nothing [write the key as a text; one that begins with `{`, `[` or `?` needs quotes]",
        ),
        ("jobs: &a [*a]\n", "1:11 yaml-syntax: an alias inside its own value"),
        ("- a\n", "1:1 wrong-type: a pipeline is a map, not a list"),
        ("a\n", "1:1 wrong-type: a pipeline is a map, not the text `a`"),
    ] {
        assert_eq!(refused(text, V7_14), [reported], "{text}");
        assert_eq!(refused(text, V8_3), [reported], "{text}");
    }
    let Outcome { reported, .. } = decode_with(b"jobs: [\xff]\n", V8_3, &Vars::default());
    assert_eq!(reported[0].0, "1:8 yaml-syntax: the file is not UTF-8 [save it as UTF-8]");
}

#[test]
fn old_templates_are_replaced_in_7_14() {
    let text = plan("  - {get: r, passed: [a-{{b}}], params: {c: {{d}}}}\n");
    let Outcome { node, reported } = decoded(&text, V7_14);
    assert_eq!(node.unwrap().at("/jobs/0/plan/0/passed/0").unwrap().as_str(), Some("a-null"));
    // `--strict` looks at the file as it is, and refuses the templates themselves.
    let (lints, others): (Vec<_>, Vec<_>) =
        reported.iter().partition(|(reported, _)| reported.contains("old-template"));
    assert_eq!(lints.len(), 2, "{reported:?}");
    assert!(lints.iter().any(|(_, refusal)| *refusal == Refusal::STRICT) && others.is_empty(), "{reported:?}");
    let text = plan("  - {get: r, passed: [\"{{b}}\"], params: {c: \"{{d}}\"}, x: 1}\n");
    let vars = Vars::new(&["b=\"], x: [".into()], &[], V7_14).unwrap();
    let Outcome { reported, .. } = decode_with(text.as_bytes(), V7_14, &vars);
    let reported: Vec<_> = reported.into_iter().filter(|(reported, _)| !reported.contains("old-template")).collect();
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert!(reported[0].0.contains("yaml-syntax"), "{reported:?}");
    assert_eq!(
        refused(&text, V7_14),
        ["4:55 unknown-field: a get step has no field `x`"],
        "the place is that of the file"
    );
    assert_eq!(refused(&text, V8_0), ["4:55 unknown-field: a get step has no field `x`"]);
}

#[test]
fn variables_are_filled_in() {
    let vars = Vars::new(
        &["s=text".into(), "m.a=1".into(), "key=name".into()],
        &["n=5".into(), "b=yes".into(), "l=[a, b]".into(), "m.b=2".into(), "f=1.5".into()],
        V8_3,
    )
    .unwrap();
    let with = |steps: &str| decode_with(plan(steps).as_bytes(), V8_3, &vars);
    let Outcome { node, reported } = with(
        "  - get: a-((s))-((n))-((f))-((gone))\n    trigger: ((b))\n    passed: ((l))\n    attempts: ((n))\n    params: {\"((key))\": ((m)), x: ((vault:s))}\n",
    );
    assert_eq!(reported, []);
    let node = node.unwrap();
    let at = |pointer: &str| json(node.at(&format!("/jobs/0/plan/0/{pointer}")).unwrap());
    assert_eq!(at("get"), "\"a-text-5-1.5-((gone))\"");
    assert_eq!(at("trigger"), "true");
    assert_eq!(at("passed/1"), "\"b\"");
    assert_eq!(at("attempts"), "5");
    assert_eq!(at("params/name/a"), "\"1\"");
    assert_eq!(at("params/name/b"), "2");
    assert_eq!(at("params/x"), "\"((vault:s))\"");
    for (step, message) in [
        ("get: a-((b))", "unfit-var: `((b))` is inside a text, and its value is not text [give a text or a number]"),
        ("get: ((s.x))", "unfit-var: `((s.x))` is given as no map, and has no field `x`"),
        ("get: ((m.x))", "unfit-var: `((m.x))` is given without a field `x`"),
        ("get: ((m..x))", "malformed-var: `((m..x))` is not a variable: it has an empty field"),
        ("get: r, params: {((l)): x}", "unfit-var: a key becomes a list or a map"),
        ("get: r, trigger: ((s))", "wrong-type: `trigger` of a get step takes `true` or `false`, not the text `text`"),
    ] {
        let reported = with(&format!("  - {{{step}}}\n")).reported;
        assert_eq!(reported.len(), 1, "{reported:?}");
        assert!(reported[0].0.ends_with(message), "{reported:?}");
    }
    for (text, value) in [("a", ""), ("a..b=1", ""), ("", "a=[")] {
        let given = |argument: &str| if argument.is_empty() { vec![] } else { vec![argument.to_owned()] };
        assert!(Vars::new(&given(text), &given(value), V8_3).is_err());
    }
    // What is not given stays text, and text is no boolean.
    assert_eq!(
        refused(&plan("  - {get: r, trigger: ((t))}\n"), V8_3),
        [
            "4:23 wrong-type: `trigger` of a get step takes `true` or `false`, not the text `((t))` [a variable is text until \
          `-v`, `-y` or `-l` gives it a value]"
        ]
    );
}

#[test]
fn files_of_variables_are_asked_after_the_command_line_and_the_last_one_first() {
    let mut vars = Vars::new(&["a=line".into()], &[], V8_3).unwrap();
    let mut sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    for text in ["a: first\nb: first\nc: first\nnumber: 1\n", "a: second\nb: second\nm: {x: 1}\n"] {
        let file = sources.add("vars.yml", text);
        vars.add_file(&sources, file, &mut diagnostics);
    }
    let text = plan("  - {get: ((a))-((b))-((c)), attempts: ((number))}\n");
    let Outcome { node, reported } = decode_with(text.as_bytes(), V8_3, &vars);
    assert_eq!(reported, []);
    assert_eq!(node.unwrap().at("/jobs/0/plan/0/get").unwrap().as_str(), Some("line-second-first"));
    // A number of a file has lost its digits, and is refused within a text.
    let text = plan("  - {get: a-((number))}\n");
    assert!(decode_with(text.as_bytes(), V8_3, &vars).reported[0].0.contains("unfit-var"));
    let file = sources.add("vars.yml", "- a\n");
    vars.add_file(&sources, file, &mut diagnostics);
    assert_eq!(diagnostics.into_sorted()[0].message, "a file of variables is a map");
}

#[test]
fn numbers_become_texts_outside_of_steps_and_nowhere_else() {
    let node = fine("resources:\n- {name: 1, type: yes, icon: 1.10, version: {ref: 5}, tags: [\"\", a]}\n", V8_3);
    let at = |pointer: &str| json(node.at(&format!("/resources/0/{pointer}")).unwrap());
    assert_eq!(at("name"), "\"1\"");
    assert_eq!((at("type"), at("icon"), at("version/ref")), ("\"true\"".into(), "\"1.1\"".into(), "\"5\"".into()));
    assert_eq!(at("tags/0"), "\"a\"");
    assert_eq!(
        refused("resources: [{name: r, tags: [1]}]\n", V8_3),
        ["1:30 wrong-type: an item of `tags` of a resource takes a text, not the number `1` [write \"1\"]"]
    );
    assert_eq!(
        refused(&plan("  - {get: on, passed: [1]}\n"), V8_3),
        [
            "4:11 wrong-type: `get` of a get step takes a text, not `true` [to Concourse `on` is `true`; write \"on\"]",
            "4:24 wrong-type: an item of `passed` of a get step takes a text, not the number `1` [write \"1\"]",
        ]
    );
    let reported = decoded("resources: [{name: r, webhook_token: .inf}]\n", V8_3).reported;
    assert_eq!(reported[0].1, Refusal::NOT_PLAIN);
    assert!(refused("resources: [{name: r, source: {a: .nan}}]\n", V8_3)[0].contains("unsupported-number"));
    assert!(refused(&plan("  - {task: t, params: {A: .nan}}\n"), V8_3)[0].contains("unsupported-number"));
}

#[test]
fn old_variable_is_reported_how_it_is_written() {
    let reported = refused("resources: [{source: {a: {{repo}}}}]\n", V8_3);
    assert_eq!(reported, ["1:27 wrong-type: a key that is not text [write ((repo)) for a variable]"]);
}

#[test]
fn unknown_keys_are_refused_by_place_and_version() {
    let reported = |text: &str, version| decoded(text, version).reported;
    let top = reported("job: []\n", V8_3);
    assert_eq!(
        top,
        [("1:1 unknown-field: a pipeline has no field `job` [did you mean `jobs`?]".to_owned(), Refusal::STRICT)]
    );
    let anchors = "remove it: Concourse drops it; a key that only holds anchors may stay without `--strict`";
    assert_eq!(
        reported("params: &p {a: b}\n", V8_3),
        [(format!("1:1 unknown-field: a pipeline has no field `params` [{anchors}]"), Refusal::STRICT)]
    );
    let job = reported("jobs: [{name: j, on_failed: {}}]\n", V8_3);
    assert_eq!(
        job,
        [(
            "1:18 unknown-field: a job has no field `on_failed` [did you mean `on_failure`?]".to_owned(),
            Refusal::NOT_PLAIN
        )]
    );
    for (text, since) in [
        ("jobs: [{name: j, disable_reruns: true}]\n", V8_1),
        ("user_data: 1\n", V8_2),
        ("jobs: [{name: j, tags: [a]}]\n", V8_3),
        ("jobs: [{plan: [{do: [], tags: [a]}]}]\n", V8_3),
        ("jobs: [{plan: [{in_parallel: [], tags: [a]}]}]\n", V8_3),
    ] {
        fine(text, since);
        let before = [V7_14, V8_0, V8_1, V8_2].into_iter().rfind(|version| *version < since).unwrap();
        let reported = reported(text, before);
        assert!(
            reported[0].0.ends_with(&format!("[Concourse has it from {since} on, and this is {before}]")),
            "{reported:?}"
        );
    }
    let config = plan("  - {task: t, config: {platfrom: linux}}\n");
    fine(&config, V8_0);
    assert_eq!(
        refused(&config, V8_1),
        ["4:24 unknown-field: the `config` of a task has no field `platfrom` [did you mean `platform`?]"]
    );
    for ignored in [
        "  - {in_parallel: {stepz: []}}\n",
        "  - {task: t, container_limits: {cpus: 1}}\n",
        "  - {task: t, config: {run: {path: a, arg: b}, inputs: [{nam: a}], image_resource: {typ: x}}}\n",
    ] {
        fine(&plan(ignored), V8_3);
    }
    assert_eq!(
        refused(&plan("  - {get: r, across: [{var: a, value: b}]}\n"), V8_3),
        ["4:32 unknown-field: a variable of `across` has no field `value` [did you mean `values`?]"]
    );
}

#[test]
fn keys_fit_whatever_their_case_but_those_that_make_a_step() {
    let node = fine("JOBS:\n- {Name: a, name: b, Plan: [{get: r, params: {A: 1}}]}\n", V8_3);
    assert_eq!(node.at("/jobs/0/name").unwrap().as_str(), Some("b"));
    assert_eq!(node.at("/jobs/0/plan/0/get").unwrap().as_str(), Some("r"));
    assert_eq!(
        refused(&plan("  - {task: t, File: f}\n  - {Task: t}\n"), V8_3),
        [
            "4:15 unknown-field: a task step has no field `File` [did you mean `file`?]",
            "5:6 missing-step: no step configured: `Task` makes no step [did you mean `task`?]",
        ]
    );
    // It is decoded all the same.
    assert_eq!(refused(&plan("  - {task: t, File: 1}\n"), V8_3).len(), 2);
}

#[test]
fn steps_are_one_thing() {
    let cores = "a step has `run`, `task`, `put`, `get`, `set_pipeline`, `load_var`, `try`, `do` or `in_parallel`";
    for (step, reported) in [
        ("{}", format!("4:5 missing-step: no step configured: there is nothing in it [{cores}]")),
        ("", "4:5 missing-step: no step configured: an item of `plan` of a job is nothing".to_owned()),
        (
            "{aggregate: []}",
            "4:6 missing-step: no step configured: `aggregate` makes no step [did you mean `in_parallel`?]".to_owned(),
        ),
        ("{tsak: a}", "4:6 missing-step: no step configured: `tsak` makes no step [did you mean `task`?]".to_owned()),
        (
            "{attempts: 2}",
            format!("4:6 missing-step: no core step type declared: there is nothing whose course it would change [{cores}]"),
        ),
        ("x", "4:5 wrong-type: an item of `plan` of a job takes a step, which is a map, not the text `x`".to_owned()),
        (
            "{get: a, put: b}",
            "4:6 unknown-field: a step is one thing: this one is a put step, and not a get step [make two steps of it]"
                .to_owned(),
        ),
        ("{get: a, fail_fast: true}", "4:14 unknown-field: a get step has no field `fail_fast` but with `across`".to_owned()),
        (
            "{get: a, atempts: 1}",
            "4:14 unknown-field: a get step has no field `atempts` [did you mean `attempts`?]".to_owned(),
        ),
        ("{get: a, on_success: ~}", "4:26 missing-step: no step configured: `on_success` of a step is nothing".to_owned()),
        ("{try: ~}", "4:11 missing-step: no step configured: `try` of a try step is nothing".to_owned()),
        (
            "{in_parallel: ~}",
            "4:19 wrong-type: `in_parallel` of an in_parallel step takes steps, as a list or below `steps`, not nothing"
                .to_owned(),
        ),
    ] {
        assert_eq!(refused(&plan(&format!("  - {step}\n")), V8_3), [reported], "{step}");
    }
    for step in [
        "{do: ~}",
        "{get: a, timeout: ~, tags: ~, passed: ~, version: ~, params: ~}",
        "{get: a, across: ~, fail_fast: true, attempts: 2.0, ensure: {do: []}, timeout: 1h}",
        "{do: [], timeout: 1h}",
        "{in_parallel: {steps: [{get: a}], limit: 2}}",
        "{task: t, config: ~, container_limits: ~, params: {A: [1], B: ~}}",
    ] {
        fine(&plan(&format!("  - {step}\n")), V8_3);
    }
    fine("jobs: [{name: j, on_failure: ~, plan: ~}]\n", V8_3);
}

#[test]
fn what_decodes_itself_says_what_it_takes() {
    for (text, reported) in [
        ("resources: [{check_every: 1d}]\n", "malformed-value: `1d` is not a duration, and not `never`"),
        (
            "resources: [{check_every: nevr}]\n",
            "malformed-value: `nevr` is not a duration, and not `never` [did you mean `never`?]",
        ),
        (
            "resources: [{check_every: 60}]\n",
            "wrong-type: `check_every` of a resource takes `never` or a duration, as a text, not the number `60`",
        ),
        (
            "jobs: [{plan: [{get: a, version: 1}]}]\n",
            "wrong-type: `version` of a get step takes `latest`, `every` or a map of texts, not the number `1`",
        ),
        (
            "jobs: [{plan: [{get: a, version: {ref: 1}}]}]\n",
            "wrong-type: an item of `version` of a get step takes a text, not the number `1`",
        ),
        (
            "jobs: [{plan: [{put: a, inputs: 1}]}]\n",
            "wrong-type: `inputs` of a put step takes `all`, `detect` or a list of texts, not the number `1`",
        ),
        (
            "jobs: [{plan: [{put: a, inputs: [1]}]}]\n",
            "wrong-type: an item of `inputs` of a put step takes a text, not the number `1`",
        ),
        (
            "jobs: [{plan: [{do: [], across: [{max_in_flight: some}]}]}]\n",
            "malformed-value: invalid `max_in_flight`: `some` is not a number, and not `all`",
        ),
        ("jobs: [{plan: [{do: [], across: [{max_in_flight: 1.5}]}]}]\n", "takes a whole number, not the number `1.5`"),
        (
            "jobs: [{plan: [{task: t, container_limits: {cpu: '1'}}]}]\n",
            "`cpu` of `container_limits` takes a number, not the text `1`",
        ),
        (
            "jobs: [{plan: [{task: t, container_limits: {memory: 1TB}}]}]\n",
            "malformed-value: `1TB` is not a size of memory",
        ),
        (
            "jobs: [{plan: [{task: t, config: {caches: [{path: a, ttl: 1ms}]}}]}]\n",
            "malformed-value: a cache is kept for `1s` at least, not for `1ms`",
        ),
        (
            "jobs: [{max_in_flight: 12345678901234567890}]\n",
            "takes a whole number, not the number `12345678901234567890`",
        ),
        ("jobs: [{serial: \"true\"}]\n", "takes `true` or `false`, not the text `true` [remove the quotes]"),
        (
            "jobs: [{plan: [{get: a, passed: b}]}]\n",
            "`passed` of a get step takes a list, not the text `b` [write [b]]",
        ),
        ("jobs: {a: b}\n", "`jobs` of a pipeline takes a list, not a map"),
        ("jobs: [a]\n", "an item of `jobs` of a pipeline takes a map, not the text `a`"),
        (
            "jobs: [{plan: [{get: a, version: .nan}]}]\n",
            "unsupported-number: a number that is not a number has no place in JSON, as which Concourse keeps a pipeline",
        ),
    ] {
        let found = refused(text, V8_3);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(reported), "{found:?}, not {reported}");
    }
    for text in [
        "resources: [{check_every: never}, {check_every: 1h30m}, {check_every: \"\"}, {check_every: \"0\"}, {check_every: ~}]\n",
        "jobs: [{plan: [{get: a, version: evry}, {get: b, version: {ref: \"1\"}}, {put: c, inputs: al}, {put: d, inputs: []}]}]\n",
        "jobs: [{plan: [{task: t, container_limits: {cpu: 1.5, memory: 2gib}}, {task: u, container_limits: {memory: [x]}}]}]\n",
        "jobs: [{plan: [{do: [], across: [{var: a, values: x, max_in_flight: all}, {max_in_flight: 0}]}]}]\n",
    ] {
        fine(text, V8_3);
    }
    let reported = decoded("jobs: [{max_in_flight: 9223372036854775807}]\n", V8_3).reported;
    assert_eq!(reported.len(), 1);
    assert_eq!(reported[0].1, Refusal { plain: false, strict: false, server: true });
    // What 8.1 does not know yet, it passes over.
    fine("jobs: [{plan: [{task: t, config: {caches: [{path: a, ttl: 1ms}]}}]}]\n", V8_1);
}

#[test]
fn every_problem_is_reported() {
    let text =
        "jobs:\n- name: j\n  serial: 1\n  plan:\n  - {get: r, trigger: 1, x: y}\n  - {do: [{task: 1}, {}]}\n- 5\n";
    let reported = refused(text, V8_3);
    let at: Vec<&str> = reported.iter().map(|reported| reported.split(' ').next().unwrap()).collect();
    assert_eq!(at, ["3:11", "5:23", "5:26", "6:18", "6:22", "7:3"], "{reported:?}");
}

#[test]
fn what_is_too_much_is_refused_by_the_name_of_the_limit() {
    let laughs = {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..9 {
            text += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", "));
        }
        text
    };
    for (limit, text) in [
        ("aliases make up nearly all", laughs),
        ("`depth`", format!("jobs: {}", "[".repeat(50_000))),
        ("`depth`", format!("jobs:\n{}", "- ".repeat(5_000))),
        ("`aliases`", format!("a: &a 1\nb: [{}]\n", "*a, ".repeat(60_000))),
        ("`nodes`", format!("a: [{}]\n", "a, ".repeat(1_100_000))),
    ] {
        let reported = refused(&text, V8_3);
        assert!(
            reported.iter().any(|reported| reported.contains("yaml-limit") && reported.contains(limit)),
            "{limit}: {reported:?}"
        );
    }
    let vars = Vars::new(&[format!("a={}", "x".repeat(100_000))], &[], V8_3).unwrap();
    let text = format!("a: {}\n", "((a))".repeat(1_000));
    let reported = decode_with(text.as_bytes(), V8_3, &vars).reported;
    assert!(reported.iter().any(|(reported, _)| reported.contains("yaml-limit")), "{reported:?}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(1500))]

    /// Whatever the bytes: no panic, and every place is within the text.
    #[test]
    fn no_file_panics(
        parts in proptest::collection::vec(
            proptest::prelude::prop_oneof![
                12 => proptest::sample::select(vec![
                    "jobs:\n", "- ", "  ", "    ", "\n", "name: j\n", "plan:\n", "get: r\n", "task: t\n", "config:\n", "across:\n",
                    "in_parallel:\n", "do:\n", "try:\n", "put: r\n", "on_success:\n", "ensure: ", "attempts: ", "resources:\n",
                    "source: ", "<<: ", "*a", "&a ", "\"<<\": ", "((a))", "{{a}}", "((a..b))", "{", "}", "[", "]", ", ", ": ",
                    "!!int ", "!!binary ", "yes", "1e400", ".nan", "0x", "18446744073709551615", "~", "'", "\"", "|\n", "\t",
                    "\r\n", "# ", "---\n", "%YAML 1.1\n", "é", "🦀", "\u{feff}", "\u{85}", "\u{2028}", "check_every: ", "1d",
                    "memory: ", "99999999999999999999999G", "ttl: ", "version: ", "inputs: ", "Jobs", "ſource: ",
                ]).prop_map(|part| part.as_bytes().to_vec()),
                1 => proptest::collection::vec(proptest::prelude::any::<u8>(), 0..6),
            ],
            0..60,
        )
    ) {
        let bytes = parts.concat();
        let vars = Vars::new(&["a=\"x".into()], &["b={c: [1]}".into()], V7_14).unwrap();
        for version in [V7_14, V8_0, V8_3] {
            let mut sources = Sources::default();
            let file = sources.add("pipeline.yml", bytes.clone());
            let mut diagnostics = Diagnostics::default();
            let decoded = decode(&sources, file, version, &vars, &mut diagnostics);
            let reported = diagnostics.into_sorted();
            proptest::prop_assert!(decoded.is_some() || !reported.is_empty());
            for one in &reported {
                proptest::prop_assert!(sources.get(file).text.get(one.span().range()).is_some(), "{one:?}");
            }
            let _ = yaml_source::report::plain(&reported, &sources, false);
        }
    }
}
