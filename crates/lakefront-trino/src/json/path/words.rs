//! The words of a path.

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    /// A name or a keyword, which differ by where they stand.
    Name(String),
    /// `$name`
    Variable(String),
    Text(String),
    Number(String),
    Sign(&'static str),
    /// What is no word.
    Unknown,
}

const SIGNS: &[&str] = &[
    "..", "==", "<>", "!=", "<=", ">=", "&&", "||", "<", ">", "$", "@", ".", "*", "[", "]", "(", ")", ",", "?", "!",
    "+", "-", "/", "%",
];

pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\r', '\n', '\t']);
        let Some(first) = rest.chars().next() else { return words };
        let (word, length) = match first {
            '"' => quoted(rest),
            '$' => match name(&rest[1..]) {
                0 => (Word::Sign("$"), 1),
                length => (Word::Variable(rest[1..=length].to_owned()), length + 1),
            },
            _ if name(rest) > 0 => (Word::Name(rest[..name(rest)].to_owned()), name(rest)),
            _ if number(rest) > 0 => (Word::Number(rest[..number(rest)].to_owned()), number(rest)),
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (Word::Sign(sign), sign.len()),
                None => (Word::Unknown, first.len_utf8()),
            },
        };
        words.push(word);
        rest = &rest[length..];
    }
}

/// `"…"`, with two quotes for one.
fn quoted(text: &str) -> (Word, usize) {
    let mut at = 1;
    while let Some(end) = text[at..].find('"') {
        at += end + 1;
        if text[at..].starts_with('"') {
            at += 1;
            continue;
        }
        return (Word::Text(text[1..at - 1].replace("\"\"", "\"")), at);
    }
    (Word::Unknown, text.len())
}

/// Length of the name that a text begins with.
fn name(text: &str) -> usize {
    if !text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        return 0;
    }
    text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len())
}

fn digits(text: &str) -> usize {
    text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len())
}

/// Length of the number that a text begins with.
fn number(text: &str) -> usize {
    let mut at = digits(text);
    let whole = at;
    if let Some(fraction) = text[at..].strip_prefix('.') {
        let length = digits(fraction);
        // A second point makes it a member.
        if whole + length == 0 || length == 0 && fraction.starts_with('.') {
            return whole;
        }
        at += 1 + length;
    }
    if at == 0 {
        return 0;
    }
    if let Some(exponent) = text[at..].strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let length = digits(&exponent[sign..]);
        if length > 0 {
            at += 1 + sign + length;
        }
    }
    at
}
