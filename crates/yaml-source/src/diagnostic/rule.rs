use std::fmt;
use std::str::FromStr;

use super::{Severity, did_you_mean, visible};

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $variant:ident = $severity:ident $name:literal,)+) => {
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

            /// The text of its page: what it finds, why that matters, how to fix it, and examples.
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("../../../../docs/rules/", $name, ".md")),)+
                }
            }

            /// The address of its page.
            pub const fn url(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/rules/", $name, ".md"),)+
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
    /// Whether a run or a comment can allow it. An error says that there is nothing right to render, and stays one. But
    /// whether something is a secret, or whether two jobs deploy the same thing, a person may know better.
    pub const fn may_be_allowed(self) -> bool {
        match self.severity() {
            Severity::Warning => true,
            Severity::Error => {
                matches!(
                    self,
                    Self::UnknownRole
                        | Self::ForeignVersion
                        | Self::UnusedOverride
                        | Self::PlaintextSecret
                        | Self::SharedTarget
                        | Self::SetPipelinePastGate
                )
            }
        }
    }

    /// Does it hold several files against one another, or against the code, so that some runs find less?
    pub(super) const fn looks_at_several_files(self) -> bool {
        matches!(
            self,
            Self::UndeclaredStack
                | Self::UnmatchedPolicy
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
        matches!(self, Self::UnusedValue | Self::UnusedOverride | Self::UnmatchedPolicy)
    }

    /// Does one report say it all, though each stage brings the place up again with other names?
    pub(super) const fn is_reported_once_a_place(self) -> bool {
        matches!(
            self,
            Self::ConcourseName
                | Self::GateCollision
                | Self::LooseApproval
                | Self::PreviewCredentials
                | Self::UnrecordedVersion
                | Self::UnapprovedInput
                | Self::UnknownProject
                | Self::UnmetNeed
                | Self::UnpinnedInput
                | Self::UndeclaredStack
                | Self::VariablePlace
        )
    }
}

rules! {
    /// The file is not valid YAML.
    YamlSyntax = Error "yaml-syntax",
    /// The file is larger or more deeply nested than the limits allow.
    YamlLimit = Error "yaml-limit",
    /// This place does not know the key.
    UnknownField = Error "unknown-field",
    /// A required field is missing.
    MissingField = Error "missing-field",
    /// The value has the wrong type for this place.
    WrongType = Error "wrong-type",
    /// A map contains the same key twice.
    DuplicateKey = Error "duplicate-key",
    /// A list of names contains the same item twice.
    DuplicateItem = Error "duplicate-item",
    /// The file uses the merge key `<<`, which manifests do not support.
    MergeKey = Error "merge-key",
    /// A plan contains an entry that is not a step.
    MissingStep = Error "missing-step",
    /// Concourse cannot parse the text as the type that this place expects.
    MalformedValue = Error "malformed-value",
    /// The number does not exist in JSON, the format in which Concourse stores pipelines.
    UnsupportedNumber = Error "unsupported-number",
    /// The name of a pipeline variable is not valid.
    MalformedVar = Error "malformed-var",
    /// The value of a pipeline variable has the wrong type for the place where it is used.
    UnfitVar = Error "unfit-var",
    /// This program does not know the `version` of the file.
    UnknownVersion = Error "unknown-version",
    /// This version of the program does not support the setting yet.
    NotYet = Error "not-yet",
    /// YAML parsers read this value in different ways.
    AmbiguousScalar = Error "ambiguous-scalar",
    /// The text contains a control character.
    ControlCharacter = Error "control-character",
    /// A template has no quotes, so YAML does not read it as text.
    UnquotedTemplate = Error "unquoted-template",
    /// Templates are not filled in this place.
    TemplateHere = Error "template-here",
    /// The text between `{{` and `}}` is not a valid expression.
    TemplateSyntax = Error "template-syntax",
    /// A template uses a name that is not defined.
    UndefinedName = Error "undefined-name",
    /// A template gives a value that is not text where text is expected.
    NotText = Error "not-text",
    /// The text becomes too long when its templates are filled.
    TemplateLimit = Error "template-limit",
    /// Values refer to each other in a circle.
    ValueCycle = Error "value-cycle",
    /// `overrides` or `skip` names a stage that does not exist.
    UnknownSelector = Error "unknown-selector",
    /// The name is both an environment and a group.
    AmbiguousSelector = Error "ambiguous-selector",
    /// The stage does not exist.
    UnknownStage = Error "unknown-stage",
    /// `skip` removes every stage of a chain.
    EmptyChain = Error "empty-chain",
    /// The environment does not exist.
    UnknownEnvironment = Error "unknown-environment",
    /// The fleet does not define the Concourse.
    UnknownConcourse = Error "unknown-concourse",
    /// The input does not exist.
    UnknownInput = Error "unknown-input",
    /// The project does not exist.
    UnknownProject = Error "unknown-project",
    /// A stage waits for another project that has no stage for the same group and environment.
    UnmetNeed = Error "unmet-need",
    /// Stages wait for each other in a circle.
    NeedsCycle = Error "needs-cycle",
    /// Builds wait for each other in a circle.
    BuildCycle = Error "build-cycle",
    /// A manifest with several projects uses a field that is only for one project.
    OneProjectField = Error "one-project-field",
    /// The kind of stack or build does not exist.
    UnknownKind = Error "unknown-kind",
    /// A stack names more than one kind.
    SeveralKinds = Error "several-kinds",
    /// An input has more than one source.
    SeveralSources = Error "several-sources",
    /// A build uses several repositories and does not name the one that is its code.
    BuildCodeMissing = Error "build-code-missing",
    /// The first stage of a chain has an `issue` gate, but no earlier stage opens the issue.
    IssueGateFirst = Error "issue-gate-first",
    /// The only stage of a chain has no `gate`.
    GateMissing = Error "gate-missing",
    /// The gate cannot carry an approval from one Concourse to another.
    GateCannotCross = Error "gate-cannot-cross",
    /// A `preview` gate needs a kind that has a preview.
    CannotPreview = Error "cannot-preview",
    /// Two Concourses build an input whose version an approval carries from one to the other.
    BuiltTwice = Error "built-twice",
    /// An approval names a version of another repository or resource than the one that the stage takes.
    ForeignVersion = Error "foreign-version",
    /// Two different definitions have the same name.
    ConflictingDefinition = Error "conflicting-definition",
    /// Two things get the same name.
    NameCollision = Error "name-collision",
    /// Concourse refuses the name.
    ConcourseName = Error "concourse-name",
    /// The role does not exist on GitHub, so nobody could approve.
    UnknownRole = Error "unknown-role",
    /// Two projects use the same gate, so that an approval of one would count for the other.
    GateCollision = Error "gate-collision",
    /// A step of a kind or a manifest can deploy without the approval of its gate.
    StepPastGate = Error "step-past-gate",
    /// No rendered job or resource has the name.
    UnknownName = Error "unknown-name",
    /// The rule does not exist.
    UnknownRule = Error "unknown-rule",
    /// The setting requires a newer version of Concourse.
    ConcourseVersion = Error "concourse-version",
    /// Two pipelines have the same name.
    DuplicatePipeline = Error "duplicate-pipeline",
    /// The titles of two issues cannot be told apart.
    TitleCollision = Error "title-collision",
    /// The text of an issue contains a credential.
    PostedCredential = Error "posted-credential",
    /// The file contains a secret in plain text.
    PlaintextSecret = Error "plaintext-secret",
    /// The path does not exist in the source code.
    MissingPath = Error "missing-path",
    /// A fleet reads manifests or kinds from a place outside of its repository.
    OutsideInput = Error "outside-input",
    /// The output folder of a fleet is outside of its repository, or among the files that the fleet reads.
    OutsideOutput = Error "outside-output",
    /// The stack file of a stage does not exist.
    MissingStackFile = Error "missing-stack-file",
    /// The setting needs the option `--source-root`.
    NeedsSourceRoot = Error "needs-source-root",
    /// `discover` found no stage.
    NothingDiscovered = Error "nothing-discovered",
    /// The setting has no effect in this place.
    NoEffect = Error "no-effect",
    /// The globs of a fleet match no manifest.
    NoProjects = Error "no-projects",
    /// A kind produces something that Concourse does not accept.
    KindResult = Error "kind-result",
    /// The imported manifest does not contain a part of the pipeline.
    NotCarriedOver = Error "not-carried-over",
    /// In the imported pipeline no version moves from one environment to the next.
    NoPromotionChain = Error "no-promotion-chain",
    /// A job deploys what another job deploys behind a gate.
    SharedTarget = Error "shared-target",
    /// A variable decides which repository, folder or target is meant.
    VariablePlace = Error "variable-place",
    /// A step sets a pipeline that has gates.
    SetPipelinePastGate = Error "set-pipeline-past-gate",
    /// A version is recorded from one file and compared from another.
    UnrecordedPin = Error "unrecorded-pin",
    /// A kind does not name what it deploys.
    UnnamedTarget = Warning "unnamed-target",
    /// A job behind a gate uses a version that no approval names.
    UnapprovedArtifact = Warning "unapproved-artifact",
    /// The stage that an issue promotes to is not the stage of the job that takes its approval.
    WrongDestination = Error "wrong-destination",
    /// Nothing looks for versions of a resource.
    NeverChecked = Warning "never-checked",
    /// Concourse reads an arithmetic expression of a shell as a variable.
    ShellArithmetic = Warning "shell-arithmetic",
    /// Go does not compile the pattern of a resource.
    MalformedPattern = Warning "malformed-pattern",
    /// A job waits for a gate that no job writes.
    UnwrittenGate = Warning "unwritten-gate",
    /// Two jobs write one gate, or claim its approvals.
    SharedGate = Warning "shared-gate",
    /// A stage has less than the fleet's policy asks for.
    BelowPolicy = Error "below-policy",
    /// An entry of the fleet's `policy` or `freezes` is for no stage.
    UnmatchedPolicy = Warning "unmatched-policy",
    /// An approval deploys the newest versions, not those that the issue names.
    LooseApproval = Warning "loose-approval",
    /// An approval cannot name the version of an input, because no earlier stage deployed the input.
    UnapprovedInput = Warning "unapproved-input",
    /// A preview, which runs code that nobody approved, has credentials of the deployment.
    PreviewCredentials = Warning "preview-credentials",
    /// A version that leaves an environment unchanged ends there, because the environment keeps no record.
    UnrecordedVersion = Warning "unrecorded-version",
    /// An approval names no version of an input.
    UnpinnedInput = Warning "unpinned-input",
    /// A stack file belongs to no stage.
    UndeclaredStack = Warning "undeclared-stack",
    /// The code imports a file that the pipeline does not watch.
    UnwatchedImport = Warning "unwatched-import",
    /// The pipeline watches code that nothing reads.
    UnreadPath = Warning "unread-path",
    /// No template uses the value.
    UnusedValue = Warning "unused-value",
    /// A rendered file is missing, left over, or not what its manifest renders.
    StaleFile = Error "stale-file",
    /// An override of a fleet has no effect.
    UnusedOverride = Error "unused-override",
    /// No glob of the fleet matches the manifest.
    UnlistedManifest = Warning "unlisted-manifest",
    /// A script of a kind contains a template.
    TemplateInScript = Warning "template-in-script",
    /// Concourse has deprecated the key.
    DeprecatedField = Warning "deprecated-field",
    /// A task uses `hermetic`, which only some workers enforce.
    HermeticTask = Warning "hermetic-task",
    /// The name is not a valid identifier; a later Concourse will refuse it.
    InvalidIdentifier = Warning "invalid-identifier",
    /// A task has an image in its `config` that the `image` of its step overrides.
    OverriddenImage = Warning "overridden-image",
    /// A variable hides another variable of the same name.
    ShadowedVar = Warning "shadowed-var",
    /// An `across` step has no variables.
    AcrossWithoutVars = Error "across-without-vars",
    /// The settings for keeping build logs contradict each other or are not valid.
    ImpossibleRetention = Error "impossible-retention",
    /// The address of the background image is not valid.
    InvalidBackground = Error "invalid-background",
    /// The credential manager of a variable source does not accept the settings.
    InvalidCredentialManager = Error "invalid-credential-manager",
    /// The duration is not valid.
    InvalidDuration = Error "invalid-duration",
    /// The message to a prototype is not a valid identifier.
    InvalidMessage = Error "invalid-message",
    /// Jobs wait for each other in a circle.
    JobCycle = Error "job-cycle",
    /// A pattern of a group is not valid.
    MalformedGlob = Error "malformed-glob",
    /// A task has no command.
    MissingCommand = Error "missing-command",
    /// A step that reads a file names no file.
    MissingFile = Error "missing-file",
    /// A part of the pipeline has no name.
    MissingName = Error "missing-name",
    /// A task has no platform.
    MissingPlatform = Error "missing-platform",
    /// A task has neither `config` nor `file`.
    MissingTaskConfig = Error "missing-task-config",
    /// A part of the pipeline has no type.
    MissingType = Error "missing-type",
    /// The pipeline has no jobs.
    NoJobs = Error "no-jobs",
    /// A limit or a number of attempts is less than one.
    NonpositiveLimit = Error "nonpositive-limit",
    /// Two gets of a job have the same name.
    RepeatedGet = Error "repeated-get",
    /// Two parts of the pipeline have the same name.
    RepeatedName = Error "repeated-name",
    /// A variable is set twice.
    RepeatedVar = Error "repeated-var",
    /// A task has both `config` and `file`.
    SeveralTaskConfigs = Error "several-task-configs",
    /// The pipeline has groups, and a job belongs to none of them.
    UngroupedJob = Error "ungrouped-job",
    /// The type of a variable source does not exist.
    UnknownCredentialManager = Error "unknown-credential-manager",
    /// The job does not exist.
    UnknownJob = Error "unknown-job",
    /// The prototype does not exist.
    UnknownPrototype = Error "unknown-prototype",
    /// The resource does not exist.
    UnknownResource = Error "unknown-resource",
    /// The server cannot read the key back.
    UnreadableKey = Error "unreadable-key",
    /// A pattern of a group matches no job.
    UnmatchedGlob = Error "unmatched-glob",
    /// `passed` names a job that does not use the resource.
    UnrelatedPassed = Error "unrelated-passed",
    /// No job uses the resource.
    UnusedResource = Error "unused-resource",
    /// Variable sources depend on each other in a circle, or on one that does not exist.
    VarSourceCycle = Error "var-source-cycle",
    /// A comment for ol-pipegen has no valid rule or no reason.
    MalformedAllow = Error "malformed-allow",
    /// A stage can be deployed without an approval for that stage.
    UnapprovedDeployment = Error "unapproved-deployment",
    /// A stage can be deployed with a version that nobody approved.
    WrongVersion = Error "wrong-version",
    /// One approval can start two deployments.
    DeployedTwice = Error "deployed-twice",
    /// Closing the issue of a gate can start nothing.
    ClosingStartsNothing = Error "closing-starts-nothing",
    /// An older build can deploy a stage after a newer one.
    OvertakenDeployment = Error "overtaken-deployment",
    /// An issue can ask for an approval although the deployment failed.
    UndeployedRecord = Error "undeployed-record",
    /// An issue can show a preview from before the last deployment of its stage.
    StalePreview = Error "stale-preview",
    /// A step of a scenario cannot be done.
    ImpossibleStep = Error "impossible-step",
    /// An expectation of a scenario is not true.
    FalseExpectation = Error "false-expectation",
    /// No version can reach a stage.
    UnreachableEnvironment = Error "unreachable-environment",
    /// A comment allows a rule that finds nothing there.
    UnusedAllow = Warning "unused-allow",
    /// An `across` step has no values, so it does not run.
    AcrossWithoutValues = Warning "across-without-values",
    /// The titles of two issues can be mistaken for each other.
    AmbiguousIssueTitle = Warning "ambiguous-issue-title",
    /// Two names differ only in `-`, `_` or `.`.
    ConfusableName = Warning "confusable-name",
    /// One resource starts a deployment, and another one is deployed.
    DecoupledTrigger = Warning "decoupled-trigger",
    /// A job, or a step that contains steps, has no steps.
    EmptyPlan = Warning "empty-plan",
    /// A job waits for an approval, and something else can start it too.
    GateBypass = Warning "gate-bypass",
    /// Concourse silently ignores the key.
    IgnoredField = Warning "ignored-field",
    /// Concourse accepts the word but does not know it.
    IgnoredWord = Warning "ignored-word",
    /// The image of a task has no type.
    ImageWithoutType = Warning "image-without-type",
    /// Closing the issue starts nothing.
    IssueWithoutListener = Warning "issue-without-listener",
    /// A job does something before it claims its approval.
    LateClaim = Warning "late-claim",
    /// A job records what it deployed even when the deployment failed.
    FailedRecord = Warning "failed-record",
    /// Two builds of a job that deploys behind a gate can run at the same time.
    ParallelDeployment = Warning "parallel-deployment",
    /// A credential is in a place where others can read it.
    LeakedSecret = Warning "leaked-secret",
    /// Only one job belongs to the serial group.
    LonelySerialGroup = Warning "lonely-serial-group",
    /// The label of an issue promises something that closing the issue does not do.
    LyingLabel = Warning "lying-label",
    /// The timeout is not a valid duration.
    MalformedDuration = Warning "malformed-duration",
    /// No step of the job makes the artifact.
    MissingArtifact = Warning "missing-artifact",
    /// `passed` names a job twice, or uses a pattern that matches only one job.
    NeedlessPassed = Warning "needless-passed",
    /// Nothing fills the template `{{name}}`, the old syntax of Concourse 7.14.
    OldTemplate = Warning "old-template",
    /// A limit is less than zero.
    NegativeLimit = Warning "negative-limit",
    /// A step sets a pipeline of another team; only the team `main` can do that.
    ForeignTeam = Warning "foreign-team",
    /// Two steps set the same pipeline from different files.
    PipelineSetTwice = Warning "pipeline-set-twice",
    /// A put creates a version that counts as an approval.
    PutFiresGate = Warning "put-fires-gate",
    /// The same commit starts a job twice.
    RacingTriggers = Warning "racing-triggers",
    /// Two inputs, outputs or caches of a task have the same name.
    RepeatedArtifact = Warning "repeated-artifact",
    /// Resource types depend on each other in a circle.
    ResourceTypeCycle = Warning "resource-type-cycle",
    /// A version can start a deployment without passing the previous environment.
    SkippedEnvironment = Warning "skipped-environment",
    /// A step sets a pipeline whose name contains a slash.
    SlashInPipelineName = Warning "slash-in-pipeline-name",
    /// A job builds an image, and no deployment uses the image.
    UndeployedImage = Warning "undeployed-image",
    /// A put needs an artifact that it does not receive.
    UndetectedInput = Warning "undetected-input",
    /// A commit reaches a deployment without an approval, although similar deployments wait for one.
    UngatedDeploy = Warning "ungated-deploy",
    /// The resource type is not declared.
    UnknownResourceType = Warning "unknown-resource-type",
    /// A variable uses a source that is not declared.
    UnknownVarSource = Warning "unknown-var-source",
    /// The registry decides which tag is the newest.
    UnorderedTags = Warning "unordered-tags",
    /// The resource of a claim lacks what the approval has to wait for, or who can give it.
    WeakClaim = Warning "weak-claim",
    /// Closing the issue approves no specific version.
    UnpinnedApproval = Warning "unpinned-approval",
    /// The image of a resource type can change at any time.
    UnpinnedResourceType = Warning "unpinned-resource-type",
    /// Nothing can start the job.
    UnstartableJob = Warning "unstartable-job",
    /// Nothing uses the resource type, prototype or variable source.
    UnusedDefinition = Warning "unused-definition",
    /// No other step uses the output.
    UnusedOutput = Warning "unused-output",
    /// Concourse reads the word as a boolean.
    YamlBoolean = Warning "yaml-boolean",
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
        write!(f, "unknown rule `{}`", visible(&self.0))?;
        match did_you_mean(&self.0, Rule::ALL.iter().map(|rule| rule.name())) {
            Some(meant) => write!(f, "; did you mean `{meant}`?"),
            None => f.write_str("; `ol-pipegen rule` lists all rules"),
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
