//! Imports of Python ([the import statement](https://docs.python.org/3/reference/simple_stmts.html#the-import-statement)).

use camino::Utf8Path;

use super::FoundImport;
use super::tree::{Tree, join};

/// What one statement imports.
#[derive(Debug, PartialEq, Eq)]
struct Import {
    line: usize,
    /// Dots before the module.
    level: usize,
    /// `a.b`, perhaps empty.
    module: String,
    /// Names from it; none for a plain `import`.
    names: Vec<String>,
}

/// The imports of a file that lead to files of the checkout.
pub(super) fn found(text: &str, file: &str, project: &str, path: &[String], tree: &Tree) -> Vec<FoundImport> {
    let mut found = Vec::new();
    for import in imports(text) {
        // The folder of the program comes first, then the path, in order.
        let folders: Vec<String> = match import.level {
            0 => std::iter::once(project.to_owned()).chain(path.iter().cloned()).collect(),
            level => {
                let folder = Utf8Path::new(file).ancestors().nth(level);
                folder.map(|folder| folder.as_str().to_owned()).into_iter().collect()
            }
        };
        let module = import.module.replace('.', "/");
        let written = ".".repeat(import.level) + &import.module;
        let mut add = |name: String, target: Option<String>| {
            if let Some(target) = target {
                found.push(FoundImport { line: import.line, name, target });
            }
        };
        let of_module = || folders.iter().find_map(|folder| file_of(tree, &join(folder, &module)?));
        if import.names.is_empty() {
            add(written.clone(), of_module());
        }
        for name in &import.names {
            let inner = folders.iter().find_map(|folder| file_of(tree, &join(folder, &join(&module, name)?)?));
            let separator = if written.ends_with('.') { "" } else { "." };
            match inner {
                Some(_) => add(format!("{written}{separator}{name}"), inner),
                None => add(written.clone(), of_module()),
            }
        }
    }
    found.sort_by(|a, b| (a.line, &a.target).cmp(&(b.line, &b.target)));
    found.dedup_by(|a, b| a.line == b.line && a.target == b.target);
    found
}

/// The file of a module, unless it is a package that holds nothing itself.
fn file_of(tree: &Tree, module: &str) -> Option<String> {
    if let Some(package) = tree.file(&format!("{module}/__init__.py")) {
        return tree.read(&package).filter(|text| !text.trim().is_empty()).map(|_| package);
    }
    tree.file(&format!("{module}.py"))
}

fn imports(text: &str) -> Vec<Import> {
    let mut imports = Vec::new();
    // The indentation of an `if TYPE_CHECKING:`, while its block lasts: it is never run.
    let mut unrun: Option<usize> = None;
    for line in logical_lines(text) {
        if let Some(indent) = unrun {
            if line.indent > indent {
                continue;
            }
            unrun = None;
        }
        for statement in line.text.split(';') {
            let statement = statement.trim();
            if let Some(condition) = statement.strip_prefix("if ").and_then(|rest| rest.strip_suffix(':'))
                && matches!(condition.trim(), "TYPE_CHECKING" | "typing.TYPE_CHECKING")
            {
                unrun = Some(line.indent);
            }
            statement_imports(statement, line.number, &mut imports);
        }
    }
    imports
}

fn statement_imports(statement: &str, line: usize, imports: &mut Vec<Import>) {
    if let Some(modules) = statement.strip_prefix("import ") {
        for module in modules.split(',') {
            let module = module.split_whitespace().next().unwrap_or_default();
            if is_dotted(module) {
                imports.push(Import { line, level: 0, module: module.to_owned(), names: Vec::new() });
            }
        }
        return;
    }
    let Some(rest) = statement.strip_prefix("from").filter(|rest| rest.starts_with([' ', '\t', '.'])) else { return };
    let Some((module, names)) = rest.split_once(" import") else { return };
    let module: String = module.split_whitespace().collect();
    let level = module.chars().take_while(|c| *c == '.').count();
    let module = module[level..].to_owned();
    if !names.starts_with([' ', '(', '*']) || !(module.is_empty() && level > 0 || is_dotted(&module)) {
        return;
    }
    let names: Vec<String> = names
        .split(['(', ')', ','])
        .filter_map(|name| name.split_whitespace().next())
        .filter(|name| is_dotted(name))
        .map(str::to_owned)
        .collect();
    imports.push(Import { line, level, module, names });
}

fn is_dotted(name: &str) -> bool {
    name.split('.').all(|part| {
        part.chars().all(|c| c.is_alphanumeric() || c == '_') && part.starts_with(|c: char| !c.is_ascii_digit())
    })
}

/// A logical line, without its strings and comments
/// ([lexical analysis](https://docs.python.org/3/reference/lexical_analysis.html)).
struct Line {
    number: usize,
    indent: usize,
    text: String,
}

fn logical_lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut rest = text;
    let mut number = 1;
    let mut depth = 0_usize;
    let mut current = Line { number, indent: 0, text: String::new() };
    let end = |current: &mut Line, number: usize, lines: &mut Vec<Line>| {
        let line = std::mem::replace(current, Line { number, indent: 0, text: String::new() });
        if !line.text.trim().is_empty() {
            let indent = line.text.len() - line.text.trim_start().len();
            lines.push(Line { indent, ..line });
        }
    };
    while let Some(c) = rest.chars().next() {
        let mut step = c.len_utf8();
        match c {
            '#' => step = rest.find('\n').unwrap_or(rest.len()),
            '\'' | '"' => {
                step = string(rest);
                number += rest[..step].matches('\n').count();
                current.text.push_str("\"\"");
            }
            '\\' if rest[1..].starts_with(['\n', '\r']) => {
                step = 1 + if rest[1..].starts_with("\r\n") { 2 } else { 1 };
                number += 1;
                current.text.push(' ');
            }
            '\n' => {
                number += 1;
                if depth == 0 {
                    end(&mut current, number, &mut lines);
                } else {
                    current.text.push(' ');
                }
            }
            '(' | '[' | '{' => {
                depth += 1;
                current.text.push(c);
            }
            ')' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                current.text.push(c);
            }
            _ => current.text.push(c),
        }
        rest = &rest[step..];
    }
    end(&mut current, number, &mut lines);
    lines
}

/// The length of a string that begins here, with its quotes. Even a raw one does not end at a quote behind a backslash.
fn string(text: &str) -> usize {
    let quote = &text[..1];
    let long = quote.repeat(3);
    let (delimiter, is_long) = if text.starts_with(&long) { (long.as_str(), true) } else { (quote, false) };
    let mut at = delimiter.len();
    while at < text.len() {
        let rest = &text[at..];
        if let Some(escaped) = rest.strip_prefix('\\') {
            at += 1 + escaped.chars().next().map_or(0, char::len_utf8);
        } else if rest.starts_with(delimiter) {
            return at + delimiter.len();
        } else if rest.starts_with('\n') && !is_long {
            // No program: nothing behind it is to be taken for a string.
            return at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reported(text: &str) -> Vec<String> {
        let shown = |it: Import| format!("{}: {}{} {:?}", it.line, ".".repeat(it.level), it.module, it.names);
        imports(text).into_iter().map(shown).collect()
    }

    #[test]
    fn every_form_of_an_import_is_found_and_nothing_else() {
        let text = r#"""" import a
from b import c """
import os, bridge.lib.versions as v  # import no
from ol.lib import (
    aws,  # comment
    vault as vlt,
)
from . import sibling
from ..up.x import *
from.z import y
text = 'import nothing'; import late
other = """
import nothing
"""
x = f"{'import'}" \
    "import nothing"
if TYPE_CHECKING:
    from only import types

    import more
else:
    import run
def f():
    from inner import thing
importlib.import_module("dynamic")
from_import = 1
raw = r'\'; import_ = 2
"#;
        assert_eq!(
            reported(text),
            [
                "3: os []",
                "3: bridge.lib.versions []",
                r#"4: ol.lib ["aws", "vault"]"#,
                r#"8: . ["sibling"]"#,
                "9: ..up.x []",
                r#"10: .z ["y"]"#,
                "11: late []",
                "22: run []",
                r#"24: inner ["thing"]"#,
            ]
        );
    }

    proptest! {
        #[test]
        fn no_text_is_too_much_for_it(text in r#"[a-z\n '"\\#(){}.;,:é]{0,200}"#) {
            let lines = text.matches('\n').count() + 1;
            prop_assert!(imports(&text).iter().all(|import| import.line <= lines));
        }

        #[test]
        fn an_import_is_found_after_whatever_is_a_whole_statement(strings in prop::collection::vec(
            prop_oneof![
                "'[a-z #(;]*'".prop_map(|text| format!("x = {text}\n")),
                "\"\"\"[a-z\n#(';]*\"\"\"".prop_map(|text| format!("x = {text}\n")),
                "#[ -~]*".prop_map(|text| format!("{text}\n")),
                Just("f(\n  1,\n)\n".to_owned()),
            ], 0..8)) {
            let text = strings.concat() + "import found\n";
            let line = text.matches('\n').count();
            prop_assert_eq!(reported(&text), vec![format!("{line}: found []")]);
        }
    }
}
