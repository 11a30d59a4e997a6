//! `import`: real pipelines come back as the manifests that people wrote for them, and what does not is said.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use insta::assert_snapshot;
use serde_json::{Map, Value, json};

use crate::mitodl::{compare, deliberate, our_graph, their_graph};
use crate::support::{Work, root};

/// The fleet of MIT Open Learning, without its manifests, in the flavour of the image that they have.
fn their_fleet() -> Work {
    let work = Work::copy_of("pipelines/ol-infrastructure");
    let fleet = work.read("pipegen.yml");
    work.write("pipegen.yml", &fleet.replace("    check_every: 15m\n", "    check_every: 15m\n    resource: mitodl\n"));
    for folder in ["projects", "rendered"] {
        fs::remove_dir_all(work.path().join(folder)).unwrap();
    }
    work
}

/// A pipeline as it was, from the facts of its graph.
fn rebuilt(graph: &Value) -> Value {
    let named = |list: &str| -> Vec<Value> {
        let with_name = |(name, value): (&String, &Value)| {
            let mut item = Map::from_iter([("name".to_owned(), name.as_str().into())]);
            item.extend(value.as_object().unwrap().clone());
            item
        };
        graph[list].as_object().unwrap().iter().map(with_name).map(Value::from).collect()
    };
    let mut jobs = named("jobs");
    for job in &mut jobs {
        for step in job["plan"].as_array_mut().unwrap() {
            task(step);
        }
    }
    json!({"resource_types": named("resource_types"), "resources": named("resources"), "jobs": jobs})
}

/// A task in Concourse's words, from those of the facts.
fn task(step: &mut Value) {
    let step = step.as_object_mut().unwrap();
    if !step.contains_key("task") {
        return;
    }
    let image = step.remove("image_resource").unwrap();
    let mut words = image.as_str().unwrap().split(' ');
    let (repository, tag) = words.next().map(|name| name.split_once(':').unwrap_or((name, ""))).unwrap();
    let mut source = Map::from_iter([("repository".to_owned(), Value::from(repository))]);
    if !tag.is_empty() {
        source.insert("tag".to_owned(), tag.into());
    }
    source.extend(words.map(|word| word.split_once('=').unwrap()).map(|(key, value)| (key.to_owned(), value.into())));
    let mut config = json!({"platform": "linux", "image_resource": {"type": "registry-image", "source": source}});
    for (list, key) in [("inputs", "name"), ("outputs", "name"), ("caches", "path")] {
        if let Some(names) = step.remove(list) {
            config[list] = names.as_array().unwrap().iter().map(|name| json!({key: name})).collect();
        }
    }
    for key in ["params", "run"] {
        config[key] = step.remove(key).unwrap_or(json!({}));
    }
    step.insert("config".to_owned(), config);
}

/// Imports pipelines into the fleet, renders them again, and says in what they differ from the facts.
fn there_and_back(work: &Work, names: &[String], folder: &str) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    let facts = |name: &str| -> Value {
        let path = root().join("tests/fixtures/ol-infrastructure").join(folder).join(format!("{name}.json"));
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    for name in names {
        work.write(&format!("old/{name}.yml"), &rebuilt(&facts(name)).to_string());
        let ran = work.run(&["import", &format!("old/{name}.yml"), "--out", "projects/"]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains("meant to differ"), "{name}: {}", ran.stderr);
        let written = ran.stdout.lines().next().unwrap().trim_start_matches("wrote ").to_owned();
        lines.insert(name.clone(), work.read(&written).lines().count());
    }
    // Not every imported pipeline has all environments of the fleet.
    work.run(&["render", "--out", "again", "--allow", "unused-override"]).ended(0);
    let mut unexplained = Vec::new();
    for name in names {
        let ours: Value = serde_saphyr::from_str(&work.read(&format!("again/{name}.yml"))).unwrap();
        let mut differences = Vec::new();
        compare(name.clone(), &their_graph(facts(name)), &our_graph(&ours), &mut differences);
        // Of a trigger it says nothing; and the gate of another pipeline is an input here.
        let says_who = |at: &str| at.ends_with("-trigger/expose_build_created_by");
        unexplained.extend(
            differences
                .into_iter()
                .filter(|difference| deliberate(difference).is_none() && !says_who(&difference.at))
                .map(|difference| format!("{}: theirs {} ours {}", difference.at, difference.theirs, difference.ours)),
        );
    }
    assert!(unexplained.is_empty(), "{} differences that nobody named:\n{}", unexplained.len(), unexplained.join("\n"));
    lines
}

fn facts_in(folder: &str) -> Vec<String> {
    let folder = root().join("tests/fixtures/ol-infrastructure").join(folder);
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn real_pipelines_come_back_as_short_manifests() {
    let work = their_fleet();
    let lines = there_and_back(&work, &facts_in(""), "");
    assert_eq!(lines.len(), 25);
    let mut counts: Vec<usize> = lines.values().copied().collect();
    counts.sort_unstable();
    // The two that wait for an issue of another Concourse, or build an image, say more.
    assert_eq!((counts[0], counts[12], counts[22], counts[24]), (3, 5, 9, 22), "{lines:?}");
    assert_snapshot!(work.read("projects/tika.yml"), @"
    project: ol-application-tika
    stack:
      pulumi: {path: src/ol_infrastructure/applications/tika}
    source: {paths: [src/bridge/lib/version_pins/TIKA_CHART_VERSION, src/bridge/secrets/tika]}
    ");
    assert_snapshot!(work.read("projects/mongodb-atlas.yml"), @"
    project: ol-infrastructure-mongodb-atlas
    groups: [mitx, mitx-staging, mitxonline, xpro]
    stack:
      pulumi: {path: src/ol_infrastructure/infrastructure/mongodb_atlas}
    ");
    assert_snapshot!(work.read("projects/release-bot.yml"), @"
    project: ol-infrastructure-release-bot
    environments: [default]
    gate: preview
    stack:
      pulumi: {path: src/ol_infrastructure/applications/release_bot}
    source: {paths: [src/bridge/secrets/concourse, src/bridge/secrets/release_bot]}
    inputs:
      release-bot-docker-image:
        image: {repository: release-bot-production, tag: latest, region: us-east-1}
        env: {RELEASE_BOT_DOCKER_SHA: digest}
        build:
          job: build-release-bot-image
          from:
            release-bot-docker-source:
              git: {paths: [src/ol_infrastructure/applications/release_bot]}
              env: {GIT_REF: .git/ref}
          with:
            image:
              aws_cli: {repository: dockerhub/amazon/aws-cli, tag: latest, aws_region: us-east-1}
              context: src/ol_infrastructure/applications/release_bot
    ");
}

#[test]
fn larger_pipelines_come_back() {
    let work = their_fleet();
    let names: Vec<String> = facts_in("larger").into_iter().filter(|name| name != "docker-pulumi-dagster").collect();
    there_and_back(&work, &names, "larger");
    assert_snapshot!(work.read("projects/witan.yml"), @"
    project: ol-application-witan
    stack:
      pulumi: {path: src/ol_infrastructure/applications/witan}
    source: {paths: [src/bridge/secrets/witan]}
    inputs:
      witan-image:
        image: {repository: witan, tag: latest, region: us-east-1}
        env: {WITAN_DOCKER_SHA: digest}
        build:
          from:
            agent-kit:
              git:
                repository: https://github.com/mitodl/agent-kit
                paths: [docker, pyproject.toml, uv.lock, packages, mcp/servers/witan, mcp/servers/witan-code]
          with: {witan-image: {}}
    ");
}

#[test]
fn the_largest_pipeline_comes_back() {
    let work = their_fleet();
    // This pipeline has no CI: in a fleet of its own the settings of CI apply to nothing.
    let fleet = work.read("pipegen.yml");
    let (head, tail) = fleet.split_once("  overrides:\n    CI: ").unwrap();
    work.write("pipegen.yml", &(head.to_owned() + tail.split_once('\n').unwrap().1));
    there_and_back(&work, &["docker-pulumi-dagster".to_owned()], "larger");
}

/// The fixtures rebuild shapes that public pipelines have. Each has the whole answer beside it, as `NAME.txt`.
#[test]
fn handwritten_pipelines_are_carried_over_or_it_is_reported() {
    let folder = root().join("tests/fixtures/import");
    let mut seen = 0;
    for name in names(&folder) {
        let work =
            Work::new().file(&format!("{name}.yml"), &fs::read_to_string(folder.join(format!("{name}.yml"))).unwrap());
        let ran = work.run(&["import", &format!("{name}.yml")]);
        let text = format!("{}--- exit code {}\n{}", ran.stdout, ran.code, ran.stderr);
        let expected = folder.join(format!("{name}.txt"));
        if std::env::var_os("OL_PIPEGEN_BLESS").is_some() {
            fs::write(&expected, &text).unwrap();
        }
        let expected = fs::read_to_string(expected).unwrap_or_default();
        assert_eq!(text, expected, "{name}: or OL_PIPEGEN_BLESS=1 cargo test --test integration import");
        seen += 1;
        if ran.stdout.is_empty() {
            assert!(ran.stderr.contains("there is no manifest"), "{name}");
            continue;
        }
        // What it wrote is what it says: it renders, and no gate is weaker but where that was said.
        work.run(&["import", &format!("{name}.yml"), "--out", &format!("{name}/{name}.yml")]).ended(ran.code);
        let rendered = work.run(&["render", "--stdout", &format!("{name}/{name}.yml")]).ended(0);
        work.write("again.yml", &rendered.stdout);
        let diff = work.run(&["diff", &format!("{name}.yml"), "again.yml"]);
        assert!(diff.code <= 1, "{name}: {}", diff.stderr);
        let weaker = diff.stdout.contains("WEAKER");
        assert!(!weaker || ran.stderr.contains("would ask for less"), "{name}: {}", diff.stdout);
        if ran.code == 0 {
            // Once more: what this program renders comes back without a word.
            let again = work.run(&["import", "again.yml", "--out", "twice/again.yml", "--pipeline", &name]).ended(0);
            assert!(!again.stderr.contains("not-carried-over"), "{name}: {}", again.stderr);
        }
    }
    assert_eq!(seen, 11);
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Small pipelines, one for each shape that public pipelines have and that no word of the language says by itself. Each
/// comes over whole: what it is rendered to does what the pipeline did.
#[test]
fn what_the_chain_does_not_say_is_carried_over_as_it_is() {
    let folder = root().join("tests/fixtures/import/whole");
    for name in names(&folder) {
        let old = fs::read_to_string(folder.join(format!("{name}.yml"))).unwrap();
        let work = Work::new().file(&format!("{name}.yml"), &old);
        let ran = work.run(&["import", &format!("{name}.yml"), "--out", &format!("new/{name}.yml")]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        let manifest = work.read(&format!("new/{name}.yml"));
        let expected = folder.join(format!("{name}.manifest"));
        if std::env::var_os("OL_PIPEGEN_BLESS").is_some() {
            fs::write(&expected, &manifest).unwrap();
        }
        assert_eq!(manifest, fs::read_to_string(expected).unwrap_or_default(), "{name}");
        let rendered = work.run(&["render", "--stdout", &format!("new/{name}.yml")]).ended(0);
        work.write("again.yml", &rendered.stdout);
        let diff = work.run(&["diff", &format!("{name}.yml"), "again.yml"]);
        // What a job let through that set the pipeline is not asked for any more.
        let weaker = diff.stdout.contains("WEAKER");
        assert!(diff.code <= 1 && weaker == (name == "sets-itself"), "{name}: {}{}", diff.stdout, diff.stderr);
        let (before, after) = (triggers(&old), triggers(&rendered.stdout));
        assert!(after.is_subset(&before), "{name}: {:?}", after.difference(&before));
        let stays = |(job, _): &&(String, String)| rendered.stdout.contains(&format!("name: {job}\n"));
        assert_eq!(before.iter().filter(stays).count(), after.len(), "{name}");
    }
    assert_eq!(names(&folder).len(), 25);
}

/// The resources that start jobs.
fn triggers(pipeline: &str) -> BTreeSet<(String, String)> {
    fn collect(job: &str, value: &Value, found: &mut BTreeSet<(String, String)>) {
        if value["trigger"] == true
            && let Some(resource) = value["resource"].as_str().or(value["get"].as_str())
        {
            found.insert((job.to_owned(), resource.to_owned()));
        }
        let inner = value.as_object().into_iter().flat_map(Map::values);
        inner.chain(value.as_array().into_iter().flatten()).for_each(|inner| collect(job, inner, found));
    }
    let pipeline: Value = serde_saphyr::from_str(pipeline).unwrap();
    let mut found = BTreeSet::new();
    for job in pipeline["jobs"].as_array().unwrap() {
        collect(job["name"].as_str().unwrap(), job, &mut found);
    }
    found
}

/// A manifest is printed whatever is missing, and says where.
#[test]
fn what_is_missing_is_marked_where_it_belongs() {
    let old = PLAIN.replace("passed: [deploy-qa]}", "passed: [deploy-qa], version: every}").replace(
        "jobs:\n",
        "jobs:\n- name: keep-up\n  plan: [{get: code, trigger: true}, {set_pipeline: self, file: code/p.yml}]\n",
    );
    let work = Work::new().file("old.yml", &old);
    let ran = work.run(&["import", "old.yml"]).ended(1);
    assert!(ran.stdout.contains("\n# not converted: the job `keep-up` is not in this manifest: "), "{}", ran.stdout);
    let gap = "overrides:\n  # not converted: `version` of the step `get code` of `deploy-live` is not carried over; ";
    assert!(ran.stdout.contains(gap), "{}", ran.stdout);
    assert!(!ran.stderr.contains("by hand"), "{}", ran.stderr);
    work.run(&["import", "old.yml", "--out", "new/old.yml"]).ended(1);
    work.run(&["render", "--stdout", "new/old.yml"]).ended(0);
}

/// Two imports with one name keep their kinds apart, whatever may be written over.
#[test]
fn no_import_writes_over_the_kinds_of_another() {
    let other = PLAIN.replace("file: code/deploy.yml", "file: code/other.yml");
    let work = Work::new().file("a/words.yml", PLAIN).file("b/words.yml", &other).file("pipegen.yml", "version: 1\n");
    work.run(&["import", "a/words.yml", "--out", "projects/one/"]).ended(0);
    let first = work.read("kinds/stacks/words.yml");
    let ran = work.run(&["import", "b/words.yml", "--out", "projects/two/", "--force"]).ended(0);
    assert_eq!(work.read("kinds/stacks/words.yml"), first);
    assert!(ran.stdout.contains("wrote kinds/stacks/words-own.yml"), "{}", ran.stdout);
    // The same manifest once more has the kind that was made for it.
    work.write("b/words.yml", &PLAIN.replace("file: code/deploy.yml", "file: code/third.yml"));
    work.run(&["import", "b/words.yml", "--out", "projects/two/", "--force"]).ended(0);
    assert_eq!(work.read("kinds/stacks/words.yml"), first);
    assert!(work.read("kinds/stacks/words-own.yml").contains("code/third.yml"));
    assert!(!work.exists("kinds/stacks/words-own-2.yml"));
    // So do several of one run, which are not written over one another either.
    let both = work.run(&["import", "a/words.yml", "b/words.yml", "--out", "projects/three/"]).ended(2);
    assert!(both.stderr.contains("several pipelines have the name `words`"), "{}", both.stderr);
}

/// Pipelines that need others: a chain over several Concourses comes back from none of its pipelines alone.
const PARTS: [&str; 5] = [
    "cdn",
    "cdn-edge",
    "pulumi-starrocks-substructure",
    "pulumi-starrocks-substructure-ci",
    "pulumi-starrocks-substructure-qa",
];

/// Those whose graphs come back in tests of their own.
const LARGE: [&str; 2] = ["docker-pulumi-dagster", "packer-pulumi-vault"];

#[test]
fn what_is_rendered_comes_back() {
    let mut seen = 0;
    for fleet in ["pipelines/quickstart", "tests/fixtures/examples", "pipelines/ol-infrastructure"] {
        let work = Work::copy_of(fleet);
        work.run(&["render", "--out", "before", "--quiet"]).ended(0);
        let rendered = names(&work.path().join("before"));
        for name in rendered.iter().filter(|name| !LARGE.contains(&name.as_str())) {
            let ran = work.run(&["import", &format!("before/{name}.yml"), "--out", "imported/"]);
            if PARTS.contains(&name.as_str()) {
                assert!(ran.code == 1 && ran.stderr.contains("not-carried-over"), "{name}: {}", ran.stderr);
                continue;
            }
            // What sets the other pipelines is made of the fleet, and promotes nothing.
            if name.starts_with("simple-pulumi-meta") {
                assert!(ran.code == 1 && ran.stderr.contains("no-promotion-chain"), "{name}: {}", ran.stderr);
                continue;
            }
            assert_eq!((ran.code, ran.stderr.contains("meant to differ")), (0, false), "{name}: {}", ran.stderr);
            let written = ran.stdout.lines().next().unwrap().trim_start_matches("wrote ").to_owned();
            let again = work.run(&["render", "--stdout", &written]).ended(0);
            work.write("again.yml", &again.stdout);
            let diff = work.run(&["diff", &format!("before/{name}.yml"), "again.yml"]).ended(0);
            assert!(diff.stdout.contains("nothing changes"), "{name}: {}", diff.stdout);
            seen += 1;
        }
    }
    assert_eq!(seen, 36);
}

const PLAIN: &str = "
resources:
- {name: code, type: git, source: {uri: https://example.com/words.git, branch: main}}
jobs:
- name: deploy-qa
  serial: true
  plan: [{get: code, trigger: true}, {task: deploy, file: code/deploy.yml}]
- name: deploy-live
  old_name: deploy-production
  serial: true
  public: true
  interruptible: true
  build_log_retention: {days: 7}
  plan: [{get: code, passed: [deploy-qa]}, {task: deploy, file: code/deploy.yml}]
";

#[test]
fn what_a_job_is_given_besides_its_steps_comes_along() {
    let work = Work::new().file("old.yml", PLAIN);
    work.run(&["import", "old.yml", "--out", "new/old.yml"]).ended(0);
    let rendered = work.run(&["render", "--stdout", "new/old.yml"]).ended(0).stdout;
    for line in ["old_name: deploy-production", "public: true", "interruptible: true", "days: 7"] {
        assert!(rendered.contains(line), "{line}: {rendered}");
    }
    assert!(work.read("new/old.yml").contains("old_names: {deploy-live: deploy-production}"));
}

/// A file may have a name that no pipeline has.
#[test]
fn the_name_of_a_file_becomes_the_name_of_a_pipeline() {
    let work = Work::new().file("My Words+(old).yml", PLAIN);
    work.run(&["import", "My Words+(old).yml", "--out", "new/"]).ended(0);
    work.run(&["render", "--stdout", "new/my-words--old-.yml"]).ended(0);
}

#[test]
fn the_name_of_a_file_says_which_instance_it_is() {
    let work = Work::new().file("words,region=eu-west-1,label=a%2Cb.yml", PLAIN);
    let ran = work.run(&["import", "words,region=eu-west-1,label=a%2Cb.yml", "--out", "new/"]).ended(0);
    assert!(ran.stdout.contains("wrote new/words-eu-west-1-a-b.yml\n"), "{}", ran.stdout);
    let manifest = work.read("new/words-eu-west-1-a-b.yml");
    assert!(
        manifest.starts_with("pipeline: words\ninstance_vars: {region: eu-west-1, label: \"a,b\"}\n"),
        "{manifest}"
    );
    work.run(&["render", "--out", "again", "new/words-eu-west-1-a-b.yml"]).ended(0);
    assert!(work.read("again/words,region=eu-west-1,label=a%2Cb.yml").contains("deploy-live"));
    // A name that is given says the same.
    work.write("old.yml", PLAIN);
    let ran = work.run(&["import", "old.yml", "--pipeline", "words,region=eu"]).ended(0);
    assert!(ran.stdout.contains("pipeline: words\ninstance_vars: {region: eu}\n"), "{}", ran.stdout);
}

/// Merge keys, anchors and `yes` are what they are to Concourse.
#[test]
fn a_pipeline_is_read_as_concourse_reads_it() {
    let text = "
shared: &job {serial: yes, public: on}
deploy: &deploy {task: deploy, file: code/deploy.yml}
resources:
- {name: code, type: git, source: {uri: https://example.com/words.git, branch: main}}
jobs:
- <<: *job
  name: deploy-qa
  plan: [{get: code, trigger: yes}, {<<: *deploy, vars: {to: qa}}]
- <<: *job
  name: deploy-live
  plan: [{get: code, passed: [deploy-qa]}, {<<: *deploy, vars: {to: live}}]
";
    let work = Work::new().file("old.yml", text);
    let ran = work.run(&["import", "old.yml", "--out", "new/old.yml"]).ended(0);
    assert!(!ran.stderr.contains("error"), "{}", ran.stderr);
    work.write("again.yml", &work.run(&["render", "--stdout", "new/old.yml"]).ended(0).stdout);
    let diff = work.run(&["diff", "old.yml", "again.yml"]);
    assert!(diff.code <= 1 && !diff.stdout.contains("WEAKER"), "{}{}", diff.stdout, diff.stderr);
}

#[test]
fn secrets_are_never_shown() {
    let secrets =
        ["hunter2-hunter2", "AKIAABCDEFGHIJKLMNOP", "s3cr3t-of-the-bucket", "MIIEpAIBAAKCAQEA", "tok-en-tok-en"];
    let work = Work::new().file(
        "old.yml",
        "resources:
- name: code
  type: git
  source:
    uri: https://bot:hunter2-hunter2@example.com/a.git
    branch: main
    private_key: |
      -----BEGIN RSA PRIVATE KEY-----
      MIIEpAIBAAKCAQEA
      -----END RSA PRIVATE KEY-----
- name: files
  type: s3
  source: {bucket: b, regexp: a-(.*), access_key_id: AKIAABCDEFGHIJKLMNOP, secret_access_key: s3cr3t-of-the-bucket}
jobs:
- name: deploy-qa
  plan:
  - {get: code, trigger: true}
  - get: files
  - task: deploy
    file: code/deploy.yml
    params: {API_TOKEN: &token tok-en-tok-en, TO: qa}
  on_failure: {put: files, params: {password: hunter2-hunter2}}
- name: deploy-live
  public: true
  plan:
  - {get: code, passed: [deploy-qa]}
  - {get: files, passed: [deploy-qa], params: {unpack: true}}
  - {task: deploy, file: code/deploy.yml, params: {API_TOKEN: *token, TO: live}}
",
    );
    let ran = work.run(&["import", "old.yml"]).ended(1);
    for secret in secrets {
        assert!(
            !ran.stdout.contains(secret) && !ran.stderr.contains(secret),
            "{secret}\n{}\n{}",
            ran.stdout,
            ran.stderr
        );
    }
    for placeholder in ["((files.secret_access_key))", "((code.private_key))", "((files.access_key_id))"] {
        assert!(ran.stdout.contains(placeholder), "{placeholder}: {}", ran.stdout);
    }
    assert!(ran.stderr.contains("`secret_access_key` is written in clear"), "{}", ran.stderr);
    // Where it cannot even be read as a pipeline, too.
    work.write("broken.yml", &work.read("old.yml").replace("jobs:", "jubs:"));
    let ran = work.run(&["import", "broken.yml"]).ended(1);
    for secret in secrets {
        assert!(!ran.stderr.contains(secret), "{secret}\n{}", ran.stderr);
    }
}

#[test]
fn nothing_is_written_over_unasked() {
    let old = fs::read_to_string(root().join("tests/fixtures/import/one-job.yml")).unwrap();
    let work = Work::new().file("old.yml", &old).file("kinds/stacks/new.yml", "mine\n");
    let ran = work.run(&["import", "old.yml", "--out", "new.yml"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    std::fs::remove_file(work.path().join("kinds/stacks/new.yml")).unwrap();
    work.write("new.yml", "mine\n");
    let ran = work.run(&["import", "old.yml", "--out", "new.yml"]).ended(2);
    assert!(ran.stderr.contains("new.yml is there already: `--force` writes over it"), "{}", ran.stderr);
    assert_eq!((work.read("new.yml").as_str(), work.exists("kinds/stacks/new.yml")), ("mine\n", false));
    work.run(&["import", "old.yml", "--out", "new.yml", "--force"]).ended(0);
    assert!(work.read("new.yml").contains("pipeline: old") && work.exists("kinds/stacks/new.yml"));
}

#[test]
fn what_cannot_be_is_reported() {
    let old = fs::read_to_string(root().join("tests/fixtures/import/regions.yml")).unwrap();
    let work = Work::new().file("a.yml", &old).file("b.yml", &old).file("broken.yml", "jobs: [");
    let reported = |arguments: &[&str], code: i32, words: &str| {
        let ran = work.run(arguments).ended(code);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    };
    reported(
        &["import", "a.yml", "b.yml", "--out", "c.yml"],
        2,
        "several pipelines go to a folder, and c.yml is a file",
    );
    reported(&["import", "a.yml", "b.yml", "--pipeline", "c"], 2, "several pipelines have several names");
    // A folder that is not there is made.
    let both = work.run(&["import", "a.yml", "b.yml", "--out", "fresh"]).ended(0);
    assert_eq!(both.stdout, "wrote fresh/a.yml\nwrote fresh/b.yml\n");
    let one = work.run(&["import", "a.yml", "--out", "single"]).ended(0);
    assert_eq!(one.stdout, "wrote single/a.yml\n");
    reported(&["import", "a.yml", "--fleet", "none.yml"], 2, "none.yml is not a fleet");
    reported(&["import", "nowhere.yml"], 3, "nowhere.yml");
    reported(&["import", "broken.yml"], 1, "there is no manifest");
    let both = work.run(&["import", "a.yml", "b.yml", "--out", "projects/"]).ended(0);
    assert_eq!(both.stdout, "wrote projects/a.yml\nwrote projects/b.yml\n");
    let piped = work.run_with(&["import", "-", "--pipeline", "gateway"], &old).ended(0);
    assert!(piped.stdout.starts_with("project: gateway\n"), "{}", piped.stdout);
    work.write("pipegen.yml", "version: 1\ndefaults: {nonsense: 1}\n");
    reported(&["import", "a.yml"], 2, "pipegen.yml has errors: see `ol-pipegen validate pipegen.yml`");
}

/// The value of a credential is one: what two stages write under one name may be two.
#[test]
fn each_value_in_clear_has_a_name_of_its_own() {
    let job = |name: &str, after: &str, password: &str| {
        format!(
            "- name: {name}
  plan:
  - {{get: code, {after}}}
  - {{task: t, file: code/t.yml, params: {{DB_PASSWORD: {password}, API_TOKEN: equal-everywhere}}}}
"
        )
    };
    let old = format!(
        "resources:
- {{name: code, type: git, source: {{uri: https://example.com/a.git, branch: main}}}}
jobs:
{}{}{}",
        job("deploy-qa", "trigger: true", "sup3rs3cret"),
        job("deploy-rc", "passed: [deploy-qa]", "sup3rs3cret"),
        job("deploy-production", "passed: [deploy-rc]", "sup3rs3cret2"),
    );
    let work = Work::new().file("old.yml", &old);
    let ran = work.run(&["import", "old.yml"]).ended(1);
    for name in ["((deploy-qa.db_password))", "((deploy-production.db_password))"] {
        assert!(ran.stdout.contains(name), "{name}: {}", ran.stdout);
        let note = format!("another value is written under the same name, and has a name of its own: {name}");
        assert!(ran.stderr.contains(&note), "{}", ran.stderr);
    }
    for name in ["((t.db_password))", "((deploy-rc.db_password))"] {
        assert!(!ran.stdout.contains(name) && !ran.stderr.contains(name), "{name}: {}", ran.stdout);
    }
    assert!(ran.stdout.contains("API_TOKEN: ((t.api_token))"), "{}", ran.stdout);
    work.run(&["import", "old.yml", "--out", "new/old.yml"]).ended(1);
    let rendered = work.run(&["render", "--stdout", "new/old.yml"]).ended(0).stdout;
    let passwords: Vec<&str> = rendered.lines().filter_map(|line| line.trim().strip_prefix("DB_PASSWORD: ")).collect();
    assert_eq!(
        passwords,
        ["((deploy-qa.db_password))", "((deploy-qa.db_password))", "((deploy-production.db_password))"]
    );
    // A credential that has such a name has another value.
    work.write("old.yml", &old.replace("DB_PASSWORD: sup3rs3cret,", "DB_PASSWORD: ((t.db_password)),"));
    let ran = work.run(&["import", "old.yml"]).ended(1);
    assert!(ran.stdout.contains("((t.db_password))"), "{}", ran.stdout);
    assert!(ran.stdout.contains("((deploy-production.db_password))"), "{}", ran.stdout);
}

#[test]
fn a_credential_stands_for_the_secret_alone() {
    let hook = concat!("https://hooks.slack.com/services/", "T02AB3CD4/B05EF6GH7/Zk3vQw8LmN2xRt7YpB4sDf9G");
    let old = format!(
        "resource_types:
- {{name: slack, type: registry-image, source: {{repository: example/slack, tag: '1'}}}}
resources:
- {{name: a, type: git, source: {{uri: 'https://bot:hunter2hunter2@example.com/acme/a', branch: main}}}}
- {{name: s, type: slack, source: {{url: '{hook}'}}}}
jobs:
- name: deploy-qa
  plan:
  - {{get: a, trigger: true}}
  - task: t
    file: a/t.yml
    params:
      DATABASE_URL: postgres://app:correct-horse@db.example.com/app
      ID: AKIAQ3EGWX7LM2PZ5TRV
      ARGS: --notify {hook} --verbose
  - {{put: s, params: {{text: x}}}}
- name: deploy-prod
  plan: [{{get: a, passed: [deploy-qa]}}, {{task: t, file: a/t.yml}}]
"
    );
    let work = Work::new().file("old.yml", &old);
    let ran = work.run(&["import", "old.yml"]).ended(1);
    for secret in ["hunter2hunter2", "correct-horse", "AKIAQ3EGWX7LM2PZ5TRV", "Zk3vQw8LmN2xRt7YpB4sDf9G"] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{secret}: {}{}", ran.stdout, ran.stderr);
    }
    for part in [
        "repository: https://example.com/acme/a",
        "username: bot",
        "password: ((a.password))",
        "postgres://app:((t.database_url_password))@db.example.com/app",
        "((t.id))",
        "--notify ((t.args_webhook)) --verbose",
        "url: ((s.url))",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert!(ran.stderr.contains("`DATABASE_URL` holds a password in clear"), "{}", ran.stderr);
}

/// What starts a deployment is what started it before.
#[test]
fn nothing_starts_more_often_than_before() {
    for (image, site) in [(false, false), (true, false), (false, true), (true, true)] {
        let trigger = |is_set: bool| if is_set { ", trigger: true" } else { "" };
        let old = format!(
            "resources:
- {{name: nightly, type: time, source: {{start: 2:00 AM, stop: 3:00 AM}}}}
- {{name: site, type: git, source: {{uri: https://example.com/site.git, branch: main}}}}
- {{name: image, type: registry-image, source: {{repository: registry.example.com/site, tag: latest}}}}
jobs:
- name: build
  plan:
  - {{get: site, trigger: true}}
  - {{task: build, file: site/build.yml}}
  - {{put: image, params: {{image: image/image.tar}}}}
- name: qa
  plan:
  - {{get: nightly, trigger: true}}
  - {{get: image, passed: [build]{}}}
  - {{get: site, passed: [build]{}}}
  - {{task: roll, file: site/roll.yml, params: {{TO: qa}}}}
- name: prod
  plan:
  - {{get: image, passed: [qa]}}
  - {{get: site, passed: [qa]}}
  - {{task: roll, file: site/roll.yml, params: {{TO: prod}}}}
",
            trigger(image),
            trigger(site)
        );
        let work = Work::new().file("old.yml", &old);
        let ran = work.run(&["import", "old.yml", "--out", "new/old.yml"]).ended(0);
        let rendered = work.run(&["render", "--stdout", "new/old.yml"]).ended(0).stdout;
        let pipeline: Value = serde_saphyr::from_str(&rendered).unwrap();
        let triggers = |job: &str| -> Vec<String> {
            let jobs = pipeline["jobs"].as_array().unwrap();
            let job = jobs.iter().find(|found| found["name"] == job).unwrap();
            let gets = job["plan"].as_array().unwrap().iter().filter(|step| step["trigger"] == true);
            gets.map(|get| get["get"].as_str().unwrap().to_owned()).collect()
        };
        let expected: Vec<&str> = [("nightly", true), ("image", image), ("site", site)]
            .into_iter()
            .filter(|(_, is)| *is)
            .map(|(name, _)| name)
            .collect();
        let mut found = triggers("qa");
        found.sort_by_key(|name| ["nightly", "image", "site"].iter().position(|known| known == name));
        assert_eq!(found, expected, "{}", ran.stderr);
        assert_eq!((triggers("build"), triggers("prod")), (vec!["site".to_owned()], Vec::new()), "{rendered}");
    }
}

/// A job that tests, builds or publishes by its name is no environment.
#[test]
fn tests_and_publications_are_no_environments() {
    let job = |name: &str, get: &str| {
        format!("- {{name: {name}, plan: [{{get: app{get}}}, {{task: t, file: app/{name}.yml}}]}}\n")
    };
    let head =
        "resources:\n- {name: app, type: git, source: {uri: https://example.com/app.git, branch: main}}\njobs:\n";
    let old = [
        head,
        &job("unit-test", ", trigger: true"),
        &job("lint", ", trigger: true"),
        &job("integration", ", trigger: true, passed: [unit-test, lint]"),
        &job("deploy-staging", ", trigger: true, passed: [integration]"),
        &job("approve-prod", ", passed: [deploy-staging]"),
        &job("deploy-prod", ", trigger: true, passed: [approve-prod]"),
    ]
    .concat();
    let work = Work::new().file("old.yml", &old);
    let ran = work.run(&["import", "old.yml", "--out", "new/old.yml"]).ended(0);
    assert!(ran.stderr.contains("`old`: staging (none) → prod (none)"), "{}", ran.stderr);
    for job in ["unit-test", "lint", "integration", "approve-prod"] {
        assert!(ran.stderr.contains(&format!("the job `{job}` as it is, in `extra`")), "{job}: {}", ran.stderr);
    }
    work.write("again.yml", &work.run(&["render", "--stdout", "new/old.yml"]).ended(0).stdout);
    let diff = work.run(&["diff", "old.yml", "again.yml"]);
    assert!(diff.code <= 1 && !diff.stdout.contains("WEAKER"), "{}", diff.stdout);
    // Where environments give jobs their names, it is one of them.
    let old = [head, &job("integration", ", trigger: true"), &job("production", ", passed: [integration]")].concat();
    work.write("old.yml", &old);
    let ran = work.run(&["import", "old.yml"]).ended(0);
    assert!(ran.stderr.contains("`old`: integration (none) → production (manual)"), "{}", ran.stderr);
    // Nothing is promoted where no job deploys.
    let old = [head, &job("test", ", trigger: true"), &job("publish", ", passed: [test]")].concat();
    work.write("old.yml", &old);
    let ran = work.run(&["import", "old.yml"]).ended(1);
    assert!(ran.stderr.contains("error[no-promotion-chain]"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`test`: its name says that it deploys to no environment"), "{}", ran.stderr);
}

/// A kind writes a summary for issues. A manifest without issues can neither use nor remove it.
#[test]
fn nothing_is_reported_of_the_outputs_of_a_kind() {
    let job = |name: &str, get: &str| {
        format!(
            "- name: {name}
  plan:
  - {{get: code{get}}}
  - task: deploy
    config:
      platform: linux
      image_resource: {{type: registry-image, source: {{repository: alpine}}}}
      inputs: [{{name: code}}]
      params: {{TO: {name}}}
      run: {{path: sh, args: [-c, code/deploy.sh --verbose $TO]}}
"
        )
    };
    let head = "resources:\n- {name: code, type: git, source: {uri: https://example.com/a.git, branch: main}}\njobs:\n";
    let old = [head, &job("qa", ", trigger: true"), &job("production", ", passed: [qa]")].concat();
    let work = Work::new().file("old.yml", &old);
    let ran = work.run(&["import", "old.yml", "--out", "new.yml"]).ended(0);
    assert!(ran.stderr.contains("the stack kind `script`"), "{}", ran.stderr);
    let ran = work.run(&["validate", "new.yml"]).ended(0);
    assert!(!ran.stderr.contains("unused-output") && !ran.stdout.contains("unused-output"), "{}", ran.stderr);
    // What a manifest writes itself is its own.
    let mine = "after:
- task: more
  config:
    platform: linux
    image_resource: {type: registry-image, source: {repository: alpine}}
    outputs: [{name: nobodys}]
    run: {path: 'true'}
";
    work.write("new.yml", &(work.read("new.yml") + mine));
    let ran = work.run(&["validate", "new.yml"]);
    assert!(
        (ran.stdout.clone() + &ran.stderr).contains("no other step takes `nobodys`"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
}
