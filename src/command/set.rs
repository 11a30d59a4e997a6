use std::collections::BTreeMap;
use std::io::{self, BufRead, IsTerminal};

use camino::Utf8PathBuf;
use concourse_pipeline::diff::{Changes, Effect};
use yaml_source::Failure;
use yaml_source::diagnostic::{Count, Diagnostics, visible};
use yaml_source::parallel::with_workers;
use yaml_source::source::Sources;

use crate::cli::SetArgs;
use crate::compare::compare_read;
use crate::fly::{Fly, FlyPipeline, LivePipeline, Refusal, Remedy, Team};
use crate::interrupt;
use crate::progress::Progress;
use crate::project::Concourse;
use crate::render::{Options, RenderedFleet, RenderedPipeline, quoted, render};
use crate::workspace::select;

use super::committed;
use super::orphans::orphans;
use super::pipeline::parse;
use super::{Outcome, Output};

/// So many are asked for at a time: each is a process of fly's and a request to Concourse.
const AT_A_TIME: usize = 8;

/// Tells how the pipelines that live differ from those that are rendered, asks, and sets them.
pub(super) fn run(args: &SetArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let progress = Progress::for_people();
    let options = Options { source_root: args.source_root.clone(), progress: progress.clone(), ..Options::default() };
    let run = render(&select(&args.paths)?, &options)?;
    if output.diagnostics(&run.diagnostics, &run.sources, NOTHING_SET) {
        return Ok(Outcome::Problems);
    }
    if !is_committed(&run.fleets, &progress, output)? {
        return Ok(Outcome::Problems);
    }
    let Some(wanted) = wanted(&run.fleets, output) else { return Ok(Outcome::Problems) };
    let mut setting = Setting { fly: Fly::new(&args.fly), progress, output, ended: Outcome::Fine };
    let living = setting.living(&wanted)?;
    let mut found = setting.found(&wanted, &living)?;
    // What weakens a gate is told before all else, whosever it is.
    found.sort_by_key(|(_, found)| !found.changes_a_gate());
    setting.print_changes(&found)?;
    for fleet in run.fleets.iter().filter(|fleet| fleet.whole) {
        for orphan in orphans(fleet, &living, &setting.fly)? {
            setting.output.print(&orphan.in_words())?;
        }
    }
    let to_set: Vec<_> = found.iter().filter(|(_, found)| found.is_to_be_set()).collect();
    if to_set.is_empty() {
        return Ok(setting.ended);
    }
    interrupt::check()?;
    interrupt::stop_watching();
    if !args.yes && !setting.ask(to_set.len())? {
        return Ok(worse(setting.ended, Outcome::Problems));
    }
    for (wanted, found) in to_set {
        setting.set(wanted, found, args.unpause)?;
    }
    Ok(setting.ended)
}

const NOTHING_SET: &str = "nothing was set";

/// Are the files what the manifests render to?
fn is_committed(fleets: &[RenderedFleet], progress: &Progress, output: &mut Output) -> Result<bool, Failure> {
    let (comparisons, in_the_way) = committed::compare(fleets, None, progress)?;
    for reason in &in_the_way {
        output.error(reason);
    }
    let stale: Vec<_> = comparisons.iter().flat_map(|comparison| &comparison.changes).collect();
    for change in &stale {
        output.error(&format!("{} is out of date", change.path));
    }
    let is_committed = stale.is_empty() && in_the_way.is_empty();
    if !is_committed {
        output.error(&format!("the rendered files are out of date; run `ol-pipegen render`; {NOTHING_SET}"));
    }
    Ok(is_committed)
}

/// The team that a Concourse's pipelines belong to. None where nothing says how fly calls it.
pub(super) fn team_of(concourse: &Concourse) -> Option<Team> {
    Some(Team { target: concourse.target.clone()?, team: concourse.team.clone() })
}

/// What a rendered pipeline is known by.
pub(super) fn named(rendered: &RenderedPipeline) -> FlyPipeline<'_> {
    FlyPipeline { name: &rendered.name, instance_vars: &rendered.instance_vars }
}

/// A pipeline as it is to be.
struct RenderedTarget<'r> {
    of: Team,
    rendered: &'r RenderedPipeline,
    text: String,
}

impl RenderedTarget<'_> {
    /// What to call it.
    fn called(&self) -> String {
        let team = self.of.team.as_ref().map(|team| format!(", team {team}")).unwrap_or_default();
        visible(&format!("{} on {}{team}", self.named().reference(), self.of.target)).into_owned()
    }

    fn named(&self) -> FlyPipeline<'_> {
        named(self.rendered)
    }
}

fn wanted<'r>(fleets: &'r [RenderedFleet], output: &mut Output) -> Option<Vec<RenderedTarget<'r>>> {
    let mut wanted = Vec::new();
    let mut whole = true;
    for fleet in fleets {
        for rendered in &fleet.pipelines {
            let path: Utf8PathBuf = fleet.output.join(rendered.file_name());
            if let Some(of) = team_of(&rendered.concourse) {
                wanted.push(RenderedTarget { of, rendered, text: rendered.text(&path) });
            } else {
                let place = rendered.concourse.name.as_ref().map_or_else(
                    || format!("{} has no `concourses`", fleet.path),
                    |name| format!("`concourses.{name}` in {} has no `target`", fleet.path),
                );
                output.error(&format!("the target of `{}` is not known: {place}", rendered.name));
                whole = false;
            }
        }
    }
    if !whole {
        output.error(&format!("a `target` is what `fly targets` lists; {NOTHING_SET}"));
    }
    whole.then_some(wanted)
}

/// How a pipeline lives.
enum LiveState {
    /// It is not there.
    New,
    /// It was put away, with its configuration.
    Archived,
    /// It is there, and this would change. A job of a pipeline has set it, unless somebody did.
    Live { changes: Changes, by_a_job: bool },
    /// It could not be read, which was told.
    Unknown,
}

impl LiveState {
    fn is_to_be_set(&self) -> bool {
        match self {
            Self::New | Self::Archived => true,
            Self::Live { changes, .. } => !changes.is_empty(),
            Self::Unknown => false,
        }
    }

    fn changes_a_gate(&self) -> bool {
        matches!(self, Self::Live { changes, .. } if changes.is_of_gates())
    }
}

/// Why a pipeline could not be compared.
enum Unread {
    Refused(Refusal),
    Misunderstood(String),
}

struct Setting<'o> {
    fly: Fly,
    progress: Progress,
    output: &'o mut Output,
    ended: Outcome,
}

impl Setting<'_> {
    /// The pipelines that live in the teams. A team that cannot be looked at is told, and left out.
    fn living(&mut self, wanted: &[RenderedTarget<'_>]) -> Result<BTreeMap<Team, Vec<LivePipeline>>, Failure> {
        let mut teams: BTreeMap<&Team, &Concourse> = BTreeMap::new();
        for one in wanted {
            teams.entry(&one.of).or_insert(&one.rendered.concourse);
        }
        let mut living = BTreeMap::new();
        let mut refused: Vec<&str> = Vec::new();
        for (of, concourse) in teams {
            if refused.contains(&of.target.as_str()) {
                continue;
            }
            // Who is not logged in is shown what is public, as if nothing else were there.
            let answer = match self.fly.status(&of.target)? {
                Ok(()) => self.fly.pipelines(of)?,
                Err(refusal) => Err(refusal),
            };
            match answer {
                Ok(pipelines) => {
                    living.insert(of.clone(), pipelines);
                }
                Err(refusal) => {
                    refused.push(&of.target);
                    self.refused(&of.target, &refusal, concourse);
                }
            }
        }
        Ok(living)
    }

    fn refused(&mut self, whom: &str, refusal: &Refusal, concourse: &Concourse) {
        let target = quoted(concourse.target.as_deref().unwrap_or_default());
        let message = match refusal.remedy() {
            Some(Remedy::Name) => {
                let url = concourse.url.as_deref().unwrap_or("URL");
                format!("fly knows no target {whom}: run `fly -t {target} login -c {}`", quoted(url))
            }
            Some(Remedy::Login) => format!("{whom}: not logged in; run `fly -t {target} login`"),
            Some(Remedy::Sync) => format!("{whom}: fly is too old, or too new; run `fly -t {target} sync`"),
            None => format!("{whom}: {}", refusal.in_a_line()),
        };
        self.output.error(&message);
        let ended = if refusal.is_of_the_pipeline() { Outcome::Problems } else { Outcome::CouldNotRun };
        self.ended = worse(self.ended, ended);
    }

    /// How each pipeline lives.
    fn found<'w, 'r>(
        &mut self,
        wanted: &'w [RenderedTarget<'r>],
        living: &BTreeMap<Team, Vec<LivePipeline>>,
    ) -> Result<Vec<(&'w RenderedTarget<'r>, LiveState)>, Failure> {
        let reached: Vec<&RenderedTarget<'_>> = wanted.iter().filter(|one| living.contains_key(&one.of)).collect();
        let reading = self.progress.part("reading", reached.len());
        let fly = &self.fly;
        let answers = with_workers(&reached, AT_A_TIME, |one| {
            reading.step()?;
            read(fly, one, &living[&one.of])
        });
        drop(reading);
        let mut found = Vec::with_capacity(reached.len());
        for (one, answer) in reached.into_iter().zip(answers) {
            let this = answer?.unwrap_or_else(|unread| {
                match unread {
                    Unread::Refused(refusal) => self.refused(&one.called(), &refusal, &one.rendered.concourse),
                    Unread::Misunderstood(reason) => {
                        let message = "what lives there cannot be compared, and is left alone";
                        self.output.error(&format!("{}: {message}: {reason}", one.called()));
                        self.ended = worse(self.ended, Outcome::Problems);
                    }
                }
                LiveState::Unknown
            });
            found.push((one, this));
        }
        Ok(found)
    }

    fn print_changes(&mut self, found: &[(&RenderedTarget<'_>, LiveState)]) -> Result<(), Failure> {
        for (wanted, found) in found {
            let words = match found {
                LiveState::New => format!("  a new pipeline of {}\n", Count(wanted.rendered.jobs, "job")),
                LiveState::Archived => "  is archived: setting brings it back, paused\n".to_owned(),
                LiveState::Live { changes, by_a_job } if !changes.is_empty() => {
                    let words = changes.to_words(self.output.colour_out);
                    let job = "  a job of a pipeline set it last, and does so again with its next build\n";
                    if *by_a_job { words + job } else { words }
                }
                LiveState::Live { .. } | LiveState::Unknown => continue,
            };
            self.output.print(&format!("{}:\n{words}\n", wanted.called()))?;
        }
        let same = found.iter().filter(|(_, found)| matches!(found, LiveState::Live { .. }) && !found.is_to_be_set());
        let same = same.count();
        if same > 0 {
            let verb = if same == 1 { "lives as it is" } else { "live as they are" };
            self.output.print(&format!("{} {verb} rendered\n", Count(same, "pipeline")))?;
        }
        Ok(())
    }

    /// Does somebody say yes?
    fn ask(&mut self, count: usize) -> Result<bool, Failure> {
        let pipelines = Count(count, "pipeline");
        self.output.finish()?;
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            let those = if count == 1 { "it" } else { "them" };
            let differ = if count == 1 { "differs" } else { "differ" };
            self.output.error(&format!("{pipelines} {differ}, and {NOTHING_SET}: `--yes` sets {those} without asking"));
            return Ok(false);
        }
        self.output.ask(&format!("set {pipelines}? [y/N] "));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.map_err(|error| Failure::io("read", "standard input".into(), error))?;
        let yes = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
        if !yes {
            self.output.write_err(NOTHING_SET);
        }
        Ok(yes)
    }

    fn set(&mut self, wanted: &RenderedTarget<'_>, found: &LiveState, unpause: bool) -> Result<(), Failure> {
        let RenderedTarget { of, rendered, text } = wanted;
        if let Err(refusal) = self.fly.set(of, wanted.named(), text.as_bytes())? {
            self.refused(&format!("{} was not set", wanted.called()), &refusal, &rendered.concourse);
            return Ok(());
        }
        let mut line = format!("set {}", wanted.called());
        if !matches!(found, LiveState::Live { .. }) {
            if !unpause {
                let team = of.team.as_ref().map(|team| format!(" --team {}", quoted(team))).unwrap_or_default();
                let (target, name) = (quoted(&of.target), quoted(&wanted.named().reference()));
                line = format!("{line}: it is paused  fly -t {target} unpause-pipeline{team} -p {name}");
            } else if let Err(refusal) = self.fly.unpause(of, wanted.named())? {
                self.refused(&format!("{} is still paused", wanted.called()), &refusal, &rendered.concourse);
            } else {
                line.push_str(", and let it run");
            }
        }
        self.output.print(&format!("{}\n", visible(&line)))?;
        // A later one may take its time.
        self.output.finish()
    }
}

/// How a pipeline lives, if it does.
fn read(fly: &Fly, wanted: &RenderedTarget<'_>, living: &[LivePipeline]) -> Result<Result<LiveState, Unread>, Failure> {
    let name = &wanted.rendered.name;
    let Some(live) = living.iter().find(|live| live.is(wanted.named())) else {
        return Ok(Ok(LiveState::New));
    };
    if live.archived {
        return Ok(Ok(LiveState::Archived));
    }
    let configuration = match fly.configuration(&wanted.of, wanted.named())? {
        Ok(configuration) => configuration,
        Err(refusal) => return Ok(Err(Unread::Refused(refusal))),
    };
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
    let before = parse(name, configuration, &mut sources, &mut diagnostics);
    let after = parse(name, wanted.text.clone(), &mut sources, &mut diagnostics);
    let Some((before, after)) = before.zip(after) else {
        let first = diagnostics.into_sorted().into_iter().next();
        let reason = first.map_or_else(String::new, |diagnostic| visible(&diagnostic.message).into_owned());
        return Ok(Err(Unread::Misunderstood(reason)));
    };
    let mut changes = compare_read(&before, &after, &sources);
    // Concourse tells things in an order of its own.
    changes.changes.retain(|change| change.effect != Effect::Order);
    Ok(Ok(LiveState::Live { changes, by_a_job: live.parent_job_id.is_some() }))
}

/// The one that says more of what went wrong.
fn worse(one: Outcome, other: Outcome) -> Outcome {
    if one.code() >= other.code() { one } else { other }
}
