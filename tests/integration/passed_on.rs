//! A preview that finds nothing to change passes the version on, and deploys nothing.

use serde_json::Value;

use crate::support::{Ran, Work};

const FLEET: &str = "\
version: 1
concourses: {main: {target: main}}
defaults:
  environments: [CI, QA, Production]
  source: {repository: https://github.com/example/shop}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
";

const KINDS: [&str; 4] = [
    "pulumi: {path: a}",
    "opentofu: {path: a}",
    "helm: {chart: a, namespace: 'shop-{{ environment | lower }}'}",
    "script: {image: alpine, deploy: ./deploy.sh, preview: ./deploy.sh --dry-run}",
];

fn manifest(kind: &str, qa: &str, production: &str) -> String {
    format!("project: shop\nstack: {{{kind}}}\noverrides: {{QA: {{{qa}}}, Production: {{{production}}}}}\n")
}

fn render(manifest: &str) -> (Work, Ran) {
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/shop.yml", manifest);
    let ran = work.run(&["render", "--quiet"]).ended(0);
    (work, ran)
}

struct Pipeline(Value);

impl Pipeline {
    fn of(manifest: &str) -> Self {
        Self(serde_saphyr::from_str(&render(manifest).0.read("rendered/shop.yml")).unwrap())
    }

    fn jobs(&self) -> impl Iterator<Item = &Value> {
        self.0["jobs"].as_array().unwrap().iter()
    }

    fn job(&self, name: &str) -> &Value {
        self.jobs().find(|job| job["name"] == name).unwrap_or_else(|| panic!("no job {name}"))
    }

    fn source(&self, resource: &Value) -> &Value {
        let resources = self.0["resources"].as_array().unwrap();
        &resources.iter().find(|found| found["name"] == *resource).unwrap()["source"]
    }

    /// The get of an artifact, with the role of its resource.
    fn get<'p>(&'p self, job: &'p Value, artifact: &str) -> (&'p Value, &'p Value) {
        let get = gets(job).find(|get| get["get"] == artifact).unwrap_or_else(|| panic!("no get of {artifact}: {job}"));
        (get, &self.source(resource(get))["role"])
    }

    /// The get of an approval.
    fn approval<'p>(&'p self, job: &'p Value) -> &'p Value {
        let is_approval = |get: &&Value| self.source(resource(get))["role"] == "trigger";
        gets(job).find(is_approval).unwrap_or_else(|| panic!("no approval: {job}"))
    }

    /// The params of the records that a job writes when it succeeds.
    fn records(job: &Value) -> Vec<&Value> {
        puts(&job["on_success"])
            .into_iter()
            .map(|put| &put["params"])
            .filter(|params| params["action"] == "record")
            .collect()
    }
}

fn gets(job: &Value) -> impl Iterator<Item = &Value> {
    job["plan"].as_array().unwrap().iter().filter(|step| step.get("get").is_some())
}

fn resource(get: &Value) -> &Value {
    get.get("resource").unwrap_or(&get["get"])
}

fn puts(step: &Value) -> Vec<&Value> {
    match step["in_parallel"]["steps"].as_array().or(step["in_parallel"].as_array()) {
        Some(steps) => steps.iter().flat_map(puts).collect(),
        None if step.get("put").is_some() => vec![step],
        None => Vec::new(),
    }
}

fn claims(job: &Value) -> bool {
    job["plan"].as_array().unwrap().iter().any(|step| step["params"]["action"] == "claim")
}

fn passed(get: &Value) -> Vec<&str> {
    get["passed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn unchanged_preview_records_what_the_deployment_would_record() {
    for kind in KINDS {
        for behind in ["preview", "issue", "none", "manual"] {
            let pipeline = Pipeline::of(&manifest(kind, "gate: preview", &format!("gate: {behind}")));
            let deployed = Pipeline::records(pipeline.job("deploy-shop-qa"))[0];
            let preview = pipeline.job("preview-shop-qa");
            let records = Pipeline::records(preview);
            let unchanged = records.iter().find(|params| params.get("unchanged_if_file").is_some()).unwrap();
            let ready = records.iter().find(|params| params.get("close_if_file").is_some()).unwrap();
            assert_eq!(unchanged["unchanged_if_file"], ready["close_if_file"], "{kind} {behind}");
            for field in ["title", "pins", "destination", "promotes_to", "labels", "state"] {
                assert_eq!(unchanged[field], deployed[field], "{field} of {kind} {behind}");
            }
        }
    }
}

#[test]
fn preview_behind_starts_from_the_record_and_deploys_what_is_approved() {
    for kind in KINDS {
        let pipeline = Pipeline::of(&manifest(kind, "gate: preview", "gate: preview"));
        let preview = pipeline.job("preview-shop-production");
        let (gate, role) = pipeline.get(preview, "gate");
        assert_eq!((role, &gate["trigger"], passed(gate).len()), (&"records".into(), &true.into(), 0), "{kind}");
        assert_eq!(pipeline.source(resource(gate))["gate"], "shop/-/QA/deployed");
        let (code, _) = pipeline.get(preview, "shop-shop");
        // A new commit that QA only previews starts nothing here.
        assert_eq!((passed(code), code.get("trigger")), (vec!["preview-shop-qa"], None), "{kind}");
        assert!(!claims(preview), "{kind}");
        let steps = preview["plan"].as_array().unwrap();
        let checkout = steps.iter().position(|step| step["task"] == "checkout-approved").unwrap();
        assert!(steps[..checkout].iter().all(|step| step.get("get").is_some()), "{kind}");
        for record in Pipeline::records(preview) {
            assert_eq!(record["from_record"], "gate/record.json", "{kind}");
        }
        // What is deployed was approved on the issue of that preview.
        let deploy = pipeline.job("deploy-shop-production");
        assert_eq!(pipeline.source(resource(pipeline.approval(deploy)))["gate"], "shop/-/Production/ready", "{kind}");
        assert!(claims(deploy), "{kind}");
    }
}

#[test]
fn issue_behind_is_opened_by_the_record_and_takes_the_code_of_the_preview() {
    for kind in KINDS {
        // The approval brings the code; in a clone it is checked out, and the preview has had it.
        for (code, passed_by) in [("fetch", vec![]), ("checkout", vec!["preview-shop-qa"])] {
            let production = format!("gate: issue, approval: {{code: {code}}}");
            let pipeline = Pipeline::of(&manifest(kind, "gate: preview", &production));
            let deploy = pipeline.job("deploy-shop-production");
            let approval = pipeline.approval(deploy);
            assert_eq!(pipeline.source(resource(approval))["gate"], "shop/-/QA/deployed", "{kind}");
            assert_eq!(approval["trigger"], true, "{kind}");
            assert_eq!(passed(pipeline.get(deploy, "shop-shop").0), passed_by, "{kind} {code}");
            assert!(claims(deploy), "{kind}");
        }
    }
}

#[test]
fn environment_without_a_gate_of_its_own_waits_for_the_next_approval() {
    for kind in KINDS {
        for (behind, trigger) in [("none", Some(&true.into())), ("manual", None)] {
            let pipeline = Pipeline::of(&manifest(kind, "gate: preview", &format!("gate: {behind}")));
            let deploy = pipeline.job("deploy-shop-production");
            let approval = pipeline.approval(deploy);
            assert_eq!(approval.get("trigger"), trigger, "{kind} {behind}");
            assert_eq!(passed(approval), ["deploy-shop-qa"], "{kind} {behind}");
            assert_eq!(passed(pipeline.get(deploy, "shop-shop").0), ["deploy-shop-qa"], "{kind} {behind}");
        }
    }
}

/// Whatever a preview claims, a job that deploys takes its versions from an approval that it claims, or behind a job that
/// deploys. The first stage of the chain alone takes what is new.
#[test]
fn lying_preview_gets_nothing_deployed() {
    let gates = ["none", "issue", "preview", "manual"];
    for kind in KINDS {
        for number in 0..64 {
            let [qa, staging, production] = [number / 16, number / 4 % 4, number % 4].map(|at: usize| gates[at]);
            let manifest = format!(
                "project: shop\nenvironments: [CI, QA, Staging, Production]\nstack: {{{kind}}}\noverrides: {{QA: {{gate: \
                 {qa}}}, Staging: {{gate: {staging}}}, Production: {{gate: {production}}}}}\n"
            );
            let pipeline = Pipeline::of(&manifest);
            for job in pipeline.jobs() {
                let name = job["name"].as_str().unwrap();
                if name.starts_with("preview-") || name == "deploy-shop-ci" {
                    continue;
                }
                for get in gets(job) {
                    let from = passed(get);
                    assert_ne!(pipeline.source(resource(get))["role"], "records", "{name} of {manifest}");
                    let of_preview = from.iter().any(|job| job.starts_with("preview-"));
                    assert!(!of_preview || claims(job), "{name} of {manifest}");
                    assert!(!of_preview || get.get("trigger").is_none(), "{name} of {manifest}");
                }
            }
        }
    }
}

#[test]
fn stop_ends_the_version_at_the_stage_that_it_leaves_unchanged() {
    for kind in KINDS {
        for (qa, behind) in [("gate: preview, approval: {unchanged: stop}", "preview"), ("gate: issue", "preview")] {
            let work = render(&manifest(kind, qa, &format!("gate: {behind}"))).0;
            let yaml = work.read("rendered/shop.yml");
            assert!(!yaml.contains("role: records"), "{kind} {qa}");
            assert_eq!(yaml.matches("unchanged_if_file").count(), 1, "Production's own: {kind} {qa}");
        }
    }
}

#[test]
fn nothing_passes_on_where_it_cannot_be_known_or_recorded() {
    for more in ["issues: {resource: mitodl}", "record: none", "defaults"] {
        let own = "script: {image: alpine, deploy: ./deploy.sh, preview: ./preview.sh}";
        let manifest = manifest(own, "gate: preview", "gate: preview");
        let kind = render(&manifest).0.run(&["kind", "show", "script"]).fine();
        let kind = kind.lines().filter(|line| !line.starts_with("no_changes:")).collect::<Vec<_>>().join("\n");
        let work = if more == "defaults" {
            Work::new().file("kinds/stacks/script.yml", &kind).file("projects/shop.yml", &manifest)
        } else {
            Work::new().file("projects/shop.yml", &format!("{manifest}{more}\n"))
        };
        let work = work.file("pipegen.yml", FLEET);
        work.run(&["render", "--quiet"]).ended(0);
        let yaml = work.read("rendered/shop.yml");
        assert!(!yaml.contains("role: records") && !yaml.contains("unchanged_if_file"), "{more}: {yaml}");
    }
}

/// A version that leaves QA unchanged ends there without a record, and a word says so.
#[test]
fn record_that_is_left_out_and_would_carry_the_version_is_reported() {
    let ran = render(&format!("{}record: none\n", manifest(KINDS[0], "gate: preview", "gate: preview"))).1;
    assert!(ran.stderr.contains("warning[unrecorded-version]"), "{}", ran.stderr);
    assert!(ran.stderr.contains("a version that leaves `QA` unchanged ends there"), "{}", ran.stderr);
    let stop = manifest(KINDS[0], "gate: preview, approval: {unchanged: stop}", "gate: preview");
    let ran = render(&format!("{stop}record: none\n")).1;
    assert!(!ran.stderr.contains("unchanged"), "{}", ran.stderr);
}

/// The credentials of a job's task or put.
fn credentials(pipeline: &Pipeline, job: &str) -> Vec<String> {
    let text = pipeline.job(job).to_string();
    let found = text.split("((").skip(1).filter_map(|rest| Some(rest.split_once("))")?.0.to_owned()));
    found.collect()
}

#[test]
fn preview_takes_credentials_of_its_own() {
    let env = "env: {TOKEN: ((cloud.admin)), REGION: eu}\npreview_env: {TOKEN: ((cloud.reader))}\n";
    for kind in KINDS {
        let kind =
            kind.replace("chart: a,", "chart: a, kubeconfig: ((k8s.admin)), preview_kubeconfig: ((k8s.reader)),");
        let manifest = format!("{}{env}", manifest(&kind, "gate: preview", "gate: issue"));
        let (work, ran) = render(&manifest);
        assert!(!ran.stderr.contains("preview-credentials"), "{}", ran.stderr);
        let pipeline = Pipeline(serde_saphyr::from_str(&work.read("rendered/shop.yml")).unwrap());
        let (preview, deploy) = (credentials(&pipeline, "preview-shop-qa"), credentials(&pipeline, "deploy-shop-qa"));
        assert!(preview.contains(&"cloud.reader".into()) && deploy.contains(&"cloud.admin".into()), "{kind}");
        assert!(preview.iter().all(|name| !name.contains("admin")), "{kind}: {preview:?}");
        assert!(deploy.iter().all(|name| !name.contains("reader")), "{kind}: {deploy:?}");
        assert_eq!(preview.iter().any(|name| name == "k8s.reader"), kind.starts_with("helm"), "{kind}");
        // Who asks for it in words finds it there, too.
        let page = work.run(&["explain", "projects/shop.yml"]).fine();
        assert!(!page.contains("credentials of the deployment"), "{page}");
    }
}

#[test]
fn preview_that_has_credentials_of_the_deployment_is_reported() {
    for kind in KINDS {
        let env = "env: {TOKEN: ((cloud.admin))}\n";
        let (work, ran) = render(&format!("{}{env}", manifest(kind, "gate: preview", "gate: issue")));
        assert!(ran.stderr.contains("warning[preview-credentials]"), "{kind}: {}", ran.stderr);
        assert!(ran.stderr.contains("((cloud.admin))"), "{kind}: {}", ran.stderr);
        let page = work.run(&["explain", "projects/shop.yml"]).ended(0).stdout;
        assert!(page.contains("it has credentials of the deployment: `((cloud.admin))`"), "{kind}: {page}");
        assert!(page.contains("the issue of the deployment says so, and nothing is deployed"), "{kind}: {page}");
        // Without a preview there is nothing to tell.
        let (_, ran) = render(&format!("{}{env}", manifest(kind, "gate: issue", "gate: issue")));
        assert!(!ran.stderr.contains("preview-credentials"), "{kind}: {}", ran.stderr);
    }
}
