//! A chain of three stages: CI takes each commit, QA and Production wait for the closing of an issue.

use std::collections::BTreeSet;

use concourse_scheduler::{Input, Job, Pipeline, Resource};
use promotion_verify::{
    Bounds, Found, Gate, GateId, Model, On, Outcome, Pin, Pins, Place, Player, SameNames, Seen, Stage, StageId, Step,
    ViolationKind, When, ending, script, story, verify,
};

const CI: StageId = StageId(0);
const QA: StageId = StageId(1);
const PRODUCTION: StageId = StageId(2);
const CI_DEPLOYED: GateId = GateId(0);
const QA_DEPLOYED: GateId = GateId(1);

/// Enough that the second stage behind a gate can deploy either of two commits.
fn bounds() -> Bounds {
    Bounds { source: Some("code".into()), versions: 1, closings: 3, ..Bounds::default() }
}

fn resource(name: &str) -> Resource {
    Resource { name: name.into(), source: name.into(), ..Resource::default() }
}

fn job(name: &str, input: &str) -> Job {
    let input = Input { name: input.into(), resource: input.into(), trigger: true, ..Input::default() };
    Job { name: name.into(), inputs: vec![input], serial: true, ..Job::default() }
}

fn get(input: &str) -> Step {
    Step::Get { input: input.into(), is_followed: false, follows: BTreeSet::new(), is_exempt: false }
}

fn deploy(stage: StageId, artifact: &str) -> Step {
    Step::Run {
        seen: Seen::Named([artifact.to_owned()].into()),
        outputs: Vec::new(),
        deploys: Some(stage),
        makes: None,
        place: Place(stage.0),
    }
}

fn record(gate: GateId, artifact: &str, destination: StageId) -> Step {
    let pins = Pins::OfArtifacts([("code".to_owned(), Pin::Artifact(artifact.into()))].into());
    Step::Record { gate, pins, destination: Some(destination), when: When::Always }
}

fn plan(stage: StageId, input: &str, is_claimed: bool, to: Option<(GateId, StageId)>) -> Step {
    let mut plan = vec![get(input)];
    if is_claimed {
        plan.push(Step::Claim(input.into()));
    }
    plan.push(deploy(stage, input));
    plan.extend(to.map(|(gate, destination)| record(gate, input, destination)));
    Step::Do(plan)
}

fn approvals(gate: GateId, stage: StageId) -> Found {
    Found::Approvals { gate, stage, has_code: true }
}

/// The chain as it is rendered: a gated job gets the approved commit from the resource of its gate.
fn chain() -> Model {
    let stage = |name: &str, is_gated| Stage { name: name.into(), is_gated };
    let gate = |name: &str| Gate { name: name.into(), is_promise: true };
    Model {
        stages: vec![stage("CI", false), stage("QA", true), stage("Production", true)],
        gates: vec![gate("CI deployed"), gate("QA deployed")],
        pipeline: Pipeline {
            resources: vec![resource("code"), resource("approved-for-qa"), resource("approved-for-production")],
            jobs: vec![
                job("deploy-ci", "code"),
                job("deploy-qa", "approved-for-qa"),
                job("deploy-production", "approved-for-production"),
            ],
        },
        resources: [
            ("code".into(), Found::World),
            ("approved-for-qa".into(), approvals(CI_DEPLOYED, QA)),
            ("approved-for-production".into(), approvals(QA_DEPLOYED, PRODUCTION)),
        ]
        .into(),
        plans: [
            ("deploy-ci".into(), plan(CI, "code", false, Some((CI_DEPLOYED, QA)))),
            ("deploy-qa".into(), plan(QA, "approved-for-qa", true, Some((QA_DEPLOYED, PRODUCTION)))),
            ("deploy-production".into(), plan(PRODUCTION, "approved-for-production", true, None)),
        ]
        .into(),
        ..Model::default()
    }
}

fn searched(model: &Model, bounds: &Bounds) -> Outcome {
    verify(std::slice::from_ref(model), bounds, 100_000).expect("a pipeline that can be set")
}

/// The violation of a model, and its story. Played again, the story ends with the same violation.
fn refuted(model: &Model, bounds: &Bounds) -> (ViolationKind, Vec<String>) {
    let refutation = searched(model, bounds).refutations.into_iter().next().expect("a violation");
    let models = std::slice::from_ref(model);
    let (mut player, mut played) = Player::new(models, &SameNames).expect("a pipeline that can be set");
    for deed in script(models, &refutation) {
        assert_eq!(player.violation(false), None, "{played:?}");
        let lines = player.play(&deed, "a person").unwrap_or_else(|error| panic!("{deed:?}: {error}\n{played:?}"));
        played.extend(lines);
    }
    assert_eq!(player.violation(true), Some(refutation.violation.clone()));
    let lines = story(models, &SameNames, &refutation);
    let is_planned = |line: &String| line.contains(" is going to ");
    let without_plans = |lines: &[String]| lines.iter().filter(|line| !is_planned(line)).cloned().collect::<Vec<_>>();
    assert_eq!(without_plans(&played), without_plans(&lines));
    (refutation.violation.kind, lines)
}

fn verified(model: &Model, bounds: &Bounds) -> Outcome {
    let outcome = searched(model, bounds);
    if let Some(refutation) = outcome.refutations.first() {
        let end = ending(std::slice::from_ref(model), &SameNames, &refutation.violation);
        panic!("{end}\n{}", story(std::slice::from_ref(model), &SameNames, refutation).join("\n"));
    }
    assert!(outcome.is_complete, "{} states were too few", outcome.states);
    assert!(outcome.states > 10, "{} states are too few to show anything", outcome.states);
    outcome
}

#[test]
fn a_chain_of_three_holds_and_reaches_the_last_stage() {
    let outcome = verified(&chain(), &bounds());
    assert_eq!(outcome.deployed, [CI, QA, PRODUCTION].into());
}

#[test]
fn a_chain_of_three_holds_when_people_reopen() {
    verified(&chain(), &Bounds { reopenings: 1, ..bounds() });
}

#[test]
fn a_chain_of_three_holds_when_people_start_builds() {
    verified(&chain(), &Bounds { versions: 0, manual_builds: 1, ..bounds() });
}

#[test]
fn a_chain_of_three_holds_when_deployments_fail() {
    verified(&chain(), &Bounds { versions: 0, closings: 2, manual_builds: 1, failures: 1, ..bounds() });
}

#[test]
fn a_search_that_stops_early_says_so() {
    let outcome = verify(&[chain()], &bounds(), 20).expect("a pipeline that can be set");
    assert_eq!((outcome.states, outcome.is_complete), (20, false));
}

/// Jobs of one group run one at a time.
fn in_one_group(model: &mut Model, jobs: &[&str]) {
    let jobs = model.pipeline.jobs.iter_mut().filter(|job| jobs.contains(&job.name.as_str()));
    jobs.for_each(|job| job.serial_groups = vec!["group".into()]);
}

/// A second job that the same closing starts.
fn with_a_second_job(mut model: Model, is_claimed: bool) -> Model {
    model.pipeline.jobs.push(job("deploy-qa-too", "approved-for-qa"));
    in_one_group(&mut model, &["deploy-qa", "deploy-qa-too"]);
    for name in ["deploy-qa", "deploy-qa-too"] {
        model.plans.insert(name.into(), plan(QA, "approved-for-qa", is_claimed, None));
    }
    model
}

#[test]
fn two_jobs_on_one_gate_deploy_once() {
    verified(&with_a_second_job(chain(), true), &bounds());
}

/// The chain with an image, which is built from each commit and deployed together with it.
fn with_image(is_compared: bool) -> Model {
    let mut model = chain();
    model.pipeline.resources.push(resource("image"));
    model.resources.insert("image".into(), Found::World);
    for (index, (name, stage)) in [("deploy-ci", CI), ("deploy-qa", QA)].into_iter().enumerate() {
        let passed = if index == 0 { Vec::new() } else { vec!["deploy-ci".into()] };
        let input =
            Input { name: "image".into(), resource: "image".into(), passed, trigger: index == 0, ..Input::default() };
        model.pipeline.jobs[index].inputs.push(input);
        let code = if index == 0 { "code" } else { "approved-for-qa" };
        let mut steps = vec![get("image"), get(code)];
        if index == 1 {
            steps.push(Step::Claim(code.into()));
        }
        if index == 1 && is_compared {
            let seen = [code.to_owned(), "image".to_owned()].into();
            steps.push(Step::CheckOut { seen, clones: [].into(), compared: ["image".to_owned()].into() });
        }
        let seen = Seen::All;
        let place = Place(index);
        steps.push(Step::Run { seen, outputs: Vec::new(), deploys: Some(stage), makes: None, place });
        if index == 0 {
            let pin = |name: &str| (name.to_owned(), Pin::Artifact(name.into()));
            let pins = Pins::OfArtifacts([pin("code"), pin("image")].into());
            steps.push(Step::Record { gate: CI_DEPLOYED, pins, destination: Some(QA), when: When::Always });
        }
        model.plans.insert(name.into(), Step::Do(steps));
    }
    model
}

#[test]
fn an_image_that_is_compared_is_the_approved_one() {
    verified(&with_image(true), &Bounds { source: Some("image".into()), ..bounds() });
}

/// The stage waits for the signal of an issue that was closed, and takes the newest code that passed CI.
fn with_signals() -> Model {
    let mut model = chain();
    model.resources.insert("approved-for-qa".into(), Found::Signals(vec![CI_DEPLOYED]));
    let code =
        Input { name: "code".into(), resource: "code".into(), passed: vec!["deploy-ci".into()], ..Input::default() };
    model.pipeline.jobs[1].inputs.push(code);
    let everything = |gate| Step::Record { gate, pins: Pins::Everything, destination: None, when: When::Always };
    model.plans.insert("deploy-ci".into(), Step::Do(vec![get("code"), deploy(CI, "code"), everything(CI_DEPLOYED)]));
    model.plans.insert("deploy-qa".into(), Step::Do(vec![get("approved-for-qa"), get("code"), deploy(QA, "code")]));
    model
}

#[test]
fn a_signal_deploys_code_that_the_issue_does_not_show() {
    let (violation, story) = refuted(&with_signals(), &bounds());
    assert!(matches!(violation, ViolationKind::WrongVersion { stage: QA, .. }), "{violation:?}");
    assert_eq!(
        story,
        [
            "version A of each resource is there",
            "Concourse starts deploy-ci #1",
            "deploy-ci #1 deploys CI, with version A of code",
            "deploy-ci #1 opens the issue of CI deployed, with version A of code",
            "a person closes the issue of CI deployed, with version A of code",
            "version B of code lands",
            "Concourse starts deploy-ci #2",
            "deploy-ci #2 deploys CI, with version B of code",
            "deploy-ci #2 opens the issue of CI deployed, with version B of code",
            "Concourse checks approved-for-qa",
            "Concourse starts deploy-qa #1",
            "deploy-qa #1 gets approved-for-qa",
            "deploy-qa #1 deploys QA, with version B of code",
        ]
    );
}

/// A preview of Production, whose record opens the gate of Production.
fn with_preview() -> Model {
    let mut model = chain();
    model.gates.push(Gate { name: "Production ready".into(), is_promise: true });
    let ready = GateId(2);
    model.pipeline.resources.push(resource("qa-records"));
    model.resources.insert("qa-records".into(), Found::Records(QA_DEPLOYED));
    model.gates[QA_DEPLOYED.0].is_promise = false;
    model.pipeline.jobs.push(job("preview-production", "qa-records"));
    in_one_group(&mut model, &["preview-production", "deploy-production"]);
    let seen = ["qa-records".to_owned()].into();
    let clones = [("code".to_owned(), "code".to_owned())].into();
    let pins = Pins::OfArtifacts([("code".to_owned(), Pin::Artifact("code".into()))].into());
    let preview = Step::Do(vec![
        get("qa-records"),
        Step::CheckOut { seen, clones, compared: [].into() },
        Step::Record { gate: ready, pins, destination: Some(PRODUCTION), when: When::Changed },
    ]);
    model.plans.insert("preview-production".into(), preview);
    model.resources.insert("approved-for-production".into(), approvals(ready, PRODUCTION));
    model
}

#[test]
fn a_preview_takes_the_version_of_a_record_to_the_next_gate() {
    let outcome = verified(&with_preview(), &Bounds { unchanged: 1, ..bounds() });
    assert!(outcome.deployed.contains(&PRODUCTION));
}

#[test]
fn a_hook_that_deploys_after_a_refused_claim_is_found() {
    let mut model = chain();
    let Step::Do(steps) = plan(QA, "approved-for-qa", true, None) else { panic!("steps") };
    let ensure = Step::Hook {
        step: Box::new(Step::Do(steps[..2].to_vec())),
        on: On::Ensure,
        hook: Box::new(deploy(QA, "approved-for-qa")),
    };
    model.plans.insert("deploy-qa".into(), ensure);
    let (violation, _) = refuted(&model, &Bounds { reopenings: 1, ..bounds() });
    assert_eq!(violation, ViolationKind::Unapproved { stage: QA });
}

#[test]
fn a_try_deploys_although_the_claim_was_refused() {
    let mut model = with_a_second_job(chain(), true);
    let tried = Step::Try(Box::new(Step::Claim("approved-for-qa".into())));
    let plan = Step::Do(vec![get("approved-for-qa"), tried, deploy(QA, "approved-for-qa")]);
    model.plans.insert("deploy-qa-too".into(), plan);
    let (violation, _) = refuted(&model, &bounds());
    assert_eq!(violation, ViolationKind::DeployedTwice { stage: QA });
}

#[test]
fn a_claim_beside_the_deployment_is_too_late() {
    let mut model = chain();
    let parallel = Step::InParallel(vec![Step::Claim("approved-for-qa".into()), deploy(QA, "approved-for-qa")]);
    model.plans.insert("deploy-qa".into(), Step::Do(vec![get("approved-for-qa"), parallel]));
    let (violation, story) = refuted(&model, &Bounds { reopenings: 1, ..bounds() });
    assert_eq!(violation, ViolationKind::Unapproved { stage: QA }, "{story:#?}");
}

/// Each mechanism of the wiring, taken out: the invariant that it protects must be refuted, by a story that ends so.
mod without {
    use super::*;

    #[test]
    fn the_claim_a_withdrawn_approval_is_deployed() {
        // The issue is reopened between the get and the deployment.
        let mut model = chain();
        model.plans.insert("deploy-qa".into(), plan(QA, "approved-for-qa", false, Some((QA_DEPLOYED, PRODUCTION))));
        let (violation, story) = refuted(&model, &Bounds { versions: 0, reopenings: 1, ..bounds() });
        assert_eq!(violation, ViolationKind::Unapproved { stage: QA });
        assert!(story.contains(&"a person reopens the issue of CI deployed".to_owned()), "{story:#?}");
    }

    #[test]
    fn the_claim_two_jobs_deploy_one_approval() {
        let (violation, _) = refuted(&with_a_second_job(chain(), false), &bounds());
        assert_eq!(violation, ViolationKind::DeployedTwice { stage: QA });
    }

    #[test]
    fn the_approved_version_the_newest_commit_is_deployed() {
        let mut model = chain();
        let code = Input { name: "code".into(), resource: "code".into(), ..Input::default() };
        model.pipeline.jobs[1].inputs.push(code);
        let steps =
            vec![get("code"), get("approved-for-qa"), Step::Claim("approved-for-qa".into()), deploy(QA, "code")];
        model.plans.insert("deploy-qa".into(), Step::Do(steps));
        let (violation, story) = refuted(&model, &bounds());
        assert!(matches!(violation, ViolationKind::WrongVersion { stage: QA, .. }), "{violation:?}");
        assert_eq!(story.iter().filter(|line| line.ends_with("lands")).count(), 1, "{story:#?}");
    }

    #[test]
    fn the_comparison_another_image_is_deployed() {
        let (violation, _) = refuted(&with_image(false), &Bounds { source: Some("image".into()), ..bounds() });
        assert!(matches!(violation, ViolationKind::WrongVersion { stage: QA, .. }), "{violation:?}");
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
        model.plans.insert("deploy-qa".into(), plan(QA, "code", false, None));
        let (violation, story) = refuted(&model, &bounds());
        assert_eq!(violation, ViolationKind::Unapproved { stage: QA });
        assert!(!story.iter().any(|line| line.contains("closes")), "{story:#?}");
    }

    #[test]
    fn the_destination_an_approval_deploys_another_stage() {
        // Production listens to the gate of CI, whose records promote to QA.
        let mut model = chain();
        model.resources.insert("approved-for-production".into(), approvals(CI_DEPLOYED, QA));
        let (violation, _) = refuted(&model, &bounds());
        assert_eq!(violation, ViolationKind::Unapproved { stage: PRODUCTION });
    }

    #[test]
    fn a_destination_that_somebody_waits_for_a_closing_starts_nothing() {
        let mut model = chain();
        model.plans.insert("deploy-ci".into(), plan(CI, "code", false, Some((CI_DEPLOYED, PRODUCTION))));
        let (violation, _) = refuted(&model, &bounds());
        assert_eq!(violation, ViolationKind::NothingStarted { gate: CI_DEPLOYED });
    }

    #[test]
    fn the_trigger_a_closing_starts_nothing() {
        let mut model = chain();
        model.pipeline.jobs[1].inputs[0].trigger = false;
        let (violation, story) = refuted(&model, &bounds());
        assert_eq!(violation, ViolationKind::NothingStarted { gate: CI_DEPLOYED });
        assert_eq!(
            story,
            [
                "version A of each resource is there",
                "Concourse starts deploy-ci #1",
                "deploy-ci #1 deploys CI, with version A of code",
                "deploy-ci #1 opens the issue of CI deployed, with version A of code",
                "a person closes the issue of CI deployed, with version A of code",
                "Concourse checks approved-for-qa",
            ]
        );
    }
}

/// What keeps issues and previews in order.
mod without_order {
    use super::*;

    fn without_serial(mut model: Model, job: &str) -> Model {
        let jobs = model.pipeline.jobs.iter_mut().filter(|known| known.name == job);
        jobs.for_each(|job| (job.serial, job.serial_groups) = (false, Vec::new()));
        model
    }

    #[test]
    fn an_older_approval_is_deployed_after_a_newer_one() {
        let (violation, story) = refuted(&without_serial(chain(), "deploy-qa"), &bounds());
        assert_eq!(violation, ViolationKind::Overtaken { stage: QA }, "{story:#?}");
    }

    #[test]
    fn an_issue_names_an_older_commit_than_its_stage_runs() {
        let bounds = Bounds { closings: 0, ..bounds() };
        let (violation, story) = refuted(&without_serial(chain(), "deploy-ci"), &bounds);
        assert_eq!(violation, ViolationKind::Overtaken { stage: CI }, "{story:#?}");
    }

    #[test]
    fn a_preview_is_older_than_the_deployment() {
        let model = without_serial(with_preview(), "preview-production");
        let (violation, story) = refuted(&model, &bounds());
        assert_eq!(violation, ViolationKind::StalePreview { stage: PRODUCTION }, "{story:#?}");
    }

    /// The record is written whatever becomes of the deployment.
    fn with_ensure(stage: StageId, input: &str, is_claimed: bool, to: (GateId, StageId)) -> Step {
        let hook = Box::new(record(to.0, input, to.1));
        Step::Hook { step: Box::new(plan(stage, input, is_claimed, None)), on: On::Ensure, hook }
    }

    #[test]
    fn a_record_of_a_failed_deployment_asks_for_an_approval() {
        let mut model = chain();
        let plan = with_ensure(QA, "approved-for-qa", true, (QA_DEPLOYED, PRODUCTION));
        model.plans.insert("deploy-qa".into(), plan);
        let (violation, _) = refuted(&model, &Bounds { versions: 0, failures: 1, ..bounds() });
        assert_eq!(violation, ViolationKind::NotDeployed { stage: QA });
    }

    #[test]
    fn a_record_of_a_failed_first_deployment_asks_for_an_approval() {
        let mut model = chain();
        model.plans.insert("deploy-ci".into(), with_ensure(CI, "code", false, (CI_DEPLOYED, QA)));
        let (violation, _) = refuted(&model, &Bounds { failures: 1, ..bounds() });
        assert_eq!(violation, ViolationKind::NotDeployed { stage: CI });
    }
}

/// A pipeline that is set in the place of the chain, while approvals of the chain are not used.
mod set_in_its_place {
    use super::*;
    use promotion_verify::Formerly;

    const NEW_STAGE: StageId = StageId(3);
    const NEW_GATE: GateId = GateId(2);

    fn bounds() -> Bounds {
        Bounds { changes: 1, ..super::bounds() }
    }

    /// Both pipelines know all stages and gates.
    fn known(mut model: Model) -> Model {
        model.stages.push(Stage { name: "Staging".into(), is_gated: false });
        model.gates.push(Gate { name: "Staging deployed".into(), is_promise: false });
        model
    }

    fn violations(new: Model, bounds: &Bounds) -> Vec<ViolationKind> {
        let models = [known(chain()), new];
        let outcome = verify(&models, bounds, 200_000).expect("pipelines that can be set");
        let kinds = outcome.refutations.iter().map(|refutation| {
            let (mut player, _) = Player::new(&models, &SameNames).expect("pipelines that can be set");
            for deed in script(&models, refutation) {
                player.play(&deed, "a person").unwrap_or_else(|error| panic!("{deed:?}: {error}"));
            }
            assert_eq!(player.violation(true), Some(refutation.violation.clone()));
            refutation.violation.kind.clone()
        });
        let kinds: Vec<ViolationKind> = kinds.collect();
        let is_step = |kind: &ViolationKind| !matches!(kind, ViolationKind::NothingStarted { .. });
        assert!(outcome.is_complete || kinds.iter().any(is_step), "{} states were too few", outcome.states);
        kinds
    }

    /// The same chain, in which resources of approvals have other sources: their histories start anew.
    fn with_new_histories(mut model: Model) -> Model {
        model.pipeline.resources[1..].iter_mut().for_each(|resource| resource.source += " of another source");
        model
    }

    #[test]
    fn the_same_chain_with_new_histories_deploys_no_approval_again() {
        assert_eq!(violations(with_new_histories(known(chain())), &bounds()), []);
        assert_eq!(violations(with_new_histories(known(chain())), &Bounds { reopenings: 1, ..bounds() }), []);
    }

    /// Staging between CI and QA.
    fn with_staging() -> Model {
        let mut model = with_new_histories(known(chain()));
        model.stages[NEW_STAGE.0].is_gated = true;
        model.gates[NEW_GATE.0].is_promise = true;
        model.pipeline.resources.push(resource("approved-for-staging"));
        model.pipeline.jobs.push(job("deploy-staging", "approved-for-staging"));
        model.resources.insert("approved-for-staging".into(), approvals(CI_DEPLOYED, NEW_STAGE));
        model.resources.insert("approved-for-qa".into(), approvals(NEW_GATE, QA));
        model.plans.insert("deploy-ci".into(), plan(CI, "code", false, Some((CI_DEPLOYED, NEW_STAGE))));
        let staging = plan(NEW_STAGE, "approved-for-staging", true, Some((NEW_GATE, QA)));
        model.plans.insert("deploy-staging".into(), staging);
        model
    }

    #[test]
    fn an_approval_for_the_next_stage_is_none_for_an_inserted_one() {
        // The only violation: nothing starts. The approval is neither for Staging nor does it skip Staging.
        let found = violations(with_staging(), &bounds());
        assert_eq!(found, [ViolationKind::NothingStarted { gate: CI_DEPLOYED }]);
    }

    #[test]
    fn without_destinations_an_approval_deploys_an_inserted_stage() {
        let mut model = with_staging();
        // The new pipeline takes Staging for what was called QA.
        model.formerly = Formerly { stages: [(QA, NEW_STAGE)].into(), ..Formerly::default() };
        model.plans.insert("deploy-staging".into(), plan(NEW_STAGE, "approved-for-staging", false, None));
        let found = violations(model, &Bounds { versions: 0, reopenings: 1, ..bounds() });
        assert_eq!(found, [ViolationKind::Unapproved { stage: NEW_STAGE }]);
    }

    /// QA is called Staging, and so is its gate.
    fn renamed(formerly: Formerly) -> Model {
        let mut model = with_new_histories(known(chain()));
        model.stages[NEW_STAGE.0].is_gated = true;
        model.stages[QA.0].is_gated = false;
        model.gates[NEW_GATE.0].is_promise = true;
        model.gates[QA_DEPLOYED.0].is_promise = false;
        model.resources.insert("approved-for-qa".into(), approvals(CI_DEPLOYED, NEW_STAGE));
        model.resources.insert("approved-for-production".into(), approvals(NEW_GATE, PRODUCTION));
        model.plans.insert("deploy-ci".into(), plan(CI, "code", false, Some((CI_DEPLOYED, NEW_STAGE))));
        let staging = plan(NEW_STAGE, "approved-for-qa", true, Some((NEW_GATE, PRODUCTION)));
        model.plans.insert("deploy-qa".into(), staging);
        model.formerly = formerly;
        model
    }

    #[test]
    fn former_names_carry_approvals_over_a_rename() {
        let formerly = Formerly { gates: [(QA_DEPLOYED, NEW_GATE)].into(), stages: [(QA, NEW_STAGE)].into() };
        assert_eq!(violations(renamed(formerly.clone()), &bounds()), []);
        assert_eq!(violations(renamed(formerly), &Bounds { versions: 0, reopenings: 1, ..bounds() }), []);
    }

    #[test]
    fn without_former_names_an_approval_from_before_starts_nothing() {
        let found = violations(renamed(Formerly::default()), &bounds());
        let gates = [CI_DEPLOYED, QA_DEPLOYED].map(|gate| ViolationKind::NothingStarted { gate });
        assert_eq!(found, gates);
    }

    #[test]
    fn an_approval_of_a_stage_that_needs_none_any_more_is_needless() {
        let mut model = known(chain());
        model.stages[QA.0].is_gated = false;
        model.gates[CI_DEPLOYED.0].is_promise = false;
        let mut after_ci = job("deploy-qa", "code");
        after_ci.inputs[0].passed = vec!["deploy-ci".into()];
        model.pipeline.jobs[1] = after_ci;
        model.plans.insert("deploy-qa".into(), plan(QA, "code", false, Some((QA_DEPLOYED, PRODUCTION))));
        assert_eq!(violations(model, &bounds()), []);
    }
}
