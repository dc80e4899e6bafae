//! Formats to lists of items.

use chrono::Datelike;

use super::fields::Field;
use crate::error::{Error, Result};

const SECOND: Field = Field::MilliOf(1000);
/// The middle of the hundred years that MySQL's two digits stand for, less a half.
const MYSQL_PIVOT: i64 = 2020;
/// The most digits of a year that is not limited by what follows it.
const MAX_YEAR_DIGITS: usize = 9;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Literal(String),
    /// At least so many digits are written, at most so many are read.
    Number {
        field: Field,
        least: usize,
        most: usize,
        signed: bool,
    },
    /// A year around a pivot. A lenient one is also read with any other number of digits, and means itself then.
    TwoDigitYear {
        field: Field,
        pivot: i64,
        lenient: bool,
    },
    Text {
        field: Field,
        short: bool,
    },
    Fraction {
        field: Field,
        least: usize,
        most: usize,
    },
    Offset {
        colon: bool,
    },
    ZoneId,
    ZoneName {
        long: bool,
    },
}

fn number(field: Field, least: usize, most: usize) -> Item {
    Item::Number { field, least, most: most.max(least), signed: false }
}

fn year(field: Field, least: usize, most: usize) -> Item {
    Item::Number { field, least, most: most.max(least), signed: field != Field::YearOfEra }
}

fn literal(items: &mut Vec<Item>, letter: char) {
    match items.last_mut() {
        Some(Item::Literal(before)) => before.push(letter),
        _ => items.push(Item::Literal(letter.into())),
    }
}

/// `%Y-%m-%d`
pub(super) fn mysql(format: &str) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            literal(&mut items, letter);
            continue;
        }
        let Some(letter) = letters.next() else { break };
        match letter {
            'a' => items.push(Item::Text { field: Field::DayOfWeek, short: true }),
            'b' => items.push(Item::Text { field: Field::Month, short: true }),
            'c' => items.push(number(Field::Month, 1, 2)),
            'd' => items.push(number(Field::DayOfMonth, 2, 2)),
            'e' => items.push(number(Field::DayOfMonth, 1, 2)),
            'f' => items.push(Item::Fraction { field: SECOND, least: 6, most: 9 }),
            'H' => items.push(number(Field::Hour, 2, 2)),
            'h' | 'I' => items.push(number(Field::ClockHourOfHalfday, 2, 2)),
            'i' => items.push(number(Field::Minute, 2, 2)),
            'j' => items.push(number(Field::DayOfYear, 3, 3)),
            'k' => items.push(number(Field::Hour, 1, 2)),
            'l' => items.push(number(Field::ClockHourOfHalfday, 1, 2)),
            'M' => items.push(Item::Text { field: Field::Month, short: false }),
            'm' => items.push(number(Field::Month, 2, 2)),
            'p' => items.push(Item::Text { field: Field::Halfday, short: false }),
            'r' | 'T' => {
                let hour = if letter == 'r' { Field::ClockHourOfHalfday } else { Field::Hour };
                items.push(number(hour, 2, 2));
                for field in [Field::Minute, Field::Second] {
                    literal(&mut items, ':');
                    items.push(number(field, 2, 2));
                }
                if letter == 'r' {
                    literal(&mut items, ' ');
                    items.push(Item::Text { field: Field::Halfday, short: false });
                }
            }
            'S' | 's' => items.push(number(Field::Second, 2, 2)),
            'v' => items.push(number(Field::Week, 2, 2)),
            'x' => items.push(year(Field::WeekYear, 4, 4)),
            'W' => items.push(Item::Text { field: Field::DayOfWeek, short: false }),
            'Y' => items.push(year(Field::Year, 4, 4)),
            'y' => items.push(Item::TwoDigitYear { field: Field::Year, pivot: MYSQL_PIVOT, lenient: false }),
            'w' | 'U' | 'u' | 'V' | 'X' | 'D' => {
                return Err(Error::invalid_argument(format!("%{letter} not supported in date format string")));
            }
            other => literal(&mut items, other),
        }
    }
    if items.is_empty() {
        return Err(nothing());
    }
    Ok(items)
}

/// A run of one letter, or text.
enum Token {
    Letters(char, usize),
    Text(String),
}

impl Token {
    /// Whether it is read as digits, so that a number before it must not take more than its own.
    fn is_numeric(&self) -> bool {
        match self {
            Token::Letters('M', count) => *count <= 2,
            Token::Letters(letter, _) => "cCxyYdhHmsSeDFwWkK".contains(*letter),
            Token::Text(_) => false,
        }
    }
}

fn tokens(format: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_ascii_alphabetic() {
            let mut count = 1;
            while letters.next_if_eq(&letter).is_some() {
                count += 1;
            }
            tokens.push(Token::Letters(letter, count));
            continue;
        }
        let mut text = String::new();
        let mut quoted = false;
        let mut next = Some(letter);
        while let Some(letter) = next {
            if letter == '\'' {
                if letters.next_if_eq(&'\'').is_some() {
                    text.push('\'');
                } else {
                    quoted = !quoted;
                }
            } else {
                text.push(letter);
            }
            next = letters.next_if(|next| quoted || !next.is_ascii_alphabetic());
        }
        tokens.push(Token::Text(text));
    }
    tokens
}

/// `yyyy-MM-dd`, as Joda-Time reads patterns.
pub(super) fn joda(format: &str) -> Result<Vec<Item>> {
    if format.is_empty() {
        return Err(Error::invalid_argument("Invalid pattern specification"));
    }
    let tokens = tokens(format);
    let mut items = Vec::with_capacity(tokens.len());
    for (at, token) in tokens.iter().enumerate() {
        let (letter, count) = match token {
            Token::Letters(letter, count) => (*letter, *count),
            Token::Text(text) => {
                // A single quote.
                if !text.is_empty() {
                    items.push(Item::Literal(text.clone()));
                }
                continue;
            }
        };
        let before_number = tokens.get(at + 1).is_some_and(Token::is_numeric);
        items.push(match letter {
            'G' => Item::Text { field: Field::Era, short: true },
            'C' => number(Field::CenturyOfEra, count, count),
            'x' | 'y' | 'Y' if count == 2 => {
                let pivot = i64::from(chrono::Utc::now().year()) - 30;
                let field = if letter == 'x' { Field::WeekYear } else { Field::Year };
                Item::TwoDigitYear { field, pivot, lenient: !before_number }
            }
            'x' | 'y' | 'Y' => {
                let field = match letter {
                    'x' => Field::WeekYear,
                    'y' => Field::Year,
                    _ => Field::YearOfEra,
                };
                year(field, count, if before_number { count } else { MAX_YEAR_DIGITS })
            }
            'M' if count >= 3 => Item::Text { field: Field::Month, short: count == 3 },
            'M' => number(Field::Month, count, 2),
            'd' => number(Field::DayOfMonth, count, 2),
            'a' => Item::Text { field: Field::Halfday, short: false },
            'h' => number(Field::ClockHourOfHalfday, count, 2),
            'H' => number(Field::Hour, count, 2),
            'k' => number(Field::ClockHour, count, 2),
            'K' => number(Field::HourOfHalfday, count, 2),
            'm' => number(Field::Minute, count, 2),
            's' => number(Field::Second, count, 2),
            'S' => Item::Fraction { field: SECOND, least: count, most: count },
            'e' => number(Field::DayOfWeek, count, 1),
            'E' => Item::Text { field: Field::DayOfWeek, short: count < 4 },
            'D' => number(Field::DayOfYear, count, 3),
            'w' => number(Field::Week, count, 2),
            'z' => Item::ZoneName { long: count >= 4 },
            'Z' if count < 3 => Item::Offset { colon: count == 2 },
            'Z' => Item::ZoneId,
            other => {
                let run = other.to_string().repeat(count);
                return Err(Error::invalid_argument(format!("Illegal pattern component: {run}")));
            }
        });
    }
    if items.is_empty() { Err(nothing()) } else { Ok(items) }
}

fn nothing() -> Error {
    Error::invalid_argument("Both printing and parsing not supported")
}

/// Whether a pattern has a zone in it, other than in quotes.
pub(super) fn names_zone(format: &str) -> bool {
    let mut quoted = false;
    for letter in format.chars() {
        match letter {
            '\'' => quoted = !quoted,
            'z' | 'Z' if !quoted => return true,
            _ => {}
        }
    }
    false
}
