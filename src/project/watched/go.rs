//! Imports of Go ([import declarations](https://go.dev/ref/spec#Import_declarations)).

use camino::Utf8Path;

use super::FoundImport;
use super::tree::{Tree, join};

/// The imports of a file that lead to packages of the checkout: those of its own module, and of modules that its
/// `go.mod` replaces by a folder.
pub(super) fn found(text: &str, file: &str, tree: &Tree) -> Vec<FoundImport> {
    let modules = modules(file, tree);
    imports(text)
        .into_iter()
        .filter_map(|(line, path)| {
            let target = modules.iter().find_map(|(module, folder)| {
                let rest = path.strip_prefix(module.as_str())?;
                (rest.is_empty() || rest.starts_with('/')).then_some(())?;
                tree.folder(&join(folder, rest.trim_start_matches('/'))?)
            })?;
            Some(FoundImport { line, name: path, target })
        })
        .collect()
}

/// Modules and their folders, the file's own first.
fn modules(file: &str, tree: &Tree) -> Vec<(String, String)> {
    for folder in Utf8Path::new(file).ancestors().skip(1) {
        let Some(text) = tree.read(folder.join("go.mod").as_str()) else { continue };
        let mut modules = Vec::new();
        for line in text.lines() {
            let line = line.split("//").next().unwrap_or_default().trim();
            let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches('"')).collect();
            match words.as_slice() {
                ["module", module] => modules.push(((*module).to_owned(), folder.as_str().to_owned())),
                ["replace", module, .., "=>", target] | [module, "=>", target] | [module, _, "=>", target]
                    if target.starts_with("./") || target.starts_with("../") =>
                {
                    let target = join(folder.as_str(), target);
                    modules.extend(target.map(|target| ((*module).to_owned(), target)));
                }
                _ => {}
            }
        }
        return modules;
    }
    Vec::new()
}

/// Imports come behind the package clause and before all else.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut imports = Vec::new();
    let mut tokens = Tokens { rest: text, line: 1 };
    let mut importing = false;
    let mut grouped = false;
    while let Some((line, token)) = tokens.next() {
        match &token {
            GoToken::Word(word) if *word == "import" && !grouped => importing = true,
            GoToken::Word("func" | "var" | "const" | "type") if !grouped => break,
            GoToken::Other('(') if importing => grouped = true,
            GoToken::Other(')') => (importing, grouped) = (false, false),
            GoToken::Text(path) if importing => {
                imports.push((line, (*path).to_owned()));
                importing = grouped;
            }
            _ => {}
        }
    }
    imports
}

#[derive(Debug, PartialEq, Eq)]
enum GoToken<'t> {
    Word(&'t str),
    Text(&'t str),
    Other(char),
}

struct Tokens<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Tokens<'t> {
    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn next(&mut self) -> Option<(usize, GoToken<'t>)> {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.take(blank);
            if self.rest.starts_with("//") {
                self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                self.take(self.rest.find("*/").map_or(self.rest.len(), |end| end + 2));
            } else {
                break;
            }
        }
        let line = self.line;
        let first = self.rest.chars().next()?;
        let token = match first {
            '"' | '`' => {
                self.take(1);
                let text = self.take(self.rest.find([first, '\n']).unwrap_or(self.rest.len()));
                if self.rest.starts_with(first) {
                    self.take(1);
                }
                GoToken::Text(text)
            }
            c if c.is_alphanumeric() || c == '_' => {
                let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
                GoToken::Word(self.take(end))
            }
            c => {
                self.take(c.len_utf8());
                GoToken::Other(c)
            }
        };
        Some((line, token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_of_an_import_is_found_and_nothing_else() {
        let text = "// import \"no\"\npackage main /* import \"no\" */\n\nimport \"fmt\"\nimport (\n\t\"a/b\" // c\n\tx \
                    `c/d`\n\t. \"e\"\n\t_ \"f\"\n)\nimport y \"g\"\n\nfunc main() { import(\"no\"); x := \"no\" }\n";
        let found: Vec<(usize, String)> = imports(text);
        let expected = [(4, "fmt"), (6, "a/b"), (7, "c/d"), (8, "e"), (9, "f"), (11, "g")];
        assert_eq!(found, expected.map(|(line, path)| (line, path.to_owned())));
    }

    proptest! {
        #[test]
        fn no_text_is_too_much_for_it(text in r#"[a-z\n "`/*()é]{0,200}|import \([ -~\n]{0,80}"#) {
            let lines = text.matches('\n').count() + 1;
            prop_assert!(imports(&text).iter().all(|(line, _)| *line <= lines));
        }
    }
}
