//! The command line. Help texts are written here.

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use crate::Failure;
use crate::concourse::ConcourseVersion;
use crate::diagnostic::{DeniedRule, Levels, Rule};
use crate::kind::Family;
use crate::report::Format;

/// Generates Concourse pipelines whose promotions are approved by closing GitHub issues.
///
/// A fleet (`pipegen.yml`) says what its projects share; a manifest (`projects/NAME.yml`) says what one project deploys,
/// through which environments, and what must be true before a version enters each of them.
///
/// Exit codes: 0 fine, 1 problems or drift, 2 usage, 3 could not run.
#[derive(Debug, Parser)]
#[command(name = "ol-pipegen", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
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
    /// Render manifests into Concourse pipelines.
    Render(RenderArgs),
    /// Set the rendered pipelines that live otherwise, by `fly`, once it is told what changes.
    ///
    /// What is set are the rendered files, and none while one of them is out of date. Each is compared with what lives on
    /// its Concourse; what changes is told, what makes a gate weaker first, and nothing is touched before somebody says
    /// yes. What lives there, was rendered from this fleet once, as far as git's history goes, and is not any more, is
    /// told and left alone.
    ///
    /// Exit codes: 0 all live as they are rendered, 1 they do not, 2 usage, 3 one could not be read or set.
    Set(SetArgs),
    /// Check manifests, fleets, kinds and pipelines of Concourse's, and write nothing.
    Validate(ValidateArgs),
    /// Write a fleet and a manifest to begin with, and the schemas that editors check them against.
    Init(InitArgs),
    /// Print a project as it is understood: every default applied, each value with the place that it came from.
    Show(ShowArgs),
    /// Draw who starts whom in a project or a pipeline, gates and all: as text, Mermaid, DOT or SVG.
    Graph(GraphArgs),
    /// Write the page for developers: when is my code on an environment, and how do I get it there?
    Explain(ExplainArgs),
    /// Tell what changes from one pipeline to another: gates, version histories, jobs, scripts.
    Diff(DiffArgs),
    /// Make a manifest of a pipeline of Concourse's, and tell what it does not carry over.
    ///
    /// The manifest is rendered and compared with the pipeline: each difference that is left has a name and a reason, or
    /// is reported as not carried over, and the exit code is 1. Secrets in clear become names of credentials.
    Import(ImportArgs),
    /// Count what fleets ask of GitHub by the hour, against its limits.
    Budget(BudgetArgs),
    /// Print the JSON Schema of a file of the language, with the options of the kinds that are at hand, of a Concourse
    /// pipeline, or of a report.
    Schema(SchemaArgs),
    /// List the kinds of stacks and builds, or print one to begin a kind of your own with.
    Kind(KindArgs),
    /// List the rules that reports name, or print the page of one.
    Rule(RuleArgs),
    /// Print a script that completes this command line in a shell.
    Completions(CompletionsArgs),
}

/// Arguments of `render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// Fleets (`pipegen.yml`), manifests, or folders with fleets below them; the working folder unless said.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<Utf8PathBuf>,

    /// Write nothing; exit with 1 and show a diff when a committed file is stale, missing or left over.
    #[arg(long, group = "mode", help_heading = "Output")]
    pub check: bool,

    /// Write nothing; show a diff against the committed files, and exit with 0.
    #[arg(long, group = "mode", help_heading = "Output")]
    pub diff: bool,

    /// Write nothing; print the pipelines, as YAML documents.
    #[arg(long, group = "mode", help_heading = "Output")]
    pub stdout: bool,

    /// Write into this folder instead of the fleet's own.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "stdout", help_heading = "Output")]
    pub out: Option<Utf8PathBuf>,

    /// Say nothing of what was written.
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,

    /// Neither believe nor remember in the user's cache that nothing has changed since all was up to date.
    #[arg(long, help_heading = "Output")]
    pub no_cache: bool,

    /// Where the code is checked out: finds stages (`discover`), and checks that paths and stack files are there, and
    /// that what a Pulumi project imports is watched.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Input")]
    pub source_root: Option<Utf8PathBuf>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "it would be the description of the command")]
    pub report: ReportArgs,
}

/// Arguments of `set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Fleets (`pipegen.yml`), manifests, or folders with fleets below them; the working folder unless said.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<Utf8PathBuf>,

    /// Set them without asking. Without it, and without a terminal, nothing is set.
    #[arg(long, short)]
    pub yes: bool,

    /// Let new pipelines run at once; else they are paused until somebody lets them.
    #[arg(long)]
    pub unpause: bool,

    /// The `fly` binary.
    #[arg(long, value_name = "FILE", default_value = "fly", value_hint = ValueHint::ExecutablePath)]
    pub fly: Utf8PathBuf,

    /// Where the code is checked out.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub source_root: Option<Utf8PathBuf>,
}

/// How problems are reported.
#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportArgs {
    /// How the report is written.
    #[arg(long, value_enum, default_value_t = Format::Plain, value_name = "FORMAT")]
    pub format: Format,

    /// Take what this rule finds for an error; `warnings` are all rules that warn.
    #[arg(long, value_name = "RULE")]
    pub deny: Vec<DeniedRule>,

    /// Take what this rule finds for a warning.
    #[arg(long, value_name = "RULE")]
    pub warn: Vec<Rule>,

    /// Say nothing of what this rule finds.
    #[arg(long, value_name = "RULE")]
    pub allow: Vec<Rule>,
}

impl ReportArgs {
    /// What is made of rules.
    ///
    /// # Errors
    ///
    /// When what is said of them cannot be.
    pub(crate) fn levels(&self) -> Result<Levels, Failure> {
        Levels::new(&self.deny, &self.warn, &self.allow).map_err(Failure::Usage)
    }
}

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Manifests, fleets, kinds and pipelines, told apart by what they say, or folders with fleets below them; the
    /// working folder unless said. `-` is standard input.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<Utf8PathBuf>,

    /// The Concourse that pipelines are for, by whose rules they are read and checked, and what is rendered as well: 7.14,
    /// 8.0, 8.1, 8.2 or 8.3. The newest unless said, and of what is rendered the `version` that the fleet says.
    #[arg(long, value_enum, hide_possible_values = true, value_name = "VERSION", help_heading = "Pipelines")]
    pub concourse: Option<ConcourseVersion>,

    /// Take for an error what `fly validate-pipeline --strict` refuses: names that are no identifiers, keys that are not
    /// known, what is deprecated. What only this program warns of stays a warning.
    #[arg(long, short, help_heading = "Pipelines")]
    pub strict: bool,

    /// Give a variable of pipelines a text, as `fly -v`; NAME may be a path such as `image.tag`.
    #[arg(long, short, value_name = "NAME=TEXT", help_heading = "Pipelines")]
    pub var: Vec<String>,

    /// Give a variable of pipelines a value of YAML, as `fly -y`.
    #[arg(long, short, value_name = "NAME=YAML", help_heading = "Pipelines")]
    pub yaml_var: Vec<String>,

    /// Take variables of pipelines from a file, as `fly -l`; what flags give goes before, and a later file before an
    /// earlier one.
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Pipelines")]
    pub load_vars_from: Vec<Utf8PathBuf>,

    /// The team that pipelines are of: only `main` sets those of another one.
    #[arg(long, value_name = "NAME", help_heading = "Pipelines")]
    pub team: Option<String>,

    /// Take every file for a pipeline, whatever it says.
    #[arg(long, help_heading = "Pipelines")]
    pub as_pipeline: bool,

    /// Say nothing when nothing is wrong.
    #[arg(long, short, help_heading = "Report")]
    pub quiet: bool,

    /// The file that standard input stands for: the fleet above it counts, and reports name it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Input")]
    pub stdin_filename: Option<Utf8PathBuf>,

    /// Where the code is checked out: finds stages (`discover`), and checks that paths and stack files are there, and
    /// that what a Pulumi project imports is watched.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Input")]
    pub source_root: Option<Utf8PathBuf>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "it would be the description of the command")]
    pub report: ReportArgs,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder; the working folder unless said.
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true, value_hint = ValueHint::DirPath)]
    pub folder: Utf8PathBuf,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The manifest.
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub manifest: Utf8PathBuf,

    /// Only this stage, `ENVIRONMENT` or `GROUP.ENVIRONMENT`.
    #[arg(value_name = "STAGE")]
    pub stage: Option<String>,

    /// Where the code is checked out.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub source_root: Option<Utf8PathBuf>,
}

/// Arguments of `budget`.
#[derive(Debug, Args)]
pub struct BudgetArgs {
    /// Fleets (`pipegen.yml`), manifests, or folders with fleets below them; the working folder unless said. They are
    /// counted together: an account's limit does not care which fleet asks.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<Utf8PathBuf>,

    /// How the numbers are written.
    #[arg(long, short, value_enum, default_value_t = BudgetFormat::Text, value_name = "FORMAT")]
    pub format: BudgetFormat,

    /// Requests an hour that each account may ask, where it is not the least that GitHub documents: 15000 for an App in
    /// an organization of GitHub Enterprise Cloud, or what a GitHub Enterprise Server is set to.
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub limit: Option<u64>,

    /// Where the code is checked out.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
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
    /// A manifest; or any pipeline of Concourse: a file, `-` for standard input, or REVISION:PATH of git.
    #[arg(value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub path: String,

    /// How to draw it.
    #[arg(long, short, value_enum, default_value_t = GraphFormat::Text, value_name = "FORMAT")]
    pub format: GraphFormat,

    /// Where the code is checked out.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
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
    /// A picture, for light and dark pages.
    Svg,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The manifest.
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub manifest: Utf8PathBuf,

    /// Where the code is checked out.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub source_root: Option<Utf8PathBuf>,
}

/// Arguments of `diff`.
///
/// A pipeline is a file, `-` for standard input, or REVISION:PATH of git. What only stands in another order is no
/// difference.
///
/// Exit codes: 0 no difference, 1 differences, 2 usage, 3 could not run.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A pipeline; or two revisions as OLD..NEW, or OLD...NEW since they parted.
    #[arg(value_name = "OLD", value_hint = ValueHint::FilePath)]
    pub old: String,

    /// The other pipeline; with two revisions the folder or file to look at, the working folder unless said.
    #[arg(value_name = "NEW", value_hint = ValueHint::AnyPath)]
    pub new: Option<String>,

    /// How to tell it.
    #[arg(long, short, value_enum, default_value_t = DiffFormat::Text, value_name = "FORMAT")]
    pub format: DiffFormat,
}

/// How a difference is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// In words.
    Text,
    /// For programs.
    Json,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The pipelines: files as `fly get-pipeline` prints them, `-` for standard input, or REVISION:PATH of git. A
    /// pipeline is called as its file.
    #[arg(value_name = "PIPELINE", required = true, value_hint = ValueHint::FilePath)]
    pub pipelines: Vec<String>,

    /// Write the manifest here instead of printing it: a file for one pipeline, a folder for several. A kind of its own
    /// goes to the folder of kinds.
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub out: Option<Utf8PathBuf>,

    /// The fleet that it is to be in, so that what its defaults say is left out; the nearest one above `--out`, or the
    /// working folder, unless said.
    #[arg(long, value_name = "FLEET", value_hint = ValueHint::FilePath)]
    pub fleet: Option<Utf8PathBuf>,

    /// The pipeline's name, where it is not its file's.
    #[arg(long, value_name = "NAME")]
    pub pipeline: Option<String>,

    /// Write over files that are there.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which file.
    #[arg(value_enum, value_name = "FILE")]
    pub file: SchemaOf,

    /// The fleet whose own kinds count; the one of the working folder, or above it, unless said.
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
    /// A pipeline of Concourse, whoever wrote it.
    Pipeline,
    /// A report, as `--format json` writes it.
    Report,
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
        /// The fleet whose own kinds count; the one of the working folder, or above it, unless said.
        #[arg(long, value_name = "FLEET", value_hint = ValueHint::FilePath)]
        fleet: Option<Utf8PathBuf>,
    },
    /// Print a built-in kind.
    Show {
        /// Its name.
        name: String,
        /// What it makes, where a stack kind and a build kind have one name.
        #[arg(long, value_enum)]
        family: Option<FamilyArg>,
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
    /// The rule, as reports name it; a list of all, unless said.
    #[arg(value_name = "RULE")]
    pub rule: Option<Rule>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}
