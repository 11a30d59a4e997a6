use similar::{ChangeTag, TextDiff};

use crate::secrets::masked;

/// A unified diff, three lines of context, coloured if wanted. Secrets are not shown.
pub fn unified_diff(old: &str, new: &str, old_name: &str, new_name: &str, colour: bool) -> String {
    let diff = TextDiff::configure().algorithm(similar::Algorithm::Patience).diff_lines(old, new);
    let (old, new) = (masked(old), masked(new));
    // As long and of as many lines as what is compared.
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
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
            let in_old = change.old_index().and_then(|index| old.get(index));
            let in_new = || change.new_index().and_then(|index| new.get(index));
            let value = in_old.or_else(in_new).copied().unwrap_or_default();
            let text = value.strip_suffix('\n');
            line(colour_code, &format!("{sign}{}", text.unwrap_or(value)));
            if text.is_none() {
                line("", "\\ No newline at end of file");
            }
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
            unified_diff(old, new, "x.yml", "rendered", false),
            "--- x.yml\n+++ rendered\n@@ -1,7 +1,7 @@\n a\n b\n c\n-d\n+X\n e\n f\n g\n"
        );
    }

    #[test]
    fn diff_shows_no_secret() {
        let (old, new) = ("a: b\npassword: hunter2\n", "a: b\npassword: hunter3\nc: ((d.token))\n");
        assert_eq!(
            unified_diff(old, new, "x.yml", "rendered", false),
            "--- x.yml\n+++ rendered\n@@ -1,2 +1,3 @@\n a: b\n-password: *******\n+password: *******\n+c: ((d.token))\n"
        );
    }

    #[test]
    fn diff_shows_a_missing_newline_at_the_end() {
        assert_eq!(
            unified_diff("a\nb", "a\nb\n", "x.yml", "rendered", false),
            "--- x.yml\n+++ rendered\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"
        );
        let same = unified_diff("x\nb", "a\nb", "x.yml", "rendered", false);
        assert!(same.ends_with("+a\n b\n\\ No newline at end of file\n"), "{same}");
    }
}
