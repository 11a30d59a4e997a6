//! Pins: which version of what.

use indexmap::IndexMap;

use crate::contract::files::CODE_PIN;

/// Longest version; a file name on most systems.
const MAX: usize = 255;

/// Checks a name: it becomes the name of a file.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let good = name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if good { Ok(()) } else { Err(format!("`{}` is no name of a pin", crate::text::one_line(name, 60))) }
}

/// Checks a version: a commit for the code, else one word.
pub(crate) fn check_version(name: &str, version: &str) -> Result<(), String> {
    let shown = crate::text::one_line(version, 80);
    if name == CODE_PIN {
        let commit = matches!(version.len(), 40 | 64) && version.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        return if commit {
            Ok(())
        } else {
            Err(format!("the pin `{name}` is a commit's full hash, and not `{shown}`"))
        };
    }
    let word = !version.is_empty()
        && version.len() <= MAX
        && version.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '`' | '"' | '\'' | '\\' | '$'));
    if word {
        Ok(())
    } else {
        Err(format!("the pin `{name}` is one word of at most {MAX} characters, and not `{shown}`"))
    }
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
