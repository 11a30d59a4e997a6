//! Bodies: Markdown as it comes, within GitHub's limit.

use github_gates::text::MAX_BODY;

/// `text`, cut to the limit and saying so.
pub(super) fn cut(text: &str, limit: usize) -> String {
    let length = units(text);
    if length <= limit {
        return text.to_owned();
    }
    let notice = format!(
        "\n> :warning: Cut to fit GitHub's limit of {MAX_BODY} characters (it had {length}); the whole text is in the build's log.\n"
    );
    let mut room = limit.saturating_sub(units(&notice));
    loop {
        let head = take(text, room);
        let head = head.rfind('\n').map_or(head, |at| &head[..=at]);
        let closing = unclosed(head);
        if units(head) + units(&closing) + units(&notice) <= limit || room == 0 {
            return format!("{head}{closing}{notice}");
        }
        room = room.saturating_sub(units(&closing).max(1));
    }
}

/// Several texts as one, each with its share of the room: what one leaves over the others may use.
pub(super) fn joined(texts: &[String]) -> String {
    let whole = texts.join("\n");
    if units(&whole) <= MAX_BODY {
        return whole;
    }
    let mut by_length: Vec<usize> = (0..texts.len()).collect();
    by_length.sort_by_key(|index| units(&texts[*index]));
    let mut shares = vec![0; texts.len()];
    let mut room = MAX_BODY - (texts.len() - 1);
    for (done, index) in by_length.iter().enumerate() {
        let share = units(&texts[*index]).min(room / (texts.len() - done));
        shares[*index] = share;
        room -= share;
    }
    let parts: Vec<String> = texts.iter().zip(shares).map(|(text, share)| cut(text, share)).collect();
    parts.join("\n")
}

/// The new body with the boxes ticked that are ticked in the old one: what people checked stays checked.
pub(super) fn with_ticks(old: &str, new: &str) -> String {
    let ticked: Vec<&str> =
        old.lines().filter_map(|line| line.strip_prefix("- [x]").or_else(|| line.strip_prefix("- [X]"))).collect();
    let lines: Vec<String> = new
        .split('\n')
        .map(|line| match line.strip_prefix("- [ ]") {
            Some(rest) if ticked.contains(&rest.trim_end_matches('\r')) => format!("- [x]{rest}"),
            _ => line.to_owned(),
        })
        .collect();
    lines.join("\n")
}

/// What a cut left open: a code block or a `<details>` would swallow the rest.
fn unclosed(text: &str) -> String {
    let mut fence: Option<(char, usize)> = None;
    let (mut opened, mut closed) = (0_usize, 0_usize);
    for line in text.lines() {
        let trimmed = line.trim_start();
        let sign = trimmed.chars().next().unwrap_or(' ');
        let run = trimmed.chars().take_while(|c| *c == sign).count();
        match fence {
            None if matches!(sign, '`' | '~') && run >= 3 => fence = Some((sign, run)),
            None => {
                opened += line.matches("<details").count();
                closed += line.matches("</details>").count();
            }
            Some((open, length))
                if sign == open && run >= length && trimmed[run * sign.len_utf8()..].trim().is_empty() =>
            {
                fence = None;
            }
            Some(_) => {}
        }
    }
    let mut out = String::new();
    if let Some((sign, length)) = fence {
        out.extend(std::iter::repeat_n(sign, length));
        out.push('\n');
    }
    out.push_str(&"</details>\n".repeat(opened.saturating_sub(closed)));
    out
}

/// GitHub counts in UTF-16, as its page does.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn take(text: &str, units: usize) -> &str {
    let mut left = units;
    for (at, c) in text.char_indices() {
        match left.checked_sub(c.len_utf16()) {
            Some(rest) => left = rest,
            None => return &text[..at],
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_text_closes_what_it_left_open() {
        let text = format!("<details>\n````diff\n{}", "+ line of a diff\n".repeat(6_000));
        let cut = cut(&text, MAX_BODY);
        assert!(units(&cut) <= MAX_BODY);
        assert!(cut.contains("\n````\n</details>\n\n> :warning: Cut"), "{}", &cut[cut.len() - 300..]);
    }

    #[test]
    fn short_text_leaves_its_room_to_the_long_ones() {
        let texts = ["short\n".to_owned(), "x\n".repeat(60_000), "y\n".repeat(60_000)];
        let body = joined(&texts);
        assert!(units(&body) <= MAX_BODY);
        assert!(body.starts_with("short\n\nx\n"));
        assert!(body.matches("y\n").count() > 15_000 && body.matches("x\n").count() > 15_000);
        assert_eq!(body.matches(":warning:").count(), 2);
    }

    #[test]
    fn ticked_box_stays_ticked() {
        assert_eq!(
            with_ticks("- [x] one\n- [ ] two\n- [X] three", "- [ ] two\n- [ ] one\n- [ ] four\n"),
            "- [ ] two\n- [x] one\n- [ ] four\n"
        );
    }

    #[test]
    fn limit_counts_as_githubs_page_does() {
        assert!(units(&cut(&"😀".repeat(40_000), MAX_BODY)) <= MAX_BODY);
        assert_eq!(cut("😀", 2), "😀");
    }
}
