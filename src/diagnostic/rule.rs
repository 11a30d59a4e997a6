use std::fmt;
use std::str::FromStr;

use super::{Severity, did_you_mean, visible};

macro_rules! rules {
    (@page $name:literal page) => { Some(include_str!(concat!("../../docs/rules/", $name, ".md"))) };
    (@page $name:literal) => { None };
    ($($(#[doc = $doc:literal])+ $variant:ident = $severity:ident $name:literal $($page:ident)?,)+) => {
        /// What can be wrong with the input, by the name that stands in its report.
        ///
        /// A name makes sense when it is read as "allow NAME".
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Rule {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name, kebab-case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What it finds, in a sentence.
            pub const fn summary(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_ascii(),)+
                }
            }

            /// Its page, if it has one: what it finds, why that matters, how to mend it, and examples.
            pub const fn page(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => rules!(@page $name $($page)?),)+
                }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)+
                }
            }
        }
    };
}

impl Rule {
    /// May a run or a comment ask for it to be passed over? An error says that there is nothing right to render, and
    /// stays one; but whether something is a secret, a person may know better.
    pub const fn may_be_allowed(self) -> bool {
        match self.severity() {
            Severity::Warning => true,
            Severity::Error => matches!(self, Self::PlaintextSecret),
        }
    }

    /// Does it hold several files against one another, or against the code, so that some runs find less?
    pub(super) const fn looks_at_several_files(self) -> bool {
        matches!(
            self,
            Self::UndeclaredStack
                | Self::UnusedOverride
                | Self::UnusedValue
                | Self::UnlistedManifest
                | Self::AmbiguousIssueTitle
                | Self::IssueWithoutListener
                | Self::LyingLabel
        )
    }

    /// Is it about something that is left over?
    pub(super) const fn is_of_leftovers(self) -> bool {
        matches!(self, Self::UnusedValue | Self::UnusedOverride)
    }

    /// Does one report say it all, though each stage brings the place up again with other names?
    pub(super) const fn is_told_once_a_place(self) -> bool {
        matches!(
            self,
            Self::ConcourseName
                | Self::GateCollision
                | Self::LooseApproval
                | Self::UnapprovedInput
                | Self::UnknownProject
                | Self::UnmetNeed
                | Self::UnpinnedInput
                | Self::UndeclaredStack
        )
    }
}

rules! {
    /// A file is no YAML.
    YamlSyntax = Error "yaml-syntax",
    /// A file is larger, deeper or more tangled than a manifest has reason to be.
    YamlLimit = Error "yaml-limit",
    /// A key that this place does not know.
    UnknownField = Error "unknown-field",
    /// Something that must be said is not.
    MissingField = Error "missing-field",
    /// A value of another shape than this place takes.
    WrongType = Error "wrong-type",
    /// A key that stands twice in one map.
    DuplicateKey = Error "duplicate-key",
    /// An item that stands twice in a list of names.
    DuplicateItem = Error "duplicate-item",
    /// `<<`, which this language does without.
    MergeKey = Error "merge-key",
    /// A step of a pipeline that is none.
    MissingStep = Error "missing-step" page,
    /// A text that Concourse cannot read as what its place takes.
    MalformedValue = Error "malformed-value" page,
    /// A number that JSON, which Concourse keeps a pipeline as, does not have.
    UnsupportedNumber = Error "unsupported-number" page,
    /// A variable of a pipeline's whose name cannot be read.
    MalformedVar = Error "malformed-var" page,
    /// A variable of a pipeline's with a value that its place does not take.
    UnfitVar = Error "unfit-var",
    /// A version of the language that this program does not know.
    UnknownVersion = Error "unknown-version",
    /// A part of the language that this version of the program does not do yet.
    NotYet = Error "not-yet",
    /// A scalar that YAML readers read as different things.
    AmbiguousScalar = Error "ambiguous-scalar",
    /// A character that no text needs, and that some reader on the way refuses.
    ControlCharacter = Error "control-character",
    /// A template without the quotes that YAML asks for.
    UnquotedTemplate = Error "unquoted-template",
    /// A template where none is filled.
    TemplateHere = Error "template-here",
    /// A hole that is no expression.
    TemplateSyntax = Error "template-syntax",
    /// A hole that names something that is not there.
    UndefinedName = Error "undefined-name",
    /// A hole that gives something else than text where text is due.
    NotText = Error "not-text",
    /// A text that grows beyond measure when it is filled.
    TemplateLimit = Error "template-limit",
    /// Values that need one another.
    ValueCycle = Error "value-cycle",
    /// An override of something that is not there.
    UnknownSelector = Error "unknown-selector",
    /// A name that is an environment and a group.
    AmbiguousSelector = Error "ambiguous-selector",
    /// A stage that is not there.
    UnknownStage = Error "unknown-stage",
    /// A chain of which everything is skipped.
    EmptyChain = Error "empty-chain",
    /// An environment that is not there.
    UnknownEnvironment = Error "unknown-environment",
    /// A Concourse that the fleet does not have.
    UnknownConcourse = Error "unknown-concourse",
    /// An input that is not there.
    UnknownInput = Error "unknown-input",
    /// A project that is not there.
    UnknownProject = Error "unknown-project",
    /// A stage that waits for another project where that is not.
    UnmetNeed = Error "unmet-need",
    /// Stages that wait for one another.
    NeedsCycle = Error "needs-cycle",
    /// Builds that wait for one another.
    BuildCycle = Error "build-cycle",
    /// A manifest of one project and of several.
    OneProjectField = Error "one-project-field",
    /// A kind of stack or build that is not there.
    UnknownKind = Error "unknown-kind",
    /// Two kinds for one stack.
    SeveralKinds = Error "several-kinds",
    /// An input that is two things.
    SeveralSources = Error "several-sources",
    /// A build from several repositories that does not say which is its code.
    BuildCodeMissing = Error "build-code-missing",
    /// The first stage of a chain has nothing before it that could open its issue.
    IssueGateFirst = Error "issue-gate-first",
    /// A chain of one stage that does not say what may deploy to it.
    GateMissing = Error "gate-missing",
    /// A gate that cannot reach from one Concourse to another.
    GateCannotCross = Error "gate-cannot-cross",
    /// A kind that has no preview.
    CannotPreview = Error "cannot-preview",
    /// One name, two meanings.
    ConflictingDefinition = Error "conflicting-definition",
    /// Two things that come out with one name.
    NameCollision = Error "name-collision",
    /// A name that Concourse refuses.
    ConcourseName = Error "concourse-name",
    /// Projects whose approvals would be taken for one another.
    GateCollision = Error "gate-collision",
    /// A step of a kind or a manifest that goes past the gate of its job.
    StepPastGate = Error "step-past-gate",
    /// A name of a job or resource that does not come out.
    UnknownName = Error "unknown-name",
    /// A rule that is not there.
    UnknownRule = Error "unknown-rule",
    /// Something that the Concourse it is for does not know yet.
    ConcourseVersion = Error "concourse-version",
    /// Two pipelines with one name.
    DuplicatePipeline = Error "duplicate-pipeline",
    /// Issues that would be taken for one another.
    TitleCollision = Error "title-collision",
    /// A secret in clear.
    PlaintextSecret = Error "plaintext-secret" page,
    /// A path that is not in the source.
    MissingPath = Error "missing-path",
    /// A stage without its stack file.
    MissingStackFile = Error "missing-stack-file",
    /// Something that can only be answered with `--source-root`.
    NeedsSourceRoot = Error "needs-source-root",
    /// `discover` found no stage.
    NothingDiscovered = Error "nothing-discovered",
    /// A setting that cannot take effect where it stands.
    NoEffect = Error "no-effect",
    /// Globs of a fleet that match no manifest.
    NoProjects = Error "no-projects",
    /// A kind whose result is nothing that Concourse knows.
    KindResult = Error "kind-result",
    /// Something of an imported pipeline that its manifest does not say.
    NotCarriedOver = Error "not-carried-over",
    /// An imported pipeline in which nothing goes from one environment to the next.
    NoPromotionChain = Error "no-promotion-chain",
    /// An approval that lets the newest versions through.
    LooseApproval = Warning "loose-approval",
    /// A version that an approval cannot name, since no earlier stage had it.
    UnapprovedInput = Warning "unapproved-input",
    /// An input of which an approval names no version.
    UnpinnedInput = Warning "unpinned-input",
    /// A stack file without a stage.
    UndeclaredStack = Warning "undeclared-stack",
    /// Code that is imported, and not watched.
    UnwatchedImport = Warning "unwatched-import",
    /// Code that is watched, and never read.
    UnreadPath = Warning "unread-path",
    /// A value that no template uses.
    UnusedValue = Warning "unused-value",
    /// An override that fits no project of its fleet.
    UnusedOverride = Warning "unused-override",
    /// A manifest that no glob of its fleet matches.
    UnlistedManifest = Warning "unlisted-manifest",
    /// A script of a kind with a hole in it.
    TemplateInScript = Warning "template-in-script",
    /// A key that Concourse will do without.
    DeprecatedField = Warning "deprecated-field" page,
    /// A task that is kept off the network, which not all workers can.
    HermeticTask = Warning "hermetic-task" page,
    /// A name that is no identifier, which a later Concourse will refuse.
    InvalidIdentifier = Warning "invalid-identifier" page,
    /// The image of a task's `config`, beside one that goes before it.
    OverriddenImage = Warning "overridden-image" page,
    /// A variable that hides another one.
    ShadowedVar = Warning "shadowed-var" page,
    /// A step across no variables.
    AcrossWithoutVars = Error "across-without-vars",
    /// How long logs are kept, said twice, or as it cannot be.
    ImpossibleRetention = Error "impossible-retention",
    /// A picture behind a pipeline that browsers are not sent to.
    InvalidBackground = Error "invalid-background",
    /// Settings of a variable source that its credential manager does not take.
    InvalidCredentialManager = Error "invalid-credential-manager",
    /// A duration that is none, where Concourse looks.
    InvalidDuration = Error "invalid-duration",
    /// What is asked of a prototype, with a name that is no identifier.
    InvalidMessage = Error "invalid-message",
    /// Jobs that wait for one another.
    JobCycle = Error "job-cycle" page,
    /// A pattern of a group that is none.
    MalformedGlob = Error "malformed-glob",
    /// A task without a command.
    MissingCommand = Error "missing-command",
    /// A step that reads a file, and says of none.
    MissingFile = Error "missing-file",
    /// Something of a pipeline without a name.
    MissingName = Error "missing-name",
    /// A task without a platform.
    MissingPlatform = Error "missing-platform",
    /// A task that says nothing of what it does.
    MissingTaskConfig = Error "missing-task-config",
    /// Something of a pipeline without a type.
    MissingType = Error "missing-type",
    /// A pipeline without jobs.
    NoJobs = Error "no-jobs",
    /// Fewer than one at a time, or fewer than one attempt.
    NonpositiveLimit = Error "nonpositive-limit",
    /// A get whose name another one of the job has.
    RepeatedGet = Error "repeated-get" page,
    /// Two of a pipeline's things with one name.
    RepeatedName = Error "repeated-name",
    /// A variable that is set twice.
    RepeatedVar = Error "repeated-var",
    /// A task that says twice what it does.
    SeveralTaskConfigs = Error "several-task-configs",
    /// A job in no group, where there are groups.
    UngroupedJob = Error "ungrouped-job" page,
    /// A variable source of a type that pipelines have not.
    UnknownCredentialManager = Error "unknown-credential-manager",
    /// A job that is not there.
    UnknownJob = Error "unknown-job" page,
    /// A prototype that is not there.
    UnknownPrototype = Error "unknown-prototype",
    /// A resource that is not there.
    UnknownResource = Error "unknown-resource" page,
    /// A key that the server cannot read back.
    UnreadableKey = Error "unreadable-key",
    /// A pattern of a group that fits no job.
    UnmatchedGlob = Error "unmatched-glob",
    /// A job in `passed` that has nothing of the resource.
    UnrelatedPassed = Error "unrelated-passed" page,
    /// A resource that no job uses.
    UnusedResource = Error "unused-resource" page,
    /// Variable sources that need one another, or one that is not there.
    VarSourceCycle = Error "var-source-cycle",
    /// A comment for ol-pipegen that names no rule, or no reason.
    MalformedAllow = Error "malformed-allow" page,
    /// A comment that allows what is not there.
    UnusedAllow = Warning "unused-allow" page,
    /// A step across no values, which does nothing.
    AcrossWithoutValues = Warning "across-without-values" page,
    /// Issues whose titles are taken for one another.
    AmbiguousIssueTitle = Warning "ambiguous-issue-title" page,
    /// Names that differ only in what separates their words.
    ConfusableName = Warning "confusable-name" page,
    /// A deployment that one resource starts and another one decides.
    DecoupledTrigger = Warning "decoupled-trigger" page,
    /// A job, or a step that holds others, without steps.
    EmptyPlan = Warning "empty-plan" page,
    /// A job that waits for an approval, and that something else starts as well.
    GateBypass = Warning "gate-bypass" page,
    /// A key that Concourse passes over without a word.
    IgnoredField = Warning "ignored-field" page,
    /// A word that Concourse takes without knowing it.
    IgnoredWord = Warning "ignored-word" page,
    /// A task's image without a type.
    ImageWithoutType = Warning "image-without-type" page,
    /// An issue that nobody waits for.
    IssueWithoutListener = Warning "issue-without-listener" page,
    /// A credential where it can be read.
    LeakedSecret = Warning "leaked-secret" page,
    /// A serial group of one job.
    LonelySerialGroup = Warning "lonely-serial-group" page,
    /// A label that says of an issue what closing it does not do.
    LyingLabel = Warning "lying-label" page,
    /// A timeout that is none.
    MalformedDuration = Warning "malformed-duration" page,
    /// An artifact that nothing in the job makes.
    MissingArtifact = Warning "missing-artifact" page,
    /// A job that stands twice in one `passed`, or a pattern for one job.
    NeedlessPassed = Warning "needless-passed" page,
    /// A template of Concourse 7.14 that nothing fills.
    OldTemplate = Warning "old-template",
    /// A limit below zero.
    NegativeLimit = Warning "negative-limit" page,
    /// A step that sets a pipeline of another team, which only the team `main` may.
    ForeignTeam = Warning "foreign-team",
    /// A pipeline that is set from two files.
    PipelineSetTwice = Warning "pipeline-set-twice" page,
    /// A put whose version is an approval.
    PutFiresGate = Warning "put-fires-gate" page,
    /// One commit that starts a job twice.
    RacingTriggers = Warning "racing-triggers" page,
    /// Two inputs, outputs or caches of a task with one name.
    RepeatedArtifact = Warning "repeated-artifact" page,
    /// Resource types that need one another.
    ResourceTypeCycle = Warning "resource-type-cycle" page,
    /// A version that starts a deployment before the environment before has had it.
    SkippedEnvironment = Warning "skipped-environment" page,
    /// A slash in the name of a pipeline that a step sets.
    SlashInPipelineName = Warning "slash-in-pipeline-name" page,
    /// An image that is built and not what is deployed.
    UndeployedImage = Warning "undeployed-image" page,
    /// An artifact that a put needs and does not get.
    UndetectedInput = Warning "undetected-input" page,
    /// A deployment that a commit reaches without an approval, beside others that wait for one.
    UngatedDeploy = Warning "ungated-deploy" page,
    /// A resource type that is nowhere.
    UnknownResourceType = Warning "unknown-resource-type" page,
    /// A variable of a source that is not declared.
    UnknownVarSource = Warning "unknown-var-source" page,
    /// An issue whose closing approves no version.
    UnpinnedApproval = Warning "unpinned-approval" page,
    /// A resource type whose image is whatever is newest.
    UnpinnedResourceType = Warning "unpinned-resource-type" page,
    /// A job that nothing can start.
    UnstartableJob = Warning "unstartable-job" page,
    /// A resource type, prototype or variable source that nothing uses.
    UnusedDefinition = Warning "unused-definition" page,
    /// An output that no other step takes.
    UnusedOutput = Warning "unused-output" page,
    /// A word that is a boolean to Concourse.
    YamlBoolean = Warning "yaml-boolean" page,
}

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Self, UnknownRule> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name).ok_or_else(|| UnknownRule(name.to_owned()))
    }
}

/// A name that no rule has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRule(String);

impl std::error::Error for UnknownRule {}

impl fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no rule `{}`", visible(&self.0))?;
        match did_you_mean(&self.0, Rule::ALL.iter().map(|rule| rule.name())) {
            Some(meant) => write!(f, "; did you mean `{meant}`?"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_distinct() {
        let mut names: Vec<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Rule::ALL.len());
    }
}
