//! Characters cut off at the ends.

use datafusion::arrow::array::ArrayRef;

use super::super::super::{Function, scalar};
use super::super::prepared::Prepared;
use super::characters::padded;
use crate::call::Call;
use crate::error::Result;
use crate::types::Type;

pub(super) fn all() -> Vec<Function> {
    let signatures = [
        "(varchar(x)) -> varchar(x)",
        "(char(x)) -> varchar(x)",
        "(varchar(x), varchar) -> varchar(x)",
        "(varchar(x), char) -> varchar(x)",
        "(char(x), varchar) -> varchar(x)",
        "(char(x), char) -> varchar(x)",
    ];
    signatures
        .into_iter()
        .flat_map(|signature| {
            [scalar("trim", signature, trim), scalar("ltrim", signature, ltrim), scalar("rtrim", signature, rtrim)]
        })
        .collect()
}

fn trim(call: &Call) -> Result<ArrayRef> {
    cut(call, true, true)
}

fn ltrim(call: &Call) -> Result<ArrayRef> {
    cut(call, true, false)
}

fn rtrim(call: &Call) -> Result<ArrayRef> {
    cut(call, false, true)
}

fn cut(call: &Call, start: bool, end: bool) -> Result<ArrayRef> {
    let text = call.text(0);
    if call.arguments.len() == 1 {
        return call.texts(|row| Ok(text.get(row).map(|text| rest(text, start, end, is_space))));
    }
    let characters = call.text(1);
    let mut sets: Prepared<Vec<char>> = Prepared::new();
    call.texts(|row| {
        let (Some(text), Some(characters)) = (text.get(row), characters.get(row)) else { return Ok(None) };
        let set = sets.of(characters, |characters| Ok(padded(characters, &call.types[1]).chars().collect()))?;
        let rest = rest(text, start, end, |character| set.contains(&character));
        Ok(Some(match call.types[0] {
            Type::Char(_) => rest.trim_end_matches(' '),
            _ => rest,
        }))
    })
}

fn rest(text: &str, start: bool, end: bool, is_cut: impl Fn(char) -> bool) -> &str {
    let text = if start { text.trim_start_matches(&is_cut) } else { text };
    if end { text.trim_end_matches(&is_cut) } else { text }
}

/// White space of Java: without the spaces that must not break.
pub(super) fn is_space(character: char) -> bool {
    matches!(
        character,
        '\t'..='\r'
            | '\u{1c}'..='\u{1f}'
            | ' '
            | '\u{1680}'
            | '\u{2000}'..='\u{2006}'
            | '\u{2008}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{205f}'
            | '\u{3000}'
    )
}
