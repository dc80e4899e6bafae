//! `LIKE`: `%` for any characters, `_` for one.

use datafusion::arrow::array::ArrayRef;
use memchr::memmem;

use super::super::super::{Function, scalar};
use super::super::prepared::Prepared;
use super::characters::padded;
use crate::call::Call;
use crate::error::{Error, Result};

pub(super) fn all() -> Vec<Function> {
    [
        "(varchar, varchar) -> boolean",
        "(char, varchar) -> boolean",
        "(varchar, varchar, varchar) -> boolean",
        "(char, varchar, varchar) -> boolean",
    ]
    .map(|signature| scalar("like", signature, like))
    .into()
}

fn like(call: &Call) -> Result<ArrayRef> {
    let (value, pattern) = (call.text(0), call.text(1));
    let escape = (call.arguments.len() > 2).then(|| call.text(2));
    let mut patterns: Prepared<(Option<String>, Pattern)> = Prepared::new();
    call.booleans(|row| {
        let (Some(value), Some(pattern)) = (value.get(row), pattern.get(row)) else { return Ok(None) };
        let escape = match &escape {
            Some(escape) => match escape.get(row) {
                Some(escape) => Some(escape),
                None => return Ok(None),
            },
            None => None,
        };
        let make = |text: &str| Ok((escape.map(str::to_owned), Pattern::new(text, escape)?));
        let known = patterns.of(pattern, make)?;
        if known.0.as_deref() != escape {
            *known = make(pattern)?;
        }
        Ok(Some(known.1.matches(&padded(value, &call.types[0]))))
    })
}

/// What stands between two `%`: characters, and `None` for any one.
#[derive(Debug)]
struct Piece {
    characters: Vec<Option<char>>,
    /// The piece as it stands, where it has no `_`.
    plain: Option<String>,
}

#[derive(Debug)]
struct Pattern {
    /// At least one; the first stands at the start of a value, the last at its end.
    pieces: Vec<Piece>,
}

impl Pattern {
    fn new(text: &str, escape: Option<&str>) -> Result<Self> {
        let escape = match escape {
            None => None,
            Some(escape) => {
                let mut units = escape.chars();
                match (units.next(), units.next()) {
                    (Some(escape), None) if escape.len_utf16() == 1 => Some(escape),
                    _ => return Err(Error::invalid_argument("Escape string must be a single character")),
                }
            }
        };
        let mut pieces = Vec::new();
        let mut piece = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            if Some(character) == escape {
                match characters.next() {
                    Some(next) if matches!(next, '%' | '_') || Some(next) == escape => piece.push(Some(next)),
                    _ => {
                        return Err(Error::invalid_argument(
                            "Escape character must be followed by '%', '_' or the escape character itself",
                        ));
                    }
                }
            } else if character == '%' {
                pieces.push(Piece::of(std::mem::take(&mut piece)));
            } else {
                piece.push((character != '_').then_some(character));
            }
        }
        pieces.push(Piece::of(piece));
        Ok(Self { pieces })
    }

    fn matches(&self, value: &str) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return self.pieces.first().is_some_and(|only| only.start(value) == Some(value.len()));
        };
        let Some(start) = first.start(value) else { return false };
        let mut rest = &value[start..];
        for piece in middle {
            match piece.find(rest) {
                Some(end) => rest = &rest[end..],
                None => return false,
            }
        }
        last.ends(rest)
    }
}

impl Piece {
    fn of(characters: Vec<Option<char>>) -> Self {
        Self { plain: characters.iter().copied().collect(), characters }
    }

    /// Where the piece ends that a value starts with.
    fn start(&self, value: &str) -> Option<usize> {
        if let Some(plain) = &self.plain {
            return value.starts_with(plain.as_str()).then_some(plain.len());
        }
        let mut rest = value.chars();
        for character in &self.characters {
            let next = rest.next()?;
            if character.is_some_and(|character| character != next) {
                return None;
            }
        }
        Some(value.len() - rest.as_str().len())
    }

    /// Where the first such piece in a value ends.
    fn find(&self, value: &str) -> Option<usize> {
        if let Some(plain) = &self.plain {
            return memmem::find(value.as_bytes(), plain.as_bytes()).map(|at| at + plain.len());
        }
        value.char_indices().find_map(|(at, _)| self.start(&value[at..]).map(|end| at + end))
    }

    fn ends(&self, value: &str) -> bool {
        if let Some(plain) = &self.plain {
            return value.ends_with(plain.as_str());
        }
        let mut rest = value.chars().rev();
        self.characters.iter().rev().all(|character| match (character, rest.next()) {
            (_, None) => false,
            (Some(character), Some(next)) => *character == next,
            (None, Some(_)) => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn like(value: &str, pattern: &str) -> bool {
        Pattern::new(pattern, Some("#")).is_ok_and(|pattern| pattern.matches(value))
    }

    #[test]
    fn patterns_match() {
        assert!(like("monkey", "m____y"));
        assert!(like("monkey", "%"));
        assert!(like("monkey", "%o%k%y"));
        assert!(!like("monkey", "%o%k%e"));
        assert!(like("aXbXc", "a%X_"));
        assert!(!like("ab", "ab_%"));
        assert!(!like("abc", "ab%bc"));
        assert!(like("f_%", "f#_#%"));
        assert!(!like("foo", "f#_#%"));
        assert!(like("", "%%"));
        assert!(!like("", "_%"));
        assert!(Pattern::new("a#b", Some("#")).is_err());
        assert!(Pattern::new("a#", Some("#")).is_err());
    }
}
