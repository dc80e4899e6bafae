//! Sets of characters: `[a-z&&[^x]]`, `\p{L}`, `[[:alpha:]]`.

use super::{Reader, folds_its_own_way};
use crate::error::Result;

/// General categories, by their short names.
const CATEGORIES: [&str; 34] = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "Cc", "Cf", "Co",
];

/// What is read in a set.
enum Item {
    Character(char),
    /// A set in the set, as it is written there.
    Set(String),
}

fn member(character: char) -> String {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' => character.to_string(),
        _ if character.is_ascii() || character.is_whitespace() => format!("\\x{{{:X}}}", u32::from(character)),
        _ => character.to_string(),
    }
}

/// What a letter stands for; in Joni these know ASCII only, unlike the names of POSIX.
pub(super) fn ascii(letter: char) -> &'static str {
    match letter {
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => r"[\t-\r ]",
        _ => r"[^\t-\r ]",
    }
}

/// The set that a name of POSIX has.
fn posix(name: &str) -> Option<&'static str> {
    Some(match name {
        "alnum" => r"[\p{Alphabetic}\p{Nd}]",
        "alpha" => r"\p{Alphabetic}",
        "ascii" => r"[\x00-\x7F]",
        "blank" => r"[\t\p{Zs}]",
        "cntrl" => r"\p{Cc}",
        "digit" => r"\p{Nd}",
        "lower" => r"\p{Lowercase}",
        "space" => r"\s",
        "upper" => r"\p{Uppercase}",
        "word" => r"\w",
        "xdigit" => r"[0-9A-Fa-f]",
        _ => return None,
    })
}

impl Reader<'_> {
    /// A set whose bracket has been read.
    pub(super) fn class(&mut self, depth: usize) -> Result<String> {
        if depth > 50 {
            return Err(self.refused());
        }
        let mut text = String::from(if self.is("^") { "[^" } else { "[" });
        let mut is_empty = true;
        // A bracket that closes nothing stands for itself, if another closes the set.
        if self.rest.starts_with(']') {
            if !self.rest[1..].contains(']') {
                return Err(self.wrong("empty char-class"));
            }
            self.next();
            text.push_str(&member(']'));
            is_empty = false;
        }
        loop {
            if self.is("]") {
                break;
            }
            if self.is("&&") {
                if is_empty || self.rest.starts_with([']', '&']) {
                    return Err(self.refused());
                }
                text.push_str("&&");
                self.sets_in_sets += 1;
                continue;
            }
            match self.item(depth)? {
                Item::Set(set) => {
                    // A hyphen behind a set is one only at the end.
                    if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                        return Err(self.refused());
                    }
                    text.push_str(&set);
                }
                Item::Character(from) => {
                    text.push_str(&member(from));
                    self.has_letter_of_its_own_case |= folds_its_own_way(from);
                    if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                        if self.rest.starts_with("-&&") {
                            return Err(self.refused());
                        }
                        self.next();
                        let Item::Character(to) = self.item(depth)? else { return Err(self.refused()) };
                        if to < from {
                            return Err(self.wrong("empty range in char class"));
                        }
                        if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                            return Err(self.refused());
                        }
                        self.has_letter_of_its_own_case |= (from..=to).any(folds_its_own_way);
                        text.push('-');
                        text.push_str(&member(to));
                    }
                }
            }
            is_empty = false;
        }
        text.push(']');
        Ok(text)
    }

    fn item(&mut self, depth: usize) -> Result<Item> {
        if self.rest.starts_with("[:")
            && let Some((name, after)) = self.rest[2..].split_once(":]")
            && name.trim_start_matches('^').bytes().all(|byte| byte.is_ascii_lowercase())
        {
            let set = posix(name).ok_or_else(|| self.refused())?;
            self.rest = after;
            return Ok(Item::Set(set.to_owned()));
        }
        match self.next() {
            None => Err(self.wrong("premature end of char-class")),
            Some('[') => {
                self.sets_in_sets += 1;
                self.class(depth + 1).map(Item::Set)
            }
            Some('\\') => {
                let letter = self.next().ok_or_else(|| self.wrong("end pattern at escape"))?;
                match letter {
                    'w' | 'W' | 'd' | 'D' | 's' | 'S' => Ok(Item::Set(ascii(letter).to_owned())),
                    'p' | 'P' => self.property(letter == 'P').map(Item::Set),
                    'b' => Ok(Item::Character('\u{8}')),
                    'Q' | '1'..='9' => Err(self.refused()),
                    _ => self.escaped_character(letter).map(Item::Character),
                }
            }
            Some(character) => Ok(Item::Character(character)),
        }
    }

    /// `{Lu}` behind a `\p` or `\P`.
    pub(super) fn property(&mut self, negated: bool) -> Result<String> {
        if !self.is("{") {
            return Err(self.refused());
        }
        let Some((name, after)) = self.rest.split_once('}') else {
            return Err(self.wrong("invalid character property name"));
        };
        let plain: String = name.chars().filter(|letter| !matches!(letter, ' ' | '_' | '-')).collect();
        let plain = plain.to_lowercase();
        if plain.is_empty()
            || !plain.bytes().all(|byte| byte.is_ascii_alphanumeric())
            || plain.starts_with("is")
            || plain.starts_with("in")
        {
            return Err(self.refused());
        }
        let set = match posix(&plain) {
            Some(set) => set.to_owned(),
            None => match CATEGORIES.iter().find(|known| known.eq_ignore_ascii_case(&plain)) {
                Some(category) => format!("\\p{{{category}}}"),
                // The engine knows the names of scripts.
                None => format!("\\p{{Script={plain}}}"),
            },
        };
        self.rest = after;
        Ok(if negated { format!("[^{set}]") } else { set })
    }
}
