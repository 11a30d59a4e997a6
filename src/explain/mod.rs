//! The page for developers: when is my code there, and how do I get it there? Written for somebody who has never heard
//! of Concourse.

mod links;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use concourse_pipeline::flow::duration;
use github_issues_resource::contract::calendar::Window;
use yaml_source::diagnostic::{Diagnostics, visible};
use yaml_source::markdown::{as_code, escaped};
use yaml_source::yaml::IndexMap;

use crate::approval::ApprovalSettings;
use crate::input::{GitSource, InputSource};
use crate::kind::Family;
use crate::manifest::CheckEvery;
use crate::plan::{GateIssue, Opening, PipelinePlan, PlannedJob, StageJob, StagePhase, Taken, TakenGate, plan};
use crate::project::{Concourse, Fleet, Gate, Input, Project, Stage};

use links::State;

/// The page of a project, in Markdown.
pub(crate) fn page(project: &Project, fleet: &Fleet) -> String {
    let plan = plan(project, &mut Diagnostics::default());
    let mut jobs: HashMap<(&str, &str, StagePhase), (&PipelinePlan<'_>, &StageJob<'_>)> = HashMap::new();
    for pipeline in &plan.pipelines {
        for job in &pipeline.jobs {
            if let PlannedJob::Stage(job) = job {
                jobs.insert((&job.stage.project, job.stage.name(), job.phase), (pipeline, job));
            }
        }
    }
    let stages = project.chains.iter().flat_map(|chain| &chain.stages);
    let several = project.chains.iter().flat_map(|chain| &chain.stages).any(|stage| {
        let first = project.chains.first().and_then(|chain| chain.stages.first());
        first.is_some_and(|first| first.project != stage.project)
    });
    let steps: Vec<StageStep<'_>> = stages
        .filter_map(|stage| {
            let job = |phase| jobs.get(&(stage.project.as_str(), stage.name(), phase)).copied();
            let (pipeline, deploy) = job(StagePhase::Deploy)?;
            let preview = job(StagePhase::Preview).map(|(_, preview)| preview);
            let concourse = &fleet.concourses[stage.concourse];
            let name = if several { format!("{} {}", stage.project, stage.name()) } else { stage.name().to_owned() };
            let kind = fleet.kinds.get(Family::Stack, &stage.kind).filter(|_| preview.is_some());
            let shared = kind.map(|kind| kind.shared_credentials(stage)).unwrap_or_default();
            Some(StageStep { name, stage, pipeline, concourse, deploy, preview, shared })
        })
        .collect();
    let mut page = Page { out: String::new() };
    page.write(&steps);
    page.out
}

/// A stage, with the jobs that lead into it.
struct StageStep<'p> {
    /// As its project calls it, with the project where there are several.
    name: String,
    stage: &'p Stage,
    pipeline: &'p PipelinePlan<'p>,
    concourse: &'p Concourse,
    deploy: &'p StageJob<'p>,
    preview: Option<&'p StageJob<'p>>,
    /// Credentials that the preview and the deployment have in common.
    shared: BTreeSet<String>,
}

impl StageStep<'_> {
    /// The job's name, with a link where it is known where Concourse is.
    fn job(&self, job: &StageJob<'_>) -> String {
        let name = format!("`{}`", job.name);
        match links::pipeline(self.concourse, self.pipeline, Some(job.name)) {
            Some(link) => format!("[{name}]({link})"),
            None => name,
        }
    }

    /// The gate by which somebody lets a version in, where it is the stage's own.
    fn gate(&self) -> Option<&TakenGate<'_>> {
        self.deploy.gate.as_ref().filter(|gate| gate.is_claimed())
    }

    fn name(&self) -> String {
        format!("**{}**", escaped(&self.name))
    }
}

struct Page {
    out: String,
}

impl Page {
    fn write(&mut self, steps: &[StageStep<'_>]) {
        let Some((first, last)) = steps.first().zip(steps.last()) else { return };
        let mut projects: IndexMap<&str, &Stage> = IndexMap::default();
        for step in steps {
            projects.entry(&step.stage.project).or_insert(step.stage);
        }
        self.line(&format!("# How does my code get to {}?", escaped(&last.name)));
        if projects.len() == 1 {
            self.line(&format!(
                "This page is about **{}**. Its code is {}.",
                escaped(&first.stage.project),
                code(first.stage)
            ));
        } else {
            self.line("This page is about what is deployed together:");
            for (name, stage) in projects {
                let _ = writeln!(self.out, "- **{}**: its code is {}", escaped(name), code(stage));
            }
            self.out.push('\n');
        }
        self.made_elsewhere(steps);
        self.line("A service called Concourse deploys it; this page is all that you need to know of Concourse.");
        self.line("## How can I tell when my code is there?");
        self.notifications(steps);
        self.line("## How do I get it there?");
        for (number, step) in steps.iter().enumerate() {
            self.get_there(number, step);
        }
        if steps.iter().any(|step| step.gate().is_some()) {
            self.closing(steps);
        }
        self.line("## A deployment failed");
        self.failed(steps);
        self.line("## How do I go back?");
        self.go_back(steps);
        self.line("## Where it runs");
        self.where_it_runs(steps);
    }

    /// What is deployed besides the code: images and other inputs, each with where it comes from.
    fn made_elsewhere(&mut self, steps: &[StageStep<'_>]) {
        let mut origins: IndexMap<String, BTreeSet<String>> = IndexMap::default();
        for input in inputs(steps) {
            let job = input.build.as_ref().map(|build| format!(" (job {})", as_code(build.job.as_str())));
            let name = as_code(input.name.as_str()) + &job.unwrap_or_default();
            origins.entry(origin(input)).or_default().insert(name);
        }
        if origins.is_empty() {
            return;
        }
        self.line("It is deployed with:");
        for (origin, names) in origins {
            let names: Vec<String> = names.into_iter().collect();
            let _ = writeln!(self.out, "- {}: {origin}", names.join(", "));
        }
        self.out.push('\n');
    }

    fn notifications(&mut self, steps: &[StageStep<'_>]) {
        self.out.push_str("| on | when |\n| --- | --- |\n");
        for step in steps {
            let when = match &step.deploy.opens {
                Some(Opening { issue, .. }) if is_ours(issue) => {
                    format!("an issue {} names your commit", titled(issue, State::Any))
                }
                Some(Opening { issue, .. }) => {
                    format!("a build to which an issue {} links has your commit", titled(issue, State::Any))
                }
                None => format!("the newest green build of {} has your commit", step.job(step.deploy)),
            };
            let _ = writeln!(self.out, "| {} | {when} |", step.name());
        }
        self.out.push('\n');
        self.line(
            "Look for the first seven characters of your commit (`git rev-parse --short=7 HEAD`), or of a later one of \
             the same branch, which contains yours. While an issue is open every later build is a comment on it.",
        );
        let inputs = inputs(steps);
        let is_built = inputs.iter().any(|input| has_other_code(input));
        if is_built {
            self.line(
                "The issues name commits of the code alone. If your commit is in another repository, open the job that \
                 builds from it, and there the build that has your commit: its last step shows the version that it \
                 made. Look for that version in the issue.",
            );
        }
        if inputs.iter().any(|input| input.build.is_none()) {
            self.line(
                "The issues name what is made elsewhere by its version: look for the version that has your commit.",
            );
        }
    }

    fn get_there(&mut self, number: usize, step: &StageStep<'_>) {
        let _ = write!(self.out, "{}. {}: ", number + 1, step.name());
        if let Some(preview) = step.preview {
            if let Some(gate) = preview.gate.as_ref().filter(|gate| gate.is_claimed()) {
                let _ = write!(self.out, "when {} was closed, ", titled(&gate.issue, State::Open));
            }
            let _ = write!(
                self.out,
                "{} shows what a deployment would change, and writes it into an issue: ",
                step.job(preview)
            );
        }
        let text = match step.gate() {
            Some(gate) => by_issue(gate, step),
            None if step.stage.gate == Gate::Manual => {
                format!("open {} and press **+**.", step.job(step.deploy))
            }
            None => by_itself(step),
        };
        self.out.push_str(&text);
        if step.preview.is_some_and(|preview| preview.unchanged.is_some()) {
            self.out.push_str(
                " When the preview finds nothing to change, the issue of the deployment says so, and nothing is deployed.",
            );
        }
        if !step.shared.is_empty() {
            let names: Vec<String> = step.shared.iter().map(|name| as_code(&format!("(({name}))"))).collect();
            let _ = write!(
                self.out,
                " **Careful**: the preview runs code that nobody approved, and it has credentials of the deployment: {}.",
                names.join(", ")
            );
        }
        for need in &step.deploy.needs {
            let name = need.job;
            let _ = if need.trigger {
                write!(self.out, " It waits for a deployment by `{name}`, and each starts it as well.")
            } else {
                write!(self.out, " It waits until `{name}` has deployed once.")
            };
        }
        self.out.push('\n');
    }

    fn closing(&mut self, steps: &[StageStep<'_>]) {
        self.out.push('\n');
        if steps.iter().filter_map(StageStep::gate).any(|gate| is_ours(&gate.issue)) {
            self.line(
                "Close an issue with the button **Close as completed**. **Close as not planned** rejects it: nothing \
                 is deployed. Reopening an issue takes the approval back, until the deployment starts.",
            );
        } else {
            self.line("Closing an issue starts the deployment, whatever the reason of the closing is. Leave the issue open as long as you are not sure.");
        }
        let exact = steps.iter().filter_map(StageStep::gate).any(|gate| gate.issue.is_exact());
        let loose = steps.iter().filter_map(StageStep::gate).any(|gate| !gate.issue.is_exact());
        if exact {
            self.line(
                "What is deployed is exactly what the issue named when it was closed, or nothing. What is merged \
                 afterwards waits for the next issue.",
            );
        }
        if loose {
            let these: Vec<&StageStep<'_>> =
                steps.iter().filter(|step| step.gate().is_some_and(|gate| !gate.issue.is_exact())).collect();
            self.line(&format!(
                "**Careful**: on {} whatever is newest by then is deployed, even if the issue does not show it yet.",
                names(&these)
            ));
        }
    }

    fn failed(&mut self, steps: &[StageStep<'_>]) {
        let (reporting, silent): (Vec<&StageStep<'_>>, Vec<&StageStep<'_>>) =
            steps.iter().partition(|step| step.gate().is_some_and(|gate| is_ours(&gate.issue)));
        if !reporting.is_empty() {
            self.line(&format!(
                "On {} the issue that was closed says so, with a link to the log. When the cause was outside of the \
                 code, open the job by that link and press **+**: the same versions are deployed again.",
                names(&reporting)
            ));
        }
        if !silent.is_empty() {
            self.line(&format!(
                "On {} the job is red in Concourse, and its newest build has the log. When the cause was outside of \
                 the code, press **+** there.",
                names(&silent)
            ));
        }
        self.line("When it was the code, fix it and merge: the fixed code goes the whole way again.");
    }

    fn go_back(&mut self, steps: &[StageStep<'_>]) {
        let back: Vec<&StageStep<'_>> =
            steps.iter().filter(|step| step.gate().is_some_and(|gate| gate.issue.is_exact())).collect();
        if back.is_empty() {
            self.line("Revert the commit and merge: what came before goes the whole way again.");
            return;
        }
        self.line(
            "The sure way is to revert the commit and merge: what came before goes the whole way again. The fast way \
             deploys again what an older issue names:",
        );
        for step in back {
            let Some(gate) = step.gate() else { continue };
            let _ = writeln!(
                self.out,
                "- {}: find the issue of the last good version among {}, and reopen it. Then somebody who can approve sets the \
                 label `rollback`, says why in a comment after that, and closes the issue again as completed.",
                step.name(),
                titled(&gate.issue, State::Any)
            );
        }
        self.out.push('\n');
    }

    fn where_it_runs(&mut self, steps: &[StageStep<'_>]) {
        self.out.push_str("| on | job | pipeline |\n| --- | --- | --- |\n");
        for step in steps {
            let name = step.pipeline.name;
            let pipeline = match links::pipeline(step.concourse, step.pipeline, None) {
                Some(link) => format!("[`{name}`]({link})"),
                None => format!("`{name}`"),
            };
            let place = [("on", &step.concourse.name), ("of the team", &step.concourse.team)]
                .into_iter()
                .filter_map(|(word, value)| Some(format!(" {word} {}", escaped(value.as_ref()?))))
                .collect::<String>();
            let _ = writeln!(self.out, "| {} | {} | {pipeline}{place} |", step.name(), step.job(step.deploy));
        }
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push_str("\n\n");
    }
}

/// Does the issue name versions, and is a closing weighed?
fn is_ours(issue: &GateIssue<'_>) -> bool {
    issue.issues.resource.names_versions()
}

fn names(steps: &[&StageStep<'_>]) -> String {
    steps.iter().map(|step| step.name()).collect::<Vec<_>>().join(", ")
}

/// What somebody does at a gate.
fn by_issue(gate: &TakenGate<'_>, step: &StageStep<'_>) -> String {
    let issue = &gate.issue;
    let mut text = format!("open the issue {}, look at what it lists, and close it.", titled(issue, State::Open));
    if let Some(approval) = issue.approval {
        let _ = write!(text, " {} can approve.", who(issue, approval));
        if let Some(soak) = &approval.soak {
            let since = if step.stage.gate == Gate::Preview { "previewed" } else { "deployed before" };
            let soak = seconds(soak.seconds());
            let _ =
                write!(text, " The deployment starts {soak} after the version was {since}, unless a newer one came.");
        }
        if let Some(delay) = &approval.delay {
            let _ = write!(text, " The deployment starts {} after the approval.", seconds(delay.seconds()));
        }
        if !approval.windows.is_empty() {
            let windows: Vec<String> = approval.windows.iter().map(Window::to_string).collect();
            let _ = write!(text, " Deployments start only {}.", escaped(&windows.join(", or ")));
        }
        for freeze in &approval.freezes {
            let _ = write!(text, " None starts {} ({}).", escaped(&freeze.to_string()), escaped(&freeze.why));
        }
        if let Some(expires) = &approval.expires {
            let _ = write!(text, " An approval that was not used is void after {}.", seconds(expires.seconds()));
        }
        if !approval.reject_labels.is_empty() {
            let labels: Vec<String> = approval.reject_labels.iter().map(|label| as_code(label)).collect();
            let _ = write!(text, " The label {} rejects it.", labels.join(" or "));
        }
    }
    if issue.issues.webhook.is_none() {
        text.push_str(&looks(&issue.issues.check_every));
    }
    let _ = write!(text, " Then {} deploys.", step.job(step.deploy));
    text
}

/// What happens without anybody.
fn by_itself(step: &StageStep<'_>) -> String {
    // An input of the first stage may have passed its build; the code comes from outside.
    let before = step.deploy.takes.iter().any(|take| matches!(take.taken, Taken::Code(_)) && !take.passed.is_empty());
    if before {
        return format!(
            "nothing to do: {} deploys by itself what the environment before it runs.",
            step.job(step.deploy)
        );
    }
    let others: Vec<String> = step
        .deploy
        .takes
        .iter()
        .filter(|take| take.trigger)
        .filter_map(|take| match take.taken {
            Taken::Input(input) => Some(as_code(input.name.as_str())),
            Taken::Code(_) => None,
        })
        .collect();
    let also = if others.is_empty() {
        String::new()
    } else {
        format!(" It also deploys each new version of {}.", others.join(", "))
    };
    if !step.deploy.takes.iter().any(|take| take.trigger) {
        return format!("open {} and press **+**.", step.job(step.deploy));
    }
    if !step.stage.code.trigger {
        return format!("a new version of {} is deployed by {}.", others.join(", "), step.job(step.deploy));
    }
    format!(
        "merge it to {}. {} deploys it by itself.{also}{}",
        branch(&step.stage.code.git),
        step.job(step.deploy),
        looks(&step.stage.code.check_every)
    )
}

/// What is deployed besides the code, each once.
fn inputs<'p>(steps: &[StageStep<'p>]) -> Vec<&'p Input> {
    let inputs = steps.iter().flat_map(|step| step.stage.inputs.iter());
    let inputs: IndexMap<&str, &Input> = inputs.map(|input| (input.name.as_str(), input)).collect();
    inputs.into_values().collect()
}

/// Whether an input is built from another repository than the project's own.
fn has_other_code(input: &Input) -> bool {
    input.build.as_ref().is_some_and(|build| !build.takes_code())
}

/// Where an input comes from.
fn origin(input: &Input) -> String {
    let Some(build) = &input.build else {
        return match &input.source {
            InputSource::Git(git) => of_repository(git),
            other => other.as_type().made_elsewhere(),
        };
    };
    let from: Vec<String> = build
        .from
        .iter()
        .map(|from| match &from.source {
            InputSource::Git(git) => of_repository(&GitSource { paths: Vec::new(), ..git.clone() }),
            _ => as_code(from.name.as_str()),
        })
        .collect();
    if from.is_empty() { "built from the code".to_owned() } else { format!("built from {}", from.join(" and ")) }
}

/// How long it may take until something is seen.
fn looks(every: &CheckEvery) -> String {
    match every.to_concourse().as_str() {
        "never" => String::new(),
        every => format!(" Concourse looks for it every {every}."),
    }
}

/// The branch of the code, after `merge it to`.
fn branch(git: &GitSource) -> String {
    git.branch.as_ref().map_or_else(|| "the default branch".to_owned(), |name| as_code(name))
}

/// The code of a stage, and which of it counts.
fn code(stage: &Stage) -> String {
    of_repository(&stage.code.git)
}

/// A branch of a repository, and which of it counts.
fn of_repository(git: &GitSource) -> String {
    let address = git.repository.strip_suffix(".git").unwrap_or(&git.repository);
    let plain = !address.contains(['@', ' ', '<', '>']) && address.starts_with("http");
    let address = if plain { format!("<{}>", visible(address)) } else { as_code(&git.repository) };
    let noun = if git.branch.is_some() { "the branch " } else { "" };
    let mut text = format!("{noun}{} of {address}", branch(git));
    if !git.paths.is_empty() {
        let paths: Vec<String> = git.paths.iter().map(|path| as_code(path)).collect();
        let _ = write!(text, ", as far as a commit changes {}", paths.join(", "));
    }
    text
}

/// An issue by its title, as the search that finds it.
fn titled(issue: &GateIssue<'_>, state: State) -> String {
    let link = links::search(issue.issues, issue.title, state);
    format!("[“{}”]({link})", escaped(issue.title))
}

/// Who may approve, to begin a sentence.
fn who(issue: &GateIssue<'_>, approval: &ApprovalSettings) -> String {
    let repository = format!("[{}]({})", escaped(&issue.issues.repository), links::repository(issue.issues));
    if !is_ours(issue) {
        return format!("Anyone who can close an issue of {repository}");
    }
    let closers = &approval.closers;
    if closers.is_empty() {
        return format!("Anyone with triage access to {repository}");
    }
    let named = |before: &str, names: &[String]| -> Vec<String> {
        names.iter().map(|name| format!("{before}{}", escaped(name))).collect()
    };
    let all: Vec<String> = [
        named("the team ", &closers.teams),
        named("@", &closers.users),
        named("the App ", &closers.apps),
        named(&format!("anyone with access to {repository} as "), &closers.roles),
    ]
    .concat();
    format!("Only {}", all.join(" or "))
}

fn seconds(count: u64) -> String {
    duration(i64::try_from(count).unwrap_or(i64::MAX))
}
