//! Trino's types, their names, and the Arrow arrays that carry them.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields, TimeUnit};

use crate::error::{Code, Error, Result};

pub const MAX_PRECISION: u8 = 38;
/// The most fractional digits of a time.
pub const MAX_FRACTION: u8 = 12;
/// Key of a field's metadata that names the Trino type of a column whose Arrow type does not tell.
pub const TYPE_KEY: &str = "trino.type";

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    Unknown,
    Boolean,
    Tinyint,
    Smallint,
    Integer,
    Bigint,
    Real,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    /// With its length in characters, where it is bounded.
    Varchar(Option<u32>),
    Char(u32),
    Varbinary,
    Json,
    Date,
    /// With its number of fractional digits, as the three below.
    Time(u8),
    TimeTz(u8),
    Timestamp(u8),
    TimestampTz(u8),
    IntervalDayToSecond,
    IntervalYearToMonth,
    Array(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Row(Vec<(Option<String>, Type)>),
    IpAddress,
    Uuid,
    HyperLogLog,
    P4HyperLogLog,
    TDigest,
    QDigest(Box<Type>),
    SetDigest,
}

/// `varchar` without a length.
pub const VARCHAR: Type = Type::Varchar(None);

impl Type {
    pub fn array(element: Type) -> Self {
        Type::Array(Box::new(element))
    }

    pub fn map(key: Type, value: Type) -> Self {
        Type::Map(Box::new(key), Box::new(value))
    }

    pub fn row(fields: impl IntoIterator<Item = Type>) -> Self {
        Type::Row(fields.into_iter().map(|field| (None, field)).collect())
    }

    pub fn decimal(precision: u8, scale: u8) -> Self {
        Type::Decimal { precision, scale }
    }

    pub fn is_integral(&self) -> bool {
        matches!(self, Type::Tinyint | Type::Smallint | Type::Integer | Type::Bigint)
    }

    pub fn is_floating(&self) -> bool {
        matches!(self, Type::Real | Type::Double)
    }

    pub fn is_numeric(&self) -> bool {
        self.is_integral() || self.is_floating() || matches!(self, Type::Decimal { .. })
    }

    /// Dates, times, timestamps and intervals.
    pub fn is_temporal(&self) -> bool {
        matches!(
            self,
            Type::Date
                | Type::Time(_)
                | Type::TimeTz(_)
                | Type::Timestamp(_)
                | Type::TimestampTz(_)
                | Type::IntervalDayToSecond
                | Type::IntervalYearToMonth
        )
    }

    pub fn is_text(&self) -> bool {
        matches!(self, Type::Varchar(_) | Type::Char(_))
    }

    /// Whether values can be told apart; maps of such keys, `DISTINCT` and `=` need it.
    pub fn is_comparable(&self) -> bool {
        match self {
            Type::HyperLogLog | Type::P4HyperLogLog | Type::TDigest | Type::QDigest(_) | Type::SetDigest => false,
            Type::Array(element) => element.is_comparable(),
            Type::Map(key, value) => key.is_comparable() && value.is_comparable(),
            Type::Row(fields) => fields.iter().all(|(_, field)| field.is_comparable()),
            _ => true,
        }
    }

    /// Whether values have an order.
    pub fn is_orderable(&self) -> bool {
        match self {
            Type::Json | Type::Map(..) => false,
            Type::Array(element) => element.is_orderable(),
            Type::Row(fields) => fields.iter().all(|(_, field)| field.is_orderable()),
            other => other.is_comparable(),
        }
    }

    /// The name before any parameters, as signatures write it.
    pub fn base(&self) -> &'static str {
        match self {
            Type::Unknown => "unknown",
            Type::Boolean => "boolean",
            Type::Tinyint => "tinyint",
            Type::Smallint => "smallint",
            Type::Integer => "integer",
            Type::Bigint => "bigint",
            Type::Real => "real",
            Type::Double => "double",
            Type::Decimal { .. } => "decimal",
            Type::Varchar(_) => "varchar",
            Type::Char(_) => "char",
            Type::Varbinary => "varbinary",
            Type::Json => "json",
            Type::Date => "date",
            Type::Time(_) => "time",
            Type::TimeTz(_) => "time with time zone",
            Type::Timestamp(_) => "timestamp",
            Type::TimestampTz(_) => "timestamp with time zone",
            Type::IntervalDayToSecond => "interval day to second",
            Type::IntervalYearToMonth => "interval year to month",
            Type::Array(_) => "array",
            Type::Map(..) => "map",
            Type::Row(_) => "row",
            Type::IpAddress => "ipaddress",
            Type::Uuid => "uuid",
            Type::HyperLogLog => "HyperLogLog",
            Type::P4HyperLogLog => "P4HyperLogLog",
            Type::TDigest => "tdigest",
            Type::QDigest(_) => "qdigest",
            Type::SetDigest => "SetDigest",
        }
    }

    /// What carries values between operators. See `docs` of [`crate::value`] for the meaning of each.
    pub fn arrow(&self) -> DataType {
        match self {
            Type::Unknown => DataType::Null,
            Type::Boolean => DataType::Boolean,
            Type::Tinyint => DataType::Int8,
            Type::Smallint => DataType::Int16,
            Type::Integer | Type::IntervalYearToMonth => DataType::Int32,
            Type::Bigint | Type::Time(_) | Type::IntervalDayToSecond => DataType::Int64,
            Type::Real => DataType::Float32,
            Type::Double => DataType::Float64,
            Type::Decimal { precision, scale } => DataType::Decimal128(*precision, *scale as i8),
            Type::Varchar(_) | Type::Char(_) | Type::Json => DataType::Utf8,
            Type::Date => DataType::Date32,
            Type::Timestamp(0..=3) => DataType::Timestamp(TimeUnit::Millisecond, None),
            Type::Timestamp(4..=6) => DataType::Timestamp(TimeUnit::Microsecond, None),
            Type::Timestamp(_) => DataType::Decimal128(MAX_PRECISION, 0),
            Type::TimeTz(_) => DataType::Struct(Fields::from(vec![
                Field::new("picos", DataType::Int64, true),
                Field::new("offset", DataType::Int16, true),
            ])),
            Type::TimestampTz(_) => DataType::Struct(Fields::from(vec![
                Field::new("instant", DataType::Decimal128(MAX_PRECISION, 0), true),
                Field::new("zone", DataType::Int16, true),
            ])),
            Type::Array(element) => DataType::List(Arc::new(Field::new("item", element.arrow(), true))),
            Type::Map(key, value) => {
                let entries =
                    Fields::from(vec![Field::new("key", key.arrow(), false), Field::new("value", value.arrow(), true)]);
                DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
            }
            Type::Row(fields) => DataType::Struct(
                fields
                    .iter()
                    .enumerate()
                    .map(|(at, (_, field))| Field::new(format!("f{at}"), field.arrow(), true))
                    .collect(),
            ),
            Type::Varbinary
            | Type::IpAddress
            | Type::Uuid
            | Type::HyperLogLog
            | Type::P4HyperLogLog
            | Type::TDigest
            | Type::QDigest(_)
            | Type::SetDigest => DataType::Binary,
        }
    }

    /// The type of a stored column. `None` where Trino has none for it.
    pub fn of_field(field: &Field) -> Option<Self> {
        match field.metadata().get(TYPE_KEY) {
            Some(name) => Type::parse(name).ok(),
            None => Type::of_arrow(field.data_type()),
        }
    }

    /// The type of a stored column by its Arrow type alone.
    pub fn of_arrow(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Null => Type::Unknown,
            DataType::Boolean => Type::Boolean,
            DataType::Int8 => Type::Tinyint,
            DataType::Int16 | DataType::UInt8 => Type::Smallint,
            DataType::Int32 | DataType::UInt16 => Type::Integer,
            DataType::Int64 | DataType::UInt32 => Type::Bigint,
            DataType::UInt64 => Type::decimal(20, 0),
            DataType::Float16 | DataType::Float32 => Type::Real,
            DataType::Float64 => Type::Double,
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
                if *scale >= 0 =>
            {
                Type::decimal(*precision, *scale as u8)
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => VARCHAR,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Type::Varbinary
            }
            DataType::Date32 | DataType::Date64 => Type::Date,
            DataType::Time32(TimeUnit::Second) => Type::Time(0),
            DataType::Time32(_) => Type::Time(3),
            DataType::Time64(TimeUnit::Nanosecond) => Type::Time(9),
            DataType::Time64(_) => Type::Time(6),
            DataType::Timestamp(unit, zone) => {
                let digits = match unit {
                    TimeUnit::Second => 0,
                    TimeUnit::Millisecond => 3,
                    TimeUnit::Microsecond => 6,
                    TimeUnit::Nanosecond => 9,
                };
                if zone.is_some() { Type::TimestampTz(digits) } else { Type::Timestamp(digits) }
            }
            DataType::Duration(_) => Type::IntervalDayToSecond,
            DataType::Dictionary(_, value) => Type::of_arrow(value)?,
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::FixedSizeList(item, _) => Type::array(Type::of_field(item)?),
            DataType::Struct(fields) => Type::Row(
                fields
                    .iter()
                    .map(|field| Some((Some(field.name().to_lowercase()), Type::of_field(field)?)))
                    .collect::<Option<_>>()?,
            ),
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => {
                    Type::map(Type::of_field(&fields[0])?, Type::of_field(&fields[1])?)
                }
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Reads a type's name, in any case: `map(varchar(3), decimal(10,2))`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut reader = NameReader { words: name_words(text), at: 0, text };
        let found = reader.read()?;
        if reader.at == reader.words.len() { Ok(found) } else { Err(reader.unknown()) }
    }
}

fn name_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '(' | ')' | ',' => words.push(letter.to_string()),
            '"' => {
                let mut quoted = String::from("\"");
                while let Some(letter) = letters.next() {
                    if letter == '"' && letters.next_if_eq(&'"').is_none() {
                        break;
                    }
                    quoted.push(letter);
                }
                words.push(quoted);
            }
            _ if letter.is_whitespace() => {}
            _ => {
                let mut word = String::from(letter);
                while let Some(next) = letters.next_if(|next| !next.is_whitespace() && !"(),\"".contains(*next)) {
                    word.push(next);
                }
                words.push(word);
            }
        }
    }
    words
}

struct NameReader<'a> {
    words: Vec<String>,
    at: usize,
    text: &'a str,
}

impl NameReader<'_> {
    fn unknown(&self) -> Error {
        Error::new(Code::TypeMismatch, format!("Unknown type: {}", self.text))
    }

    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn is(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Result<()> {
        if self.is(word) { Ok(()) } else { Err(self.unknown()) }
    }

    fn number(&mut self) -> Result<u64> {
        let number = self.peek().and_then(|word| word.parse().ok()).ok_or_else(|| self.unknown())?;
        self.at += 1;
        Ok(number)
    }

    /// `(6)`, or what it is without.
    fn length(&mut self) -> Result<Option<u64>> {
        if !self.is("(") {
            return Ok(None);
        }
        let number = self.number()?;
        self.expect(")")?;
        Ok(Some(number))
    }

    fn fraction(&mut self) -> Result<u8> {
        match self.length()?.unwrap_or(3) {
            digits @ 0..=12 => Ok(digits as u8),
            _ => Err(Error::new(Code::NumericValueOutOfRange, format!("{}: at most 12 digits", self.text))),
        }
    }

    fn zoned(&mut self) -> Result<bool> {
        if self.is("with") {
            self.expect("time")?;
            self.expect("zone")?;
            return Ok(true);
        }
        if self.is("without") {
            self.expect("time")?;
            self.expect("zone")?;
        }
        Ok(false)
    }

    fn read(&mut self) -> Result<Type> {
        let Some(word) = self.peek() else { return Err(self.unknown()) };
        let word = word.to_lowercase();
        self.at += 1;
        Ok(match word.as_str() {
            "unknown" => Type::Unknown,
            "boolean" => Type::Boolean,
            "tinyint" => Type::Tinyint,
            "smallint" => Type::Smallint,
            "integer" | "int" => Type::Integer,
            "bigint" => Type::Bigint,
            "real" => Type::Real,
            "double" => {
                self.is("precision");
                Type::Double
            }
            "decimal" => {
                let (mut precision, mut scale) = (38, 0);
                if self.is("(") {
                    precision = self.number()?;
                    if self.is(",") {
                        scale = self.number()?;
                    }
                    self.expect(")")?;
                }
                if precision == 0 || precision > u64::from(MAX_PRECISION) || scale > precision {
                    return Err(Error::new(
                        Code::InvalidFunctionArgument,
                        format!("Invalid DECIMAL precision {precision} or scale {scale}"),
                    ));
                }
                Type::decimal(precision as u8, scale as u8)
            }
            "varchar" => match self.length()? {
                Some(length) if length < u64::from(i32::MAX as u32) => Type::Varchar(Some(length as u32)),
                Some(_) => VARCHAR,
                None => VARCHAR,
            },
            "char" => match self.length()?.unwrap_or(1) {
                length @ 0..=65_536 => Type::Char(length as u32),
                length => return Err(Error::type_mismatch(format!("Unknown type: char({length})"))),
            },
            "varbinary" => Type::Varbinary,
            "json" => Type::Json,
            "date" => Type::Date,
            "time" => {
                let digits = self.fraction()?;
                if self.zoned()? { Type::TimeTz(digits) } else { Type::Time(digits) }
            }
            "timestamp" => {
                let digits = self.fraction()?;
                if self.zoned()? { Type::TimestampTz(digits) } else { Type::Timestamp(digits) }
            }
            "interval" => {
                let from = self.peek().unwrap_or_default().to_lowercase();
                self.at += 1;
                if self.is("to") {
                    self.at += 1;
                }
                match from.as_str() {
                    "day" | "hour" | "minute" | "second" => Type::IntervalDayToSecond,
                    "year" | "month" => Type::IntervalYearToMonth,
                    _ => return Err(self.unknown()),
                }
            }
            "array" => {
                self.expect("(")?;
                let element = self.read()?;
                self.expect(")")?;
                Type::array(element)
            }
            "map" => {
                self.expect("(")?;
                let key = self.read()?;
                self.expect(",")?;
                let value = self.read()?;
                self.expect(")")?;
                Type::map(key, value)
            }
            "row" => {
                self.expect("(")?;
                let mut fields = vec![self.field()?];
                while self.is(",") {
                    fields.push(self.field()?);
                }
                self.expect(")")?;
                Type::Row(fields)
            }
            "ipaddress" => Type::IpAddress,
            "uuid" => Type::Uuid,
            "hyperloglog" => Type::HyperLogLog,
            "p4hyperloglog" => Type::P4HyperLogLog,
            "tdigest" => Type::TDigest,
            "setdigest" => Type::SetDigest,
            "qdigest" => {
                self.expect("(")?;
                let of = self.read()?;
                self.expect(")")?;
                Type::QDigest(Box::new(of))
            }
            _ => return Err(self.unknown()),
        })
    }

    /// A field of a row: its type alone, or after its name.
    fn field(&mut self) -> Result<(Option<String>, Type)> {
        let start = self.at;
        if let Ok(alone) = self.read()
            && matches!(self.peek(), Some("," | ")"))
        {
            return Ok((None, alone));
        }
        self.at = start;
        let name = self.peek().ok_or_else(|| self.unknown())?.to_owned();
        self.at += 1;
        let name = name.strip_prefix('"').map_or_else(|| name.to_lowercase(), str::to_owned);
        Ok((Some(name), self.read()?))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Type::Varchar(Some(length)) => write!(f, "varchar({length})"),
            Type::Char(length) => write!(f, "char({length})"),
            Type::Time(digits) => write!(f, "time({digits})"),
            Type::TimeTz(digits) => write!(f, "time({digits}) with time zone"),
            Type::Timestamp(digits) => write!(f, "timestamp({digits})"),
            Type::TimestampTz(digits) => write!(f, "timestamp({digits}) with time zone"),
            Type::Array(element) => write!(f, "array({element})"),
            Type::Map(key, value) => write!(f, "map({key}, {value})"),
            Type::Row(fields) => {
                f.write_str("row(")?;
                for (at, (name, field)) in fields.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    match name {
                        Some(name) if is_plain(name) => write!(f, "{name} {field}")?,
                        Some(name) => write!(f, "\"{}\" {field}", name.replace('"', "\"\""))?,
                        None => write!(f, "{field}")?,
                    }
                }
                f.write_str(")")
            }
            Type::QDigest(of) => write!(f, "qdigest({of})"),
            plain => f.write_str(plain.base()),
        }
    }
}

fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
