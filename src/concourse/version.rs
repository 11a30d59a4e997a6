use std::fmt;

/// The version of an instance of Concourse, as far as it says what a pipeline may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConcourseVersion {
    major: u16,
    minor: u16,
}

impl ConcourseVersion {
    /// The oldest for which pipelines are made: what they use was not seen to work with an older one.
    pub const OLDEST: Self = Self::new(7, 14);

    /// A version.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Reads `MAJOR.MINOR`, with a patch or without.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        Some(Self { major: parts.next()?.parse().ok()?, minor: parts.next()?.parse().ok()? })
    }
}

impl fmt::Display for ConcourseVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_an_order() {
        let read = |text| ConcourseVersion::parse(text).unwrap();
        assert_eq!(read("7.14.3"), ConcourseVersion::OLDEST);
        assert!(read("7.9") < read("7.14") && read("7.14") < read("8.1"));
        assert_eq!(ConcourseVersion::parse("8"), None);
    }
}
