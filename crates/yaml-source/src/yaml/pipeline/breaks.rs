//! Line breaks that YAML 1.1 has and YAML 1.2 does not.

use std::borrow::Cow;

/// Each break with one of as many bytes that the parser knows: spaces at the end of a line count in blocks and in quotes alone.
const BREAKS: [(&str, &str); 3] = [("\u{85}", " \n"), ("\u{2028}", "  \n"), ("\u{2029}", "  \n")];

/// The text with the breaks at which go-yaml ends a line (`is_break` of `yamlprivateh.go`), in the same places. What follows one of
/// them in a comment is no comment, so that a job could hide there from all who read the file.
pub(super) fn known(text: &str) -> Cow<'_, str> {
    BREAKS.iter().fold(Cow::Borrowed(text), |text, (of_yaml_1_1, known)| {
        if text.contains(of_yaml_1_1) { Cow::Owned(text.replace(of_yaml_1_1, known)) } else { text }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stay_the_same() {
        assert!(matches!(known("a: é\nb: 1\r\n"), Cow::Borrowed(_)));
        for (of_yaml_1_1, _) in BREAKS {
            let text = format!("# é{of_yaml_1_1}a: 1\n");
            assert_eq!(known(&text).len(), text.len());
            assert_eq!(known(&text).find("a:"), text.find("a:"));
            assert_eq!(known(&text).lines().count(), 2);
        }
    }
}
