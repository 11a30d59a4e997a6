use std::fmt::Write;

use yaml_source::diagnostic::{Count, visible};

use super::demand::{Credential, Polls};
use super::{AccountBudget, Budget};

/// A budget for people.
pub(crate) fn text(budget: &Budget) -> String {
    let mut out = String::new();
    for account in &budget.accounts {
        account_text(account, &mut out);
        out.push('\n');
    }
    for git in &budget.git {
        let shared = match git.checks_per_hour_shared {
            shared if shared < git.checks_per_hour => format!(" ({} with global resources)", grouped(shared)),
            _ => String::new(),
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "git at {}\n  checks     {} an hour{shared}, of {}; by git's own protocol, which the API's limits do not \
             count\n",
            git.host,
            grouped(git.checks_per_hour),
            Count(usize::try_from(git.resources).unwrap_or(usize::MAX), "resource"),
        );
    }
    if budget.accounts.is_empty() {
        out.push_str("no gate asks GitHub for anything\n\n");
    }
    let _ = writeln!(out, "counted for {}, and assumed:", Count(budget.pipelines, "pipeline"));
    for assumption in &budget.assumptions {
        let _ = writeln!(out, "- {assumption}");
    }
    out
}

fn account_text(budget: &AccountBudget, out: &mut String) {
    let account = &budget.account;
    let by = match &account.credential {
        Credential::Token { name: Some(name) } => name.clone(),
        Credential::Token { name: None } => "a token".to_owned(),
        Credential::App { installation: Some(installation) } => format!("App installation {installation}"),
        Credential::App { installation: None } => "an App".to_owned(),
    };
    let mut lines = vec![("limit", budget.limit.words.to_owned()), ("", budget.limit.source.to_owned())];
    if budget.limit.source.starts_with("--") {
        lines.truncate(1);
        lines[0].1 = format!("{} requests an hour, {}", grouped(budget.limit.per_hour.unwrap_or_default()), lines[0].1);
    }
    if account.gates.is_empty() {
        lines.push(("checks", "none: nothing waits for an issue".to_owned()));
    } else {
        let gates: Vec<String> = account.gates.iter().map(polls).collect();
        lines.push(("checks", format!("{} requests an hour: {}", grouped(budget.sent_per_hour), gates.join(", "))));
        let percent = budget.percent.map(|percent| format!(", {percent} % of the limit")).unwrap_or_default();
        lines.push((
            "count",
            format!(
                "{} an hour while nothing is closed; {} if every check found something new{percent}",
                grouped(budget.counted_when_quiet),
                grouped(budget.counted_at_most)
            ),
        ));
    }
    lines.push(("a round", format!("{} requests, when every job runs once", grouped(account.round))));
    let advice = budget.advice.iter().map(|advice| ("advice", advice.words()));
    lines.extend(advice);
    if budget.advice.is_empty() {
        lines.push(("advice", "none is needed".to_owned()));
    }
    let _ = writeln!(out, "{} by {}", visible(&account.api), visible(&by));
    for (label, words) in lines {
        let _ = writeln!(out, "  {label:<10} {words}");
    }
}

fn polls(polls: &Polls) -> String {
    let gates = Count(usize::try_from(polls.count).unwrap_or(usize::MAX), "gate");
    let webhook = if polls.webhook { " and by webhook" } else { "" };
    format!("{gates} every {}{webhook}", duration(polls.every))
}

/// Seconds in the largest unit that leaves no rest.
pub(super) fn duration(seconds: u64) -> String {
    concourse_pipeline::flow::duration(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// With commas between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
