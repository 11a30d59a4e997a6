use serde_saphyr::granit_parser::{Event, Parser};

/// The keys of the map that a text is, in order, as far as it is YAML.
pub(crate) fn top_level_keys(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut parser = Parser::new_from_str(text);
    let mut depth = 0_usize;
    let mut is_key = true;
    std::iter::from_fn(move || {
        loop {
            let (event, _) = parser.next_event()?.ok()?;
            let complete = match event {
                Event::Scalar(text, ..) if depth == 1 && is_key => {
                    is_key = false;
                    return Some(text.into_owned());
                }
                Event::Scalar(..) | Event::Alias(_) => true,
                // Only a map at the top has keys.
                Event::SequenceStart(..) if depth == 0 => return None,
                Event::SequenceStart(..) | Event::MappingStart(..) => {
                    depth += 1;
                    false
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return None;
                    }
                    true
                }
                _ => false,
            };
            if complete && depth == 1 {
                is_key = !is_key;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_top() {
        let keys = |text| top_level_keys(text).collect::<Vec<_>>();
        assert_eq!(keys("a: {b: 1}\nc: [d, {e: f}]\n? [g]\n: h\n'i': &x j\nk: *x\nl:\n"), ["a", "c", "i", "k", "l"]);
        assert_eq!(keys(r#"{"jobs": [], "groups": []}"#), ["jobs", "groups"]);
        assert_eq!(keys("a: 1\nb: [\n"), ["a", "b"]);
        for text in ["", "- a: b\n", "a\n", "\t", "%"] {
            assert_eq!(keys(text), Vec::<String>::new(), "{text:?}");
        }
    }
}
