use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

use camino::Utf8Path;

/// How the file system knows a file or folder: nobody but the clock's master can change what it holds and keep this. A
/// folder's changes with the names in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds since 1970.
    modified: (i64, i64),
    /// Of the file's content or of what is known of it; unlike the other, no program can set it.
    changed: (i64, i64),
}

/// Seconds that clocks and file systems may be apart, or take for one moment: FAT counts two of them as one.
const SLACK: i64 = 2;

impl Signature {
    /// That of what a path leads to, if anything.
    pub(super) fn of(path: &Utf8Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// Would a change from that moment on be seen, were it as fast as can be?
    pub(super) fn is_older(&self, moment: SystemTime) -> bool {
        let moment = moment.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok());
        moment.is_some_and(|moment| self.modified.0.max(self.changed.0) < moment - SLACK)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { device, inode, size, modified, changed } = self;
        write!(out, "{device} {inode} {size} {}.{:09} {}.{:09}", modified.0, modified.1, changed.0, changed.1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_as_new_as_the_run_is_not_trusted() {
        let at = |modified, changed| Signature {
            device: 1,
            inode: 1,
            size: 1,
            modified: (modified, 0),
            changed: (changed, 0),
        };
        let moment = UNIX_EPOCH + Duration::new(100, 999_999_999);
        assert!(at(97, 97).is_older(moment));
        for (modified, changed) in [(98, 97), (97, 98), (97, 100), (200, 97)] {
            assert!(!at(modified, changed).is_older(moment), "{modified} {changed}");
        }
    }
}
