//! Records of CSV text, as the engine's reader splits them, with bounds and with the line of each.
//!
//! Quotes count at the beginning of a field only and are doubled inside; LF, CR and CRLF end a record; empty lines are
//! skipped; a byte order mark is skipped.

use std::io::{self, Read};

use crate::infer::text::{BOM, LONGEST_RECORD};

/// Most fields of a record.
pub(crate) const MOST_COLUMNS: usize = 10_000;

pub(crate) struct Records<R> {
    input: R,
    delimiter: u8,
    quote: u8,
    buffer: Box<[u8]>,
    filled: usize,
    at: usize,
    begun: bool,
    /// Of the next byte.
    line: u64,
    after_cr: bool,
    data: Vec<u8>,
    ends: Vec<usize>,
}

#[derive(Debug)]
pub(crate) enum RecordError {
    Read(io::Error),
    TooLong {
        line: u64,
    },
    TooManyColumns {
        line: u64,
    },
    /// The text ended inside quotes that were opened in this line.
    Unclosed {
        line: u64,
    },
}

/// One record; its fields without quotes.
pub(crate) struct Record<'a> {
    /// Where it begins, from 1.
    pub(crate) line: u64,
    /// Whether the text ended before a line break did.
    pub(crate) ended_by_eof: bool,
    data: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Record<'a> {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &'a [u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let data = self.data;
        starts.zip(self.ends).map(move |(start, end)| &data[start..*end])
    }
}

enum State {
    FieldStart,
    Plain,
    Quoted,
    /// After a quote inside quotes: the end, or the first of two.
    QuoteInQuoted,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(input: R, delimiter: u8, quote: u8) -> Self {
        Records {
            input,
            delimiter,
            quote,
            buffer: vec![0; 64 << 10].into(),
            filled: 0,
            at: 0,
            begun: false,
            line: 1,
            after_cr: false,
            data: Vec::new(),
            ends: Vec::new(),
        }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Record<'_>>, RecordError> {
        self.data.clear();
        self.ends.clear();
        if !std::mem::replace(&mut self.begun, true) {
            self.skip_bom()?;
        }
        let mut byte = loop {
            match self.byte()? {
                None => return Ok(None),
                Some(b'\r' | b'\n') => {}
                Some(byte) => break byte,
            }
        };
        let line = self.line;
        let mut quoted_from = line;
        let mut state = State::FieldStart;
        let mut length = 0_usize;
        let ended_by_eof = loop {
            length += 1;
            if length > LONGEST_RECORD {
                return Err(RecordError::TooLong { line });
            }
            match state {
                State::Quoted if byte == self.quote => state = State::QuoteInQuoted,
                State::Quoted => self.data.push(byte),
                State::QuoteInQuoted if byte == self.quote => {
                    self.data.push(byte);
                    state = State::Quoted;
                }
                State::FieldStart if byte == self.quote => {
                    quoted_from = self.line;
                    state = State::Quoted;
                }
                _ if byte == self.delimiter => {
                    self.end_field(line)?;
                    state = State::FieldStart;
                }
                _ if byte == b'\r' || byte == b'\n' => break false,
                _ => {
                    self.data.push(byte);
                    state = State::Plain;
                }
            }
            match self.byte()? {
                Some(next) => byte = next,
                None if matches!(state, State::Quoted) => {
                    return Err(RecordError::Unclosed { line: quoted_from });
                }
                None => break true,
            }
        };
        self.end_field(line)?;
        Ok(Some(Record { line, ended_by_eof, data: &self.data, ends: &self.ends }))
    }

    fn end_field(&mut self, line: u64) -> Result<(), RecordError> {
        if self.ends.len() >= MOST_COLUMNS {
            return Err(RecordError::TooManyColumns { line });
        }
        self.ends.push(self.data.len());
        Ok(())
    }

    fn byte(&mut self) -> Result<Option<u8>, RecordError> {
        if self.at == self.filled {
            self.filled = self.fill(0)?;
            self.at = 0;
            if self.filled == 0 {
                return Ok(None);
            }
        }
        // A byte belongs to the line that the breaks before it began; CRLF is one break.
        let byte = self.buffer[self.at];
        if self.after_cr {
            self.line += 1;
            self.after_cr = false;
            if byte == b'\n' {
                self.line -= 1;
            }
        }
        self.at += 1;
        match byte {
            b'\n' => self.line += 1,
            b'\r' => self.after_cr = true,
            _ => {}
        }
        Ok(Some(byte))
    }

    fn skip_bom(&mut self) -> Result<(), RecordError> {
        while self.filled < BOM.len() {
            let filled = self.fill(self.filled)?;
            if filled == self.filled {
                break;
            }
            self.filled = filled;
        }
        if self.buffer[..self.filled].starts_with(BOM) {
            self.at = BOM.len();
        }
        Ok(())
    }

    /// Reads behind `from`; answers where the buffer then ends.
    fn fill(&mut self, from: usize) -> Result<usize, RecordError> {
        loop {
            match self.input.read(&mut self.buffer[from..]) {
                Ok(read) => return Ok(from + read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(RecordError::Read(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ours(text: &[u8]) -> Option<Vec<Vec<Vec<u8>>>> {
        let mut records = Records::new(text, b',', b'"');
        let mut rows = Vec::new();
        loop {
            match records.next() {
                Ok(Some(record)) => rows.push(record.fields().map(<[u8]>::to_vec).collect()),
                Ok(None) => return Some(rows),
                Err(RecordError::Unclosed { .. }) => return None,
                Err(error) => unreachable!("{error:?}"),
            }
        }
    }

    /// The parser under the engine's CSV reader.
    fn engines(text: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let mut reader = csv_core::Reader::new();
        let (mut rows, mut input) = (Vec::new(), text);
        let (mut data, mut ends) = ([0; 4096], [0; 256]);
        loop {
            let (result, read, _, fields) = reader.read_record(input, &mut data, &mut ends);
            input = &input[read..];
            match result {
                csv_core::ReadRecordResult::Record => {
                    let starts = std::iter::once(0).chain(ends.iter().copied());
                    rows.push(starts.zip(ends).take(fields).map(|(from, to)| data[from..to].to_vec()).collect());
                }
                csv_core::ReadRecordResult::InputEmpty => {
                    let (result, ..) = reader.read_record(&[], &mut [], &mut []);
                    if matches!(result, csv_core::ReadRecordResult::End) {
                        return rows;
                    }
                    // The last record lacks its line break: give it one.
                    let with_break = [text, b"\n"].concat();
                    return engines(&with_break);
                }
                csv_core::ReadRecordResult::End => return rows,
                _ => unreachable!("the buffers hold every record"),
            }
        }
    }

    proptest! {
        #[test]
        fn records_are_those_of_the_engine(text in "(\u{feff})?[a\",\r\n;' ü]{0,40}") {
            if let Some(rows) = ours(text.as_bytes()) {
                prop_assert_eq!(rows, engines(text.as_bytes()));
            }
        }
    }

    #[test]
    fn lines_are_counted_over_every_kind_of_break() {
        let mut records = Records::new(&b"a\nb\r\nc\rd\n\n\"e\n\"\nf"[..], b',', b'"');
        let mut lines = Vec::new();
        while let Ok(Some(record)) = records.next() {
            lines.push(record.line);
        }
        assert_eq!(lines, [1, 2, 3, 4, 6, 8]);
    }

    #[test]
    fn bounds_are_errors_with_a_line() {
        let wide = [b"a\n".to_vec(), vec![b','; MOST_COLUMNS + 1]].concat();
        let mut records = Records::new(&wide[..], b',', b'"');
        records.next().expect("the first line");
        assert!(matches!(records.next(), Err(RecordError::TooManyColumns { line: 2 })));
        let mut records = Records::new(io::repeat(b'x'), b',', b'"');
        assert!(matches!(records.next(), Err(RecordError::TooLong { line: 1 })));
        let mut records = Records::new(&b"a,b\n1,\"x\ny"[..], b',', b'"');
        records.next().expect("the first line");
        assert!(matches!(records.next(), Err(RecordError::Unclosed { line: 2 })));
    }
}
