use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{Diagnostic, Rule, Severity, UnknownRule};

/// What files make of rules: those of a fleet, and of a manifest.
#[derive(Clone, Debug, Default)]
pub struct FileLevels(BTreeMap<Rule, Level>);

impl FromIterator<(Rule, Level)> for FileLevels {
    fn from_iter<T: IntoIterator<Item = (Rule, Level)>>(levels: T) -> Self {
        Self(levels.into_iter().collect())
    }
}

impl FileLevels {
    /// These, where a nearer file says nothing else.
    #[must_use]
    pub fn under(&self, near: Self) -> Self {
        Self(self.0.iter().map(|(rule, level)| (*rule, *level)).chain(near.0).collect())
    }

    /// What they make of a rule.
    pub(super) fn of(&self, rule: Rule) -> Option<Level> {
        self.0.get(&rule).copied()
    }
}

/// Why a rule cannot be allowed.
pub const ALWAYS_AN_ERROR: &str = "a file with this error cannot be rendered or set";

/// What the command line makes of rules.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// Every warning that nothing else is said of is an error.
    deny_warnings: bool,
    of: BTreeMap<Rule, Level>,
}

/// What is made of a rule, the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// An error.
    Deny,
    /// A warning.
    Warn,
    /// Nothing at all.
    Allow,
}

impl Level {
    /// Whether the command line can give this level to a rule.
    pub const fn fits(self, rule: Rule) -> bool {
        matches!(self, Self::Deny) || rule.may_be_allowed()
    }

    /// Whether `rules` of a file can give this level to a rule. An error is allowed place by place, with a reason.
    pub const fn fits_in_file(self, rule: Rule) -> bool {
        matches!((self, rule.severity()), (Self::Deny, _) | (_, Severity::Warning))
    }

    const fn flag(self) -> &'static str {
        match self {
            Self::Deny => "--deny",
            Self::Warn => "--warn",
            Self::Allow => "--allow",
        }
    }
}

/// What can be denied: a rule, or `warnings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeniedRule {
    /// All rules that warn.
    Warnings,
    /// One rule.
    One(Rule),
}

impl FromStr for DeniedRule {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Self, UnknownRule> {
        if name == "warnings" { Ok(Self::Warnings) } else { name.parse().map(Self::One) }
    }
}

impl fmt::Display for DeniedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Warnings => f.write_str("warnings"),
            Self::One(rule) => rule.fmt(f),
        }
    }
}

impl Levels {
    /// What is denied is an error, what is warned of a warning, and what is allowed is not reported. A rule that is
    /// named goes before `warnings`.
    ///
    /// # Errors
    ///
    /// When one rule is asked to be two things, or an error that stays one is asked to be less.
    pub fn new(deny: &[DeniedRule], warn: &[Rule], allow: &[Rule]) -> Result<Self, String> {
        let denied = deny.iter().filter_map(|denied| match denied {
            DeniedRule::One(rule) => Some((*rule, Level::Deny)),
            DeniedRule::Warnings => None,
        });
        let warned = warn.iter().map(|rule| (*rule, Level::Warn));
        let allowed = allow.iter().map(|rule| (*rule, Level::Allow));
        let mut of = BTreeMap::new();
        for (rule, level) in denied.chain(warned).chain(allowed) {
            if !level.fits(rule) {
                let flag = level.flag();
                return Err(format!("{flag} {rule}: this rule is always an error: {ALWAYS_AN_ERROR}"));
            }
            if let Some(other) = of.insert(rule, level)
                && other != level
            {
                return Err(format!("{} {rule} and {} {rule}: keep one of them", other.flag(), level.flag()));
            }
        }
        Ok(Self { deny_warnings: deny.contains(&DeniedRule::Warnings), of })
    }

    /// Diagnostics as this run takes them, in the same order. The command line goes before what files say.
    pub fn apply(&self, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let level = |diagnostic: &Diagnostic| match self.of.get(&diagnostic.rule).copied().or(diagnostic.level) {
            None if self.deny_warnings => Some(Level::Deny),
            Some(Level::Warn | Level::Allow) if diagnostic.is_always_an_error => Some(Level::Deny),
            level => level,
        };
        diagnostics
            .into_iter()
            .filter_map(|diagnostic| match level(&diagnostic) {
                None => Some(diagnostic),
                Some(Level::Deny) => Some(diagnostic.of_severity(Severity::Error)),
                Some(Level::Warn) => Some(diagnostic.of_severity(Severity::Warning)),
                Some(Level::Allow) => None,
            })
            .collect()
    }
}
