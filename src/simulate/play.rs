//! Plays a scenario.

use std::collections::{BTreeMap, BTreeSet};

use concourse_scheduler::Status;
use promotion_verify::{Deed, Deployed, GateId, Names, Player, StageId, Violation};

use crate::verify::{ChainNames, ModelChain, subject, violated};
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, ticked};

use super::Scenario;
use super::fields::{BuildWord, ExpectFields, NOTHING, Versions, ViolationWord};
use super::steps::{Unknown, deed, job, open_gate, stage, who};

/// What came of a step.
pub(crate) struct Played {
    /// The number of the step, from 1. The beginning has none.
    pub(crate) number: Option<usize>,
    /// What happened, the step itself first.
    pub(crate) lines: Vec<String>,
}

/// What came of a scenario.
pub(crate) struct Story {
    /// What each stage runs at the end, by its name.
    pub(crate) deployed: Vec<(String, Option<Deployed>)>,
    /// The open issues at the end, by the name of the gate, each with what closing it approves.
    pub(crate) open: Vec<(String, Vec<(String, String)>)>,
    /// How many expectations are true.
    pub(crate) expectations: usize,
}

/// Plays a scenario. `show` gets each step as soon as it is done. None if Concourse does not take the pipelines.
///
/// # Errors
///
/// If `show` fails.
pub(crate) fn play(
    scenario: &Scenario,
    chain: &ModelChain,
    diagnostics: &mut Diagnostics,
    mut show: impl FnMut(&Played) -> Result<(), Failure>,
) -> Result<Option<Story>, Failure> {
    let (player, lines) = match Player::new(&chain.models, &chain.names) {
        Ok(begun) => begun,
        Err(error) => {
            let message = format!("Concourse does not take these pipelines: {error}");
            diagnostics.push(Diagnostic::new(Rule::ImpossibleStep, scenario.place(0, "set"), message));
            return Ok(None);
        }
    };
    let mut stage = Playback { scenario, chain, player, paused: BTreeSet::new(), is_expected: false, expectations: 0 };
    show(&Played { number: None, lines: stage.with_what_follows(lines) })?;
    for number in 0..scenario.fields.steps.len() {
        let before = diagnostics.len();
        let lines = stage.step(number, diagnostics);
        show(&Played { number: Some(number + 1), lines })?;
        if diagnostics.len() > before {
            break;
        }
    }
    let is_whole = !diagnostics.has_errors() && stage.paused.is_empty() && scenario.is_automatic();
    if let Some(violation) = stage.player.violation(is_whole).filter(|_| !stage.is_expected) {
        diagnostics.push(violated(chain, &violation));
    }
    Ok(Some(stage.story()))
}

/// A scenario that is being played.
struct Playback<'p> {
    scenario: &'p Scenario,
    chain: &'p ModelChain,
    player: Player<'p, ChainNames>,
    /// The jobs that are paused.
    paused: BTreeSet<String>,
    /// Whether an expectation names the violation.
    is_expected: bool,
    expectations: usize,
}

impl Playback<'_> {
    /// Lets Concourse go on, if it does so by itself.
    fn with_what_follows(&mut self, mut lines: Vec<String>) -> Vec<String> {
        if self.scenario.is_automatic() {
            lines.extend(self.player.go_on());
        }
        lines
    }

    /// Does a step. Returns what happens.
    fn step(&mut self, number: usize, diagnostics: &mut Diagnostics) -> Vec<String> {
        let step = &self.scenario.fields.steps[number];
        let impossible = |span, message: String, help: Option<String>| {
            Diagnostic::new(Rule::ImpossibleStep, span, message).maybe_help(help)
        };
        let (field, deed) = match deed(step, &self.chain.names, &self.player) {
            Ok(Some(found)) => found,
            Ok(None) => return self.expect(number, diagnostics),
            Err(Unknown { message, help }) => {
                diagnostics.push(impossible(self.scenario.step(number).span, message, help));
                return Vec::new();
            }
        };
        match &deed {
            Deed::Pause(job) => {
                self.paused.insert(job.clone());
            }
            Deed::Unpause(job) => {
                self.paused.remove(job);
            }
            _ => {}
        }
        match self.player.play(&deed, who(step)) {
            Ok(lines) => self.with_what_follows(lines),
            Err(reason) => {
                let message = format!("this step cannot be done: {reason}");
                let open = self.player.open();
                let open: Vec<String> = open.keys().filter_map(|gate| self.issue(*gate)).collect();
                let help = match &deed {
                    Deed::Close(_) | Deed::Reject(_) if open.is_empty() => Some("no issue is open here".to_owned()),
                    Deed::Close(_) | Deed::Reject(_) => Some(format!("close one that is open: {}", ticked(&open))),
                    _ => None,
                };
                diagnostics.push(impossible(self.scenario.place(number, field), message, help));
                Vec::new()
            }
        }
    }

    /// The name by which people know the issue of a gate.
    fn issue(&self, gate: GateId) -> Option<String> {
        let names = self.chain.names.of_gates.get(gate.0)?;
        names.get(1).or(names.first()).cloned()
    }

    /// Compares an expectation with what is true.
    fn expect(&mut self, number: usize, diagnostics: &mut Diagnostics) -> Vec<String> {
        let Some(expected) = self.scenario.fields.steps[number].expect.clone() else { return Vec::new() };
        let mut wrong: Vec<(String, Unknown)> = Vec::new();
        let mut met = Vec::new();
        self.expect_deployed(&expected, &mut met, &mut wrong);
        self.expect_open(&expected, &mut met, &mut wrong);
        self.expect_builds(&expected, &mut met, &mut wrong);
        self.expect_violation(&expected, &mut met, &mut wrong);
        self.expectations += met.len();
        for (field, Unknown { message, help }) in wrong {
            let place = self.scenario.place(number, &format!("expect/{field}"));
            diagnostics.push(Diagnostic::new(Rule::FalseExpectation, place, message).maybe_help(help));
        }
        met
    }

    fn expect_deployed(&self, expected: &ExpectFields, met: &mut Vec<String>, wrong: &mut Vec<(String, Unknown)>) {
        for (name, versions) in &expected.deployed {
            let field = format!("deployed/{}", yaml_source::yaml::escape(name));
            let stage = match stage(&self.chain.names, name, &self.player) {
                Ok(stage) => stage,
                Err(unknown) => {
                    wrong.push((field, unknown));
                    continue;
                }
            };
            let found = self.player.deployed(stage);
            let found = found.map(|deployed| deployed.versions).unwrap_or_default();
            let is_met = match versions {
                Versions::One(letter) if letter == NOTHING => found.is_empty(),
                Versions::One(letter) => !found.is_empty() && found.iter().all(|(_, version)| version == letter),
                Versions::Each(letters) => {
                    let found: BTreeMap<&str, &str> = found.iter().map(|(name, it)| (&**name, &**it)).collect();
                    letters.iter().map(|(name, it)| (&**name, &**it)).collect::<BTreeMap<&str, &str>>() == found
                }
            };
            let shown = shown(&found);
            if is_met {
                met.push(format!("{name} runs {shown}, as expected"));
            } else {
                let message = format!("expected {} in {name}, found {shown}", expectation(versions));
                wrong.push((field, Unknown { message, help: None }));
            }
        }
    }

    fn expect_open(&self, expected: &ExpectFields, met: &mut Vec<String>, wrong: &mut Vec<(String, Unknown)>) {
        let Some(open) = &expected.open else { return };
        let mut gates = BTreeSet::new();
        for (number, name) in open.iter().enumerate() {
            match open_gate(&self.chain.names, name, &self.player) {
                Ok(gate) => {
                    gates.insert(gate);
                }
                Err(unknown) => return wrong.push((format!("open/{number}"), unknown)),
            }
        }
        let found: BTreeSet<GateId> = self.player.open().into_keys().collect();
        let names: Vec<String> = found.iter().filter_map(|gate| self.issue(*gate)).collect();
        let listed = |names: &[String]| match names {
            [] => "no open issue".to_owned(),
            [name] => format!("the open issue `{name}`"),
            _ => format!("the open issues {}", ticked(names)),
        };
        if gates == found {
            met.push(format!("there is {}, as expected", listed(&names)));
        } else {
            let message = format!("expected {}, found {}", listed(open), listed(&names));
            wrong.push(("open".to_owned(), Unknown { message, help: None }));
        }
    }

    fn expect_builds(&self, expected: &ExpectFields, met: &mut Vec<String>, wrong: &mut Vec<(String, Unknown)>) {
        for (name, words) in &expected.builds {
            let field = format!("builds/{}", yaml_source::yaml::escape(name));
            let statuses = job(&self.chain.names, name).and_then(|job| {
                self.player.builds(&job).map_err(|error| Unknown { message: error.to_string(), help: None })
            });
            let found: Vec<BuildWord> = match statuses {
                Ok(statuses) => statuses.into_iter().map(word).collect(),
                Err(unknown) => {
                    wrong.push((field, unknown));
                    continue;
                }
            };
            let listed = |words: &[BuildWord]| {
                let words: Vec<&str> = words.iter().map(|word| named(*word)).collect();
                if words.is_empty() { "none".to_owned() } else { words.join(", ") }
            };
            if found == *words {
                met.push(format!("the builds of {name} are as expected: {}", listed(&found)));
            } else {
                let message = format!("expected the builds of {name}: {}; found: {}", listed(words), listed(&found));
                wrong.push((field, Unknown { message, help: None }));
            }
        }
    }

    fn expect_violation(&mut self, expected: &ExpectFields, met: &mut Vec<String>, wrong: &mut Vec<(String, Unknown)>) {
        let Some(expected) = expected.violation else { return };
        if expected == ViolationWord::ClosingStartsNothing {
            // Nothing started, if nothing can start any more.
            self.player.go_on();
        }
        let found = self.player.violation(expected == ViolationWord::ClosingStartsNothing);
        let found = found.map(|violation| (rule(&violation), ending(self.chain, &violation)));
        match found {
            Some((rule, ending)) if expected.is(rule) => {
                self.is_expected = true;
                met.push(format!("{rule}, as expected: {ending}"));
            }
            Some((rule, ending)) => {
                let message = format!("expected {}, found {rule}: {ending}", expected.name());
                wrong.push(("violation".to_owned(), Unknown { message, help: None }));
            }
            None => {
                let message = format!("expected {}, and nothing of the kind happens", expected.name());
                let help = Some("remove the expectation, if the pipelines are right".to_owned());
                wrong.push(("violation".to_owned(), Unknown { message, help }));
            }
        }
    }

    fn story(&self) -> Story {
        let last = self.chain.models.last();
        let stages = last.map(|model| model.stages.as_slice()).unwrap_or_default();
        let stages = stages.iter().enumerate().filter(|(at, _)| {
            let stage = StageId(*at);
            self.player.has_stage(stage) || self.player.deployed(stage).is_some()
        });
        let deployed =
            stages.map(|(at, stage)| (self.chain.names.stage(&stage.name), self.player.deployed(StageId(at))));
        let open = self.player.open().into_iter();
        let open = open.filter_map(|(gate, versions)| Some((self.issue(gate)?, versions)));
        Story { deployed: deployed.collect(), open: open.collect(), expectations: self.expectations }
    }
}

/// Versions in words: `shop-cart A`.
pub(super) fn shown(versions: &[(String, String)]) -> String {
    let versions: Vec<String> = versions.iter().map(|(resource, letter)| format!("{resource} {letter}")).collect();
    if versions.is_empty() { NOTHING.to_owned() } else { versions.join(", ") }
}

fn expectation(versions: &Versions) -> String {
    match versions {
        Versions::One(letter) => letter.clone(),
        Versions::Each(letters) => {
            let pairs: Vec<(String, String)> = letters.iter().map(|(name, it)| (name.clone(), it.clone())).collect();
            shown(&pairs)
        }
    }
}

fn word(status: Status) -> BuildWord {
    match status {
        Status::Pending => BuildWord::Pending,
        Status::Started => BuildWord::Started,
        Status::Succeeded => BuildWord::Succeeded,
        Status::Failed | Status::Errored | Status::Aborted => BuildWord::Failed,
    }
}

fn named(word: BuildWord) -> &'static str {
    match word {
        BuildWord::Pending => "pending",
        BuildWord::Started => "started",
        BuildWord::Succeeded => "succeeded",
        BuildWord::Failed => "failed",
    }
}

fn rule(violation: &Violation) -> Rule {
    subject(violation).0
}

fn ending(chain: &ModelChain, violation: &Violation) -> String {
    promotion_verify::ending(&chain.models, &chain.names, violation)
}
