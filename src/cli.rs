//! The command line. Help texts are written here.

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use concourse_pipeline::model::ConcourseVersion;
use yaml_source::Failure;
use yaml_source::diagnostic::{DeniedRule, Levels, Rule};
use yaml_source::report::Format;

use crate::job_target::JobTarget;
use crate::kind::Family;

/// Generates Concourse pipelines whose promotions are approved by closing GitHub issues.
///
/// A fleet (`pipegen.yml`) contains the settings that its projects share. A manifest (`projects/NAME.yml`) names what one
/// project deploys, its environments, and the gate before each of them.
///
/// Exit codes: 0 success, 1 problems or differences found, 2 wrong usage, 3 could not run. `render --check` ends with 4 if
/// rendered files are out of date, `verify` with 5 if a search stopped before its end.
#[derive(Debug, Parser)]
#[command(name = "ol-pipegen", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Use colour: on a terminal (`auto`), `always` or `never`.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, hide_possible_values = true, value_name = "WHEN")]
    pub color: Colour,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Render manifests to Concourse pipelines.
    Render(RenderArgs),
    /// Show what would change on Concourse, ask, then set the pipelines with `fly`.
    ///
    /// The command compares each rendered file with the pipeline on its Concourse. It shows the changes, weaker gates
    /// first, and sets nothing until you confirm. It refuses to set anything while a rendered file is out of date. A
    /// pipeline that this fleet rendered before, according to git, and no longer renders is listed and left as it is.
    ///
    /// Exit codes: 0 all pipelines are up to date, 1 some differ, 2 wrong usage, 3 one could not be read or set.
    Set(SetArgs),
    /// Check manifests, fleets, kinds and Concourse pipelines. Writes nothing.
    Validate(ValidateArgs),
    /// Search pipelines for a way to deploy what nobody approved, up to a bound.
    Verify(VerifyArgs),
    /// Play a scenario against pipelines: show what is deployed where, and why.
    ///
    /// A scenario is a YAML file. It names pipelines, manifests or fleets, and lists what happens: commits, closings of
    /// issues, failures, new pipelines. Its expectations make it a test. `verify --scenario` prints one.
    ///
    /// Exit codes: 0 all expectations are true, 1 one is not or something was deployed without its approval, 2 wrong usage,
    /// 3 could not run.
    Simulate(SimulateArgs),
    /// Create a fleet, a first manifest, and the schemas with which editors check them.
    Init(InitArgs),
    /// Show the settings of a project with all defaults, and where each value comes from.
    Show(ShowArgs),
    /// Draw which job starts which, with all gates, as text, Mermaid, DOT or SVG.
    Graph(GraphArgs),
    /// Write a page for developers: when is my code on an environment, and how do I get it there?
    Explain(ExplainArgs),
    /// Show what changes between two pipelines: gates, version histories, jobs and scripts.
    ///
    /// A pipeline is a file, `-` for standard input, or REVISION:PATH in git. A different order is not a difference.
    ///
    /// Exit codes: 0 no differences, 1 differences (with `--fail-on weaker`: of gates), 2 wrong usage, 3 could not run.
    Diff(DiffArgs),
    /// Convert a Concourse pipeline to a manifest, and list what could not be converted.
    ///
    /// The command renders the new manifest and compares the result with the pipeline. It explains each difference, or
    /// reports it as not converted and exits with 1. It replaces secrets in plain text with names of credentials.
    Import(ImportArgs),
    /// Count the hourly GitHub requests of fleets, and compare them with GitHub's limits.
    Budget(BudgetArgs),
    /// Print the JSON Schema of a manifest, fleet, kind, pipeline, report or scenario.
    Schema(SchemaArgs),
    /// List the kinds of stacks and builds, or print one as a start for your own.
    Kind(KindArgs),
    /// List all rules, or print the page of one rule.
    Rule(RuleArgs),
    /// Print the completion script for a shell.
    Completions(CompletionsArgs),
}

/// Arguments of `render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// Fleets (`pipegen.yml`), manifests, or folders that contain fleets [default: current directory].
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<Utf8PathBuf>,

    /// Write nothing. Exit with 4 and show a diff if a committed file is stale, missing or left over.
    #[arg(long, group = "mode", help_heading = "Output")]
    pub check: bool,

    /// Write nothing. Show a diff against the committed files, and exit with 0.
    #[arg(long, group = "mode", help_heading = "Output")]
    pub diff: bool,

    /// Write nothing. Print the pipelines as YAML documents.
    #[arg(long, group = "mode", help_heading = "Output")]
    pub stdout: bool,

    /// Write into this folder instead of the fleet's own.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "stdout", help_heading = "Output")]
    pub out: Option<Utf8PathBuf>,

    /// Do not list the files that were written.
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,

    /// Do not use the up-to-date cache.
    #[arg(long, help_heading = "Output")]
    pub no_cache: bool,

    /// Directory with the source code, to find stages (`discover`) and to check paths, stack files and imports.
    #[arg(long, value_name = "DIR", value_parser = folder, value_hint = ValueHint::DirPath, help_heading = "Input")]
    pub source_root: Option<Utf8PathBuf>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "it would be the description of the command")]
    pub report: ReportArgs,
}

/// Arguments of `set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Fleets (`pipegen.yml`), manifests, or folders that contain fleets [default: current directory].
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<Utf8PathBuf>,

    /// Set the pipelines without asking. Required where there is no terminal.
    #[arg(long, short)]
    pub yes: bool,

    /// Unpause new pipelines [default: new pipelines are paused].
    #[arg(long)]
    pub unpause: bool,

    /// Path of the `fly` binary.
    #[arg(long, value_name = "FILE", default_value = "fly", value_hint = ValueHint::ExecutablePath)]
    pub fly: Utf8PathBuf,

    /// Directory with the source code.
    #[arg(long, value_name = "DIR", value_parser = folder, value_hint = ValueHint::DirPath)]
    pub source_root: Option<Utf8PathBuf>,
}

/// How problems are reported.
#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportArgs {
    /// Format of the report: plain, json, sarif (code scanning) or github (annotations of a workflow).
    #[arg(long, value_enum, default_value_t = Format::Plain, hide_possible_values = true, value_name = "FORMAT")]
    pub format: Format,

    /// Treat this rule as an error; `warnings` stands for all rules that warn.
    #[arg(long, value_name = "RULE")]
    pub deny: Vec<DeniedRule>,

    /// Treat this rule as a warning.
    #[arg(long, value_name = "RULE")]
    pub warn: Vec<Rule>,

    /// Do not report this rule.
    #[arg(long, value_name = "RULE")]
    pub allow: Vec<Rule>,
}

impl ReportArgs {
    /// Returns the severity of each rule.
    ///
    /// # Errors
    ///
    /// If the flags contradict each other.
    pub(crate) fn levels(&self) -> Result<Levels, Failure> {
        Levels::new(&self.deny, &self.warn, &self.allow).map_err(Failure::Usage)
    }
}

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Manifests, fleets, kinds and pipelines, recognized by their content, or folders that contain fleets; `-` is
    /// standard input [default: current directory].
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<Utf8PathBuf>,

    /// Concourse version to validate against: 7.14, 8.0, 8.1, 8.2 or 8.3 [default: newest; for rendered pipelines the
    /// `version` in the fleet].
    #[arg(long, value_enum, hide_possible_values = true, value_name = "VERSION", help_heading = "Pipelines")]
    pub concourse: Option<ConcourseVersion>,

    /// Report as errors what `fly validate-pipeline --strict` refuses: invalid identifiers, unknown keys, deprecated keys.
    /// Other warnings stay warnings.
    #[arg(long, short, help_heading = "Pipelines")]
    pub strict: bool,

    /// Set a pipeline variable to a text, like `fly -v`; NAME may be a path such as `image.tag`.
    #[arg(long, short, value_name = "NAME=TEXT", help_heading = "Pipelines")]
    pub var: Vec<String>,

    /// Set a pipeline variable to a YAML value, like `fly -y`.
    #[arg(long, short, value_name = "NAME=YAML", help_heading = "Pipelines")]
    pub yaml_var: Vec<String>,

    /// Read pipeline variables from a file, like `fly -l`. Flags override files, and later files override earlier ones.
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Pipelines")]
    pub load_vars_from: Vec<Utf8PathBuf>,

    /// Team of the pipelines. Only the team `main` can set pipelines of other teams.
    #[arg(long, value_name = "NAME", help_heading = "Pipelines")]
    pub team: Option<String>,

    /// Environment of a job, such as `ship=QA` [default: by its name].
    #[arg(long, value_name = "JOB=ENV", value_parser = JobTarget::parse, help_heading = "Pipelines")]
    pub target: Vec<JobTarget>,

    /// Treat every file as a Concourse pipeline.
    #[arg(long, help_heading = "Pipelines")]
    pub as_pipeline: bool,

    /// Print nothing if there are no problems.
    #[arg(long, short, help_heading = "Report")]
    pub quiet: bool,

    /// Count the reports of each rule, instead of printing them.
    #[arg(long, conflicts_with = "format", help_heading = "Report")]
    pub summary: bool,

    /// File name to use for standard input, in reports and to find the fleet.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Input")]
    pub stdin_filename: Option<Utf8PathBuf>,

    /// Directory with the source code, to check paths and find stages.
    #[arg(long, value_name = "DIR", value_parser = folder, value_hint = ValueHint::DirPath, help_heading = "Input")]
    pub source_root: Option<Utf8PathBuf>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "it would be the description of the command")]
    pub report: ReportArgs,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Pipelines, manifests, fleets, or folders that contain fleets [default: current directory]. Name all pipelines that
    /// share a gate.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<Utf8PathBuf>,

    /// Concourse version to read pipelines as: 7.14, 8.0, 8.1, 8.2 or 8.3 [default: newest; for fleets the `version` in the
    /// fleet].
    #[arg(long, value_enum, hide_possible_values = true, value_name = "VERSION", help_heading = "Pipelines")]
    pub concourse: Option<ConcourseVersion>,

    /// Environment of a job, such as `ship=QA`, or of the only steps of the job that deploy, such as `ship/apply=QA`. Jobs
    /// with the same environment need the same approval. `test=` says that the job deploys nothing.
    #[arg(long, value_name = "JOB[/STEP]=ENV", value_parser = JobTarget::parse, help_heading = "Pipelines")]
    pub target: Vec<JobTarget>,

    /// Do not require an approval for the versions of this get. Manifests say so with `unpinned: REASON`.
    #[arg(long, value_name = "JOB/GET", value_parser = job_get, help_heading = "Pipelines")]
    pub unpinned: Vec<(String, String)>,

    /// Pipelines, manifests or fleets that are set today. PATH is set in their place at some moment of each story, so that
    /// approvals from before are used after it. Can be given several times.
    #[arg(long, value_name = "OLD", value_hint = ValueHint::AnyPath, help_heading = "Pipelines")]
    pub from: Vec<Utf8PathBuf>,

    /// Most states that one search looks at [default: 20000].
    #[arg(long, value_name = "N", default_value_t = 20_000, hide_default_value = true, help_heading = "Search")]
    pub states: usize,

    /// Exit with 0, not with 5, if a search stops at `--states`.
    #[arg(long, help_heading = "Search")]
    pub allow_incomplete: bool,

    /// Print the first story as a scenario for `simulate`.
    #[arg(long, help_heading = "Report")]
    pub scenario: bool,

    /// Print nothing if there are no problems.
    #[arg(long, short, help_heading = "Report")]
    pub quiet: bool,

    #[command(flatten)]
    #[expect(missing_docs, reason = "it would be the description of the command")]
    pub report: ReportArgs,
}

/// Reads `JOB/GET`.
fn job_get(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((job, get)) if !job.is_empty() && !get.is_empty() => Ok((job.to_owned(), get.to_owned())),
        _ => Err("expected JOB/GET, such as deploy-shop/linter".to_owned()),
    }
}

/// Reads the path of a folder.
fn folder(text: &str) -> Result<Utf8PathBuf, String> {
    let path = Utf8PathBuf::from(text);
    if path.is_dir() { Ok(path) } else { Err("there is no such folder".to_owned()) }
}

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Scenario. `ol-pipegen schema scenario` prints the schema of such files.
    #[arg(value_name = "SCENARIO", value_hint = ValueHint::FilePath)]
    pub scenario: Utf8PathBuf,

    /// Format of the output: text or json.
    #[arg(long, short, value_enum, default_value_t = SimulateFormat::Text, hide_possible_values = true, value_name = "FORMAT")]
    pub format: SimulateFormat,

    /// Wait for Enter after each step.
    #[arg(long, conflicts_with = "format")]
    pub step: bool,

    /// Print only problems.
    #[arg(long, short)]
    pub quiet: bool,

    /// Concourse version to read pipelines as: 7.14, 8.0, 8.1, 8.2 or 8.3 [default: newest; for fleets the `version` in the
    /// fleet].
    #[arg(long, value_enum, hide_possible_values = true, value_name = "VERSION")]
    pub concourse: Option<ConcourseVersion>,
}

/// How a story is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SimulateFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Folder for the new files [default: current directory].
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true, value_hint = ValueHint::DirPath)]
    pub folder: Utf8PathBuf,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Manifest.
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub manifest: Utf8PathBuf,

    /// Show only this stage: `ENVIRONMENT` or `GROUP.ENVIRONMENT`.
    #[arg(value_name = "STAGE")]
    pub stage: Option<String>,

    /// Directory with the source code.
    #[arg(long, value_name = "DIR", value_parser = folder, value_hint = ValueHint::DirPath)]
    pub source_root: Option<Utf8PathBuf>,
}

/// Arguments of `budget`.
#[derive(Debug, Args)]
pub struct BudgetArgs {
    /// Fleets (`pipegen.yml`), manifests, or folders that contain fleets. All are counted together, because GitHub limits
    /// accounts [default: current directory].
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<Utf8PathBuf>,

    /// Format of the output: text or json.
    #[arg(long, short, value_enum, default_value_t = BudgetFormat::Text, hide_possible_values = true, value_name = "FORMAT")]
    pub format: BudgetFormat,

    /// Hourly request limit of each account, such as 15000 for an App in GitHub Enterprise Cloud [default: the lowest
    /// limit that GitHub documents].
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub limit: Option<u64>,

    /// Directory with the source code.
    #[arg(long, value_name = "DIR", value_parser = folder, value_hint = ValueHint::DirPath)]
    pub source_root: Option<Utf8PathBuf>,
}

/// How a budget is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BudgetFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Arguments of `graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// A manifest, or a Concourse pipeline: a file, `-` for standard input, or REVISION:PATH in git.
    #[arg(value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub path: String,

    /// Format of the graph: text, mermaid (GitHub Markdown), dot (graphviz) or svg.
    #[arg(long, short, value_enum, default_value_t = GraphFormat::Text, hide_possible_values = true, value_name = "FORMAT")]
    pub format: GraphFormat,

    /// Show only what starts something: leave out resources that a job takes without being started by them.
    #[arg(long)]
    pub only_triggers: bool,

    /// Directory with the source code.
    #[arg(long, value_name = "DIR", value_parser = folder, value_hint = ValueHint::DirPath)]
    pub source_root: Option<Utf8PathBuf>,
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For a terminal.
    Text,
    /// For Markdown on GitHub.
    Mermaid,
    /// For graphviz.
    Dot,
    /// An image, for light and dark pages.
    Svg,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Manifest.
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub manifest: Utf8PathBuf,

    /// Directory with the source code.
    #[arg(long, value_name = "DIR", value_parser = folder, value_hint = ValueHint::DirPath)]
    pub source_root: Option<Utf8PathBuf>,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A pipeline, or two revisions: OLD..NEW, or OLD...NEW to compare NEW with the merge base.
    #[arg(value_name = "OLD", value_hint = ValueHint::FilePath)]
    pub old: String,

    /// The other pipeline. With two revisions: the folder or file to compare [default: current directory].
    #[arg(value_name = "NEW", value_hint = ValueHint::AnyPath)]
    pub new: Option<String>,

    /// Format of the output: text, json, or markdown for a pull request.
    #[arg(long, short, value_enum, default_value_t = DiffFormat::Text, hide_possible_values = true, value_name = "FORMAT")]
    pub format: DiffFormat,

    /// Differences that exit with 1: any, or weaker for gates that get weaker or promote to another stage.
    #[arg(long, value_enum, default_value_t = FailOn::Any, hide_possible_values = true, value_name = "DIFFERENCES")]
    pub fail_on: FailOn,
}

/// Differences with which `diff` fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// All of them.
    Any,
    /// A gate gets weaker, or promotes to another stage.
    Weaker,
}

/// How a difference is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// In words.
    Text,
    /// For programs.
    Json,
    /// For a pull request.
    Markdown,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Pipelines: files as `fly get-pipeline` prints them, `-` for standard input, or REVISION:PATH in git. The name of
    /// the file is the name of the pipeline.
    #[arg(value_name = "PIPELINE", required = true, value_hint = ValueHint::FilePath)]
    pub pipelines: Vec<String>,

    /// Write the manifest to this path instead of printing it: a file that ends in `.yml` or `.yaml`, or a folder, which
    /// is made if it is missing. New kinds are written to the folder of kinds.
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub out: Option<Utf8PathBuf>,

    /// Fleet of the new manifest. Settings equal to the fleet's defaults are omitted [default: the nearest fleet above
    /// `--out`, or above the current directory].
    #[arg(long, value_name = "FLEET", value_hint = ValueHint::FilePath)]
    pub fleet: Option<Utf8PathBuf>,

    /// Name of the pipeline [default: name of the file].
    #[arg(long, value_name = "NAME")]
    pub pipeline: Option<String>,

    /// Overwrite existing files.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// File to print the schema of.
    #[arg(value_enum, value_name = "FILE")]
    pub file: SchemaOf,

    /// Fleet whose own kinds are included [default: the fleet in the current directory, or above it].
    #[arg(long, value_name = "FLEET", value_hint = ValueHint::FilePath)]
    pub fleet: Option<Utf8PathBuf>,
}

/// A file that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// A manifest, `projects/NAME.yml`.
    Project,
    /// A fleet, `pipegen.yml`.
    Fleet,
    /// A kind, `kinds/stacks/KIND.yml` or `kinds/builds/KIND.yml`.
    Kind,
    /// A Concourse pipeline.
    Pipeline,
    /// A report in the format of `--format json`.
    Report,
    /// A scenario for `simulate`.
    Scenario,
}

/// Arguments of `kind`.
#[derive(Debug, Args)]
pub struct KindArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: KindCommand,
}

/// What to do with kinds.
#[derive(Debug, Subcommand)]
pub enum KindCommand {
    /// List the kinds.
    List {
        /// Fleet whose own kinds are included [default: the fleet in the current directory, or above it].
        #[arg(long, value_name = "FLEET", value_hint = ValueHint::FilePath)]
        fleet: Option<Utf8PathBuf>,
    },
    /// Print a built-in kind, or a kind of the fleet.
    Show {
        /// Name of the kind.
        name: String,
        /// Family of the kind, if a stack kind and a build kind have the same name.
        #[arg(long, value_enum)]
        family: Option<FamilyArg>,
        /// Fleet whose own kinds are included [default: the fleet in the current directory, or above it].
        #[arg(long, value_name = "FLEET", value_hint = ValueHint::FilePath)]
        fleet: Option<Utf8PathBuf>,
    },
}

/// What a kind makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FamilyArg {
    /// Deploys stages.
    Stack,
    /// Makes inputs.
    Build,
}

impl From<FamilyArg> for Family {
    fn from(family: FamilyArg) -> Self {
        match family {
            FamilyArg::Stack => Self::Stack,
            FamilyArg::Build => Self::Build,
        }
    }
}

/// Arguments of `rule`.
#[derive(Debug, Args)]
pub struct RuleArgs {
    /// Name of the rule [default: list all rules].
    #[arg(value_name = "RULE")]
    pub rule: Option<Rule>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}
