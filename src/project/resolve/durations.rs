//! Spans of time of a stage that let nothing happen: an approval that is void before it counts, a step without any time.

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::FileId;
use yaml_source::yaml::Node;

use crate::approval::{self, TimeField};
use crate::manifest::Duration;

/// The longest time that an approval can wait, or be waited for.
const YEAR: u64 = 366 * 86_400;

const SPANS: [TimeField; 2] = [
    (
        "/timeout",
        "timeout",
        "every step fails at once",
        "write how long a step can take, such as 1h, or remove `timeout`",
    ),
    (
        "/issues/timeout",
        "timeout",
        "every request to GitHub fails at once",
        "write how long a request can take, such as 30s, or remove `timeout`",
    ),
];

/// Reports spans that are empty, too long, or leave no time between one another. `manifest` is the file to point at.
pub(super) fn check(settings: &Node, manifest: FileId, diagnostics: &mut Diagnostics) {
    let mut is_wrong = false;
    for (pointer, name, effect, help) in approval::SPANS.into_iter().chain(SPANS) {
        let Some((node, text, duration)) = duration(settings, pointer) else { continue };
        let message = match duration.seconds() {
            0 => format!("`{name}` is {text}, so {effect}"),
            seconds if seconds > YEAR && pointer.starts_with("/approval") => {
                format!("`{name}` is {text}, which is longer than a year")
            }
            _ => continue,
        };
        is_wrong = true;
        diagnostics.push(Diagnostic::new(Rule::WrongType, node.span, message).help(help));
    }
    let approval = duration(settings, "/approval/delay").zip(duration(settings, "/approval/expires"));
    // Both count from the closing of the issue.
    let Some((delay, expires)) =
        approval.filter(|(delay, expires)| !is_wrong && delay.2.seconds() >= expires.2.seconds())
    else {
        return;
    };
    let by_manifest = |node: &Node| node.span.file == manifest;
    let (place, other) = if by_manifest(expires.0) && !by_manifest(delay.0) {
        (expires.0.span, (delay.0.span, format!("`delay` is {}", delay.1)))
    } else {
        (delay.0.span, (expires.0.span, format!("`expires` is {}", expires.1)))
    };
    let message = format!(
        "an approval waits {} (`delay`), and is void after {} (`expires`), so nothing can be approved",
        delay.1, expires.1
    );
    diagnostics.push(
        Diagnostic::new(Rule::WrongType, place, message)
            .also(other.0, other.1)
            .help("make `expires` longer than `delay`, or remove one of them"),
    );
}

/// The span of time in that place: the node, its text, and what it means.
fn duration<'n>(settings: &'n Node, pointer: &str) -> Option<(&'n Node, &'n str, Duration)> {
    let node = settings.at(pointer)?;
    let text = node.as_str()?;
    Some((node, text, Duration::parse(text)?))
}
