use std::fmt;

use clap::ValueEnum;

/// A version of Concourse whose rules are known. They differ in what they refuse, and in how a pipeline is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum ConcourseVersion {
    /// 7.14.
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

impl fmt::Display for ConcourseVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V7_14 => "7.14",
            Self::V8_0 => "8.0",
            Self::V8_1 => "8.1",
            Self::V8_2 => "8.2",
            Self::V8_3 => "8.3",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_named_as_it_is_shown() {
        for version in ConcourseVersion::value_variants() {
            assert_eq!(ConcourseVersion::from_str(&version.to_string(), false).as_ref(), Ok(version));
        }
        assert!(ConcourseVersion::V7_14 < ConcourseVersion::V8_0);
        assert_eq!(ConcourseVersion::default(), ConcourseVersion::V8_3);
    }
}
