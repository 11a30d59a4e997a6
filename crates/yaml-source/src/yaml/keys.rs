use serde_saphyr::granit_parser::{Event, Parser};

/// The keys of the map that a text is, in order, each with whether its value is a map, as far as it is YAML.
pub fn top_level_keys(text: &str) -> impl Iterator<Item = (String, bool)> + '_ {
    let mut parser = Parser::new_from_str(text);
    let mut depth = 0_usize;
    // The key whose value comes next.
    let mut key: Option<String> = None;
    let mut is_key = true;
    std::iter::from_fn(move || {
        loop {
            let Some(Ok((event, _))) = parser.next_event() else { return Some((key.take()?, false)) };
            let is_map = matches!(event, Event::MappingStart(..));
            let begins_value = depth == 1 && !is_key && !matches!(event, Event::MappingEnd);
            let complete = match event {
                Event::Scalar(text, ..) if depth == 1 && is_key => {
                    key = Some(text.into_owned());
                    true
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
            if let Some(key) = key.take_if(|_| begins_value) {
                return Some((key, is_map));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_top() {
        let keys = |text| top_level_keys(text).map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!(keys("a: {b: 1}\nc: [d, {e: f}]\n? [g]\n: h\n'i': &x j\nk: *x\nl:\n"), ["a", "c", "i", "k", "l"]);
        assert_eq!(keys(r#"{"jobs": [], "groups": []}"#), ["jobs", "groups"]);
        assert_eq!(keys("a: 1\nb: [\n"), ["a", "b"]);
        let maps = |text| top_level_keys(text).filter(|(_, is_map)| *is_map).map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!(maps("a: {b: 1}\nc: [{e: f}]\nd: &x\n  y: z\ng: !t {}\nh: *x\ni: {\n"), ["a", "d", "g", "i"]);
        for text in ["", "- a: b\n", "a\n", "\t", "%"] {
            assert_eq!(keys(text), Vec::<String>::new(), "{text:?}");
        }
    }
}
