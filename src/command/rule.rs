use yaml_source::Failure;
use yaml_source::diagnostic::{Rule, Severity};

use crate::cli::RuleArgs;

use super::{Outcome, Output};

/// Prints the page of a rule, or a line of each.
pub(super) fn run(args: &RuleArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let Some(rule) = args.rule else {
        for rule in Rule::ALL {
            output.print(&format!("{:<24}  {:<7}  {}\n", rule.name(), severity(*rule), rule.summary()))?;
        }
        return Ok(Outcome::Fine);
    };
    output.print(rule.page())?;
    Ok(Outcome::Fine)
}

const fn severity(rule: Rule) -> &'static str {
    match rule.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
