//! Pins: which version of what.

use indexmap::IndexMap;

use gate_contract::files::{self, CODE_PIN};
use github_gates::text::one_line;

/// Longest version; a file name on most systems.
const MAX: usize = 255;

/// Checks a name: it becomes the name of a file.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let good = name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if good { Ok(()) } else { Err(format!("`{}` is not a name of a pin", one_line(name, 60))) }
}

/// Checks a version: a commit for the code, else one word.
pub(crate) fn check_version(name: &str, version: &str) -> Result<(), String> {
    if name == CODE_PIN {
        return check_commit(name, version);
    }
    let word = !version.is_empty()
        && version.len() <= MAX
        && version.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '`' | '"' | '\'' | '\\' | '$'));
    if word {
        Ok(())
    } else {
        let found = one_line(version, 80);
        Err(format!("the pin `{name}` is one word of at most {MAX} characters, and not `{found}`"))
    }
}

/// Checks a version that a job checks out: a name, such as a tag's, can be moved to another commit.
pub(crate) fn check_commit(name: &str, version: &str) -> Result<(), String> {
    let commit = matches!(version.len(), 40 | 64) && version.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    if commit {
        Ok(())
    } else {
        let found = one_line(version, 80);
        Err(format!("the pin `{name}` must be the full hash of a commit, found `{found}`"))
    }
}

/// Checks a version that was read from `file`: what a clone tells of itself must be a commit. The pins of an approval inside
/// a clone are versions of anything: they were checked when they were recorded.
pub(crate) fn check_read(name: &str, version: &str, file: &str) -> Result<(), String> {
    let is_approved_pin = file.contains(&format!("/{}/{}/", files::IN_CLONE, files::PINS));
    if is_approved_pin || !file.split('/').any(|part| part == ".git") {
        return check_version(name, version);
    }
    check_commit(name, version)
        .map_err(|why| format!("{why}; the file `.git/HEAD` holds the hash, under `tag_filter` too"))
}

pub(crate) fn check_all(pins: &IndexMap<String, String>) -> Result<(), String> {
    pins.iter().try_for_each(|(name, version)| check_name(name).and_then(|()| check_version(name, version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_cannot_leave_its_folder() {
        for bad in ["", "..", ".", "a/b", ".hidden", "a\0", "-a", "é"] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
        assert!(check_name("img-2.x_y").is_ok());
    }

    #[test]
    fn version_that_a_clone_tells_is_a_full_commit() {
        let commit = "a1".repeat(20);
        for file in ["lib/.git/ref", "lib/.git/HEAD", "./lib/.git/commit", "lib/.git/approval/ref"] {
            assert!(check_read("lib", &commit, file).is_ok(), "{file}");
            let why = check_read("lib", "v1.2", file).unwrap_err();
            assert!(why.contains("must be the full hash of a commit, found `v1.2`"), "{why}");
        }
        assert!(check_read("app", &format!("sha256:{}", "a1".repeat(32)), "code/.git/approval/pins/app").is_ok());
        assert!(check_read("rel", "v1.2", "rel/tag").is_ok());
        assert!(check_read("rel", "v1.2", "rel.git/tag").is_ok());
    }

    #[test]
    fn version_of_the_code_is_a_full_commit() {
        assert!(check_version("code", &"a1".repeat(20)).is_ok());
        assert!(check_version("code", &"a1".repeat(32)).is_ok());
        for bad in ["main", "a1a1a1a", &"A1".repeat(20), &"a1".repeat(21)] {
            assert!(check_version("code", bad).is_err(), "{bad}");
        }
        assert!(check_version("img", "sha256:00ff").is_ok());
        for bad in ["", "a b", "$(id)", "a`b`", "a\nb", &"x".repeat(256)] {
            assert!(check_version("img", bad).is_err(), "{bad:?}");
        }
    }
}
