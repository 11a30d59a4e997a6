//! A chain of three stages: CI takes each commit, QA and Production wait for the closing of an issue.

use concourse_scheduler::{Input, Job, Pipeline, Resource};
use promotion_verify::{Bounds, Checked, GateId, Model, Stage, StageId, Step, Verdict, Violation, verify};

const CI: StageId = StageId(0);
const QA: StageId = StageId(1);
const PRODUCTION: StageId = StageId(2);
const CI_DEPLOYED: GateId = GateId(0);
const QA_DEPLOYED: GateId = GateId(1);

const BOUNDS: Bounds = Bounds { commits: 2, closings: 2, reopenings: 0, manual_builds: 0, failures: 0 };

fn resource(name: &str) -> Resource {
    Resource { name: name.into(), source: name.into(), ..Resource::default() }
}

fn job(name: &str, input: &str) -> Job {
    let input = Input { name: input.into(), resource: input.into(), trigger: true, ..Input::default() };
    Job { name: name.into(), inputs: vec![input], serial: true, ..Job::default() }
}

fn plan(stage: StageId, input: &str, is_gated: bool, record: Option<(GateId, StageId)>) -> Vec<Step> {
    let artifact = || input.to_owned();
    let mut plan = vec![Step::Get(artifact())];
    if is_gated {
        plan.push(Step::Claim(artifact()));
    }
    plan.push(Step::Deploy { stage, artifact: artifact() });
    plan.extend(record.map(|(gate, destination)| Step::Record { gate, artifact: artifact(), destination }));
    plan
}

/// The chain as it is rendered: a gated job gets the approved commit from the resource of its gate.
fn chain() -> Model {
    let stage = |name: &str, is_gated| Stage { name: name.into(), is_gated };
    Model {
        stages: vec![stage("CI", false), stage("QA", true), stage("Production", true)],
        gates: vec!["CI deployed".into(), "QA deployed".into()],
        pipeline: Pipeline {
            resources: vec![resource("code"), resource("approved-for-qa"), resource("approved-for-production")],
            jobs: vec![
                job("deploy-ci", "code"),
                job("deploy-qa", "approved-for-qa"),
                job("deploy-production", "approved-for-production"),
            ],
        },
        resources: [
            ("code".into(), Checked::Code),
            ("approved-for-qa".into(), Checked::Approvals { gate: CI_DEPLOYED, stage: QA }),
            ("approved-for-production".into(), Checked::Approvals { gate: QA_DEPLOYED, stage: PRODUCTION }),
        ]
        .into(),
        plans: [
            ("deploy-ci".into(), plan(CI, "code", false, Some((CI_DEPLOYED, QA)))),
            ("deploy-qa".into(), plan(QA, "approved-for-qa", true, Some((QA_DEPLOYED, PRODUCTION)))),
            ("deploy-production".into(), plan(PRODUCTION, "approved-for-production", true, None)),
        ]
        .into(),
    }
}

fn refuted(model: &Model, bounds: &Bounds) -> (Violation, Vec<String>) {
    match verify(model, bounds).expect("a pipeline that can be set") {
        Verdict::Refuted { violation, story } => (violation, story),
        Verdict::Verified { states } => panic!("verified, in {states} states"),
    }
}

fn verified(model: &Model, bounds: &Bounds) {
    match verify(model, bounds).expect("a pipeline that can be set") {
        Verdict::Verified { states } => {
            assert!(states > 100, "{states} states are too few to show anything");
        }
        Verdict::Refuted { violation, story } => panic!("{violation}\n{}", story.join("\n")),
    }
}

#[test]
fn a_chain_of_three_holds() {
    verified(&chain(), &BOUNDS);
}

#[test]
fn a_chain_of_three_holds_when_people_reopen() {
    verified(&chain(), &Bounds { commits: 1, closings: 3, reopenings: 1, ..BOUNDS });
}

#[test]
fn a_chain_of_three_holds_when_people_start_builds() {
    verified(&chain(), &Bounds { commits: 1, manual_builds: 1, ..BOUNDS });
}

#[test]
fn a_chain_of_three_holds_when_deployments_fail() {
    verified(&chain(), &Bounds { commits: 1, closings: 1, manual_builds: 1, failures: 1, ..BOUNDS });
}

/// A second job that the same closing starts.
fn with_a_second_job(mut model: Model, is_claimed: bool) -> Model {
    model.pipeline.jobs.push(job("deploy-qa-too", "approved-for-qa"));
    for name in ["deploy-qa", "deploy-qa-too"] {
        model.plans.insert(name.into(), plan(QA, "approved-for-qa", is_claimed, None));
    }
    model
}

#[test]
fn two_jobs_on_one_gate_deploy_once() {
    verified(&with_a_second_job(chain(), true), &Bounds { commits: 1, ..BOUNDS });
}

/// Each mechanism of the wiring, taken out: the invariant that it protects must be refuted, by a story that ends so.
mod without {
    use super::*;

    fn replace(model: &mut Model, job: &str, plan: Vec<Step>) {
        model.plans.insert(job.into(), plan);
    }

    #[test]
    fn the_claim_a_withdrawn_approval_is_deployed() {
        // The issue is reopened between the get and the deployment.
        let mut model = chain();
        replace(&mut model, "deploy-qa", plan(QA, "approved-for-qa", false, Some((QA_DEPLOYED, PRODUCTION))));
        let bounds = Bounds { commits: 1, closings: 1, reopenings: 1, ..BOUNDS };
        let (violation, story) = refuted(&model, &bounds);
        assert_eq!(violation, Violation::Unapproved { stage: "QA".into(), commit: 1 });
        assert!(story.contains(&"a person reopens the issue of CI deployed".to_owned()), "{story:#?}");
    }

    #[test]
    fn the_claim_two_jobs_deploy_one_approval() {
        let (violation, _) = refuted(&with_a_second_job(chain(), false), &BOUNDS);
        assert_eq!(violation, Violation::DeployedTwice { stage: "QA".into(), commit: 1 });
    }

    #[test]
    fn the_approved_version_the_newest_commit_is_deployed() {
        let mut model = chain();
        let code = Input { name: "code".into(), resource: "code".into(), ..Input::default() };
        model.pipeline.jobs[1].inputs.push(code);
        replace(
            &mut model,
            "deploy-qa",
            vec![
                Step::Get("code".into()),
                Step::Get("approved-for-qa".into()),
                Step::Claim("approved-for-qa".into()),
                Step::Deploy { stage: QA, artifact: "code".into() },
            ],
        );
        let (violation, story) = refuted(&model, &BOUNDS);
        assert_eq!(violation, Violation::WrongVersion { stage: "QA".into(), commit: 2, approved: 1 });
        assert_eq!(story.iter().filter(|line| line.ends_with("lands")).count(), 2, "{story:#?}");
    }

    #[test]
    fn the_gate_as_input_nothing_is_approved() {
        let mut model = chain();
        model.pipeline.jobs[1].inputs = vec![Input {
            name: "code".into(),
            resource: "code".into(),
            passed: vec!["deploy-ci".into()],
            trigger: true,
            ..Input::default()
        }];
        replace(&mut model, "deploy-qa", plan(QA, "code", false, None));
        let (violation, story) = refuted(&model, &BOUNDS);
        assert_eq!(violation, Violation::Unapproved { stage: "QA".into(), commit: 1 });
        assert!(!story.iter().any(|line| line.contains("closes")), "{story:#?}");
    }

    #[test]
    fn the_destination_an_approval_deploys_another_stage() {
        // Production listens to the gate of CI, whose records promote to QA.
        let mut model = chain();
        model.resources.insert("approved-for-production".into(), Checked::Approvals { gate: CI_DEPLOYED, stage: QA });
        let (violation, _) = refuted(&model, &BOUNDS);
        assert_eq!(violation, Violation::Unapproved { stage: "Production".into(), commit: 1 });
    }

    #[test]
    fn a_destination_that_somebody_waits_for_a_closing_starts_nothing() {
        let mut model = chain();
        replace(&mut model, "deploy-ci", plan(CI, "code", false, Some((CI_DEPLOYED, PRODUCTION))));
        let (violation, _) = refuted(&model, &BOUNDS);
        assert_eq!(violation, Violation::NothingStarted { gate: "CI deployed".into(), approved: 1 });
    }

    #[test]
    fn the_trigger_a_closing_starts_nothing() {
        let mut model = chain();
        model.pipeline.jobs[1].inputs[0].trigger = false;
        let (violation, story) = refuted(&model, &BOUNDS);
        assert_eq!(violation, Violation::NothingStarted { gate: "CI deployed".into(), approved: 1 });
        assert_eq!(
            story,
            [
                "commit 1 lands",
                "Concourse checks code and finds a version",
                "Concourse starts deploy-ci #1",
                "deploy-ci #1 gets code and deploys to CI",
                "deploy-ci #1 writes into the issue of CI deployed",
                "a person closes the issue of CI deployed for commit 1",
                "Concourse checks approved-for-qa and finds a version",
            ]
        );
    }
}
