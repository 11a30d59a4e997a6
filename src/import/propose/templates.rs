//! From names to templates: which template comes out as these names, one for each stage?

use serde_json::Value as Json;

/// What a template can say of one stage: expression → text. All stages of a pipeline have the same expressions.
#[derive(Clone, Debug, Default)]
pub(crate) struct TemplateValues(pub(crate) Vec<(&'static str, String)>);

#[derive(Clone, Debug)]
enum TemplatePart {
    Text(String),
    Hole(usize),
}

/// So many templates are tried for a name.
const MOST: usize = 256;

/// The template that comes out as each of these texts for its stage. None when there is none. Where all are equal it is
/// that text.
pub(crate) fn common_template(texts: &[(&TemplateValues, &str)]) -> Option<String> {
    let ((words, first), rest) = texts.split_first()?;
    if rest.iter().all(|(_, text)| text == first) {
        return Some(literal(first));
    }
    if first.len() > 4_000 {
        return None;
    }
    let mut candidates = Vec::new();
    segment(words, first, 0, &mut Vec::new(), &mut candidates);
    let fits = |parts: &Vec<TemplatePart>| rest.iter().all(|(words, text)| fill(parts, words).as_deref() == Some(text));
    candidates.iter().find(|parts| fits(parts)).map(|parts| {
        let source = |part: &TemplatePart| match part {
            TemplatePart::Text(text) => literal(text),
            TemplatePart::Hole(index) => format!("{{{{ {} }}}}", words.0[*index].0),
        };
        parts.iter().map(source).collect()
    })
}

/// A text as the template that comes out as it.
pub(crate) fn literal(text: &str) -> String {
    text.replace("{{", "{{ '{{' }}")
}

/// Literal braces stay what they are.
pub(crate) fn escape(value: &mut Json) {
    match value {
        Json::String(text) => *text = literal(text),
        Json::Array(items) => items.iter_mut().for_each(escape),
        Json::Object(map) => map.values_mut().for_each(escape),
        _ => {}
    }
}

/// All ways to take a text for words and what stands between them, the longest words first.
fn segment(
    words: &TemplateValues,
    text: &str,
    from: usize,
    parts: &mut Vec<TemplatePart>,
    found: &mut Vec<Vec<TemplatePart>>,
) {
    if found.len() >= MOST {
        return;
    }
    let is_word = |c: char| c.is_ascii_alphanumeric();
    for (at, _) in text[from..].char_indices().map(|(at, c)| (at + from, c)) {
        if at > 0 && text[..at].ends_with(is_word) {
            continue;
        }
        let mut here: Vec<(usize, usize)> = words
            .0
            .iter()
            .enumerate()
            .filter(|(_, (_, word))| {
                !word.is_empty()
                    && text[at..].starts_with(word.as_str())
                    && !text[at + word.len()..].starts_with(is_word)
            })
            .map(|(index, (_, word))| (index, word.len()))
            .collect();
        here.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
        for (index, length) in here {
            let before = parts.len();
            if at > from {
                parts.push(TemplatePart::Text(text[from..at].to_owned()));
            }
            parts.push(TemplatePart::Hole(index));
            segment(words, text, at + length, parts, found);
            parts.truncate(before);
        }
    }
    if from > 0 || !parts.is_empty() {
        let mut whole = parts.clone();
        if from < text.len() {
            whole.push(TemplatePart::Text(text[from..].to_owned()));
        }
        found.push(whole);
    }
}

fn fill(parts: &[TemplatePart], words: &TemplateValues) -> Option<String> {
    let mut text = String::new();
    for part in parts {
        match part {
            TemplatePart::Text(literal) => text.push_str(literal),
            TemplatePart::Hole(index) => text.push_str(&words.0.get(*index)?.1),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(environment: &str) -> TemplateValues {
        TemplateValues(vec![
            ("project", "shop".into()),
            ("environment", environment.into()),
            ("environment | lower", environment.to_lowercase()),
        ])
    }

    #[test]
    fn names_become_the_template_that_they_came_from() {
        let (qa, production) = (words("QA"), words("Production"));
        let of = |a: &str, b: &str| common_template(&[(&qa, a), (&production, b)]);
        assert_eq!(of("deploy-qa", "deploy-production").unwrap(), "deploy-{{ environment | lower }}");
        assert_eq!(of("QA of shop", "Production of shop").unwrap(), "{{ environment }} of {{ project }}");
        assert_eq!(of("same", "same").unwrap(), "same");
        assert_eq!(of("a {{ b }}", "a {{ b }}").unwrap(), "a {{ '{{' }} b }}");
        assert_eq!(of("deploy-qa", "deploy-prod"), None);
        // A part of a word is no word.
        assert_eq!(of("deploy-qa2", "deploy-production2"), None);
    }
}
