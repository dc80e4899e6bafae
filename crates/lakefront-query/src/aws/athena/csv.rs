//! The form of Athena's result objects: quoted values, LF, a header; nothing between two commas is NULL, `""` is the
//! empty text. Readers of CSV in general don't keep these two apart.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// A longer record is none.
const LONGEST_RECORD: usize = 64 << 20;

/// Bytes in, records out.
#[derive(Default)]
pub(super) struct Records {
    text: Vec<u8>,
    at: usize,
    ended: bool,
    fields: Vec<Span>,
}

/// Where a field lies in the text.
struct Span {
    start: usize,
    end: usize,
    form: Form,
}

#[derive(PartialEq, Eq)]
enum Form {
    Bare,
    Quoted,
    /// With quotes inside, each doubled.
    Doubled,
}

/// The text is not what Athena writes, or ends in the middle.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) &'static str);

impl Records {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.text.drain(..self.at);
        self.at = 0;
        self.text.extend_from_slice(bytes);
    }

    /// Nothing follows what was fed.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Moves to the next record. `false` where more has to be fed, or after the last.
    pub(super) fn advance(&mut self) -> Result<bool, Broken> {
        if self.at == self.text.len() {
            return Ok(false);
        }
        match split(&self.text, self.at, self.ended, &mut self.fields)? {
            Some(end) => {
                self.at = end;
                Ok(true)
            }
            None if self.ended => Err(Broken("it ends in the middle of a record")),
            None if self.text.len() - self.at > LONGEST_RECORD => Err(Broken("a record has no end")),
            None => Ok(false),
        }
    }

    /// Fields of the record.
    pub(super) fn width(&self) -> usize {
        self.fields.len()
    }

    /// A field of the record; `None` is NULL.
    pub(super) fn field(&self, index: usize) -> Result<Option<Cow<'_, str>>, Broken> {
        let Span { start, end, form } = &self.fields[index];
        if form == &Form::Bare && start == end {
            return Ok(None);
        }
        let text = std::str::from_utf8(&self.text[*start..*end]).map_err(|_| Broken("a value is not UTF-8"))?;
        Ok(Some(if form == &Form::Doubled { text.replace("\"\"", "\"").into() } else { text.into() }))
    }
}

/// Finds the fields of the record that begins at `at`, and where the next one does.
fn split(text: &[u8], mut at: usize, ended: bool, fields: &mut Vec<Span>) -> Result<Option<usize>, Broken> {
    fields.clear();
    loop {
        if text.get(at) == Some(&b'"') {
            let start = at + 1;
            let (mut from, mut form) = (start, Form::Quoted);
            let end = loop {
                let Some(found) = memchr(b'"', &text[from..]) else { return Ok(None) };
                let quote = from + found;
                match text.get(quote + 1) {
                    Some(b'"') => (from, form) = (quote + 2, Form::Doubled),
                    // The next byte decides whether it is the end.
                    None if !ended => return Ok(None),
                    _ => break quote,
                }
            };
            fields.push(Span { start, end, form });
            at = end + 1;
        } else {
            let end = match memchr2(b',', b'\n', &text[at..]) {
                Some(found) => at + found,
                None if ended => text.len(),
                None => return Ok(None),
            };
            fields.push(Span { start: at, end, form: Form::Bare });
            at = end;
        }
        match text.get(at) {
            Some(b',') => at += 1,
            Some(b'\n') => return Ok(Some(at + 1)),
            None => return Ok(Some(at)),
            Some(_) => return Err(Broken("something follows a closing quote")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Table = Vec<Vec<Option<String>>>;

    /// Reads a text fed in pieces of this size.
    fn read(text: &str, piece: usize) -> Result<Table, Broken> {
        let mut records = Records::default();
        let mut table = Vec::new();
        let mut pieces = text.as_bytes().chunks(piece);
        loop {
            while records.advance()? {
                let fields = (0..records.width()).map(|index| Ok(records.field(index)?.map(Cow::into_owned)));
                table.push(fields.collect::<Result<_, _>>()?);
            }
            match pieces.next() {
                Some(piece) => records.feed(piece),
                None if records.ended => return Ok(table),
                None => records.end(),
            }
        }
    }

    fn row(values: &[Option<&str>]) -> Vec<Option<String>> {
        values.iter().map(|value| value.map(str::to_owned)).collect()
    }

    #[test]
    fn null_is_not_the_empty_text_however_it_is_cut() {
        let text = "\"a\",\"b\"\n\"1\",\"\"\n,\"x,\"\"y\"\"\nz\"\n\"ü\",\n";
        let expected = vec![
            row(&[Some("a"), Some("b")]),
            row(&[Some("1"), Some("")]),
            row(&[None, Some("x,\"y\"\nz")]),
            row(&[Some("ü"), None]),
        ];
        for piece in 1..text.len() + 1 {
            assert_eq!(read(text, piece).as_ref(), Ok(&expected), "pieces of {piece}");
        }
        assert_eq!(read("\"v\"\n\n\"\"\n", 3), Ok(vec![row(&[Some("v")]), row(&[None]), row(&[Some("")])]));
        assert_eq!(read("\"v\"\n\"1\"", 4), Ok(vec![row(&[Some("v")]), row(&[Some("1")])]));
    }

    #[test]
    fn a_torn_text_is_told() {
        for text in ["\"a\"\n\"1", "\"a\"\n\"1\"\"", "\"a\"b\n", "\"\n"] {
            for piece in [1, 100] {
                assert!(read(text, piece).is_err(), "{text:?}");
            }
        }
    }
}
