//! Rows on their way into the database.

use sea_orm::Value;

/// Some rows in the form that the database takes: bytes of COPY's binary format, or values to bind.
pub struct SeedChunk {
    pub(super) content: Content,
}

pub(super) enum Content {
    /// <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.55.9.4>
    Copy(Vec<u8>),
    Values(Vec<Value>),
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SeedCell<'a> {
    Null,
    Boolean(bool),
    Bigint(i64),
    Double(f64),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970, with or without a zone: the column says which.
    Timestamp(i64),
    Text(&'a str),
}

/// Days and microseconds from 1970 to 2000, where PostgreSQL begins to count.
const DAYS: i32 = 10_957;
const MICROSECONDS: i64 = DAYS as i64 * 86_400_000_000;

impl SeedChunk {
    pub(super) fn new(is_postgres: bool) -> Self {
        Self { content: if is_postgres { Content::Copy(Vec::new()) } else { Content::Values(Vec::new()) } }
    }

    /// Begins a row of so many cells.
    pub fn row(&mut self, cells: usize) {
        if let Content::Copy(bytes) = &mut self.content {
            bytes.extend_from_slice(&(cells as u16).to_be_bytes());
        }
    }

    pub fn cell(&mut self, cell: SeedCell<'_>) {
        match &mut self.content {
            Content::Copy(bytes) => copied(bytes, cell),
            Content::Values(values) => values.push(bound(cell)),
        }
    }
}

fn copied(bytes: &mut Vec<u8>, cell: SeedCell<'_>) {
    let mut field = |value: &[u8]| {
        bytes.extend_from_slice(&(value.len() as i32).to_be_bytes());
        bytes.extend_from_slice(value);
    };
    match cell {
        SeedCell::Null => bytes.extend_from_slice(&(-1_i32).to_be_bytes()),
        SeedCell::Boolean(value) => field(&[u8::from(value)]),
        SeedCell::Bigint(value) => field(&value.to_be_bytes()),
        SeedCell::Double(value) => field(&value.to_be_bytes()),
        SeedCell::Date(days) => field(&days.saturating_sub(DAYS).to_be_bytes()),
        SeedCell::Timestamp(at) => field(&at.saturating_sub(MICROSECONDS).to_be_bytes()),
        SeedCell::Text(text) => field(text.as_bytes()),
    }
}

/// SQLite has no dates: they are text in ISO's form, which its own functions read and which sorts by time.
fn bound(cell: SeedCell<'_>) -> Value {
    match cell {
        SeedCell::Null => Value::String(None),
        SeedCell::Boolean(value) => Value::Bool(Some(value)),
        SeedCell::Bigint(value) => Value::BigInt(Some(value)),
        SeedCell::Double(value) => Value::Double(Some(value)),
        SeedCell::Date(days) => {
            let midnight = chrono::DateTime::from_timestamp(i64::from(days) * 86_400, 0);
            Value::from(midnight.map(|midnight| midnight.date_naive().to_string()))
        }
        SeedCell::Timestamp(at) => {
            let at = chrono::DateTime::from_timestamp_micros(at);
            Value::from(at.map(|at| at.naive_utc().format("%Y-%m-%d %H:%M:%S%.f").to_string()))
        }
        SeedCell::Text(text) => Value::from(text),
    }
}
