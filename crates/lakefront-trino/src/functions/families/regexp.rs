//! Regular expressions in the syntax and with the meaning of Joni's Java mode, which Trino uses.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, ListBuilder, StringBuilder};
use datafusion::arrow::datatypes::Int32Type;

use self::pattern::Regexp;
use super::super::{Function, scalar};
use super::prepared::Prepared;
use super::string::padded;
use crate::call::Call;
use crate::error::{Error, Result};

mod pattern;
mod replace;
mod syntax;

pub(super) fn all() -> Vec<Function> {
    let mut all = replace::all();
    // A pattern is text of either kind.
    macro_rules! overloads {
        ($name:expr, $kernel:expr, $($before:literal, $after:literal);+ $(;)?) => {
            $(
                all.push(scalar($name, concat!("(varchar(x), varchar", $before, ") -> ", $after), $kernel));
                all.push(scalar($name, concat!("(varchar(x), char", $before, ") -> ", $after), $kernel));
            )+
        };
    }
    overloads!("regexp_like", like, "", "boolean");
    overloads!("regexp_count", count, "", "bigint");
    overloads!("regexp_split", split, "", "array(varchar(x))");
    overloads!("regexp_extract", extract, "", "varchar(x)"; ", bigint", "varchar(x)");
    overloads!("regexp_extract_all", extract_all, "", "array(varchar(x))"; ", bigint", "array(varchar(x))");
    overloads!("regexp_position", position, "", "integer"; ", integer", "integer"; ", integer, integer", "integer");
    all
}

/// The compiled patterns of a call, whose second argument they are.
struct Patterns<'a> {
    call: &'a Call<'a>,
    known: Prepared<Regexp>,
}

impl<'a> Patterns<'a> {
    fn new(call: &'a Call<'a>) -> Self {
        Self { call, known: Prepared::new() }
    }

    fn of(&mut self, pattern: &str) -> Result<&Regexp> {
        let call = self.call;
        Ok(self.known.of(pattern, |pattern| Regexp::new(&padded(pattern, &call.types[1])))?)
    }
}

fn like(call: &Call) -> Result<ArrayRef> {
    let (text, pattern) = (call.text(0), call.text(1));
    let mut patterns = Patterns::new(call);
    call.booleans(|row| {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else { return Ok(None) };
        patterns.of(pattern)?.is_match(text).map(Some)
    })
}

fn count(call: &Call) -> Result<ArrayRef> {
    let (text, pattern) = (call.text(0), call.text(1));
    let mut patterns = Patterns::new(call);
    call.bigints(|row| {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else { return Ok(None) };
        let mut count = 0;
        patterns.of(pattern)?.places(text, 0, |_| {
            count += 1;
            Ok(true)
        })?;
        Ok(Some(count))
    })
}

fn split(call: &Call) -> Result<ArrayRef> {
    let (text, pattern) = (call.text(0), call.text(1));
    let mut patterns = Patterns::new(call);
    let mut out = ListBuilder::new(StringBuilder::new());
    for row in 0..call.rows {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else {
            out.append_null();
            continue;
        };
        let mut done = 0;
        patterns.of(pattern)?.places(text, 0, |(from, to)| {
            out.values().append_value(&text[done..from]);
            done = to;
            Ok(true)
        })?;
        out.values().append_value(&text[done..]);
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

/// A group that the pattern has.
fn group_of(regexp: &Regexp, group: i64) -> Result<usize> {
    if group < 0 {
        return Err(Error::invalid_argument("Group cannot be negative"));
    }
    match usize::try_from(group).ok().filter(|group| *group <= regexp.groups()) {
        Some(group) => Ok(group),
        None => {
            Err(Error::invalid_argument(format!("Pattern has {} groups. Cannot access group {group}", regexp.groups())))
        }
    }
}

fn extract(call: &Call) -> Result<ArrayRef> {
    let (text, pattern) = (call.text(0), call.text(1));
    let group = if call.arguments.len() > 2 { Some(call.int(2)?) } else { None };
    let mut patterns = Patterns::new(call);
    call.texts(|row| {
        let group = match &group {
            Some(group) => group.get(row),
            None => Some(0),
        };
        let (Some(text), Some(pattern), Some(group)) = (text.get(row), pattern.get(row), group) else {
            return Ok(None);
        };
        let regexp = patterns.of(pattern)?;
        let group = group_of(regexp, group)?;
        let place = if group == 0 {
            regexp.find_at(text, 0)?
        } else {
            regexp.groups_at(text, 0)?.and_then(|places| places[group])
        };
        Ok(place.map(|(from, to)| &text[from..to]))
    })
}

fn extract_all(call: &Call) -> Result<ArrayRef> {
    let (text, pattern) = (call.text(0), call.text(1));
    let group = if call.arguments.len() > 2 { Some(call.int(2)?) } else { None };
    let mut patterns = Patterns::new(call);
    let mut out = ListBuilder::new(StringBuilder::new());
    for row in 0..call.rows {
        let group = match &group {
            Some(group) => group.get(row),
            None => Some(0),
        };
        let (Some(text), Some(pattern), Some(group)) = (text.get(row), pattern.get(row), group) else {
            out.append_null();
            continue;
        };
        let regexp = patterns.of(pattern)?;
        let group = group_of(regexp, group)?;
        if group == 0 {
            regexp.places(text, 0, |(from, to)| {
                out.values().append_value(&text[from..to]);
                Ok(true)
            })?;
        } else {
            regexp.matches(text, |places| {
                out.values().append_option(places[group].map(|(from, to)| &text[from..to]));
                Ok(())
            })?;
        }
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

fn position(call: &Call) -> Result<ArrayRef> {
    let (text, pattern) = (call.text(0), call.text(1));
    let number = |at: usize| -> Result<_> { if call.arguments.len() > at { call.int(at).map(Some) } else { Ok(None) } };
    let (start, occurrence) = (number(2)?, number(3)?);
    let mut patterns = Patterns::new(call);
    call.primitives::<Int32Type>(|row| {
        let start = start.as_ref().map_or(Some(1), |start| start.get(row));
        let occurrence = occurrence.as_ref().map_or(Some(1), |occurrence| occurrence.get(row));
        let (Some(text), Some(pattern), Some(start), Some(occurrence)) =
            (text.get(row), pattern.get(row), start, occurrence)
        else {
            return Ok(None);
        };
        if start < 1 {
            return Err(Error::invalid_argument("start position cannot be smaller than 1"));
        }
        if occurrence < 1 {
            return Err(Error::invalid_argument("occurrence cannot be smaller than 1"));
        }
        let regexp = patterns.of(pattern)?;
        let Some((from, _)) = text.char_indices().nth(start as usize - 1) else { return Ok(Some(-1)) };
        let mut left = occurrence;
        let mut found = -1;
        regexp.places(text, from, |(at, _)| {
            left -= 1;
            if left == 0 {
                found = text[..at].chars().count() as i32 + 1;
            }
            Ok(left > 0)
        })?;
        Ok(Some(found))
    })
}
