//! A name in `names` that is the same for stages that need names of their own: one mistake, whatever follows from it.

use std::collections::BTreeMap;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, ticked};
use yaml_source::yaml::Node;

use crate::project::fleet::Fleet;
use crate::project::stage::{Gate, Project, Record, Stage};

/// Reports names of the user's own that several stages of one pipeline share. Returns whether there are none.
pub(super) fn check(project: &Project, fleet: &Fleet, diagnostics: &mut Diagnostics) -> bool {
    let mut pipelines: BTreeMap<(usize, &str), Vec<Named<'_>>> = BTreeMap::new();
    for chain in &project.chains {
        for (index, stage) in chain.stages.iter().enumerate() {
            let next = chain.stages.get(index + 1);
            let opens_gate = next.is_some_and(|next| next.gate == Gate::Issue);
            let named = Named { stage, opens_gate };
            pipelines.entry((stage.concourse, stage.pipeline.as_str())).or_default().push(named);
        }
    }
    let mut are_distinct = true;
    for stages in pipelines.values() {
        for found in shared(stages, fleet) {
            diagnostics.push(found);
            are_distinct = false;
        }
    }
    are_distinct
}

/// A stage, and what decides which of its names are used.
struct Named<'s> {
    stage: &'s Stage,
    opens_gate: bool,
}

impl Named<'_> {
    /// A name of the stage, if the pipeline has something of that name for the stage alone.
    fn name(&self, field: &str) -> Option<&str> {
        let (stage, names) = (self.stage, &self.stage.names);
        match field {
            "deploy" => Some(names.deploy.as_str()),
            "preview" => (stage.gate == Gate::Preview).then_some(names.preview.as_str()),
            "deployed" => (self.opens_gate || stage.record != Record::None).then_some(names.deployed_post.as_str()),
            "ready" => (stage.gate == Gate::Preview).then_some(names.ready_post.as_str()),
            _ => Some(&stage.stack),
        }
    }

    /// A name as it is written in `names`: without what the program adds.
    fn stage_name(&self, field: &str) -> &str {
        let name = self.name(field).unwrap_or_default();
        if matches!(field, "deployed" | "ready") { name.strip_suffix("-post").unwrap_or(name) } else { name }
    }

    /// What somebody wrote for a name.
    fn written(&self, field: &str, fleet: &Fleet) -> Option<&Node> {
        let node = self.stage.origin.settings.at(&format!("/names/{field}"))?;
        (node.span.file != fleet.built_in).then_some(node)
    }
}

/// The errors of the stages of one pipeline. What all names are made of comes first, and hides those.
fn shared(stages: &[Named<'_>], fleet: &Fleet) -> Vec<Diagnostic> {
    let jobs = same(stages, "deploy");
    if jobs.is_empty() {
        return ["preview", "deployed", "ready"].iter().filter_map(|field| shared_name(stages, field, fleet)).collect();
    }
    let of_stacks = shared_name(&jobs, "stack", fleet).filter(|_| jobs.iter().all(|named| is_default(named, fleet)));
    if let Some(of_stacks) = of_stacks {
        return vec![of_stacks];
    }
    ["deploy", "preview", "deployed", "ready"].iter().filter_map(|field| shared_name(stages, field, fleet)).collect()
}

/// Whether the name of the job is made of that of the stack.
fn is_default(named: &Named<'_>, fleet: &Fleet) -> bool {
    let uses = |node: &Node| node.as_str().is_some_and(|text| text.contains("stack") || text.contains("slug"));
    named.written("deploy", fleet).is_none_or(uses)
}

/// The first stages that share a name.
fn same<'s>(stages: &[Named<'s>], field: &str) -> Vec<Named<'s>> {
    let name = |named: &Named<'s>| named.name(field).map(str::to_owned);
    let shared = stages.iter().enumerate().find_map(|(at, first)| {
        let name = name(first)?;
        stages[at + 1..].iter().any(|other| other.name(field) == Some(&name)).then_some(name)
    });
    let Some(shared) = shared else { return Vec::new() };
    let all = stages.iter().filter(|named| named.name(field) == Some(&shared));
    all.map(|named| Named { stage: named.stage, opens_gate: named.opens_gate }).collect()
}

fn shared_name(stages: &[Named<'_>], field: &str, fleet: &Fleet) -> Option<Diagnostic> {
    let same = same(stages, field);
    let [first, .., last] = same.as_slice() else { return None };
    // Several projects may have one name, which is another mistake.
    if same.iter().any(|named| named.stage.project != first.stage.project) {
        return None;
    }
    let (written, other) = (last.written(field, fleet)?, first.written(field, fleet)?);
    let text = written.as_str()?;
    let names = ticked(same.iter().map(|named| named.stage.name()));
    let message = format!("`names.{field}` is the same for {names}: `{}`", first.stage_name(field));
    let differ = |part: &dyn Fn(&Stage) -> String| same.iter().any(|named| part(named.stage) != part(first.stage));
    let mut example = text.trim().to_owned();
    let mut add = |separator: &str, part: &str| {
        if !example.is_empty() {
            example += separator;
        }
        example += &format!("{{{{ {part} }}}}");
    };
    if field == "stack" {
        if differ(&|stage| stage.group.clone().unwrap_or_default()) {
            add(".", "group");
        }
        if differ(&|stage| stage.environment.clone()) {
            add(".", "environment");
        }
    } else {
        add("-", "slug");
    }
    let found = Diagnostic::new(Rule::NameCollision, written.span, message);
    let found = if other.span == written.span { found } else { found.also(other.span, "the other one") };
    Some(found.help(format!("write what differs from stage to stage, such as `{field}: \"{example}\"`")))
}
