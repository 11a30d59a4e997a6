//! Windows and freezes, against a second implementation of their rules: Python's `zoneinfo`.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::io::Write;
use std::process::{Command, Stdio};

use gate_contract::calendar::{Calendar, Freeze, Window};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRng, TestRunner};
use serde_json::{Value, json};

/// Zones with all kinds of changes: north and south, at midnight, by half an hour, none, and over the date line.
const ZONES: [&str; 8] = [
    "America/New_York",
    "Europe/Berlin",
    "Australia/Sydney",
    "America/Havana",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "UTC",
];

/// What Python says of each case: the moments of a list at which it is open. Written from the documentation of the fields.
const REFERENCE: &str = r#"
import json, sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

def minutes(text):
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)

def within(window, at):
    local = at.astimezone(ZoneInfo(window["zone"]))
    now = local.hour * 60 + local.minute
    begin, end = minutes(window["from"]), minutes(window["to"])
    days = window.get("days") or DAYS
    today, before = DAYS[local.weekday()], DAYS[(local.weekday() - 1) % 7]
    if begin < end:
        return today in days and begin <= now < end
    return today in days and now >= begin or before in days and now < end

def moment(text, zone):
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return local.astimezone(timezone.utc)

def is_open(case, at):
    frozen = any(moment(f["from"], f["zone"]) <= at < moment(f["to"], f["zone"]) for f in case["freezes"])
    return not frozen and (not case["windows"] or any(within(w, at) for w in case["windows"]))

for line in sys.stdin:
    case = json.loads(line)
    print(json.dumps([is_open(case, datetime.fromtimestamp(at, timezone.utc)) for at in case["moments"]]))
"#;

fn clock_time() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (0..24, 0..60).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}")),
        // Clocks change at these.
        4 => prop::sample::select(vec!["00:00", "01:00", "01:30", "02:00", "02:30", "03:00"]).prop_map(str::to_owned),
        1 => Just("24:00".to_owned()),
    ]
}

fn window() -> impl Strategy<Value = Value> {
    let days = prop::collection::vec(prop::sample::select(vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), 0..4);
    let from = clock_time().prop_filter("a window begins before the end of the day", |from| from != "24:00");
    (days, from, clock_time(), prop::sample::select(ZONES.to_vec()))
        .prop_filter("it does not end when it begins", |(_, from, to, _)| from != to)
        .prop_map(|(days, from, to, zone)| {
            let mut window = json!({"from": from, "to": to, "zone": zone});
            if !days.is_empty() {
                window["days"] = json!(days);
            }
            window
        })
}

fn freeze() -> impl Strategy<Value = Value> {
    // Around changes of clocks, and a leap day.
    let day =
        prop::sample::select(vec!["2028-02-29", "2026-03-08", "2026-03-29", "2026-10-25", "2026-11-01", "2026-12-31"]);
    (day, 0..24_i64, 0..60_i64, 0..80_i64, prop::sample::select(ZONES.to_vec())).prop_map(
        |(day, hour, minute, hours, zone)| {
            let from: jiff::civil::DateTime = format!("{day}T{hour:02}:{minute:02}").parse().unwrap();
            let to = from.checked_add(SignedDuration::from_hours(hours + 1)).unwrap();
            let text = |time: jiff::civil::DateTime| time.strftime("%Y-%m-%dT%H:%M").to_string();
            json!({"from": text(from), "to": text(to), "zone": zone, "why": "x"})
        },
    )
}

fn case() -> impl Strategy<Value = Value> {
    // Moments within days of the changes of clocks of 2026, and of a leap day.
    let anchor = prop::sample::select(vec![
        1_772_928_000_i64,
        1_774_742_400,
        1_775_300_000,
        1_792_886_400,
        1_793_491_200,
        1_835_395_200,
    ]);
    (prop::collection::vec(window(), 0..3), prop::collection::vec(freeze(), 0..2), anchor, -200_000..400_000_i64)
        .prop_map(|(windows, freezes, anchor, offset)| {
            let begin = anchor + offset;
            // Each half hour of a day, with odd seconds, and then some of a week.
            let near = (0..48).map(|step| begin + step * 1_800 + step % 7);
            let far = (0..24).map(|step| begin + 86_400 + step * 25_000);
            json!({"windows": windows, "freezes": freezes, "moments": near.chain(far).collect::<Vec<_>>()})
        })
}

/// Whether it is open at a moment, by this program.
fn is_open(case: &Value, at: Timestamp) -> bool {
    closed(case, at).is_none()
}

fn closed(case: &Value, at: Timestamp) -> Option<Timestamp> {
    let windows: Vec<Window> = serde_json::from_value(case["windows"].clone()).unwrap();
    let freezes: Vec<Freeze> = serde_json::from_value(case["freezes"].clone()).unwrap();
    Calendar { windows: &windows, freezes: &freezes }.closed(at).map(|closed| closed.until)
}

#[test]
fn ten_thousand_calendars_are_open_when_python_says_so() {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let cases: Vec<Value> = (0..10_000).map(|_| case().new_tree(&mut runner).unwrap().current()).collect();
    let input: String = cases.iter().map(|case| format!("{case}\n")).collect();
    let mut python = Command::new("python3")
        .args(["-c", REFERENCE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed for the second implementation");
    let mut stdin = python.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    let mut seen = [0, 0];
    for (case, answer) in cases.iter().zip(answers.lines()) {
        let answer: Vec<bool> = serde_json::from_str(answer).unwrap();
        for (at, expected) in case["moments"].as_array().unwrap().iter().zip(answer) {
            let at = Timestamp::from_second(at.as_i64().unwrap()).unwrap();
            assert_eq!(is_open(case, at), expected, "{case} at {at}");
            seen[usize::from(expected)] += 1;
        }
    }
    assert_eq!(answers.lines().count(), cases.len());
    assert!(seen.iter().all(|count| *count > 50_000), "{seen:?}");
}

proptest! {
    /// Where it is closed until a moment, it is closed before, and open then.
    #[test]
    fn closed_until_the_first_moment_at_which_it_is_open(case in case()) {
        let at = Timestamp::from_second(case["moments"][0].as_i64().unwrap()).unwrap();
        if let Some(until) = closed(&case, at).filter(|until| *until < Timestamp::MAX) {
            prop_assert!(is_open(&case, until), "{case}: {until}");
            // Clocks change, and windows begin, at whole minutes.
            let mut before = at;
            while before < until && until.duration_since(at) < SignedDuration::from_hours(200) {
                prop_assert!(!is_open(&case, before), "{case}: {before}");
                before = before.checked_add(SignedDuration::from_mins(10)).unwrap();
            }
            let last = until.checked_sub(SignedDuration::from_secs(1)).unwrap();
            prop_assert!(last < at || !is_open(&case, last), "{case}: {last}");
        }
    }
}

#[test]
fn freeze_that_ends_beyond_all_times_holds() {
    for zone in ["UTC", "America/New_York", "Asia/Kolkata"] {
        let freeze = json!({"from": "2026-01-01", "to": "9999-12-31T23:59", "zone": zone, "why": "x"});
        let case = json!({"windows": [], "freezes": [freeze]});
        assert!(!is_open(&case, "2026-06-01T00:00:00Z".parse().unwrap()), "{zone}");
        assert!(is_open(&case, "2025-06-01T00:00:00Z".parse().unwrap()), "{zone}");
    }
}

#[test]
fn both_changes_of_clocks_and_the_end_of_a_day_are_exact() {
    let open = |zone: &str, from: &str, to: &str, at: &str| {
        let case = json!({"windows": [{"from": from, "to": to, "zone": zone}], "freezes": []});
        is_open(&case, at.parse().unwrap())
    };
    // New York leaves out 02:00 to 03:00 on March 8, 2026, and passes 01:00 to 02:00 twice on November 1.
    assert!(open("America/New_York", "01:00", "02:00", "2026-03-08T06:59:59Z"));
    assert!(!open("America/New_York", "01:00", "02:00", "2026-03-08T07:00:00Z"));
    assert!(open("America/New_York", "02:30", "04:00", "2026-03-08T07:00:00Z"));
    for hour in ["05", "06"] {
        assert!(open("America/New_York", "01:00", "02:00", &format!("2026-11-01T{hour}:30:00Z")), "{hour}");
    }
    assert!(!open("America/New_York", "01:00", "02:00", "2026-11-01T07:00:00Z"));
    assert!(open("Europe/Berlin", "23:00", "24:00", "2026-06-01T21:59:59Z"));
    assert!(!open("Europe/Berlin", "23:00", "24:00", "2026-06-01T22:00:00Z"));
    assert!(open("Europe/Berlin", "22:00", "06:00", "2026-06-02T03:59:59Z"));
    assert!(!open("Europe/Berlin", "22:00", "06:00", "2026-06-02T04:00:00Z"));
}

#[test]
fn window_that_is_a_slip_is_refused() {
    for (window, why) in [
        (json!({"from": "09:00", "to": "09:00", "zone": "UTC"}), "ends when it begins"),
        (json!({"from": "24:00", "to": "24:00", "zone": "UTC"}), ""),
        (json!({"days": [], "from": "09:00", "to": "16:00", "zone": "UTC"}), "names no day"),
        (json!({"from": "09:00", "to": "16:00", "zone": "localtime"}), "no time zone `localtime`"),
        (json!({"from": "09:00", "to": "16:00", "zone": "Factory"}), "no time zone `Factory`"),
    ] {
        let error = serde_json::from_value::<Window>(window.clone()).map(drop).unwrap_err().to_string();
        assert!(error.contains(why), "{window}: {error}");
    }
}
