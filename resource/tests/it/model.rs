//! The whole protocol at once: puts, checks, gets and claims, people who close, reopen and meddle between any two
//! requests, requests that fail, and processes that are killed at any of theirs. Some records are those of previews that
//! found nothing to change, and previews of the next stage start from records. In the middle the project is renamed, or QA
//! is taken out of the chain. Whatever the interleaving, each stage deploys what was approved for it, and once.
//!
//! A seed chooses who goes when, who does what, what fails and who is killed. More seeds than the default:
//! `SEEDS=1000 cargo test -p github-issues-resource --release --test it model`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fake_github::{Action, Endpoint, Phase, Request, Response, World};
use serde_json::{Value, json};

use crate::support::*;

fn seeds() -> u64 {
    std::env::var("SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(80)
}

/// What really happened, told by the fake and not by the resource's own reading of it.
#[derive(Default)]
struct History {
    random: Draws,
    /// Records as GitHub took them, by issue.
    records: BTreeMap<u64, Vec<Recorded>>,
    /// The chain that an issue's body names.
    chains: BTreeMap<u64, String>,
    /// Texts that somebody changed and the resource has not written anew since: by issue, 0 for the body.
    meddled: BTreeSet<(u64, u64)>,
    /// What was approved: by issue and closing; nothing where the closing approves nothing.
    closings: BTreeMap<(u64, String), Option<Approved>>,
    /// How the issue stood when a client wrote its body last.
    last_write: BTreeMap<usize, (u64, Option<String>)>,
    /// Deployments that began by themselves: by issue and closing.
    deployed: Vec<(u64, String, String)>,
    order: u64,
    /// Clients that are to be killed now.
    frozen: BTreeSet<usize>,
    kills: u64,
    /// Clients of whose requests one failed since they started.
    failed: BTreeSet<usize>,
    faults: u64,
    /// Claims of a stage that the approval was not for.
    refused: u64,
    /// Records of previews that found nothing to change.
    unchanged: u64,
    /// Claims of a record, as if it were an approval.
    records_refused: u64,
    closed: u64,
    reopened: u64,
}

/// A record that GitHub took.
struct Recorded {
    at: i64,
    order: u64,
    commit: String,
    chain: String,
    destination: String,
}

/// What a closing approves.
#[derive(Clone, Debug, PartialEq)]
struct Approved {
    commit: String,
    /// The stage, whatever its project was called.
    stage: String,
}

/// How the manifest names the gate and the stages behind it.
#[derive(Clone, Copy)]
struct Shape {
    /// `shop` was renamed to `store`.
    is_renamed: bool,
    /// The environment that deploys what is approved.
    environment: &'static str,
}

const BEFORE: Shape = Shape { is_renamed: false, environment: "QA" };
/// Another name for the project.
const RENAMED: Shape = Shape { is_renamed: true, environment: "QA" };
/// QA is no environment of the chain any more.
const SHORTER: Shape = Shape { is_renamed: false, environment: "Production" };

impl Shape {
    /// The names of the second half of a seed.
    fn after(seed: u64) -> Self {
        [BEFORE, RENAMED, SHORTER][usize::try_from(seed % 3).unwrap()]
    }

    fn destination(self) -> String {
        let project = if self.is_renamed { "store" } else { "shop" };
        format!("{project}/-/{}/deploy", self.environment)
    }

    fn source(self, lab: &Lab, role: &str) -> Value {
        let mut source = lab.gate_source(role);
        source["destination"] = json!(self.destination());
        if self.is_renamed {
            source["gate"] = json!("store/-/CI/deployed");
            source["gate_aliases"] = json!([GATE]);
            source["former_destinations"] = json!([BEFORE.destination()]);
        }
        source
    }
}

/// A stage without its project.
fn without_project(stage: &str) -> String {
    stage.split_once('/').unwrap().1.to_owned()
}

impl History {
    fn draw(&mut self, below: u64) -> u64 {
        self.random.below(below)
    }

    /// What a closing of `number` at `now` approves: the newest record of an earlier second, unless a text of the
    /// issue is somebody else's.
    fn approved(&self, number: u64, now: i64) -> Option<Approved> {
        let second = |at: i64| at.div_euclid(1_000);
        let chain = self.chains.get(&number)?;
        let records = self.records.get(&number)?.iter();
        let newest = records
            .filter(|record| second(record.at) < second(now))
            .max_by_key(|record| (second(record.at), record.order))?;
        let meddled = self.meddled.iter().any(|(issue, _)| *issue == number);
        // A body that begins a new chain shows a version before its record is there: then nothing is approved. A body that
        // another put wrote back takes nothing from the newest record, which everybody saw.
        let is_shown = newest.chain == *chain || self.records[&number].iter().any(|record| record.chain == *chain);
        (!meddled && is_shown)
            .then(|| Approved { commit: newest.commit.clone(), stage: without_project(&newest.destination) })
    }

    /// Perhaps, a person does something.
    fn people(&mut self, world: &mut World) {
        if self.draw(9) != 0 {
            return;
        }
        let numbers: Vec<u64> = world.issues(REPO).map(|issue| issue.number).collect();
        if numbers.is_empty() {
            return;
        }
        let number = numbers[usize::try_from(self.draw(numbers.len() as u64)).unwrap()];
        let issue = world.issue(REPO, number).unwrap().clone();
        // People are not that quick.
        world.now += 700 * i64::try_from(self.draw(4)).unwrap();
        match (issue.closed, self.draw(16)) {
            (false, 0) => world.close(REPO, number, "alice", "not_planned"),
            (false, 1) => world.close(REPO, number, "eve", "completed"),
            (false, 2) => world.close_by(REPO, number, Some("bob"), "completed", Some("Commit")),
            (false, 3) => {
                let body = issue.body.replace('1', "2");
                world.edit_body(REPO, number, "bob", &body);
                self.meddled.insert((number, 0));
            }
            (_, 4) => {
                if let Some(comment) = issue.comments.last() {
                    world.edit_comment(REPO, number, comment.id, "bob", &comment.body.replace('1', "2"));
                    self.meddled.insert((number, comment.id));
                }
            }
            (false, _) => {
                let approved = self.approved(number, world.now);
                world.close(REPO, number, "alice", "completed");
                self.closings.insert((number, time_text(world.now)), approved);
                self.closed += 1;
            }
            (true, 0..=2) => {
                world.reopen(REPO, number, "alice");
                self.reopened += 1;
            }
            (true, _) => {}
        }
    }

    /// Perhaps, something between the client and GitHub fails: the request does not arrive, or its answer does not.
    fn fault(&mut self, client: usize, phase: Phase) -> Action {
        if self.draw(40) != 0 {
            return Action::Go;
        }
        let action = match (phase, self.draw(4)) {
            (Phase::Before, 0) => Action::Answer(Response::error(502, "Bad Gateway")),
            (Phase::Before, 1) => Action::Answer(Response::error(500, "Server Error")),
            (Phase::After, 0 | 1) => Action::Truncate(9),
            _ => Action::Drop,
        };
        self.failed.insert(client);
        self.faults += 1;
        action
    }

    /// A write that GitHub took.
    fn saw(&mut self, request: &Request, world: &World, client: usize) {
        let body = request.json().unwrap_or_default();
        let text = body["body"].as_str().unwrap_or_default();
        let parts: Vec<&str> = request.path.split('/').collect();
        let last = *parts.last().unwrap();
        let number = match (request.method.as_str(), last, parts[parts.len() - 2]) {
            ("POST", "issues", _) => world.issues(REPO).map(|issue| issue.number).max(),
            ("POST", "comments", number) => number.parse().ok(),
            ("PATCH", number, "issues") => {
                let number: u64 = number.parse().unwrap();
                let issue = world.issue(REPO, number).unwrap();
                self.last_write.insert(client, (number, issue.closed_at.map(time_text)));
                if !text.is_empty() {
                    self.meddled.remove(&(number, 0));
                }
                Some(number)
            }
            ("PATCH" | "DELETE", comment, "comments") => {
                let comment: u64 = comment.parse().unwrap();
                self.meddled.retain(|(_, id)| *id != comment);
                None
            }
            _ => None,
        };
        let Some(number) = number.filter(|_| text.starts_with("<!-- ol-gate")) else { return };
        let marker = marker(text);
        if let Some(chain) = marker["chain"].as_str() {
            self.chains.insert(number, chain.to_owned());
        }
        // The body repeats its record each time that it is written.
        if let Some(commit) = marker["record"]["pins"]["code"].as_str().filter(|_| request.method == "POST") {
            self.order += 1;
            let record = Recorded {
                at: world.now,
                order: self.order,
                commit: commit.to_owned(),
                chain: marker["record"]["chain"].as_str().unwrap().to_owned(),
                destination: marker["record"]["destination"].as_str().unwrap().to_owned(),
            };
            self.records.entry(number).or_default().push(record);
            self.unchanged += u64::from(marker["record"]["unchanged"] == true);
        }
    }
}

/// Starts a step for `client`, and ends it when its turn to be killed comes.
fn run(
    lab: &Lab,
    history: &Mutex<History>,
    endpoint: &Endpoint,
    step: &str,
    request: &Value,
    dir: &std::path::Path,
    number: u64,
) -> Option<Run> {
    history.lock().unwrap().failed.remove(&endpoint.client);
    let mut child = lab.spawn(step, request, dir, Some(&build(number)), endpoint);
    loop {
        if child.try_wait().unwrap().is_some() {
            let output = child.wait_with_output().unwrap();
            lab.fake.time().leave();
            return Some(lab.check(output));
        }
        if history.lock().unwrap().frozen.remove(&endpoint.client) {
            child.kill().unwrap();
            child.wait().unwrap();
            lab.fake.time().leave();
            return None;
        }
        thread::sleep(Duration::from_micros(300));
    }
}

/// Puts builds, again when they were killed.
fn putter(lab: &Lab, history: &Mutex<History>, endpoint: &Endpoint, shape: Shape, builds: std::ops::Range<u64>) {
    for n in builds {
        let dir = lab.build_dir(n);
        let mut params = record_params();
        if history.lock().unwrap().draw(3) == 0 {
            std::fs::write(dir.join("no-changes"), "").unwrap();
            params["unchanged_if_file"] = json!("no-changes");
        }
        let request = json!({"source": shape.source(lab, "post"), "params": params});
        for _ in 0..3 {
            if run(lab, history, endpoint, "out", &request, &dir, n).is_some() {
                break;
            }
        }
    }
}

/// A preview of the next stage: it starts from the newest record, which is one that GitHub took, and cannot claim it.
fn previewer(lab: &Lab, history: &Mutex<History>, endpoint: &Endpoint, shape: Shape, n: u64) {
    let mut source = shape.source(lab, "records");
    source.as_object_mut().unwrap().remove("destination");
    source.as_object_mut().unwrap().remove("former_destinations");
    let dir = lab.dir(&format!("records-{n}"), &[]);
    let request = json!({"source": source});
    let Some(check) = run(lab, history, endpoint, "check", &request, lab.temp.path(), n) else { return };
    if check.code != Some(0) {
        return;
    }
    let Some(version) = check.json().as_array().unwrap().last().cloned() else { return };
    let get = json!({"source": source, "version": version});
    let Some(got) = run(lab, history, endpoint, "in", &get, &dir, n) else { return };
    if got.code != Some(0) {
        return;
    }
    assert!(!dir.join("approval.json").exists(), "a record is no approval");
    let record: Value = serde_json::from_slice(&std::fs::read(dir.join("record.json")).unwrap()).unwrap();
    let (number, commit) = (record["issue"].as_u64().unwrap(), record["pins"]["code"].as_str().unwrap().to_owned());
    {
        let history = history.lock().unwrap();
        let taken = history.records.get(&number).into_iter().flatten();
        assert!(taken.into_iter().any(|known| known.commit == commit), "issue #{number} has no record of {commit}");
    }
    let params = json!({"action": "claim", "approval": format!("records-{n}/record.json")});
    let claim = json!({"source": shape.source(lab, "post"), "params": params});
    if let Some(claimed) = run(lab, history, endpoint, "out", &claim, lab.temp.path(), n) {
        assert_eq!(claimed.code, Some(1), "claimed a record: {claimed:?}");
        history.lock().unwrap().records_refused += 1;
    }
}

/// What Concourse does: checks, and starts a build for what is new; and what people do by hand: start a build for any
/// closing, or claim for another stage.
fn consumer(lab: &Lab, history: &Mutex<History>, endpoint: &Endpoint, shape: Shape, builds: std::ops::Range<u64>) {
    let mut known: Option<Value> = None;
    for n in builds {
        if history.lock().unwrap().draw(3) == 0 {
            previewer(lab, history, endpoint, shape, n);
        }
        let mut request = json!({"source": shape.source(lab, "trigger")});
        if let Some(known) = &known {
            request["version"] = known.clone();
        }
        let Some(check) = run(lab, history, endpoint, "check", &request, lab.temp.path(), n) else { continue };
        if check.code != Some(0) {
            assert!(
                history.lock().unwrap().failed.contains(&endpoint.client),
                "nothing failed but the check: {check:?}"
            );
            continue;
        }
        let mut version = check.json().as_array().unwrap().last().cloned();
        if let Some(version) = &version {
            known = Some(version.clone());
        }
        if version.is_none() || history.lock().unwrap().draw(4) == 0 {
            // One look for the number and the closing: the people of this story reopen issues meanwhile.
            let closed: Vec<Value> = lab
                .issues()
                .iter()
                .filter_map(|issue| issue.closed_at.map(|at| version_of(issue.number, at)))
                .collect();
            let Some(last) = closed.len().checked_sub(1) else { continue };
            let chosen = history.lock().unwrap().draw(last as u64 + 1);
            version = Some(closed[usize::try_from(chosen).unwrap()].clone());
        }
        let version = version.unwrap();
        let name = format!("gate-{n}");
        let dir = lab.dir(&name, &[]);
        let get = json!({"source": shape.source(lab, "trigger"), "version": version});
        let Some(got) = run(lab, history, endpoint, "in", &get, &dir, n) else { continue };
        if got.code != Some(0) {
            continue;
        }
        let claim_for = |shape: Shape| {
            let params = json!({"action": "claim", "approval": format!("{name}/approval.json")});
            json!({"source": shape.source(lab, "post"), "params": params})
        };
        if history.lock().unwrap().draw(5) == 0 {
            let other = if shape.environment == "QA" { SHORTER } else { BEFORE };
            let claim = claim_for(other);
            if let Some(claimed) = run(lab, history, endpoint, "out", &claim, lab.temp.path(), n) {
                assert_eq!(
                    claimed.code,
                    Some(1),
                    "claimed for {}, which nobody approved: {claimed:?}",
                    other.environment
                );
                history.lock().unwrap().refused += 1;
            }
        }
        let claim = claim_for(shape);
        let Some(claimed) = run(lab, history, endpoint, "out", &claim, lab.temp.path(), n) else { continue };
        if claimed.code != Some(0) {
            continue;
        }
        let approval: Value = serde_json::from_slice(&std::fs::read(dir.join("approval.json")).unwrap()).unwrap();
        let (number, closed_at) =
            (approval["issue"].as_u64().unwrap(), approval["closed_at"].as_str().unwrap().to_owned());
        let commit = claimed.json()["metadata"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["name"] == "ref")
            .unwrap()["value"]
            .as_str()
            .unwrap()
            .to_owned();
        let mut history = history.lock().unwrap();
        let at_last = history.last_write.get(&endpoint.client).cloned();
        // Deployed: exactly what was approved, for this stage, by that closing, which still held at the last moment.
        let approved = history.closings.get(&(number, closed_at.clone())).cloned().flatten();
        assert_eq!(
            approved,
            Some(Approved { commit: commit.clone(), stage: without_project(&shape.destination()) }),
            "issue #{number} closed at {closed_at}: deployed without approval; {:#?}",
            lab.issue(number)
        );
        if let Some((written, closed)) = at_last.filter(|(written, _)| *written == number) {
            assert_eq!(closed, Some(closed_at.clone()), "issue #{written}: deployed although it was withdrawn");
        }
        history.deployed.push((number, closed_at, commit));
    }
}

#[test]
fn no_interleaving_deploys_what_was_not_approved() {
    let (mut kills, mut faults, mut closed, mut reopened, mut refused) = (0, 0, 0, 0, 0);
    let (mut unchanged, mut records_refused) = (0, 0);
    let mut deployed = BTreeMap::new();
    for seed in 0..seeds() {
        let lab = Lab::new();
        let history = Arc::new(Mutex::new(History { random: Draws::of(seed), ..History::default() }));
        let seen = Arc::clone(&history);
        lab.fake.hook(move |request, world, client, phase| {
            let mut history = seen.lock().unwrap();
            if phase == Phase::After {
                history.saw(request, world, client);
            }
            // A process that is killed: before its request, or when its request is carried out and unanswered.
            if history.draw(90) == 0 {
                history.frozen.insert(client);
                history.kills += 1;
                return Action::Freeze;
            }
            if phase == Phase::Before {
                history.people(world);
            }
            history.fault(client, phase)
        });
        lab.fake.time().simulate(seed);
        if seed % 3 == 1 {
            lab.world().list_lag = 5_000;
        }
        let after = Shape::after(seed);
        // After the change the pipeline of the old shape is still there, but for a rename.
        let old = if after.is_renamed { after } else { BEFORE };
        for (start, putting, consuming) in
            [(0, [BEFORE, BEFORE], [BEFORE, BEFORE]), (100, [after, after], [after, old])]
        {
            thread::scope(|scope| {
                for (n, (putters, consumers)) in [(1..4, 1_000..1_004), (11..13, 2_000..2_004)].into_iter().enumerate()
                {
                    let (one, other) = (lab.fake.listen(), lab.fake.listen());
                    let (lab, history) = (&lab, &history);
                    let putters = putters.start + start..putters.end + start;
                    let consumers = consumers.start + start..consumers.end + start;
                    scope.spawn(move || putter(lab, history, &one, putting[n], putters));
                    scope.spawn(move || consumer(lab, history, &other, consuming[n], consumers));
                }
            });
        }
        let history = history.lock().unwrap();
        let mut once = BTreeSet::new();
        for (number, closed_at, _) in &history.deployed {
            assert!(
                once.insert((number, closed_at)),
                "seed {seed}: issue #{number} closed at {closed_at} was deployed twice"
            );
        }
        *deployed.entry(seed % 3).or_insert(0) += history.deployed.len() as u64;
        kills += history.kills;
        faults += history.faults;
        refused += history.refused;
        unchanged += history.unchanged;
        records_refused += history.records_refused;
        closed += history.closed;
        reopened += history.reopened;
    }
    println!(
        "{} seeds: {closed} approvals given, {reopened} reopened, {kills} processes killed, {faults} requests failed, \
         {refused} claims for another stage, {unchanged} records of unchanged previews, {records_refused} claims of \
         records, deployments as it was, renamed and without QA: {deployed:?}",
        seeds()
    );
    assert!(deployed.values().all(|count| *count >= seeds() / 12), "the model deploys nothing");
    assert!(kills > 0 && faults > 0 && reopened > 0 && refused > 0, "the model tries nothing");
    assert!(unchanged > 0 && records_refused > 0, "no preview that finds nothing to change");
}
