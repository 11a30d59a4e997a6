use minijinja::Value;
use minijinja::value::ValueKind;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{Entry, Map, Node, NodeKind, Resolved, Scalar};

use super::parse::{ParsedTemplate, TemplateError, is_template, kind_name, statement};
use super::scope::Scope;

/// Nodes that a hole may come to.
const MAX_NODES: usize = 20_000;

/// How deep they may lie in one another.
const MAX_DEPTH: usize = 64;

/// Fills templates, and says what is wrong with them.
pub(crate) struct Filler<'d> {
    diagnostics: &'d mut Diagnostics,
    /// For whom it is filled, where the template alone does not say so: `` stage `shop-cart` QA ``.
    note: Option<&'d str>,
}

impl<'d> Filler<'d> {
    pub(crate) fn new(diagnostics: &'d mut Diagnostics) -> Self {
        Self { diagnostics, note: None }
    }

    /// Adds a note to all that is reported from here on.
    pub(crate) fn noting(diagnostics: &'d mut Diagnostics, note: &'d str) -> Self {
        Self { diagnostics, note: Some(note) }
    }

    /// Reports a problem.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(match self.note {
            Some(note) => diagnostic.note(note),
            None => diagnostic,
        });
    }

    /// The text of a template that stands at `node`, filled. `None` when something was reported.
    pub(crate) fn text(&mut self, node: &Node, scope: &Scope) -> Option<String> {
        let scalar = node.as_scalar()?;
        if !self.check_statement(node, scalar) {
            return None;
        }
        if !is_template(&scalar.text) {
            return Some(scalar.text.clone());
        }
        let filled = ParsedTemplate::parse(&scalar.text).and_then(|template| template.text(scope));
        filled.map_err(|error| self.report_error(error, node, scalar, scope)).ok()
    }

    /// Reports what is wrong with a template whatever it is filled with: its syntax, and names that a scope does not have.
    /// A name whose value is `none` in the scope may be anything.
    pub(crate) fn check(&mut self, node: &Node, scope: &Scope) {
        let Some(scalar) = node.as_scalar() else { return };
        if !self.check_statement(node, scalar) || scalar.resolve() != Resolved::Text || !is_template(&scalar.text) {
            return;
        }
        if let Err(error) = ParsedTemplate::parse(&scalar.text).and_then(|template| template.check(scope)) {
            self.report_error(error, node, scalar, scope);
        }
    }

    /// Reports a statement, which would stay in the text. False where there is one.
    fn check_statement(&mut self, node: &Node, scalar: &Scalar) -> bool {
        let Some(error) = statement(&scalar.text) else { return true };
        let span = scalar.place(node.span, &error.range);
        self.report(Diagnostic::new(error.rule, span, error.message).maybe_help(error.help));
        false
    }

    fn report_error(&mut self, error: TemplateError, node: &Node, scalar: &Scalar, scope: &Scope) {
        let names = ParsedTemplate::parse(&scalar.text).map(|template| template.names()).unwrap_or_default();
        if !scope.has_unknown(&names) {
            let span = scalar.place(node.span, &error.range);
            self.report(Diagnostic::new(error.rule, span, error.message).maybe_help(error.help));
        }
    }

    /// A value in which every text is a template, filled, the five devices that shape structure obeyed:
    ///
    /// - a hole that gives `none` leaves the key or the list item out;
    /// - a list item that is one hole and gives a list is spliced in;
    /// - `each: LIST` on a list item repeats it, `when: …` leaves it out;
    /// - the key `"..."` lays a map over another one, or over a list of maps.
    ///
    /// `None` when the value comes out as nothing, or something was reported.
    pub(crate) fn node(&mut self, node: &Node, scope: &Scope) -> Option<Node> {
        match &node.kind {
            NodeKind::Invalid => None,
            NodeKind::Scalar(scalar) => {
                if !self.check_statement(node, scalar) {
                    return None;
                }
                if scalar.resolve() != Resolved::Text || !is_template(&scalar.text) {
                    return Some(node.clone());
                }
                let value = ParsedTemplate::parse(&scalar.text).and_then(|template| template.value(scope));
                match value {
                    Ok(value) if value.is_none() => None,
                    Ok(value) => self.grown(&value, node.span),
                    Err(error) => {
                        self.report_error(error, node, scalar, scope);
                        None
                    }
                }
            }
            NodeKind::List(items) => {
                let mut filled = Vec::with_capacity(items.len());
                for item in items {
                    self.item(item, scope, &mut filled);
                }
                Some(Node::list(node.span, filled))
            }
            NodeKind::Map(map) => Some(Node::map(node.span, self.map(map, scope, &[]))),
        }
    }

    fn item(&mut self, item: &Node, scope: &Scope, out: &mut Vec<Node>) {
        if let Some(map) = item.as_map() {
            match map.get("each") {
                None => self.conditional(item.span, map, scope, out),
                Some(each) => {
                    let Some(list) = self.node(each, scope) else { return };
                    let NodeKind::List(elements) = &list.kind else {
                        self.report(Diagnostic::new(Rule::WrongType, each.span, "`each` takes a list"));
                        return;
                    };
                    for element in elements {
                        let scope = scope.with([("each", to_value(element))]);
                        self.conditional(item.span, map, &scope, out);
                    }
                }
            }
            return;
        }
        let spliced = item.as_scalar().is_some_and(|scalar| {
            is_template(&scalar.text)
                && ParsedTemplate::parse(&scalar.text).is_ok_and(|template| template.is_one_hole())
        });
        match self.node(item, scope) {
            Some(Node { kind: NodeKind::List(items), .. }) if spliced => out.extend(items),
            Some(node) => out.push(node),
            None => {}
        }
    }

    fn conditional(&mut self, span: Span, map: &Map, scope: &Scope, out: &mut Vec<Node>) {
        if let Some(when) = map.get("when")
            && !self.condition(when, scope)
        {
            return;
        }
        out.push(Node::map(span, self.map(map, scope, &["each", "when"])));
    }

    fn condition(&mut self, when: &Node, scope: &Scope) -> bool {
        match when.as_scalar() {
            Some(scalar) if is_template(&scalar.text) => {
                match ParsedTemplate::parse(&scalar.text).and_then(|template| template.value(scope)) {
                    Ok(value) => value.is_true(),
                    Err(error) => {
                        self.report_error(error, when, scalar, scope);
                        false
                    }
                }
            }
            Some(scalar) if matches!(scalar.resolve(), Resolved::Bool(_)) => scalar.resolve() == Resolved::Bool(true),
            _ => {
                self.report(Diagnostic::new(Rule::WrongType, when.span, "`when` takes a condition, `\"{{ … }}\"`"));
                false
            }
        }
    }

    fn map(&mut self, map: &Map, scope: &Scope, without: &[&str]) -> Map {
        let mut filled = Map::default();
        for entry in map.entries().iter().filter(|entry| !without.contains(&entry.key.as_str())) {
            if entry.key == "..." {
                let own = |key: &str| map.get(key).is_some();
                self.lay_under(&entry.value, scope, &own, &mut filled);
            } else if is_template(&entry.key) {
                self.report(
                    Diagnostic::new(Rule::TemplateHere, entry.key_span, "templates are not filled in keys here")
                        .help("make the map with `\"...\"`, or repeat an item with `each`"),
                );
            } else if let Some(value) = self.node(&entry.value, scope) {
                filled.set(Entry { key: entry.key.clone(), key_span: entry.key_span, value });
            }
        }
        filled
    }

    /// Takes over the entries of a map, or of a list of maps, that the map around does not say itself.
    fn lay_under(&mut self, node: &Node, scope: &Scope, own: &dyn Fn(&str) -> bool, out: &mut Map) {
        let Some(filled) = self.node(node, scope) else { return };
        let maps = match filled.kind {
            NodeKind::List(items) => items,
            _ => vec![filled],
        };
        for layer in maps {
            let span = layer.span;
            let NodeKind::Map(layer) = layer.kind else {
                self.report(Diagnostic::new(Rule::WrongType, span, "`\"...\"` takes a map, or a list of maps"));
                continue;
            };
            for entry in layer.entries().iter().filter(|entry| !own(&entry.key)) {
                out.set(entry.clone());
            }
        }
    }

    /// A value as a node, within bounds: values that hold one another twice grow by the power of their number.
    fn grown(&mut self, value: &Value, span: Span) -> Option<Node> {
        let mut room = MAX_NODES;
        let node = self.filled_node(value, span, MAX_DEPTH, &mut room);
        if room == 0 {
            let message = format!("grows beyond {MAX_NODES} values, or {MAX_DEPTH} levels, when it is filled");
            self.report(Diagnostic::new(Rule::TemplateLimit, span, message));
            return None;
        }
        node
    }

    fn filled_node(&mut self, value: &Value, span: Span, depth: usize, room: &mut usize) -> Option<Node> {
        *room = if depth == 0 { 0 } else { room.saturating_sub(1) };
        if *room == 0 {
            return None;
        }
        Some(match value.kind() {
            ValueKind::None => Node::plain(span, "null"),
            ValueKind::Bool => Node::plain(span, if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => Node::plain(span, value.to_string()),
            ValueKind::String => Node::text(span, value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => {
                let mut items = Vec::new();
                for item in value.try_iter().ok()? {
                    items.extend(self.filled_node(&item, span, depth - 1, room));
                    if *room == 0 {
                        return None;
                    }
                }
                Node::list(span, items)
            }
            ValueKind::Map => {
                let mut map = Map::default();
                for key in value.try_iter().ok()? {
                    let item = value.get_item(&key).ok()?;
                    if let Some(value) = self.filled_node(&item, span, depth - 1, room) {
                        map.set(Entry { key: key.to_string(), key_span: span, value });
                    }
                    if *room == 0 {
                        return None;
                    }
                }
                Node::map(span, map)
            }
            other => {
                self.report(Diagnostic::new(Rule::NotText, span, format!("gives {}", kind_name(other))));
                return None;
            }
        })
    }
}

/// Is there a template in a value? What has none is filled alike in every scope.
pub(crate) fn has_templates(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar(scalar) => is_template(&scalar.text),
        NodeKind::List(items) => items.iter().any(has_templates),
        NodeKind::Map(map) => map.entries().iter().any(|entry| has_templates(&entry.value)),
        NodeKind::Invalid => false,
    }
}

/// A node as an expression sees it.
pub(crate) fn to_value(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Invalid => Value::from(()),
        NodeKind::Scalar(scalar) => match scalar.resolve() {
            Resolved::Null => Value::from(()),
            Resolved::Bool(value) => value.into(),
            Resolved::Integer(value) => value.into(),
            Resolved::Float(value) => value.into(),
            Resolved::Text => scalar.text.as_str().into(),
        },
        NodeKind::List(items) => items.iter().map(to_value).collect(),
        NodeKind::Map(map) => {
            Value::from_pairs(map.entries().iter().map(|entry| (entry.key.as_str(), to_value(&entry.value))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yaml_source::source::Sources;
    use yaml_source::yaml::{Limits, Value as Free, decode, emit, read};

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.define("name", "cart");
        scope.define("list", vec!["a", "b"]);
        scope.define("none_yet", ());
        scope.define("flag", true);
        scope.define("env", Value::from_pairs([("A", "1"), ("B", "{{ name }}")]));
        scope.define("values", Value::from_pairs([("release", "maple")]));
        scope
    }

    fn filled(text: &str) -> (String, Vec<String>) {
        let mut sources = Sources::default();
        let file = sources.add("a.yml", text);
        let mut diagnostics = Diagnostics::default();
        let node = read(&sources, file, Limits::MANIFEST, &mut diagnostics).unwrap();
        let out = Filler::new(&mut diagnostics).node(&node, &scope());
        let out = out.map_or_else(String::new, |node| emit(&decode::<Free>(&node).unwrap()).unwrap());
        let problems = diagnostics
            .into_sorted()
            .iter()
            .map(|d| {
                let help = d.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
                format!("{} at `{}`: {}{help}", d.rule, sources.slice(d.span()), d.message)
            })
            .collect();
        (out, problems)
    }

    #[track_caller]
    fn gives(text: &str, expected: &str) {
        assert_eq!(filled(text), (expected.to_owned(), vec![]));
    }

    #[track_caller]
    fn fails(text: &str, expected: &str) {
        assert_eq!(filled(text).1, [expected]);
    }

    #[test]
    fn one_hole_keeps_its_type() {
        gives("a: '{{ flag }}'\nb: '{{ list }}'\nc: x-{{ name }}", "a: true\nb:\n- a\n- b\nc: x-cart\n");
        gives("a: '{{ 1 + 2 }}'\nb: v{{ 1 + 2 }}", "a: 3\nb: v3\n");
    }

    #[test]
    fn text_that_looks_like_something_else_stays_text() {
        gives("a: \"{{ 'on' }}\"\nb: \"{{ '1.10' }}\"", "a: \"on\"\nb: \"1.10\"\n");
    }

    #[test]
    fn filled_once() {
        gives("a: '{{ env.B }}'", "a: \"{{ name }}\"\n");
        gives("a: \"{{ '{{' }} x }}\"", "a: \"{{ x }}\"\n");
        gives("a: \"{{ {'k': 'v'}['k'] }}\"", "a: v\n");
    }

    #[test]
    fn none_leaves_out() {
        gives("a: '{{ none_yet }}'\nb: [u, '{{ none_yet }}', v]", "b:\n- u\n- v\n");
    }

    #[test]
    fn list_is_spliced_only_where_the_item_is_one_hole() {
        gives("- '{{ list }}'\n- c", "- a\n- b\n- c\n");
        gives("- ['{{ list }}']", "- - a\n  - b\n");
    }

    #[test]
    fn each_repeats_and_when_leaves_out() {
        gives(
            "- each: '{{ list }}'\n  when: \"{{ each != 'a' }}\"\n  get: x-{{ each }}\n- when: '{{ not flag }}'\n  get: never",
            "- get: x-b\n",
        );
    }

    #[test]
    fn spread_lays_under_what_the_map_says_itself() {
        gives("{C: 3, '...': '{{ env }}', A: own}", "C: 3\nB: \"{{ name }}\"\nA: own\n");
        gives("{'...': ['{{ env }}', {B: 2}, '{{ none_yet }}']}", "A: \"1\"\nB: 2\n");
        gives("{'...': \"{{ env | prefix_keys('P_') }}\"}", "P_A: \"1\"\nP_B: \"{{ name }}\"\n");
    }

    #[test]
    fn value_brings_no_structure_in() {
        let mut scope = scope();
        scope.define("evil", "x\nb: injected\n'...': {c: 1}");
        let mut sources = Sources::default();
        let file = sources.add("a.yml", "a: '{{ evil }}'\n");
        let mut diagnostics = Diagnostics::default();
        let node = read(&sources, file, Limits::MANIFEST, &mut diagnostics).unwrap();
        let out = Filler::new(&mut diagnostics).node(&node, &scope).unwrap();
        assert_eq!(out.as_map().unwrap().entries().len(), 1);
        assert_eq!(out.at("/a").unwrap().as_str(), Some("x\nb: injected\n'...': {c: 1}"));
    }

    #[test]
    fn errors_say_where_and_what_was_meant() {
        fails("a: x-{{ nmae }}", "undefined-name at `{{ nmae }}`: `nmae` is not defined (did you mean `name`?)");
        fails(
            "a: '{{ values.relese }}'",
            "undefined-name at `{{ values.relese }}`: `relese` is not defined in `values` (did you mean `release`?)",
        );
        fails(
            "a: x-{{ list }}",
            "not-text at `{{ list }}`: expected text or a number, found a list (make one text of it: `… | join(',')`)",
        );
        fails(
            "a: x-{{ name",
            "template-syntax at `{{ name`: `{{` is not closed by `}}` (write {{ '{{' }} for two braces of the text)",
        );
        fails("a: x-{{ }}", "template-syntax at `{{ }}`: an empty hole (write {{ '{{' }} for two braces of the text)");
        fails(
            "a: x-{{ range(3) }}",
            "undefined-name at `{{ range(3) }}`: there is no function `range` (expressions have names, operators and filters, no functions)",
        );
        fails(
            "a: x-{{ name | uper }}",
            "undefined-name at `{{ name | uper }}`: there is no filter `uper` (did you mean `upper`?)",
        );
        fails(
            "'{{ name }}': x",
            "template-here at `'{{ name }}'`: templates are not filled in keys here (make the map with `\"...\"`, or repeat an item with `each`)",
        );
    }

    #[test]
    fn expressions_are_bounded() {
        for text in [
            "a: \"{{ 'x' * 100000000 }}\"",
            "a: \"{{ name | replace('', name | replace('', name | replace('', name | replace('', name | replace('', name | replace('', name | replace('', name)))))) }}\"",
        ] {
            let (out, problems) = filled(text);
            assert!(!problems.is_empty() && out.len() < 100, "{text}: {problems:?}");
        }
        let (_, problems) = filled(&format!("a: \"{{{{ {} }}}}\"", "(".repeat(400)));
        assert!(problems[0].starts_with("template-syntax"), "{problems:?}");
    }
}
