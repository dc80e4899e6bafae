//! Looks through a Parquet footer before the decoder does.
//!
//! The decoder trusts the counts that stand in a footer: it reserves memory for them and recurses as deep as the schema
//! says. Here every count is held against the bytes that could back it, without allocating anything.

/// What a footer's bytes may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    Truncated,
    TooDeep,
    TooManyColumns,
    Malformed,
}

impl Flaw {
    pub(super) fn text(self) -> &'static str {
        match self {
            Flaw::Truncated => "its footer ends too early or counts more than it holds",
            Flaw::TooDeep => "its columns are nested deeper than 64 levels",
            Flaw::TooManyColumns => "it has more than 100,000 columns",
            Flaw::Malformed => "its footer is damaged",
        }
    }
}

const DEEPEST_VALUE: usize = 16;
const DEEPEST_COLUMN: usize = 64;
const MOST_COLUMNS: usize = 100_000;

/// Checks the Thrift bytes (compact protocol) of a Parquet `FileMetaData`.
pub(super) fn check(footer: &[u8]) -> Result<(), Flaw> {
    let mut cursor = Cursor(footer);
    let mut id = 0;
    while let Some(kind) = cursor.field(&mut id)? {
        // `2: required list<SchemaElement> schema`
        if id == 2 && kind == LIST {
            cursor.schema()?;
        } else {
            cursor.skip(kind, 0)?;
        }
    }
    Ok(())
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn byte(&mut self) -> Result<u8, Flaw> {
        let (first, rest) = self.0.split_first().ok_or(Flaw::Truncated)?;
        self.0 = rest;
        Ok(*first)
    }

    fn varint(&mut self) -> Result<u64, Flaw> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Flaw::Malformed)
    }

    fn zigzag(&mut self) -> Result<i64, Flaw> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    fn advance(&mut self, length: u64) -> Result<(), Flaw> {
        let length = usize::try_from(length).map_err(|_| Flaw::Truncated)?;
        self.0 = self.0.get(length..).ok_or(Flaw::Truncated)?;
        Ok(())
    }

    /// The next field's type and, in `id`, its number; `None` at the end of the struct.
    fn field(&mut self, id: &mut i64) -> Result<Option<u8>, Flaw> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        *id = match head >> 4 {
            0 => self.zigzag()?,
            delta => id.checked_add(i64::from(delta)).ok_or(Flaw::Malformed)?,
        };
        Ok(Some(head & 0x0f))
    }

    /// Length and element type of a list. An element takes a byte at least, a struct of Parquet's three.
    fn list(&mut self) -> Result<(usize, u8), Flaw> {
        let head = self.byte()?;
        let kind = head & 0x0f;
        let length = match head >> 4 {
            15 => self.varint()?,
            short => u64::from(short),
        };
        let least = if kind == STRUCT { 3 } else { 1 };
        if length > (self.0.len() / least) as u64 {
            return Err(Flaw::Truncated);
        }
        Ok((usize::try_from(length).map_err(|_| Flaw::Truncated)?, kind))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), Flaw> {
        if depth > DEEPEST_VALUE {
            return Err(Flaw::Malformed);
        }
        match kind {
            TRUE | FALSE => Ok(()),
            BYTE => self.advance(1),
            I16 | I32 | I64 => self.varint().map(drop),
            DOUBLE => self.advance(8),
            BINARY => {
                let length = self.varint()?;
                self.advance(length)
            }
            LIST | SET => {
                let (length, kind) = self.list()?;
                (0..length).try_for_each(|_| self.element(kind, depth + 1))
            }
            MAP => {
                let length = self.varint()?;
                if length > self.0.len() as u64 {
                    return Err(Flaw::Truncated);
                }
                let kinds = if length == 0 { 0 } else { self.byte()? };
                (0..length).try_for_each(|_| {
                    self.element(kinds >> 4, depth + 1)?;
                    self.element(kinds & 0x0f, depth + 1)
                })
            }
            STRUCT => {
                let mut id = 0;
                while let Some(kind) = self.field(&mut id)? {
                    self.skip(kind, depth + 1)?;
                }
                Ok(())
            }
            _ => Err(Flaw::Malformed),
        }
    }

    /// In lists and maps a boolean takes a byte of its own.
    fn element(&mut self, kind: u8, depth: usize) -> Result<(), Flaw> {
        match kind {
            TRUE | FALSE => self.advance(1),
            _ => self.skip(kind, depth),
        }
    }

    /// The schema: a tree written in depth-first order, each element with the number of its children.
    fn schema(&mut self) -> Result<(), Flaw> {
        let (length, kind) = self.list()?;
        if kind != STRUCT {
            return Err(Flaw::Malformed);
        }
        if length > MOST_COLUMNS {
            return Err(Flaw::TooManyColumns);
        }
        // Children still to come, for each open group.
        let mut open: Vec<usize> = Vec::new();
        for at in 0..length {
            let children = self.children()?;
            if children > length - at - 1 {
                return Err(Flaw::Truncated);
            }
            if let Some(last) = open.last_mut() {
                *last -= 1;
            }
            if children > 0 {
                open.push(children);
                if open.len() > DEEPEST_COLUMN {
                    return Err(Flaw::TooDeep);
                }
            }
            while open.last() == Some(&0) {
                open.pop();
            }
        }
        if open.is_empty() { Ok(()) } else { Err(Flaw::Truncated) }
    }

    /// Skips a `SchemaElement`; answers its `5: optional i32 num_children`.
    fn children(&mut self) -> Result<usize, Flaw> {
        let (mut id, mut children) = (0, 0);
        while let Some(kind) = self.field(&mut id)? {
            if id == 5 && kind == I32 {
                children = usize::try_from(self.zigzag()?).map_err(|_| Flaw::Malformed)?;
            } else {
                self.skip(kind, 1)?;
            }
        }
        Ok(children)
    }
}
