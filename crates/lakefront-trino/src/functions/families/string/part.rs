//! Parts of texts, and where they are.

use datafusion::arrow::array::ArrayRef;
use memchr::memmem;

use super::super::super::{Function, scalar};
use super::super::prepared::Prepared;
use super::characters::{is_ascii, offset, padded};
use crate::call::Call;
use crate::error::{Error, Result};

pub(super) fn all() -> Vec<Function> {
    let mut all = vec![
        scalar("strpos", "(varchar, varchar) -> bigint", strpos),
        scalar("strpos", "(varchar, varchar, bigint) -> bigint", strpos),
        scalar("starts_with", "(varchar, varchar) -> boolean", starts_with),
    ];
    for name in ["substr", "substring"] {
        all.extend([
            scalar(name, "(varchar(x), bigint) -> varchar(x)", substr),
            scalar(name, "(varchar(x), bigint, bigint) -> varchar(x)", substr),
            scalar(name, "(char(x), bigint) -> varchar(x)", substr_of_char),
            scalar(name, "(char(x), bigint, bigint) -> varchar(x)", substr_of_char),
        ]);
    }
    all
}

/// The range that a start (from 1, or from the end where negative) and a length choose out of so many.
pub(in super::super) fn range(count: usize, start: i64, length: i64) -> (usize, usize) {
    let count = count as i64;
    if start == 0 || length <= 0 || start > count || start < -count {
        return (0, 0);
    }
    let from = if start > 0 { start - 1 } else { count + start };
    (from as usize, from.saturating_add(length).min(count) as usize)
}

fn substr(call: &Call) -> Result<ArrayRef> {
    let (text, start) = (call.text(0), call.int(1)?);
    let length = if call.arguments.len() > 2 { Some(call.int(2)?) } else { None };
    let ascii = is_ascii(call, 0);
    call.texts(|row| {
        let length = match &length {
            Some(length) => length.get(row),
            None => Some(i64::MAX),
        };
        let (Some(text), Some(start), Some(length)) = (text.get(row), start.get(row), length) else { return Ok(None) };
        if ascii {
            let (from, to) = range(text.len(), start, length);
            return Ok(Some(&text[from..to]));
        }
        Ok(Some(part(text, start, length)))
    })
}

fn substr_of_char(call: &Call) -> Result<ArrayRef> {
    let (text, start) = (call.text(0), call.int(1)?);
    let length = if call.arguments.len() > 2 { Some(call.int(2)?) } else { None };
    call.texts(|row| {
        let length = match &length {
            Some(length) => length.get(row),
            None => Some(i64::MAX),
        };
        let (Some(text), Some(start), Some(length)) = (text.get(row), start.get(row), length) else { return Ok(None) };
        Ok(Some(part(&padded(text, &call.types[0]), start, length).to_owned()))
    })
}

fn part(text: &str, start: i64, length: i64) -> &str {
    if start > 0 {
        // Only what comes before the end of the part is looked at.
        let Some(from) = usize::try_from(start - 1).ok().and_then(|start| offset(text, start)) else { return "" };
        let rest = &text[from..];
        return match usize::try_from(length) {
            Ok(length) => &rest[..offset(rest, length).unwrap_or(rest.len())],
            Err(_) => "",
        };
    }
    let (from, to) = range(text.chars().count(), start, length);
    if from == to {
        return "";
    }
    let from_at = offset(text, from).unwrap_or(text.len());
    let rest = &text[from_at..];
    &rest[..offset(rest, to - from).unwrap_or(rest.len())]
}

fn strpos(call: &Call) -> Result<ArrayRef> {
    let (text, part) = (call.text(0), call.text(1));
    let instance = if call.arguments.len() > 2 { Some(call.int(2)?) } else { None };
    let mut finders: Prepared<memmem::Finder<'static>> = Prepared::new();
    call.bigints(|row| {
        let instance = match &instance {
            Some(instance) => instance.get(row),
            None => Some(1),
        };
        let (Some(text), Some(part), Some(instance)) = (text.get(row), part.get(row), instance) else {
            return Ok(None);
        };
        if instance == 0 || instance == i64::MIN {
            return Err(Error::invalid_argument("'instance' must be a positive or negative number."));
        }
        if part.is_empty() {
            return Ok(Some(1));
        }
        let found = if instance > 0 {
            let finder = finders.of(part, |part| Ok(memmem::Finder::new(part).into_owned()))?;
            nth(text, instance, |from| finder.find(&text.as_bytes()[from..]).map(|at| from + at))
        } else {
            nth_last(text, part, instance.unsigned_abs())
        };
        // Counted from the end, the place is one of Java's, whose characters are units of UTF-16.
        let place = |at: usize| match instance > 0 {
            true => text[..at].chars().count(),
            false => text[..at].encode_utf16().count(),
        };
        Ok(Some(found.map_or(0, |at| place(at) as i64 + 1)))
    })
}

/// The n-th place; one may lie within another.
fn nth(text: &str, instance: i64, find: impl Fn(usize) -> Option<usize>) -> Option<usize> {
    let mut at = find(0)?;
    for _ in 1..instance {
        if at + 1 > text.len() {
            return None;
        }
        at = find(at + 1)?;
    }
    Some(at)
}

fn nth_last(text: &str, part: &str, instance: u64) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    let mut found = None;
    for _ in 0..instance {
        let at = memmem::rfind(&bytes[..end], part.as_bytes())?;
        found = Some(at);
        // The next one starts before this one, wherever it ends.
        end = (at + part.len() - 1).min(bytes.len());
    }
    found
}

fn starts_with(call: &Call) -> Result<ArrayRef> {
    let (text, prefix) = (call.text(0), call.text(1));
    call.booleans(|row| {
        let (Some(text), Some(prefix)) = (text.get(row), prefix.get(row)) else { return Ok(None) };
        Ok(Some(text.starts_with(prefix)))
    })
}

#[cfg(test)]
mod tests {
    use super::{nth_last, part};

    #[test]
    fn parts_are_counted_from_either_end() {
        assert_eq!(part("信念,爱,希望", 3, 5), ",爱,希望");
        assert_eq!(part("信念,爱,希望", -2, 1), "希");
        assert_eq!(part("abc", -4, 2), "");
        assert_eq!(part("abc", 0, 2), "");
        assert_eq!(part("abc", 2, i64::MAX), "bc");
        assert_eq!(nth_last("aaaa", "aa", 2), Some(1));
        assert_eq!(nth_last("aaaa", "aa", 4), None);
    }
}
