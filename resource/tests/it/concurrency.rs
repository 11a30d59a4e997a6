//! Many puts at the same moment, in interleavings that a seed decides.
//!
//! `TRIALS=1000 cargo test -p github-issues-resource --release --test it concurrency -- --nocapture` runs more than
//! the default, and prints what was seen.

use std::collections::BTreeSet;
use std::thread;

use fake_github::{Action, Phase};
use serde_json::json;

use crate::support::*;

/// Trials of each kind.
fn trials() -> u64 {
    std::env::var("TRIALS").ok().and_then(|text| text.parse().ok()).unwrap_or(150) / 5
}

#[derive(Clone, Copy, Debug)]
struct Lag {
    list: i64,
    read: i64,
}

/// Runs puts of builds `1..=n` at once.
fn race(lab: &Lab, n: u64) {
    thread::scope(|scope| {
        for k in 1..=n {
            let endpoint = lab.fake.listen();
            let dir = lab.build_dir(k);
            let request = json!({"source": lab.gate_source("post"), "params": record_params()});
            let child = lab.spawn("out", &request, &dir, Some(&build(k)), &endpoint);
            scope.spawn(move || {
                let output = child.wait_with_output().unwrap();
                drop(endpoint);
                lab.fake.time().leave();
                lab.check(output).succeeds();
            });
        }
    });
}

/// The commits recorded on open issues, by their markers.
fn commits_on_open(lab: &Lab) -> BTreeSet<String> {
    let mut commits = BTreeSet::new();
    for issue in lab.open_issues() {
        for body in issue.comments.iter().map(|comment| &comment.body).chain([&issue.body]) {
            if !body.starts_with("<!-- ol-gate") {
                continue;
            }
            let marker = marker(body);
            let earlier = marker["earlier"].as_array().cloned().unwrap_or_default();
            let records = earlier.iter().chain([&marker]).map(|holder| holder["record"]["pins"]["code"].clone());
            commits.extend(records.filter_map(|code| code.as_str().map(str::to_owned)));
        }
    }
    commits
}

/// What one kind of lag came to.
#[derive(Default, Debug)]
struct Tally {
    trials: u64,
    duplicated: u64,
    healed: u64,
}

fn run(name: &str, lag: Lag) -> Tally {
    let mut tally = Tally::default();
    for seed in 0..trials() {
        let n = 2 + seed % 7;
        let lab = Lab::new();
        // Half of the trials begin with an issue that is open already.
        let before = seed % 2;
        if before == 1 {
            lab.recorded(100);
            lab.fake.time().advance(600_000 * 2);
        }
        {
            let mut world = lab.world();
            world.list_lag = lag.list;
            world.read_lag = lag.read;
        }
        lab.fake.time().simulate(seed);
        race(&lab, n);
        let wanted: BTreeSet<String> = (1..=n).chain((before == 1).then_some(100)).map(commit).collect();
        assert_eq!(commits_on_open(&lab), wanted, "{name}, seed {seed}: a version is on no open issue");
        assert!(!lab.open_issues().is_empty());
        if lag.read == 0 {
            for issue in lab.open_issues() {
                let counted = marker(&issue.body)["records"].as_u64().unwrap();
                // Two that copy the same record at the same place write the same.
                let records: BTreeSet<String> = issue
                    .comments
                    .iter()
                    .map(|comment| marker(&comment.body))
                    .filter(|marker| marker["kind"] == "record")
                    .map(|marker| marker["record"].to_string())
                    .collect();
                assert_eq!(counted, 1 + records.len() as u64, "{name}, seed {seed}: a record could be deleted unseen");
            }
        }
        tally.trials += 1;
        let duplicated = lab.open_issues().len() > 1;
        tally.duplicated += u64::from(duplicated);
        // Once replicas have caught up, the next put leaves one.
        lab.fake.time().advance(lag.list.max(lag.read) + 10_000);
        {
            let mut world = lab.world();
            world.list_lag = 0;
            world.read_lag = 0;
        }
        lab.recorded(200);
        assert_eq!(lab.open_issues().len(), 1, "{name}, seed {seed}: not healed");
        tally.healed += u64::from(duplicated);
        let mut wanted = wanted;
        wanted.insert(commit(200));
        assert_eq!(commits_on_open(&lab), wanted, "{name}, seed {seed}: a version was lost in healing");
        // And what is left can be approved: its newest record.
        let number = lab.open_issues()[0].number;
        lab.close(number, "alice");
        let (got, dir) = lab.get(&lab.version(number), "gate");
        got.succeeds();
        assert_eq!(std::fs::read_to_string(dir.join("ref")).unwrap().trim(), commit(200));
    }
    println!("{name}: {tally:?}");
    tally
}

#[test]
fn without_lag_there_is_one_issue() {
    let tally = run("no lag", Lag { list: 0, read: 0 });
    assert_eq!(tally.duplicated, 0);
}

#[test]
fn with_a_lagging_list_there_is_one_issue() {
    let tally = run("list behind by 60 s", Lag { list: 60_000, read: 0 });
    assert_eq!(tally.duplicated, 0);
}

#[test]
fn with_short_lags_there_is_one_issue() {
    let tally = run("list and reads behind by 1 s", Lag { list: 1_000, read: 1_000 });
    assert_eq!(tally.duplicated, 0);
}

/// The only case in which duplicates are seen, and they heal.
#[test]
fn with_list_and_reads_lagging_duplicates_heal() {
    let tally = run("list and reads behind by 60 s", Lag { list: 60_000, read: 60_000 });
    assert_eq!(tally.healed, tally.duplicated);
    assert!(tally.duplicated > 0, "the trial tries nothing");
}

/// A person closes an issue between any two requests: each version is behind that closing, or on an issue that is open,
/// and the closing approves.
#[test]
fn closing_in_the_middle_loses_no_version_and_is_not_lost() {
    let second = |at: i64| at.div_euclid(1_000);
    let (mut closings, mut behind) = (0, 0);
    for seed in 0..trials() {
        let n = 2 + seed % 7;
        let lab = Lab::new();
        let before = seed % 3 != 0;
        if before {
            lab.recorded(100);
            lab.fake.time().advance(1_200_000);
        }
        lab.world().list_lag = if seed % 2 == 0 { 0 } else { 60_000 };
        let mut left = 1 + (seed * 7) % 30;
        lab.fake.hook(move |_, world, _, phase| {
            if phase == Phase::Before && left > 0 {
                left -= 1;
                // Nobody closes what came up this very moment.
                let seen = |issue: &&fake_github::Issue| !issue.closed && issue.created_at + 2_000 < world.now;
                let number = world.issues(REPO).find(seen).map(|issue| issue.number);
                match number {
                    Some(number) if left == 0 => world.close(REPO, number, "alice", "completed"),
                    None if left == 0 => left = 1,
                    _ => {}
                }
            }
            Action::Go
        });
        lab.fake.time().simulate(seed);
        race(&lab, n);
        lab.fake.unhook();
        lab.world().list_lag = 0;
        let mut safe = commits_on_open(&lab);
        for issue in lab.issues().into_iter().filter(|issue| issue.state_reason.as_deref() == Some("completed")) {
            closings += 1;
            let closed = second(issue.closed_at.unwrap());
            let comments = issue.comments.iter().map(|comment| (comment.created_at, &comment.body));
            let recorded: Vec<String> = comments
                .chain([(issue.created_at, &issue.body)])
                .filter(|(at, body)| second(*at) < closed && body.starts_with("<!-- ol-gate"))
                .filter_map(|(_, body)| marker(body)["record"]["pins"]["code"].as_str().map(str::to_owned))
                .collect();
            lab.fake.time().advance(10_000);
            assert_eq!(lab.versions(None), [lab.version(issue.number)], "seed {seed}: the approval is lost");
            let (got, dir) = lab.get(&lab.version(issue.number), "gate");
            got.succeeds();
            let approved = std::fs::read_to_string(dir.join("ref")).unwrap().trim().to_owned();
            assert!(recorded.contains(&approved), "seed {seed}: {approved} was not there to be approved");
            behind += recorded.len();
            safe.extend(recorded);
        }
        let wanted: BTreeSet<String> = (1..=n).chain(before.then_some(100)).map(commit).collect();
        assert_eq!(safe, wanted, "seed {seed}: a version is on closed issues alone, and no approval covers it");
    }
    println!("closings in the middle: {} trials, {closings} closings with {behind} versions behind them", trials());
    assert!(closings >= trials() / 2, "the trial tries nothing");
}
