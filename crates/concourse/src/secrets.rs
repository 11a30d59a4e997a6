//! Credentials of Concourse in texts, and texts that should be one.

pub use yaml_source::secrets::{
    SecretPart, has_reference, is_secret_by_name, is_secret_in_clear, names_secret, secret_parts,
};

use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::source::Span;

/// Reports the first credential in a text that is posted on GitHub: `what` is "a title". A local variable of the build,
/// `((.:version))`, is no credential: the build fills it.
pub fn posted_credential(what: &str, text: &str, span: Span) -> Option<Diagnostic> {
    let names = text.split("((").skip(1).filter_map(|rest| rest.split_once("))")).map(|(name, _)| name);
    let name = names.map(|name| name.trim_start_matches('(')).find(|name| !name.starts_with(".:"))?;
    let found = Diagnostic::new(
        Rule::PostedCredential,
        span,
        format!("{what} contains `(({name}))`, whose value would be posted on GitHub"),
    );
    Some(found.help(format!(
        "remove `(({name}))`; for a value that the build loads, write a local variable such as ((.:version)); for a value \
         of the manifest, write a template such as {{{{ version }}}}"
    )))
}

/// Reports the name of a credential that Concourse would not fill: with a parenthesis too few, or as a shell has it.
pub fn misspelled_variable(span: Span, text: &str) -> Option<Diagnostic> {
    let is_shell = text.strip_prefix('$').is_some_and(|rest| {
        let name = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(rest);
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    if is_shell {
        // It may be a password that begins with a dollar sign, which must not be shown.
        let message = "variables of a shell are not filled here";
        let help = "write the name of a credential, such as ((github.token))";
        return Some(Diagnostic::new(Rule::PlaintextSecret, span, message).help(help));
    }
    let name = text.trim_start_matches('(').trim_end_matches(')');
    let around = (text.len() - text.trim_start_matches('(').len(), text.len() - text.trim_end_matches(')').len());
    // With one parenthesis alone a word may be any text.
    let is_name = (name.contains('.') || matches!(around, (2, 0)))
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.ends_with('.');
    if !matches!(around, (1, 1 | 2) | (2, 0 | 1))
        || !is_name
        || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:".contains(&byte))
    {
        return None;
    }
    let message = format!("Concourse does not fill `{text}`: a variable needs two parentheses");
    Some(Diagnostic::new(Rule::WrongType, span, message).help(format!("write (({name}))")))
}
