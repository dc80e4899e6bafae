//! How a CSV file is written, found by trying.

use super::kinds::{Kind, is_code, kind};
use super::records::Records;

/// Bytes of the first file that are tried.
pub(super) const SAMPLE: usize = 64 << 10;
const SAMPLE_RECORDS: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
    pub(super) header: bool,
}

/// The dialect and the values of the first record; `None` for text without a record.
///
/// The delimiter is the one that gives most records the same number of values, more than one; the quote is `"` unless
/// values begin and end with `'`.
pub(super) fn sniff(sample: &[u8], tabs: bool) -> Option<(Dialect, Vec<String>)> {
    let candidates: &[u8] = if tabs { b"\t" } else { b",;\t|" };
    let mut best: Option<(f64, usize, u8, u8)> = None;
    for delimiter in candidates.iter().copied() {
        let quote = quote(sample, delimiter);
        let (share, width) = regularity(&records(sample, delimiter, quote));
        let better = best.is_none_or(|(best_share, best_width, ..)| (share, width) > (best_share, best_width));
        if width > 1 && better {
            best = Some((share, width, delimiter, quote));
        }
    }
    let (delimiter, quote) = match best {
        Some((_, _, delimiter, quote)) => (delimiter, quote),
        None => (candidates[0], b'"'),
    };
    let mut rows = records(sample, delimiter, quote);
    if rows.is_empty() {
        // Nothing but one long line: its beginning is enough to know the number of columns of a one-column file.
        rows = vec![vec![String::from_utf8_lossy(sample).trim().to_owned()]];
        if rows[0][0].is_empty() {
            return None;
        }
    }
    let header = has_header(&rows);
    Some((Dialect { delimiter, quote, header }, rows.swap_remove(0)))
}

fn records(sample: &[u8], delimiter: u8, quote: u8) -> Vec<Vec<String>> {
    let mut records = Records::new(sample, delimiter, quote);
    let mut rows = Vec::new();
    while let Ok(Some(record)) = records.next() {
        // A record that the sample's end cut off says nothing, unless it is the only one.
        if record.ended_by_eof && !rows.is_empty() && sample.len() == SAMPLE {
            break;
        }
        rows.push(record.fields().map(|value| String::from_utf8_lossy(value).into_owned()).collect());
        if rows.len() == SAMPLE_RECORDS {
            break;
        }
    }
    rows
}

/// Share of the records that have the commonest number of values, and that number.
fn regularity(rows: &[Vec<String>]) -> (f64, usize) {
    let mut counts = std::collections::BTreeMap::new();
    for row in rows {
        *counts.entry(row.len()).or_insert(0_usize) += 1;
    }
    let commonest = counts.into_iter().max_by_key(|(width, count)| (*count, *width));
    commonest.map_or((0.0, 0), |(width, count)| (count as f64 / rows.len() as f64, width))
}

fn quote(sample: &[u8], delimiter: u8) -> u8 {
    let quoted = |quote: u8| {
        sample
            .split(|byte| matches!(byte, b'\n' | b'\r') || *byte == delimiter)
            .filter(|value| value.len() > 1 && value.first() == Some(&quote) && value.last() == Some(&quote))
            .count()
    };
    if quoted(b'\'') > quoted(b'"') { b'\'' } else { b'"' }
}

/// A header's values are texts, or years that follow each other; none of them comes again below in its own column.
fn has_header(rows: &[Vec<String>]) -> bool {
    let Some((first, rest)) = rows.split_first() else {
        return false;
    };
    let is_empty = |value: &String| value.trim().is_empty();
    let is_text = |value: &String| kind(value.trim()) == Kind::Text && is_name(value) && !is_code(value.trim());
    let years: Vec<Option<u16>> = first.iter().map(|value| year(value)).collect();
    let are_years = !rest.is_empty()
        && follow_each_other(&years)
        && !rest.iter().any(|row| row.iter().zip(&years).any(is_year_below));
    let is_name_or_none = |value: &String| is_empty(value) || is_text(value);
    first.iter().any(is_name_or_none)
        && !first.iter().all(is_empty)
        && first.iter().zip(&years).all(|(value, year)| is_name_or_none(value) || are_years && year.is_some())
        && rest.iter().all(|row| row.iter().zip(first).all(|(value, name)| is_empty(name) || value != name))
}

fn year(value: &str) -> Option<u16> {
    value.trim().parse().ok().filter(|year| (1900..=2100).contains(year))
}

/// At least two, one after or before the other, as the columns of a budget are called.
fn follow_each_other(years: &[Option<u16>]) -> bool {
    let years: Vec<i32> = years.iter().flatten().map(|year| i32::from(*year)).collect();
    let steps = |step: i32| years.windows(2).all(|pair| pair[1] - pair[0] == step);
    years.len() > 1 && (steps(1) || steps(-1))
}

fn is_year_below((value, above): (&String, &Option<u16>)) -> bool {
    above.is_some() && year(value).is_some()
}

/// Codes such as `00501` are data; a name has a letter in it.
fn is_name(value: &str) -> bool {
    value.len() <= 128 && value.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (char, char, bool) {
        let (dialect, _) = sniff(text.as_bytes(), false).expect("records");
        (char::from(dialect.delimiter), char::from(dialect.quote), dialect.header)
    }

    #[test]
    fn the_dialect_is_found_by_looking() {
        for (text, expected) in [
            ("a,b\n1,2\n", (',', '"', true)),
            ("a;b;c\n1,5;2,5;x\n2,5;3,5;y\n", (';', '"', true)),
            ("a\tb\n1\t2, or 3\n", ('\t', '"', true)),
            ("a|b\n1|2\n", ('|', '"', true)),
            ("1,2\n3,4\n", (',', '"', false)),
            ("name\nann\nbob\n", (',', '"', true)),
            ("ann,x\nbob,x\nann,y\n", (',', '"', false)),
            ("'a';'b'\n'x;y';'z'\n", (';', '\'', true)),
            ("a,b\n\"x\n,;;;\",1\n", (',', '"', true)),
            (",x\n0,1\n", (',', '"', true)),
            ("2024-01-01,x\n2024-01-02,y\n", (',', '"', false)),
            ("dept,2024,2025\nIT,100,200\nHR,50,60\n", (',', '"', true)),
            (",2025,2024\nIT,100,200\n", (',', '"', true)),
            ("2024,2025\n100,200\n", (',', '"', false)),
            ("IT,2024,2025\nHR,2020,2021\n", (',', '"', false)),
            ("Acme,2024,2025\n", (',', '"', false)),
            ("1E5,2E5\n3E5,4E5\n", (',', '"', false)),
            ("Acme,1999\nFoo,350\n", (',', '"', false)),
            ("Acme,1999,350\nFoo,2001,60\n", (',', '"', false)),
        ] {
            assert_eq!(of(text), expected, "{text:?}");
        }
        assert_eq!(sniff(b"", false), None);
        assert_eq!(sniff(b"\n\r\n", false), None);
    }
}
