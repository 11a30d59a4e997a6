//! Writing: what is unchanged is left alone, what is written is whole or not there.

use std::fs;
use std::io::Write;

use camino::Utf8Path;
use similar::{ChangeTag, TextDiff};

use crate::Failure;

/// The text of a file, if there is one.
///
/// # Errors
///
/// When it is there and cannot be read.
pub(crate) fn existing(path: &Utf8Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::io("read", path, error)),
    }
}

/// Writes a file through another one beside it, so that a reader sees the old text or the new one, never a part.
///
/// # Errors
///
/// When it cannot be written.
pub(crate) fn atomically(path: &Utf8Path, text: &[u8]) -> Result<(), Failure> {
    let failure = |error| Failure::io("write", path, error);
    let folder = match path.parent() {
        Some(folder) if folder != "" => folder,
        _ => Utf8Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".ol-pipegen-")
        .permissions(permissions(path))
        .tempfile_in(folder)
        .map_err(failure)?;
    file.write_all(text).map_err(failure)?;
    file.persist(path).map_err(|error| failure(error.error))?;
    Ok(())
}

/// Those of the file that is replaced, else the usual ones: a temporary file is its owner's alone.
#[cfg(unix)]
fn permissions(path: &Utf8Path) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).map_or_else(|_| fs::Permissions::from_mode(0o644), |metadata| metadata.permissions())
}

/// A unified diff, three lines of context, coloured if wanted.
pub(crate) fn diff(old: &str, new: &str, old_name: &str, new_name: &str, colour: bool) -> String {
    let diff = TextDiff::configure().algorithm(similar::Algorithm::Patience).diff_lines(old, new);
    let mut out = String::new();
    let mut line = |colour_code: &str, text: &str| {
        if colour && !colour_code.is_empty() {
            out.push_str(&format!("\u{1b}[{colour_code}m{text}\u{1b}[0m\n"));
        } else {
            out.push_str(text);
            out.push('\n');
        }
    };
    line("1", &format!("--- {old_name}"));
    line("1", &format!("+++ {new_name}"));
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        line("36", hunk.header().to_string().trim_end());
        for change in hunk.iter_changes() {
            let (colour_code, sign) = match change.tag() {
                ChangeTag::Equal => ("", ' '),
                ChangeTag::Delete => ("31", '-'),
                ChangeTag::Insert => ("32", '+'),
            };
            line(colour_code, &format!("{sign}{}", change.value().trim_end_matches('\n')));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diff_is_unified() {
        let (old, new) = ("a\nb\nc\nd\ne\nf\ng\n", "a\nb\nc\nX\ne\nf\ng\n");
        assert_eq!(
            diff(old, new, "x.yml", "rendered", false),
            "--- x.yml\n+++ rendered\n@@ -1,7 +1,7 @@\n a\n b\n c\n-d\n+X\n e\n f\n g\n"
        );
    }
}
