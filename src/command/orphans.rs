//! Pipelines that live on a Concourse, and that nothing renders any more.
//!
//! Concourse keeps no comments, and only from 8.2 on anything that could mark a pipeline as somebody's (`user_data`). What
//! tells is the history of the rendered files: a file of that name was made from this fleet, named this very Concourse and
//! team, and was removed. A pipeline of which the history knows nothing is somebody else's.

use std::collections::BTreeMap;

use concourse_pipeline::model::InstanceVars;
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostics, visible};
use yaml_source::source::Sources;

use crate::compare;
use crate::fly::{Fly, FlyPipeline, LivePipeline, Team};
use crate::git::{Commit, removed};
use crate::project::Concourse;
use crate::render::{Banner, RenderedFleet, quoted, set_pipeline};
use crate::workspace::file_name;

use super::pipeline::parse;
use super::set::{named, team_of};

/// A pipeline of the fleet that only Concourse still has.
pub(super) struct Orphan {
    name: String,
    instance_vars: InstanceVars,
    of: Team,
    /// The commit that removed its file.
    gone: Commit,
    /// It lives as it was rendered last.
    untouched: bool,
}

impl Orphan {
    /// What to do about it, in two lines.
    pub(super) fn in_words(&self) -> String {
        let Self { name, instance_vars, of, gone, untouched } = self;
        let name = FlyPipeline { name, instance_vars }.reference();
        let team = of.team.as_ref().map(|team| format!(" --team {}", quoted(team))).unwrap_or_default();
        let touched = if *untouched { "" } else { ", and was changed since" };
        format!(
            "orphan: `{}` was rendered from this fleet until {}{touched}; it is left alone, and this archives it:\n  \
             fly -t {} archive-pipeline{team} -p {}\n",
            visible(&name),
            gone.short(),
            quoted(&of.target),
            quoted(&name),
        )
    }
}

/// The orphans of a fleet, of which all manifests were rendered.
///
/// # Errors
///
/// When git or fly cannot be run.
pub(super) fn orphans(
    fleet: &RenderedFleet,
    living: &BTreeMap<Team, Vec<LivePipeline>>,
    fly: &Fly,
) -> Result<Vec<Orphan>, Failure> {
    let mut places: Vec<(&Concourse, Team)> = Vec::new();
    for pipeline in &fleet.pipelines {
        if let Some(of) = team_of(&pipeline.concourse).filter(|of| places.iter().all(|(_, known)| known != of)) {
            places.push((&pipeline.concourse, of));
        }
    }
    let rendered = |of: &Team, live: &LivePipeline| {
        let here = |concourse: &Concourse| team_of(concourse).as_ref() == Some(of);
        fleet.pipelines.iter().any(|pipeline| live.is(named(pipeline)) && here(&pipeline.concourse))
    };
    let mut orphans = Vec::new();
    let mut history = None;
    for (concourse, of) in places {
        let left = living.get(&of).into_iter().flatten();
        for live in left.filter(|live| !live.archived && !rendered(&of, live)) {
            let Some(instance_vars) = live.instance() else { continue };
            if history.is_none() {
                history = Some(if fleet.output.is_dir() { removed(&fleet.output)? } else { BTreeMap::new() });
            }
            let file_name = file_name(&live.name, &instance_vars);
            let Some(gone) = history.as_ref().and_then(|history| history.get(&file_name)) else { continue };
            let Some(text) = gone.file_before(&fleet.output, &file_name)? else { continue };
            let text = String::from_utf8_lossy(&text).into_owned();
            let mut lines = text.lines();
            let first = lines.next().unwrap_or_default();
            let command = format!("# {}", set_pipeline(concourse, &live.name, &instance_vars, &file_name));
            if !Banner::names(first, &fleet.output.join(&file_name), &fleet.path) || !lines.any(|line| line == command)
            {
                continue;
            }
            let known = FlyPipeline { name: &live.name, instance_vars: &instance_vars };
            let untouched = fly.configuration(&of, known)?.is_ok_and(|configuration| {
                let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
                let before = parse(&file_name, text, &mut sources, &mut diagnostics);
                let after = parse(&live.name, configuration, &mut sources, &mut diagnostics);
                before.zip(after).is_some_and(|(before, after)| compare(&before.pipeline, &after.pipeline).is_empty())
            });
            let (name, of, gone) = (live.name.clone(), of.clone(), gone.clone());
            orphans.push(Orphan { name, instance_vars, of, gone, untouched });
        }
    }
    Ok(orphans)
}
