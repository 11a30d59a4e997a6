//! Imports of TypeScript and JavaScript: `import`, `export … from`, `require(…)` and `import(…)` of relative paths. What
//! is no relative path is a package, which a lock file pins.

use camino::Utf8Path;

use super::FoundImport;
use super::tree::{Tree, join};

/// What a path may leave out ([module resolution](https://www.typescriptlang.org/docs/handbook/modules/reference.html)).
const ENDINGS: [&str; 9] = ["", ".ts", ".tsx", ".d.ts", ".mts", ".cts", ".js", ".jsx", ".json"];

/// The imports of a file that lead to files of the checkout.
pub(super) fn found(text: &str, file: &str, tree: &Tree) -> Vec<FoundImport> {
    let folder = Utf8Path::new(file).parent().map_or("", Utf8Path::as_str);
    imports(text)
        .into_iter()
        .filter(|(_, path)| path.starts_with("./") || path.starts_with("../") || path == "." || path == "..")
        .filter_map(|(line, name)| {
            let path = join(folder, &name)?;
            let with_endings = |path: &str| ENDINGS.iter().find_map(|ending| tree.file(&format!("{path}{ending}")));
            // A path may name the file that TypeScript is going to write.
            let source = path.strip_suffix(".js").and_then(|path| tree.file(&format!("{path}.ts")));
            let target = source.or_else(|| with_endings(&path)).or_else(|| with_endings(&format!("{path}/index")))?;
            Some(FoundImport { line, name, target })
        })
        .collect()
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ScriptToken<'t> {
    Word(&'t str),
    Text(&'t str),
    Other(char),
}

fn imports(text: &str) -> Vec<(usize, String)> {
    let tokens = tokens(text);
    let mut imports = Vec::new();
    let at = |index: usize| tokens.get(index).map(|(_, token)| token);
    for (index, (line, token)) in tokens.iter().enumerate() {
        let ScriptToken::Text(path) = token else { continue };
        let back = |by: usize| index.checked_sub(by).and_then(at);
        let imported = match (back(2), back(1)) {
            // `x.require("a")` is a method of somebody's.
            (Some(ScriptToken::Word("require" | "import")), Some(ScriptToken::Other('('))) => {
                back(3) != Some(&ScriptToken::Other('.'))
            }
            (_, Some(ScriptToken::Word("import"))) => true,
            (_, Some(ScriptToken::Word("from"))) => statement(&tokens[..index - 1]).is_some_and(|is_type| !is_type),
            _ => false,
        };
        if imported {
            imports.push((*line, (*path).to_owned()));
        }
    }
    imports
}

/// Does an `import` or `export` begin the statement that ends here, and is it one of types alone?
fn statement(tokens: &[(usize, ScriptToken<'_>)]) -> Option<bool> {
    for (index, (_, token)) in tokens.iter().enumerate().rev() {
        match token {
            ScriptToken::Word("import" | "export") => {
                let next = |by: usize| tokens.get(index + by).map(|(_, token)| token);
                // `import type from "x"` imports a value of that name.
                let is_type = next(1) == Some(&ScriptToken::Word("type")) && next(2).is_some();
                return Some(is_type);
            }
            ScriptToken::Word(_) | ScriptToken::Other('{' | '}' | ',' | '*' | '$') | ScriptToken::Text(_) => {}
            ScriptToken::Other(_) => return None,
        }
    }
    None
}

fn tokens(text: &str) -> Vec<(usize, ScriptToken<'_>)> {
    let mut tokens: Vec<(usize, ScriptToken<'_>)> = Vec::new();
    let mut rest = text;
    let mut line = 1;
    // Depths of braces at which a template goes on.
    let mut templates: Vec<usize> = Vec::new();
    let mut depth = 0_usize;
    while let Some(c) = rest.chars().next() {
        let mut token = None;
        let length = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '/' if begins_regex(tokens.last().map(|(_, token)| token)) => regex(rest),
            '"' | '\'' => {
                let length = quoted(rest, c);
                token = Some(ScriptToken::Text(rest[1..length].strip_suffix(c).unwrap_or(&rest[1..length])));
                length
            }
            '`' => template(&rest[1..], &mut templates, depth) + 1,
            '}' if templates.last() == Some(&depth) => {
                templates.pop();
                template(&rest[1..], &mut templates, depth) + 1
            }
            c if c.is_alphanumeric() || c == '_' || c == '$' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(rest.len());
                token = Some(ScriptToken::Word(&rest[..end]));
                end
            }
            c => {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if !c.is_whitespace() {
                    token = Some(ScriptToken::Other(c));
                }
                c.len_utf8()
            }
        };
        tokens.extend(token.map(|token| (line, token)));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// A slash divides what is a value, and begins an expression everywhere else.
fn begins_regex(before: Option<&ScriptToken<'_>>) -> bool {
    match before {
        None => true,
        Some(ScriptToken::Word(word)) => {
            matches!(*word, "return" | "typeof" | "case" | "in" | "of" | "void" | "delete")
        }
        Some(ScriptToken::Text(_)) => false,
        Some(ScriptToken::Other(c)) => !matches!(c, ')' | ']' | '}'),
    }
}

/// The length of a string, which ends at the end of its line at the latest.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return at,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a regular expression.
fn regex(text: &str) -> usize {
    let (mut escaped, mut class) = (false, false);
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '/' if !class => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a template up to its end, or into its next expression.
fn template(text: &str, open: &mut Vec<usize>, depth: usize) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '`' => return at + 1,
            '$' if text[at + 1..].starts_with('{') => {
                open.push(depth);
                return at + 2;
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_of_an_import_is_found_and_nothing_else() {
        let text = r#"// import "./no"
import * as aws from "@pulumi/aws";
import { a, b as c } from './b' /* import "./no" */
import "./effect"
import d, { e } from "../d"
import type { T } from "./types"
export { x } from "./x"
export * from "./y"
const z = require("./z"), w = await import('./w')
const text = `import "./no" ${ f(`${"./no"}`) } from "./no"`
const r = /import "\/no/ ; const q = 1 / 2 / 3
list.from("./no"); Array.from './no'
import old = require("./old")
const s = 'from "./no"'
thing.require("./no")
"#;
        let found: Vec<String> = imports(text).into_iter().map(|(line, path)| format!("{line}: {path}")).collect();
        assert_eq!(
            found,
            ["2: @pulumi/aws", "3: ./b", "4: ./effect", "5: ../d", "7: ./x", "8: ./y", "9: ./z", "9: ./w", "13: ./old",]
        );
    }

    proptest! {
        #[test]
        fn no_text_is_too_much_for_it(text in r#"[a-z\n "'`/*(){}$\\é\[\]]{0,200}"#) {
            let lines = text.matches('\n').count() + 1;
            prop_assert!(imports(&text).iter().all(|(line, _)| *line <= lines));
        }
    }
}
