//! Random walks over what people and builds do with the issues of a gate, taken by the executable and by the model that
//! `ol-pipegen verify` searches ([`promotion_verify::Issues`]). After each step both must say the same: what a search of the
//! model shows holds for the executable as far as they agree.
//!
//! More walks than the default: `WALKS=3000 cargo test -p github-issues-resource --release --test it walks`.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use concourse_scheduler::{BuildId, Kind, Version};
use promotion_verify::{ApprovalId, GateId, Issues, Named, Origin, Record, Refusal, SourceId, StageId};
use serde_json::{Value, json};

use crate::support::*;

fn walks() -> u64 {
    std::env::var("WALKS").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

const STEPS: usize = 20;
/// How many versions there are: few, so that the same one is recorded again.
const VERSIONS: u64 = 3;

/// Two stages that the gate can promote to, by the project's name before and after it was renamed.
const STAGES: [[&str; 2]; 2] =
    [[CONSUMER, "shop/-/Production/deploy"], ["store/-/QA/deploy", "store/-/Production/deploy"]];

/// What happens by itself, or by a person.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A deployment of a version records it, for a stage.
    Record {
        version: u64,
        stage: usize,
    },
    /// A preview that finds nothing to change records a version.
    Unchanged {
        version: u64,
        stage: usize,
    },
    /// A preview that finds changes writes nothing.
    Changed {
        version: u64,
        stage: usize,
    },
    Close,
    Reject,
    Reopen,
    /// The newest approval, as the jobs of a stage find it.
    Check {
        stage: usize,
    },
    /// The newest record, as a preview finds it.
    CheckRecords,
    /// An approval, by its number, for a stage.
    Get {
        approval: usize,
        stage: usize,
    },
    /// The same, once more: of what was got before.
    Claim {
        got: usize,
        stage: usize,
        by_hand: bool,
    },
    /// The project gets another name. Its issues have the old one.
    Rename,
}

/// Two approvals, of which the newer one is used, and the older one was fetched.
const TWO_APPROVALS: [Event; 7] = [
    Event::Record { version: 1, stage: 0 },
    Event::Close,
    Event::Get { approval: 0, stage: 0 },
    Event::Record { version: 2, stage: 0 },
    Event::Close,
    Event::Get { approval: 1, stage: 0 },
    Event::Claim { got: 1, stage: 0, by_hand: false },
];

/// What a walk came to, for the sum of all: a walk in which nothing happens shows nothing.
#[derive(Debug, Default)]
struct Tally {
    approvals: u64,
    claims: u64,
    refusals: [u64; 4],
    unchanged: u64,
    renames: u64,
}

struct Walk {
    lab: Lab,
    draws: Draws,
    model: Issues,
    is_renamed: bool,
    builds: u64,
    /// The number of the newest issue.
    newest: u64,
    /// What Concourse knows each approval by.
    approvals: Vec<Value>,
    /// What builds got: the approval, and where it lies.
    got: Vec<(ApprovalId, PathBuf)>,
    events: Vec<Event>,
    tally: Tally,
}

impl Walk {
    fn new(seed: u64) -> Self {
        Self {
            lab: Lab::new(),
            draws: Draws::of(seed),
            model: Issues::default(),
            is_renamed: false,
            builds: 0,
            newest: 0,
            approvals: Vec::new(),
            got: Vec::new(),
            events: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn gate(&self) -> GateId {
        GateId(usize::from(self.is_renamed))
    }

    /// A stage has another number in the model after the project was renamed.
    fn stage(&self, stage: usize) -> StageId {
        StageId(stage + if self.is_renamed { 2 } else { 0 })
    }

    fn draw(&mut self) -> Event {
        // Most of the time the gate promotes to one stage.
        let stage = usize::from(self.draws.below(6) == 0);
        let version = 1 + self.draws.below(VERSIONS);
        match self.draws.below(24) {
            4 => Event::Unchanged { version, stage },
            5 => Event::Changed { version, stage },
            6..=9 => Event::Close,
            10 => Event::Reject,
            11 => Event::Reopen,
            12 => Event::Check { stage },
            13 => Event::CheckRecords,
            14..=17 if !self.approvals.is_empty() => {
                Event::Get { approval: self.one_of_last(self.approvals.len()), stage }
            }
            18..=22 if !self.got.is_empty() => {
                Event::Claim { got: self.one_of_last(self.got.len()), stage, by_hand: self.draws.below(3) == 0 }
            }
            23 if !self.is_renamed => Event::Rename,
            _ => Event::Record { version, stage },
        }
    }

    /// Of so many, one of the last three.
    fn one_of_last(&mut self, count: usize) -> usize {
        count - 1 - usize::try_from(self.draws.below(count.min(3) as u64)).unwrap()
    }

    fn source(&mut self, role: &str, stage: usize) -> Value {
        let of_name = usize::from(self.is_renamed);
        let mut source = self.lab.gate_source(role);
        source["destination"] = json!(STAGES[of_name][stage]);
        if self.is_renamed {
            source["gate"] = json!("store/-/CI/deployed");
            source["gate_aliases"] = json!([GATE]);
            source["former_destinations"] = json!([STAGES[0][stage]]);
        }
        if role == "records" {
            source
                .as_object_mut()
                .unwrap()
                .retain(|key, _| !key.ends_with("destination") && !key.starts_with("former"));
        }
        source
    }

    fn build(&mut self) -> Build {
        self.builds += 1;
        build(self.builds)
    }

    fn record_of(&self, version: u64, stage: usize) -> Record {
        let of = |source| Origin { source: SourceId(source), version: Version(u32::try_from(version).unwrap()) };
        let named: Named = [("code".to_owned(), [of(0)].into()), ("img".to_owned(), [of(1)].into())].into();
        Record { gate: self.gate(), named, destination: Some(self.stage(stage)) }
    }

    fn put(&mut self, version: u64, stage: usize, params: &Value, files: &[(&str, &str)]) -> Run {
        let build = self.build();
        let dir = self.lab.build_dir(version);
        let _ = std::fs::remove_file(dir.join("no-changes"));
        for (path, text) in files {
            std::fs::write(dir.join(path), text).unwrap();
        }
        let request = json!({"source": self.source("post", stage), "params": params});
        self.lab.fake.time().advance(5_000);
        self.lab.run("out", &request, &dir, Some(&build))
    }

    /// Takes a step on both sides.
    fn take(&mut self, event: Event) {
        self.events.push(event);
        match event {
            Event::Record { version, stage } => {
                let run = self.put(version, stage, &record_params(), &[]);
                self.recorded(&run);
                self.model.record(self.record_of(version, stage));
            }
            Event::Unchanged { version, stage } | Event::Changed { version, stage } => {
                let mut params = record_params();
                params["unchanged_if_file"] = json!("no-changes");
                let is_unchanged = matches!(event, Event::Unchanged { .. });
                let files: &[(&str, &str)] = if is_unchanged { &[("no-changes", "")] } else { &[] };
                let run = self.put(version, stage, &params, files);
                run.succeeds();
                let record = self.record_of(version, stage);
                if is_unchanged {
                    self.recorded(&run);
                    if !self.model.is_newest(&record) {
                        self.model.record(record);
                        self.tally.unchanged += 1;
                    }
                }
            }
            Event::Close => {
                if let Some(id) = self.model.close(self.gate()) {
                    assert_eq!(id, ApprovalId(u32::try_from(self.approvals.len()).unwrap()));
                    self.lab.close(self.newest, "alice");
                    self.approvals.push(self.lab.version(self.newest));
                    self.tally.approvals += 1;
                }
            }
            Event::Reject => {
                if self.model.closable(self.gate()).is_some() {
                    self.lab.fake.time().advance(5_000);
                    self.lab.world().close(REPO, self.newest, "alice", "not_planned");
                }
                self.model.reject(self.gate());
            }
            Event::Reopen => {
                if self.model.is_closed(self.gate()) {
                    self.lab.reopen(self.newest, "alice");
                }
                self.model.reopen(self.gate());
            }
            Event::Check { stage } => {
                let request = json!({"source": self.source("trigger", stage)});
                let run = self.lab.run("check", &request, self.lab.temp.path(), None);
                run.succeeds();
                let found = run.json().as_array().unwrap().last().cloned();
                let expected = self.model.check(self.gate(), self.stage(stage));
                let expected = expected.map(|id| self.approvals[id.0 as usize].clone());
                assert_eq!(found, expected, "what a check finds");
            }
            Event::CheckRecords => self.check_records(),
            Event::Get { approval, stage } => self.get(approval, stage),
            Event::Claim { got, stage, by_hand } => self.claim(got, stage, by_hand),
            Event::Rename => {
                self.model.rename_gate(GateId(0), GateId(1));
                for stage in 0..2 {
                    self.model.rename_stage(StageId(stage), StageId(stage + 2));
                }
                self.is_renamed = true;
                self.tally.renames += 1;
            }
        }
        let is_open = self.lab.issues().iter().any(|issue| issue.number == self.newest && !issue.closed);
        assert_eq!(is_open, self.model.closable(self.gate()).is_some(), "whether issue #{} is open", self.newest);
    }

    fn recorded(&mut self, run: &Run) {
        run.succeeds();
        self.newest = run.json()["version"]["issue_number"].as_str().unwrap().parse().unwrap();
    }

    fn check_records(&mut self) {
        let request = json!({"source": self.source("records", 0)});
        let run = self.lab.run("check", &request, self.lab.temp.path(), None);
        run.succeeds();
        let newest = self.model.records(self.gate()).last().copied();
        let found = run.json().as_array().unwrap().last().cloned();
        assert_eq!(found.is_some(), newest.is_some(), "whether there is a record");
        let (Some(version), Some(newest)) = (found, newest) else { return };
        let dir = self.lab.dir(&format!("record-{}", self.events.len()), &[]);
        let request = json!({"source": request["source"], "version": version});
        let build = self.build();
        self.lab.run("in", &request, &dir, Some(&build)).succeeds();
        let record: Value = serde_json::from_slice(&std::fs::read(dir.join("record.json")).unwrap()).unwrap();
        let version = self.model.record_of(newest).unwrap().named["code"].first().unwrap().version.0;
        assert_eq!(record["pins"]["code"], json!(commit(version.into())), "what the newest record names");
    }

    fn get(&mut self, approval: usize, stage: usize) {
        let id = ApprovalId(u32::try_from(approval).unwrap());
        let dir = self.lab.dir(&format!("got-{}", self.events.len()), &[]);
        let request = json!({"source": self.source("trigger", stage), "version": self.approvals[approval]});
        let build = self.build();
        let run = self.lab.run("in", &request, &dir, Some(&build));
        match self.model.get(id, self.stage(stage)) {
            Ok(named) => {
                assert_eq!(run.code, Some(0), "{}", run.stderr);
                let version = named["code"].first().unwrap().version.0;
                let found = std::fs::read_to_string(dir.join("ref")).unwrap();
                assert_eq!(found.trim(), commit(version.into()), "what a get fetches");
                self.got.push((id, dir));
            }
            Err(refusal) => self.refused(&run, refusal),
        }
    }

    fn claim(&mut self, got: usize, stage: usize, by_hand: bool) {
        let (id, dir) = self.got[got].clone();
        let approval = format!("{}/approval.json", dir.file_name().unwrap().to_str().unwrap());
        let params = json!({"action": "claim", "approval": approval});
        let request = json!({"source": self.source("post", stage), "params": params});
        let build = self.build();
        let (build_id, kind) =
            (BuildId(self.builds.try_into().unwrap()), if by_hand { Kind::Manual } else { Kind::Triggered });
        let build = if by_hand { build.by("carol") } else { build };
        let run = self.lab.run("out", &request, self.lab.temp.path(), Some(&build));
        let stage = self.stage(stage);
        match self.model.claim(id, stage, build_id, &kind) {
            Ok(()) => {
                run.succeeds();
                self.tally.claims += 1;
            }
            Err(refusal) => self.refused(&run, refusal),
        }
    }

    fn refused(&mut self, run: &Run, refusal: Refusal) {
        let (at, id) = match refusal {
            Refusal::OtherStage => (0, "wrong-destination"),
            Refusal::Withdrawn => (1, "withdrawn"),
            Refusal::AlreadyUsed => (2, "already-used"),
            Refusal::Superseded => (3, "out-of-order"),
            Refusal::NoApproval | Refusal::NotFetched | Refusal::NoCommit => {
                panic!("no build of a walk comes to {refusal:?}")
            }
        };
        run.fails(id);
        self.tally.refusals[at] += 1;
    }
}

/// A walk that is on; printed when it fails.
struct Shown(Walk, u64);

impl Drop for Shown {
    fn drop(&mut self) {
        if thread::panicking() {
            let Self(walk, seed) = self;
            println!("walk {seed}: {:#?}\n{:#?}", walk.events, walk.model);
        }
    }
}

#[test]
fn model_and_executable_agree_on_random_walks() {
    let next = AtomicU64::new(0);
    let sum = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= walks() {
                        return;
                    }
                    let mut walk = Shown(Walk::new(seed), seed);
                    // Chance alone hardly ever uses a newer approval before an older one.
                    let first = if seed.is_multiple_of(10) { &TWO_APPROVALS[..] } else { &[] };
                    for event in first {
                        walk.0.take(*event);
                    }
                    for _ in first.len()..STEPS {
                        let event = walk.0.draw();
                        walk.0.take(event);
                    }
                    let (mut sum, tally) = (sum.lock().unwrap(), &walk.0.tally);
                    sum.approvals += tally.approvals;
                    sum.claims += tally.claims;
                    sum.unchanged += tally.unchanged;
                    sum.renames += tally.renames;
                    for (sum, count) in sum.refusals.iter_mut().zip(tally.refusals) {
                        *sum += count;
                    }
                }
            });
        }
    });
    let sum = sum.into_inner().unwrap();
    println!("{} walks: {sum:?}", walks());
    let all = [sum.approvals, sum.claims, sum.unchanged, sum.renames].into_iter().chain(sum.refusals);
    assert!(all.into_iter().all(|count| count > 0), "something never happens: {sum:?}");
}
