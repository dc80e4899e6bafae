//! From Joni's syntax to that of the engines here. What would mean something else there is refused.

use crate::error::{Error, Result};

mod class;

/// The most repetitions that can be written.
const MAX_REPEAT: u32 = 100_000;
const MAX_DEPTH: usize = 200;

#[derive(Debug)]
pub(super) struct Translation {
    pub(super) text: String,
    pub(super) needs_backtracking: bool,
    /// There are `^` and `$` that a newline at the end of a text matters to.
    pub(super) has_line_anchors: bool,
    pub(super) ignores_case: bool,
    pub(super) groups: usize,
    pub(super) names: Vec<(String, usize)>,
}

/// Translates a pattern, for texts that end with a newline or for others.
pub(super) fn translate(pattern: &str, before_newline: bool) -> Result<Translation> {
    let mut reader = Reader {
        pattern,
        rest: pattern,
        before_newline,
        depth: 0,
        largest_reference: 0,
        sets_in_sets: 0,
        has_letter_of_its_own_case: false,
        repeats_groups_zero_times: false,
        out: Translation {
            text: String::new(),
            needs_backtracking: false,
            has_line_anchors: false,
            ignores_case: false,
            groups: 0,
            names: Vec::new(),
        },
    };
    let (text, _) = reader.alternatives(Flags::default())?;
    if !reader.rest.is_empty() {
        return Err(reader.wrong("unmatched close parenthesis"));
    }
    if reader.largest_reference > reader.out.groups {
        return Err(reader.wrong("invalid backref number/name"));
    }
    let has_letter_of_its_own_case = reader.has_letter_of_its_own_case || text.chars().any(folds_its_own_way);
    if reader.out.ignores_case && has_letter_of_its_own_case {
        return Err(reader.refused());
    }
    // The engine that goes back gives such groups places.
    if reader.repeats_groups_zero_times && reader.out.needs_backtracking {
        return Err(reader.refused());
    }
    reader.out.text = text;
    Ok(reader.out)
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    ignore_case: bool,
    /// `.` also stands for a newline.
    dot_all: bool,
    /// `^` and `$` stand at lines.
    multi_line: bool,
    /// Space does not count.
    extended: bool,
}

struct Reader<'a> {
    pattern: &'a str,
    rest: &'a str,
    before_newline: bool,
    depth: usize,
    largest_reference: usize,
    /// Sets that are part of another, or meet another.
    sets_in_sets: usize,
    /// In a set, alone or in a range.
    has_letter_of_its_own_case: bool,
    repeats_groups_zero_times: bool,
    out: Translation,
}

/// What can be repeated.
struct Atom {
    text: String,
    /// Looks at a place, and takes nothing.
    is_anchor: bool,
    may_be_empty: bool,
    /// Groups whose texts are kept are in it.
    has_groups: bool,
}

impl Atom {
    fn taking(text: String) -> Self {
        Self { text, is_anchor: false, may_be_empty: false, has_groups: false }
    }

    fn anchor(text: String) -> Self {
        Self { text, is_anchor: true, may_be_empty: true, has_groups: false }
    }
}

/// How a repetition chooses.
#[derive(PartialEq)]
enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// Letters whose case Joni takes otherwise than the engine: those that it takes for several, as `ß` for `ss`, and those
/// that Unicode has paired since, of which Joni's answers know nothing.
pub(super) fn folds_its_own_way(character: char) -> bool {
    matches!(character,
        'ß' | 'İ' | 'ŉ' | 'ǰ' | 'ΐ' | 'ΰ' | 'և' | '\u{241}' | '\u{242}' | '\u{294}'
        | '\u{37B}'..='\u{37F}' | '\u{3F3}' | '\u{3FD}'..='\u{3FF}' | '\u{526}'..='\u{52F}'
        | '\u{10A0}'..='\u{10FF}' | '\u{13A0}'..='\u{13FF}' | '\u{1C80}'..='\u{1CBF}'
        | '\u{1E96}'..='\u{1E9F}' | '\u{1F50}'..='\u{1F56}' | '\u{1F80}'..='\u{1FFF}' | '\u{2C00}'..='\u{2DFF}'
        | '\u{A640}'..='\u{A7FF}' | '\u{AB30}'..='\u{ABBF}'
        | '\u{FB00}'..='\u{FB17}' | '\u{104B0}'..='\u{105FF}' | '\u{10C80}'..='\u{10CFF}'
        | '\u{118A0}'..='\u{118DF}' | '\u{16E40}'..='\u{16EFF}' | '\u{1E900}'..='\u{1E943}')
}

/// A character that stands for itself.
fn literal(character: char, flags: Flags) -> String {
    let plain = match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' => character.to_string(),
        _ if character.is_ascii() || character.is_whitespace() => format!("\\x{{{:X}}}", u32::from(character)),
        _ => character.to_string(),
    };
    if flags.ignore_case && character.is_alphabetic() { format!("(?i:{plain})") } else { plain }
}

impl<'a> Reader<'a> {
    fn wrong(&self, what: &str) -> Error {
        Error::invalid_argument(format!("{what}: {}", self.pattern))
    }

    fn refused(&self) -> Error {
        Error::not_here(format!("The regular expression {}", self.pattern))
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn is(&mut self, mark: &str) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Up to a closing bracket, or the end; and whether it may match nothing.
    fn alternatives(&mut self, flags: Flags) -> Result<(String, bool)> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.refused());
        }
        let mut text = String::new();
        let mut may_be_empty = false;
        loop {
            may_be_empty |= self.branch(flags, &mut text)?;
            if !self.is("|") {
                break;
            }
            text.push('|');
        }
        self.depth -= 1;
        Ok((text, may_be_empty))
    }

    /// Whether it may match nothing.
    fn branch(&mut self, flags: Flags, text: &mut String) -> Result<bool> {
        let mut may_be_empty = true;
        loop {
            if flags.extended {
                self.skip_space();
            }
            let Some(next) = self.rest.chars().next() else { return Ok(may_be_empty) };
            if matches!(next, '|' | ')') {
                return Ok(may_be_empty);
            }
            if matches!(next, '*' | '+' | '?') || next == '{' && self.interval()?.is_some() {
                return Err(self.wrong("target of repeat operator is not specified"));
            }
            if self.is("\\Q") {
                let (quoted, after) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                // A repetition after it would be of the last character alone.
                if after.starts_with(['*', '+', '?', '{']) {
                    return Err(self.refused());
                }
                text.extend(quoted.chars().map(|character| literal(character, flags)));
                may_be_empty &= quoted.is_empty();
                self.rest = after;
                continue;
            }
            if self.rest.starts_with("(?")
                && let Some(flags) = self.options(flags)?
            {
                // They hold for all that follows in the group, also for its other alternatives.
                if self.is(")") {
                    let (rest, is_rest_empty) = self.alternatives(flags)?;
                    text.push_str(&format!("(?:{rest})"));
                    return Ok(may_be_empty && is_rest_empty);
                }
                self.next();
                let groups = self.out.groups;
                let (inner, is_inner_empty) = self.alternatives(flags)?;
                self.close()?;
                let has_groups = self.out.groups > groups;
                let text_of = format!("(?:{inner})");
                let atom = Atom { may_be_empty: is_inner_empty, has_groups, ..Atom::taking(text_of) };
                may_be_empty &= self.repeated(atom, flags, text)?;
                continue;
            }
            if self.is("(?#") {
                let Some((_, after)) = self.rest.split_once(')') else {
                    return Err(self.wrong("end pattern in group"));
                };
                self.rest = after;
                continue;
            }
            let atom = self.atom(flags)?;
            may_be_empty &= self.repeated(atom, flags, text)?;
        }
    }

    fn skip_space(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
            match self.rest.strip_prefix('#') {
                Some(comment) => self.rest = comment.split_once('\n').map_or("", |(_, after)| after),
                None => return,
            }
        }
    }

    fn close(&mut self) -> Result<()> {
        if self.is(")") { Ok(()) } else { Err(self.wrong("end pattern with unmatched parenthesis")) }
    }

    /// `(?im-s` before `)` or `:`; `None`, with nothing read, where the group is another.
    fn options(&mut self, mut flags: Flags) -> Result<Option<Flags>> {
        let body = &self.rest[2..];
        if !body.starts_with(['-', 'i', 'm', 's', 'x']) {
            return Ok(None);
        }
        let end = body.find([')', ':']).ok_or_else(|| self.wrong("end pattern in group"))?;
        let mut on = true;
        for option in body[..end].chars() {
            match option {
                '-' => on = false,
                'i' => {
                    flags.ignore_case = on;
                    self.out.ignores_case |= on;
                }
                'm' => flags.multi_line = on,
                's' => flags.dot_all = on,
                'x' => flags.extended = on,
                _ => return Err(self.wrong("undefined group option")),
            }
        }
        self.rest = &body[end..];
        Ok(Some(flags))
    }

    /// Whether it may match nothing.
    fn repeated(&mut self, atom: Atom, flags: Flags, out: &mut String) -> Result<bool> {
        let mut may_be_empty = atom.may_be_empty;
        let mut text = atom.text;
        let mut is_repeated = false;
        loop {
            if flags.extended {
                self.skip_space();
            }
            let times = match self.rest.chars().next() {
                Some(sign @ ('*' | '+' | '?')) => {
                    self.next();
                    sign.to_string()
                }
                Some('{') => match self.interval()? {
                    Some((times, length)) => {
                        self.rest = &self.rest[length..];
                        times
                    }
                    None => break,
                },
                _ => break,
            };
            // Joni ends a repetition with what matched nothing, and so empties its groups.
            let is_endless = matches!(times.as_str(), "*" | "+") || times.ends_with(",}");
            if atom.is_anchor || atom.has_groups && may_be_empty && is_endless {
                return Err(self.refused());
            }
            self.repeats_groups_zero_times |= atom.has_groups && matches!(times.as_str(), "{0}" | "{0,0}");
            may_be_empty |= times.starts_with(['*', '?']) || times.starts_with("{0");
            let greed = match () {
                () if self.is("?") => Greed::Lazy,
                () if self.is("+") => Greed::Possessive,
                () => Greed::Greedy,
            };
            if is_repeated {
                text = format!("(?:{text})");
            }
            text = match greed {
                Greed::Greedy => format!("{text}{times}"),
                Greed::Lazy => format!("{text}{times}?"),
                Greed::Possessive => {
                    self.out.needs_backtracking = true;
                    format!("(?>{text}{times})")
                }
            };
            is_repeated = greed != Greed::Possessive;
        }
        out.push_str(&text);
        Ok(may_be_empty)
    }

    /// `{2}`, `{2,}`, `{2,3}` with their lengths; `None` where the bracket stands for itself.
    fn interval(&self) -> Result<Option<(String, usize)>> {
        let Some((inner, _)) = self.rest[1..].split_once('}') else { return Ok(None) };
        let (low, high) = match inner.split_once(',') {
            Some((low, high)) => (low, Some(high)),
            None => (inner, None),
        };
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if low.is_empty() || !is_number(low) || !high.is_none_or(is_number) {
            return Ok(None);
        }
        let number = |text: &str| match text.parse::<u32>() {
            Ok(number) if number <= MAX_REPEAT => Ok(number),
            _ => Err(self.wrong("too big number for repeat range")),
        };
        let low = number(low)?;
        let times = match high {
            None => format!("{{{low}}}"),
            Some("") => format!("{{{low},}}"),
            Some(high) => {
                let high = number(high)?;
                if high < low {
                    return Err(self.wrong("upper is smaller than lower in repeat range"));
                }
                format!("{{{low},{high}}}")
            }
        };
        Ok(Some((times, inner.len() + 2)))
    }

    fn atom(&mut self, flags: Flags) -> Result<Atom> {
        let taking = |text: String| Ok(Atom::taking(text));
        match self.next() {
            Some('(') => self.group(flags),
            Some('[') => {
                let sets = self.sets_in_sets;
                let class = self.class(0)?;
                // Joni makes one set of them before it looks away from the case.
                if flags.ignore_case && self.sets_in_sets > sets {
                    return Err(self.refused());
                }
                taking(if flags.ignore_case { format!("(?i:{class})") } else { class })
            }
            Some('.') => taking(if flags.dot_all { "(?s:.)" } else { "." }.to_owned()),
            Some('^') => Ok(self.start(flags)),
            Some('$') => Ok(self.end(flags.multi_line)),
            Some('\\') => self.escape(flags),
            Some(character) => taking(literal(character, flags)),
            None => Err(self.wrong("end pattern in group")),
        }
    }

    fn start(&mut self, flags: Flags) -> Atom {
        let text = match (flags.multi_line, self.before_newline) {
            (false, _) => r"\A",
            (true, false) => "(?m:^)",
            // No line starts behind the last newline.
            (true, true) => r"(?:\A|(?<=\n)(?!\z))",
        };
        self.out.has_line_anchors |= flags.multi_line;
        self.out.needs_backtracking |= flags.multi_line && self.before_newline;
        Atom::anchor(text.to_owned())
    }

    /// The end of the text or before the newline that ends it; of any line with `multi_line`.
    fn end(&mut self, multi_line: bool) -> Atom {
        let text = match (multi_line, self.before_newline) {
            (false, false) => r"\z",
            (false, true) => r"(?=\n?\z)",
            (true, false) => "(?m:$)",
            (true, true) => r"(?=\n|\z)",
        };
        self.out.has_line_anchors = true;
        self.out.needs_backtracking |= self.before_newline;
        Atom::anchor(text.to_owned())
    }

    fn group(&mut self, flags: Flags) -> Result<Atom> {
        let groups = self.out.groups;
        let (open, is_anchor) = if self.is("?:") {
            ("(?:", false)
        } else if self.is("?=") {
            ("(?=", true)
        } else if self.is("?!") {
            ("(?!", true)
        } else if self.is("?<=") {
            ("(?<=", true)
        } else if self.is("?<!") {
            ("(?<!", true)
        } else if self.is("?>") {
            ("(?>", false)
        } else if self.is("?<") {
            let (name, after) = self.rest.split_once('>').ok_or_else(|| self.wrong("group name is empty"))?;
            let is_name = name.starts_with(|first: char| first.is_alphabetic() || first == '_')
                && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
            if !is_name {
                return Err(self.wrong("invalid group name"));
            }
            if self.out.names.iter().any(|(known, _)| known == name) {
                return Err(self.wrong("multiplex defined name"));
            }
            self.out.names.push((name.to_owned(), self.out.groups + 1));
            self.rest = after;
            self.out.groups += 1;
            ("(", false)
        } else if self.rest.starts_with('?') {
            return Err(self.wrong("undefined group option"));
        } else {
            self.out.groups += 1;
            ("(", false)
        };
        self.out.needs_backtracking |= is_anchor || open == "(?>";
        let (inner, is_inner_empty) = self.alternatives(flags)?;
        self.close()?;
        let has_groups = self.out.groups > groups;
        Ok(Atom { text: format!("{open}{inner})"), is_anchor, may_be_empty: is_anchor || is_inner_empty, has_groups })
    }

    fn escape(&mut self, flags: Flags) -> Result<Atom> {
        let taking = |text: String| Ok(Atom::taking(text));
        let Some(letter) = self.next() else { return Err(self.wrong("end pattern at escape")) };
        match letter {
            'w' | 'W' | 'd' | 'D' | 's' | 'S' => taking(class::ascii(letter).to_owned()),
            'b' | 'B' | 'A' | 'z' => Ok(Atom::anchor(format!("\\{letter}"))),
            'Z' => Ok(self.end(false)),
            'p' | 'P' => taking(self.property(letter == 'P')?),
            '1'..='9' => {
                let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
                if digits > 0 || flags.ignore_case {
                    return Err(self.refused());
                }
                let group = letter as usize - '0' as usize;
                self.largest_reference = self.largest_reference.max(group);
                self.out.needs_backtracking = true;
                Ok(Atom { may_be_empty: true, ..Atom::taking(format!("(?:\\{group})")) })
            }
            _ => {
                let character = self.escaped_character(letter)?;
                taking(literal(character, flags))
            }
        }
    }

    /// The one character that an escape stands for.
    fn escaped_character(&mut self, letter: char) -> Result<char> {
        Ok(match letter {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'a' => '\u{7}',
            'e' => '\u{1b}',
            'x' => {
                let digits = self.rest.bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
                let code = u8::from_str_radix(&self.rest[..digits], 16).map_err(|_| self.refused())?;
                // A byte alone is no character beyond ASCII.
                if !code.is_ascii() {
                    return Err(self.refused());
                }
                self.rest = &self.rest[digits..];
                char::from(code)
            }
            'u' => {
                let digits = self.rest.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
                let digits = digits.ok_or_else(|| self.wrong("too short escape sequence"))?;
                let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                self.rest = &self.rest[4..];
                code.ok_or_else(|| self.refused())?
            }
            '0' => {
                let digits = self.rest.bytes().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                let code = u32::from_str_radix(&format!("0{}", &self.rest[..digits]), 8).unwrap_or(0);
                self.rest = &self.rest[digits..];
                char::from_u32(code).ok_or_else(|| self.refused())?
            }
            letter if letter.is_alphanumeric() => return Err(self.refused()),
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::translate;

    fn text(pattern: &str) -> Option<String> {
        translate(pattern, false).ok().map(|translation| translation.text)
    }

    #[test]
    fn patterns_are_translated() {
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(text("a(?i)b|c"), is("a(?:(?i:b)|(?i:c))"));
        assert_eq!(text("^a+?$"), is(r"\Aa+?\z"));
        assert_eq!(text("[0-9]++"), is("(?>[0-9]+)"));
        assert_eq!(text("a{,3}"), is(r"a\x{7B}\x{2C}3\x{7D}"));
        assert_eq!(text("a{2}{3}"), is("(?:a{2}){3}"));
        assert_eq!(text(r"\Qa.b\Ec"), is(r"a\x{2E}bc"));
        assert_eq!(text("(?x) a # first\n b"), is("ab").map(|text| format!("(?:{text})")));
        assert_eq!(text("[[:alpha:]_--]"), None);
        assert_eq!(text("[a-z&&[^aeiou]]"), is("[a-z&&[^aeiou]]"));
        for (pattern, is_refused) in [
            ("(a*)*", true),
            ("(?:(a?))+", true),
            ("(a|b*)*c", true),
            ("((?i)x*){2,}", true),
            ("(?i:(x*))*", true),
            ("(a*)?", false),
            ("(a*){2}", false),
            ("(?:a*)*", false),
            ("(a+)*", false),
            ("(a*b)*", false),
            ("((a)|b)*", false),
        ] {
            assert_eq!(text(pattern).is_none(), is_refused, "{pattern}");
        }
        for wrong in ["(", ")", "[a", "*a", "a|*", "(?P<a>b)", r"\", r"(a)\2", "a{3,2}"] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
    }
}
