use std::fmt;

use clap::ValueEnum;

/// A version of Concourse whose rules are known. They differ in what they refuse, and in how a pipeline is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum ConcourseVersion {
    /// 7.14, the oldest for which pipelines are made: what they use was not seen to work with an older one.
    #[value(name = "7.14")]
    V7_14,
    /// 8.0: duplicate keys are refused, and `across` is always there.
    #[value(name = "8.0")]
    V8_0,
    /// 8.1: globs in `passed`, `disable_reruns`; unknown keys of a task's `config` are refused.
    #[value(name = "8.1")]
    V8_1,
    /// 8.2, that is 8.2.5: `user_data`, `ttl` of caches, quotes in variables are checked.
    #[value(name = "8.2")]
    V8_2,
    /// 8.3: `tags` of jobs, `do` and `in_parallel`.
    #[default]
    #[value(name = "8.3")]
    V8_3,
}

/// Why a text names no version whose rules are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownVersion {
    /// It is none.
    Unreadable,
    /// It is older than all of them.
    TooOld,
}

impl ConcourseVersion {
    /// The oldest.
    pub const OLDEST: Self = Self::V7_14;

    /// Whose rules hold for `MAJOR.MINOR`, with a patch or without: those of the newest that is not newer than it.
    ///
    /// # Errors
    ///
    /// When it is no version, or older than all that are known.
    pub fn of(text: &str) -> Result<Self, UnknownVersion> {
        let number = major_minor(text).ok_or(UnknownVersion::Unreadable)?;
        let known = Self::value_variants().iter().rev().find(|known| known.number() <= number);
        known.copied().ok_or(UnknownVersion::TooOld)
    }

    const fn number(self) -> (u16, u16) {
        match self {
            Self::V7_14 => (7, 14),
            Self::V8_0 => (8, 0),
            Self::V8_1 => (8, 1),
            Self::V8_2 => (8, 2),
            Self::V8_3 => (8, 3),
        }
    }
}

fn major_minor(text: &str) -> Option<(u16, u16)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

impl fmt::Display for ConcourseVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.number();
        write!(f, "{major}.{minor}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_named_as_it_is_shown() {
        for version in ConcourseVersion::value_variants() {
            assert_eq!(ConcourseVersion::from_str(&version.to_string(), false).as_ref(), Ok(version));
            assert_eq!(ConcourseVersion::of(&version.to_string()), Ok(*version));
        }
        assert!(ConcourseVersion::V7_14 < ConcourseVersion::V8_0);
        assert_eq!(ConcourseVersion::value_variants().first(), Some(&ConcourseVersion::OLDEST));
        assert_eq!(ConcourseVersion::value_variants().last(), Some(&ConcourseVersion::default()));
    }

    #[test]
    fn a_version_that_is_not_known_has_the_rules_of_the_one_before() {
        for (text, rules) in [
            ("7.14.3", ConcourseVersion::V7_14),
            ("7.15", ConcourseVersion::V7_14),
            ("8.2.5", ConcourseVersion::V8_2),
            ("8.10", ConcourseVersion::V8_3),
            ("9.0", ConcourseVersion::V8_3),
        ] {
            assert_eq!(ConcourseVersion::of(text), Ok(rules), "{text}");
        }
        assert_eq!(ConcourseVersion::of("7.9.1"), Err(UnknownVersion::TooOld));
        assert_eq!(ConcourseVersion::of("6.14"), Err(UnknownVersion::TooOld));
        assert_eq!(ConcourseVersion::of("8"), Err(UnknownVersion::Unreadable));
    }
}
