//! Regular expressions as Go reads them: `regexp/syntax` of Go 1.24, with the flags that `regexp.Compile` sets. The
//! resources that take patterns of tags and file names are written in Go.

/// What is wrong with an expression, in a few words, or the number of its groups.
///
/// # Errors
///
/// When Go does not compile the expression.
pub fn groups(expression: &str) -> Result<usize, String> {
    let mut reader = Reader { rest: expression, groups: 0, open: 0, has_operand: false };
    reader.read()?;
    Ok(reader.groups)
}

struct Reader<'e> {
    rest: &'e str,
    groups: usize,
    open: usize,
    /// Whether there is something that an operator could repeat.
    has_operand: bool,
}

/// The largest number of repetitions.
const MOST_REPETITIONS: u32 = 1_000;

/// Names of POSIX classes.
const CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

impl Reader<'_> {
    fn read(&mut self) -> Result<(), String> {
        let mut was_repetition = false;
        while let Some(c) = self.rest.chars().next() {
            let mut is_repetition = false;
            match c {
                '(' if self.rest.starts_with("(?") => self.perl_group()?,
                '(' => {
                    self.skip(1);
                    self.groups += 1;
                    self.begin_group();
                }
                '|' => {
                    self.skip(1);
                    self.has_operand = false;
                }
                ')' => {
                    self.skip(1);
                    let Some(open) = self.open.checked_sub(1) else {
                        return Err("a `)` closes no group".to_owned());
                    };
                    self.open = open;
                    self.has_operand = true;
                }
                '[' => self.class()?,
                '\\' => self.escape()?,
                '*' | '+' | '?' => {
                    self.skip(1);
                    self.repeat(c, was_repetition)?;
                    is_repetition = true;
                }
                '{' => match self.counted() {
                    Some((least, most)) => {
                        if least > most || most > MOST_REPETITIONS {
                            return Err(format!(
                                "`{{{least},{most}}}` repeats more than {MOST_REPETITIONS} times, or ends before it begins"
                            ));
                        }
                        self.repeat(c, was_repetition)?;
                        is_repetition = true;
                    }
                    None => self.literal(c),
                },
                c => self.literal(c),
            }
            was_repetition = is_repetition;
        }
        if self.open > 0 { Err("a group `(` is not closed".to_owned()) } else { Ok(()) }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn literal(&mut self, c: char) {
        self.skip(c.len_utf8());
        self.has_operand = true;
    }

    fn begin_group(&mut self) {
        self.open += 1;
        self.has_operand = false;
    }

    fn repeat(&mut self, operator: char, was_repetition: bool) -> Result<(), String> {
        if self.rest.starts_with('?') {
            self.skip(1);
        }
        if was_repetition {
            return Err(format!("the operator `{operator}` follows another repetition"));
        }
        if self.has_operand { Ok(()) } else { Err(format!("there is nothing before the operator `{operator}`")) }
    }

    /// The bounds of `{N}`, `{N,}` or `{N,M}`; anything else is literal text. What is too large is [`u32::MAX`].
    fn counted(&mut self) -> Option<(u32, u32)> {
        let (inner, _) = self.rest[1..].split_once('}')?;
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            (is_number && (text.len() == 1 || !text.starts_with('0'))).then(|| text.parse().unwrap_or(u32::MAX))
        };
        let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
        let least = number(least)?;
        let most = if most.is_empty() { least } else { number(most)? };
        self.skip(inner.len() + 2);
        Some((least, most))
    }

    /// What begins with `(?`: a group with a name, a group without a number, or flags.
    fn perl_group(&mut self) -> Result<(), String> {
        for start in ["(?P<", "(?<"] {
            let Some(after) = self.rest.strip_prefix(start) else { continue };
            let name = after.split('>').next().unwrap_or_default();
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if is_name && after[name.len()..].starts_with('>') {
                self.skip(start.len() + name.len() + 1);
                self.groups += 1;
                self.begin_group();
                return Ok(());
            }
        }
        let unsupported = |construct: &str| {
            let name = match construct {
                "(?=" | "(?!" | "(?<" => "lookaround, which looks at text without taking it",
                _ => "a construct that Go does not know",
            };
            Err(format!("`{construct}` is {name}"))
        };
        let (mut is_negated, mut has_flag) = (false, false);
        for (index, c) in self.rest.char_indices().skip(2) {
            match c {
                'i' | 'm' | 's' | 'U' => has_flag = true,
                '-' if !is_negated => (is_negated, has_flag) = (true, false),
                ':' | ')' if !is_negated || has_flag => {
                    self.skip(index + 1);
                    if c == ':' {
                        self.begin_group();
                    }
                    return Ok(());
                }
                _ => return unsupported(&self.rest[..(index + c.len_utf8()).min(self.rest.len())]),
            }
        }
        Err("a group `(` is not closed".to_owned())
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.rest[1..].chars().next() else {
            return Err("the expression ends with a backslash".to_owned());
        };
        match c {
            'A' | 'b' | 'B' | 'z' => self.skip(2),
            'Q' => {
                let quoted = &self.rest[2..];
                let length = quoted.find("\\E").map_or(quoted.len(), |end| end + 2);
                self.skip(2 + length);
            }
            'p' | 'P' | 'd' | 'D' | 's' | 'S' | 'w' | 'W' => self.perl_class()?,
            _ => _ = self.character()?,
        }
        self.has_operand = true;
        Ok(())
    }

    /// `\d` and the like, or a Unicode class: `\pL`, `\p{Greek}`.
    fn perl_class(&mut self) -> Result<(), String> {
        let c = self.rest[1..].chars().next().unwrap_or_default();
        if c != 'p' && c != 'P' {
            self.skip(2);
            return Ok(());
        }
        let after = &self.rest[2..];
        let length = match after.chars().next() {
            Some('{') => after.find('}').map(|end| end + 1),
            Some(one) => Some(one.len_utf8()),
            None => None,
        };
        let Some(length) = length else { return Err(format!("`{}` is not a Unicode class", self.rest)) };
        let class = &self.rest[..2 + length];
        // Rust's classes are those of Unicode, as Go's are.
        if regex::Regex::new(class).is_err() {
            return Err(format!("`{class}` is not a Unicode class"));
        }
        self.skip(2 + length);
        Ok(())
    }

    /// An escaped character.
    fn character(&mut self) -> Result<char, String> {
        let invalid = |escape: &str| Err(format!("`{escape}` is not an escape that Go knows"));
        let after = &self.rest[1..];
        let Some(c) = after.chars().next() else { return Err("the expression ends with a backslash".to_owned()) };
        let digits = |text: &str, radix: u32| u32::from_str_radix(text, radix).ok().and_then(char::from_u32);
        let (length, value) = match c {
            'a' => (1, '\x07'),
            'f' => (1, '\x0c'),
            'n' => (1, '\n'),
            'r' => (1, '\r'),
            't' => (1, '\t'),
            'v' => (1, '\x0b'),
            '0'..='7' => {
                let octal = after.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                // One digit is a reference to a group.
                match digits(&after[..octal], 8) {
                    Some(value) if c == '0' || octal > 1 => (octal, value),
                    _ => return Err(format!("`\\{c}` refers to a group, which Go does not know")),
                }
            }
            'x' => {
                let (hex, length) = match after[1..].strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                    Some((hex, _)) => (hex, hex.len() + 3),
                    None => (after.get(1..3).unwrap_or_default(), 3),
                };
                let is_hex = !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
                match digits(hex, 16).filter(|_| is_hex) {
                    Some(value) => (length, value),
                    None => return invalid(&format!("\\x{}", after.get(1..3).unwrap_or_default())),
                }
            }
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => (1, c),
            c => return invalid(&format!("\\{c}")),
        };
        self.skip(1 + length);
        Ok(value)
    }

    fn class(&mut self) -> Result<(), String> {
        let unclosed = || Err("a class `[` is not closed".to_owned());
        self.skip(1);
        if self.rest.starts_with('^') {
            self.skip(1);
        }
        let mut is_first = true;
        loop {
            match self.rest.chars().next() {
                None => return unclosed(),
                Some(']') if !is_first => break,
                Some(_) => {}
            }
            is_first = false;
            if let Some((name, _)) = self.rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) {
                if !CLASSES.contains(&name.strip_prefix('^').unwrap_or(name)) {
                    return Err(format!("`[:{name}:]` is not a class"));
                }
                self.skip(name.len() + 4);
                continue;
            }
            if self.rest.starts_with('\\') && self.rest[1..].starts_with(['p', 'P', 'd', 'D', 's', 'S', 'w', 'W']) {
                self.perl_class()?;
                continue;
            }
            let low = self.class_character()?;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.skip(1);
                if self.class_character()? < low {
                    return Err("a range of a class ends before it begins".to_owned());
                }
            }
        }
        self.skip(1);
        self.has_operand = true;
        Ok(())
    }

    fn class_character(&mut self) -> Result<char, String> {
        match self.rest.chars().next() {
            None => Err("a class `[` is not closed".to_owned()),
            Some('\\') => self.character(),
            Some(c) => {
                self.skip(c.len_utf8());
                Ok(c)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::groups;

    #[test]
    fn expressions_are_judged_as_go_judges_them() {
        for (expression, count) in [
            ("", 0),
            (r"^27\.[0-9]+$", 0),
            ("v(.*)", 1),
            ("a{", 0),
            ("a{,5}", 0),
            ("a{01}", 0),
            ("(a|b)*?c{2,3}?", 1),
            ("(?i)a", 0),
            ("(?i-s:a)", 0),
            ("(?P<v>a)(?<w>b)", 2),
            (r"[]a]|[^]]|[a-]|[[:alpha:]\d-z]", 0),
            (r"[a-z&&[aeiou]]", 0),
            (r"\Qa(b\E", 0),
            (r"\x41\x{1F600}\012\_\-\pL\p{Greek}", 0),
            ("(?)^*", 0),
            ("a(?i)*", 0),
            ("()|", 1),
        ] {
            assert_eq!(groups(expression), Ok(count), "{expression}");
        }
        for expression in [
            r"^27\.[0-9+$",
            "^(?!rc)v",
            "a(?=b)",
            "(?<=a)b",
            r"(a)\1",
            "a**",
            "a+*",
            "a{2}{3}",
            "*a",
            "(*a)",
            "a|*",
            "(a",
            "a)",
            "a{1001}",
            "a{3,2}",
            r"\",
            r"\h",
            r"\Z",
            r"\u0041",
            "[b-a]",
            r"[a-\d]",
            "[[:nope:]]",
            "(?x)a",
            "(?-)a",
            "(?P<a b>c)",
            "(?#comment)",
            r"\p{Nope}",
            r"\xZZ",
            "(?",
            "{2}",
            "x{2}{3}",
        ] {
            assert!(groups(expression).is_err(), "{expression}");
        }
    }
}
