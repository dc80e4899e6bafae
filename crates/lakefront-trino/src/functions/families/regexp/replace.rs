//! `regexp_replace`, by a text or by a lambda.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListBuilder, StringBuilder};

use super::super::super::{Function, scalar};
use super::super::string::{varchar, write};
use super::Patterns;
use super::pattern::{Place, Regexp};
use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::types::{Type, VARCHAR};

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("regexp_replace", "(varchar(x), varchar) -> varchar(x)", by_text),
        scalar("regexp_replace", "(varchar(x), char) -> varchar(x)", by_text),
        scalar("regexp_replace", "(varchar(x), varchar, varchar) -> varchar", by_text).returning(replaced_type),
        scalar("regexp_replace", "(varchar(x), char, varchar) -> varchar", by_text).returning(replaced_type),
        scalar("regexp_replace", "(varchar, varchar, function(array(varchar), varchar)) -> varchar", by_lambda),
    ]
}

fn replaced_type(types: &[Type]) -> Result<Type> {
    let (Type::Varchar(Some(text)), Type::Varchar(Some(by))) = (&types[0], &types[2]) else { return Ok(VARCHAR) };
    let (text, by) = (u64::from(*text), u64::from(*by));
    let longest = (text.saturating_mul(by) / 2).max(by);
    Ok(varchar(Some(text.saturating_add(longest.saturating_mul(text + 1)))))
}

fn by_text(call: &Call) -> Result<ArrayRef> {
    let (text, pattern) = (call.text(0), call.text(1));
    let by = (call.arguments.len() > 2).then(|| call.text(2));
    let mut patterns = Patterns::new(call);
    let mut out = StringBuilder::with_capacity(call.rows, 0);
    for row in 0..call.rows {
        let by = match &by {
            Some(by) => by.get(row),
            None => Some(""),
        };
        let (Some(text), Some(pattern), Some(by)) = (text.get(row), pattern.get(row), by) else {
            out.append_null();
            continue;
        };
        let regexp = patterns.of(pattern)?;
        let mut done = 0;
        if by.contains(['$', '\\']) {
            regexp.matches(text, |groups| {
                let Some((from, to)) = groups[0] else { return Ok(()) };
                write(&mut out, &text[done..from])?;
                done = to;
                replacement(&mut out, by, text, groups, regexp)
            })?;
        } else {
            regexp.places(text, 0, |(from, to)| {
                write(&mut out, &text[done..from])?;
                done = to;
                write(&mut out, by)?;
                Ok(true)
            })?;
        }
        write(&mut out, &text[done..])?;
        out.append_value("");
    }
    Ok(Arc::new(out.finish()))
}

/// Writes a replacement: `$1` and `${name}` are groups, `\` makes the next character plain.
fn replacement(out: &mut StringBuilder, by: &str, text: &str, groups: &[Option<Place>], regexp: &Regexp) -> Result<()> {
    let illegal = |what: &str| Error::invalid_argument(format!("Illegal replacement sequence: {what}"));
    let mut rest = by;
    while let Some(at) = rest.find(['$', '\\']) {
        write(out, &rest[..at])?;
        let mut after = rest[at + 1..].chars();
        let next = after.next().ok_or_else(|| illegal(by))?;
        if rest[at..].starts_with('\\') {
            write(out, next.encode_utf8(&mut [0; 4]))?;
            rest = after.as_str();
            continue;
        }
        let group = if next == '{' {
            let (name, behind) = after.as_str().split_once('}').unwrap_or((after.as_str(), ""));
            rest = behind;
            regexp.group_named(name).ok_or_else(|| illegal(&format!("unknown group {{ {name} }}")))?
        } else {
            let mut group = next.to_digit(10).ok_or_else(|| illegal(by))? as usize;
            if group > regexp.groups() {
                return Err(illegal(&format!("unknown group {group}")));
            }
            rest = after.as_str();
            // As many digits as still name a group.
            while let Some(digit) = rest.chars().next().and_then(|digit| digit.to_digit(10)) {
                let longer = group * 10 + digit as usize;
                if longer > regexp.groups() {
                    break;
                }
                group = longer;
                rest = &rest[1..];
            }
            group
        };
        if let Some((from, to)) = groups[group] {
            write(out, &text[from..to])?;
        }
    }
    write(out, rest)
}

fn by_lambda(call: &Call) -> Result<ArrayRef> {
    let (text, pattern) = (call.text(0), call.text(1));
    let lambda =
        call.lambdas.first().ok_or_else(|| Error::new(Code::GenericInternalError, "a replacement without a lambda"))?;
    // All matches of the batch are replaced at once.
    let mut patterns = Patterns::new(call);
    let mut parameters = ListBuilder::new(StringBuilder::new());
    let mut rows = Vec::new();
    let mut places: Vec<Place> = Vec::new();
    for row in 0..call.rows {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else { continue };
        patterns.of(pattern)?.matches(text, |groups| {
            places.push(groups[0].unwrap_or_default());
            for group in &groups[1..] {
                parameters.values().append_option(group.map(|(from, to)| &text[from..to]));
            }
            parameters.append(true);
            rows.push(row as u64);
            Ok(())
        })?;
    }
    let by = lambda.apply(vec![Arc::new(parameters.finish())], &rows)?;
    let by = by.as_string::<i32>();
    let mut out = StringBuilder::with_capacity(call.rows, 0);
    let mut next = 0;
    for row in 0..call.rows {
        let first = next;
        while rows.get(next) == Some(&(row as u64)) {
            next += 1;
        }
        let Some(text) = text.get(row).filter(|_| pattern.get(row).is_some()) else {
            out.append_null();
            continue;
        };
        if (first..next).any(|at| by.is_null(at)) {
            out.append_null();
            continue;
        }
        let mut done = 0;
        for at in first..next {
            write(&mut out, &text[done..places[at].0])?;
            write(&mut out, by.value(at))?;
            done = places[at].1;
        }
        write(&mut out, &text[done..])?;
        out.append_value("");
    }
    Ok(Arc::new(out.finish()))
}
