//! What the columns hold, and which of them may divide the table into partitions.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use anyhow::bail;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field, Int64Type, Schema};
use chrono::{Days, NaiveDate};

use super::csv::{Csv, identifier};

/// More partitions cost more requests than they spare.
const MOST_VALUES: usize = 1_000;
/// A partition of less is all request and no data; small tables may have [`FEW`] partitions anyway.
const SMALLEST_PARTITION: u64 = 4 << 20;
const FEW: usize = 32;
const LONGEST_VALUE: usize = 100;
/// What a list of values may take of a template.
const LONGEST_LIST: usize = 16 << 10;
/// Folders asked for per folder that is there, where a range stands for the values.
const WIDEST_GAPS: u64 = 40;

/// A column of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// As the CSV has it.
    pub source: String,
    /// As the table has it.
    pub name: String,
    pub data_type: DataType,
    /// Rows without a value.
    pub empty: u64,
    /// What it would be as a partition key, or why it is none.
    pub key: Result<Key, String>,
}

impl Column {
    /// In Hive's words.
    pub fn hive_type(&self) -> &'static str {
        match self.data_type {
            DataType::Int64 => "bigint",
            DataType::Float64 => "double",
            DataType::Boolean => "boolean",
            DataType::Date32 => "date",
            DataType::Timestamp(..) => "timestamp",
            _ => "string",
        }
    }
}

/// Values of a partition key; the catalog counts them up, so that no partition needs to be registered.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub values: usize,
    pub range: Range,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Range {
    Dates(NaiveDate, NaiveDate),
    Integers(i64, i64),
    List(Vec<String>),
}

impl Key {
    /// Glue's table parameters for the column of this name.
    pub fn projection(&self, name: &str) -> BTreeMap<String, String> {
        let of = |property: &str| format!("projection.{name}.{property}");
        let pairs = match &self.range {
            Range::Dates(first, last) => vec![
                (of("type"), "date".to_owned()),
                (of("format"), "yyyy-MM-dd".to_owned()),
                (of("range"), format!("{first},{last}")),
                (of("interval"), "1".to_owned()),
                (of("interval.unit"), "DAYS".to_owned()),
            ],
            Range::Integers(first, last) => {
                vec![(of("type"), "integer".to_owned()), (of("range"), format!("{first},{last}"))]
            }
            Range::List(values) => vec![(of("type"), "enum".to_owned()), (of("values"), values.join(","))],
        };
        pairs.into_iter().collect()
    }

    fn rank(&self) -> u8 {
        match self.range {
            // People ask by time, and new data comes by time.
            Range::Dates(..) => 2,
            Range::List(_) => 1,
            // Often a quantity.
            Range::Integers(..) => 0,
        }
    }
}

/// All columns, looked at in all rows.
#[derive(Debug, Clone)]
pub struct Profile {
    pub rows: u64,
    pub columns: Vec<Column>,
    /// The partition key.
    pub key: Option<usize>,
    /// Why that one.
    pub reason: String,
}

impl Profile {
    /// Reads the CSV once and chooses a partition key, or takes the one that is given.
    pub async fn of(csv: &Csv, partition_by: Option<&str>) -> anyhow::Result<Self> {
        let mut rows = csv.rows().await?;
        let mut counts: Vec<Count> = csv.inferred.schema.fields().iter().map(|field| Count::of(field)).collect();
        let mut total = 0;
        while let Some(batch) = rows.next().await? {
            total += batch.num_rows() as u64;
            count(&mut counts, &batch)?;
        }
        if total == 0 {
            bail!("{} has no rows", csv.path.display());
        }
        let columns = columns(&csv.inferred.schema, counts);
        let (key, reason) = match partition_by {
            None => choose(&columns, csv.size),
            Some(wanted) => {
                let found = columns.iter().position(|column| column.name == wanted || column.source == wanted);
                match found.map(|index| (index, &columns[index].key)) {
                    None => {
                        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                        bail!("there is no column {wanted} to partition by; there are {}", names.join(", "))
                    }
                    Some((_, Err(why))) => bail!("{wanted} can't be the partition key: {why}"),
                    Some((index, Ok(key))) => (Some(index), format!("asked for; {} values", key.values)),
                }
            }
        };
        Ok(Self { rows: total, columns, key, reason })
    }

    pub fn partitions(&self) -> usize {
        self.key_column().and_then(|column| column.key.as_ref().ok()).map_or(1, |key| key.values)
    }

    pub fn key_column(&self) -> Option<&Column> {
        self.key.and_then(|index| self.columns.get(index))
    }
}

/// A column a line: name, type, and what it would be as a partition key.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.columns.iter().map(|column| column.name.len()).max().unwrap_or(0);
        for (index, column) in self.columns.iter().enumerate() {
            let mark = if self.key == Some(index) { '*' } else { ' ' };
            let key = match &column.key {
                Ok(key) => format!("{} values", key.values),
                Err(why) => format!("no partition key: {why}"),
            };
            writeln!(f, "{mark} {:width$}  {:9}  {key}", column.name, column.hive_type())?;
        }
        Ok(())
    }
}

fn columns(schema: &Schema, counts: Vec<Count>) -> Vec<Column> {
    let mut taken = std::collections::HashSet::new();
    let fields = schema.fields().iter().zip(counts);
    fields
        .map(|(field, count)| {
            let base = identifier(field.name());
            let mut name = base.clone();
            let mut number = 2;
            while !taken.insert(name.clone()) {
                name = format!("{base}_{number}");
                number += 1;
            }
            let data_type = field.data_type().clone();
            Column { source: field.name().clone(), name, data_type, empty: count.empty, key: count.key() }
        })
        .collect()
}

/// Dates before texts before numbers; among equals the one with the most values that leave partitions large enough.
fn choose(columns: &[Column], bytes: u64) -> (Option<usize>, String) {
    if columns.len() < 2 {
        return (None, "there is but one column".to_owned());
    }
    let most = usize::try_from(bytes / SMALLEST_PARTITION).unwrap_or(MOST_VALUES).clamp(FEW, MOST_VALUES);
    let keys = columns.iter().enumerate().filter_map(|(index, column)| Some((index, column.key.as_ref().ok()?)));
    let (fit, unfit): (Vec<_>, Vec<_>) = keys.partition(|(_, key)| key.values <= most);
    let too_many: Vec<String> =
        unfit.iter().map(|(index, key)| format!("{} has {}", columns[*index].name, key.values)).collect();
    let mut reason = match too_many.is_empty() {
        true => String::new(),
        false => format!("; more than the {most} values that leave partitions large enough: {}", too_many.join(", ")),
    };
    // The first of several equal ones.
    let best = fit.into_iter().rev().max_by_key(|(_, key)| (key.rank(), key.values));
    match best {
        None => {
            reason.insert_str(0, "no column has 2 or more values that may name folders");
            (None, reason)
        }
        Some((index, key)) => {
            let each = bytes / key.values as u64;
            reason.insert_str(0, &format!("{} values of about {} of CSV each", key.values, super::bytes(each)));
            (Some(index), reason)
        }
    }
}

/// Counts the values of one column until they are too many.
struct Count {
    empty: u64,
    seen: Seen,
}

enum Seen {
    Dates(HashMap<i64, u64>),
    Integers(HashMap<i64, u64>),
    Texts(HashMap<String, u64>),
    TooMany,
    /// Longer than what names a folder.
    TooLong,
    /// Of another type.
    Other,
}

impl Count {
    fn of(field: &Field) -> Self {
        let seen = match field.data_type() {
            DataType::Date32 => Seen::Dates(HashMap::new()),
            DataType::Int64 => Seen::Integers(HashMap::new()),
            DataType::Utf8 => Seen::Texts(HashMap::new()),
            _ => Seen::Other,
        };
        Self { empty: 0, seen }
    }

    fn see(&mut self, column: &ArrayRef) -> anyhow::Result<()> {
        self.empty += column.null_count() as u64;
        let many = match &mut self.seen {
            Seen::Dates(seen) => {
                let values = column.as_primitive::<Date32Type>();
                tally(seen, values.iter().flatten().map(i64::from))
            }
            Seen::Integers(seen) => tally(seen, column.as_primitive::<Int64Type>().iter().flatten()),
            Seen::Texts(seen) => {
                let values = column.as_string::<i32>();
                for text in values.iter().flatten() {
                    if text.is_empty() {
                        self.empty += 1;
                    } else if text.len() > LONGEST_VALUE {
                        self.seen = Seen::TooLong;
                        return Ok(());
                    } else if let Some(count) = seen.get_mut(text) {
                        *count += 1;
                    } else if seen.len() == MOST_VALUES {
                        self.seen = Seen::TooMany;
                        return Ok(());
                    } else {
                        seen.insert(text.to_owned(), 1);
                    }
                }
                false
            }
            Seen::TooMany | Seen::TooLong | Seen::Other => false,
        };
        if many {
            self.seen = Seen::TooMany;
        }
        Ok(())
    }

    fn key(self) -> Result<Key, String> {
        let distinct = match &self.seen {
            Seen::Dates(seen) | Seen::Integers(seen) => seen.len(),
            Seen::Texts(seen) => seen.len(),
            Seen::TooMany => return Err(format!("more than {MOST_VALUES} values")),
            Seen::TooLong => return Err("its values are too long".to_owned()),
            Seen::Other => return Err("its type names no folders".to_owned()),
        };
        if self.empty > 0 {
            return Err(format!("{} rows have no value", self.empty));
        }
        if distinct < 2 {
            return Err("one value only".to_owned());
        }
        let range = match self.seen {
            Seen::Dates(seen) => dense(&seen).and_then(|(first, last)| Some(Range::Dates(day(first)?, day(last)?))),
            Seen::Integers(seen) => dense(&seen).map(|(first, last)| Range::Integers(first, last)),
            Seen::Texts(seen) => {
                let mut values: Vec<String> = seen.into_keys().collect();
                values.sort_unstable();
                if let Some(odd) = values.iter().find(|value| !may_name_a_folder(value)) {
                    let odd: String = odd.chars().flat_map(char::escape_debug).take(40).collect();
                    return Err(format!("values such as \"{odd}\" can't name folders"));
                }
                if values.iter().map(|value| value.len() + 1).sum::<usize>() > LONGEST_LIST {
                    return Err("its values are too long".to_owned());
                }
                Some(Range::List(values))
            }
            Seen::TooMany | Seen::TooLong | Seen::Other => None,
        };
        let range = range.ok_or("its values leave wide gaps")?;
        Ok(Key { values: distinct, range })
    }
}

/// Whether there are too many values.
fn tally(seen: &mut HashMap<i64, u64>, values: impl Iterator<Item = i64>) -> bool {
    for value in values {
        if let Some(count) = seen.get_mut(&value) {
            *count += 1;
        } else if seen.len() == MOST_VALUES {
            return true;
        } else {
            seen.insert(value, 1);
        }
    }
    false
}

/// First and last, where a range may stand for the values between.
fn dense(seen: &HashMap<i64, u64>) -> Option<(i64, i64)> {
    let (first, last) = (*seen.keys().min()?, *seen.keys().max()?);
    let width = first.abs_diff(last);
    (width <= seen.len() as u64 * WIDEST_GAPS).then_some((first, last))
}

/// A day by its distance from 1970, of the years that a range of four digits can name.
fn day(days: i64) -> Option<NaiveDate> {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1)?;
    let distance = Days::new(days.unsigned_abs());
    let day = if days < 0 { epoch.checked_sub_days(distance) } else { epoch.checked_add_days(distance) }?;
    (1..=9999).contains(&chrono::Datelike::year(&day)).then_some(day)
}

/// Letters, digits and three signs: what every reader takes literally, in a path and in a list.
fn may_name_a_folder(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn count(counts: &mut [Count], batch: &RecordBatch) -> anyhow::Result<()> {
    for (count, column) in counts.iter_mut().zip(batch.columns()) {
        match count.seen {
            // The engine may give texts in another layout.
            Seen::Texts(_) if *column.data_type() != DataType::Utf8 => count.see(&cast(column, &DataType::Utf8)?)?,
            _ => count.see(column)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use std::sync::Arc;

    use arrow::array::{Date32Array, Float64Array, Int64Array, StringArray};

    use super::*;

    fn profiled(columns_given: Vec<(&str, ArrayRef)>) -> Vec<Column> {
        let batch = RecordBatch::try_from_iter(columns_given).unwrap();
        let mut counts: Vec<Count> = batch.schema().fields().iter().map(|field| Count::of(field)).collect();
        count(&mut counts, &batch).unwrap();
        columns(&batch.schema(), counts)
    }

    fn ints(values: impl IntoIterator<Item = i64>) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(values))
    }

    fn texts(values: &[&str]) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(values))
    }

    #[test]
    fn days_come_first_where_they_leave_partitions_large_enough() {
        let days: ArrayRef = Arc::new(Date32Array::from_iter_values((0..40).chain(0..40)));
        let states: Vec<&str> = ["CA", "TX"].into_iter().cycle().take(80).collect();
        let columns = profiled(vec![("n", ints(0..80)), ("State", texts(&states)), ("day", days)]);
        let (key, reason) = choose(&columns, 1 << 30);
        assert_eq!((key, columns[2].name.as_str()), (Some(2), "day"));
        assert!(reason.starts_with("40 values"), "{reason}");
        let (key, reason) = choose(&columns, 1 << 20);
        assert_eq!(key, Some(1));
        assert!(reason.contains("day has 40"), "{reason}");
        let projection = columns[1].key.clone().unwrap().projection("state");
        assert_eq!(projection["projection.state.values"], "CA,TX");
        let projection = columns[2].key.clone().unwrap().projection("day");
        assert_eq!(projection["projection.day.range"], "1970-01-01,1970-02-09");
    }

    #[test]
    fn what_is_no_key_says_why() {
        let why = |values: ArrayRef| profiled(vec![("x", values)])[0].key.clone().unwrap_err();
        assert_eq!(why(ints([1, 1])), "one value only");
        assert_eq!(why(ints(0..2_000)), "more than 1000 values");
        assert_eq!(why(ints([1, 1_000_000])), "its values leave wide gaps");
        assert_eq!(why(ints([i64::MIN, i64::MAX])), "its values leave wide gaps");
        assert_eq!(why(Arc::new(Int64Array::from(vec![Some(1), None]))), "1 rows have no value");
        assert_eq!(why(texts(&["a", ""])), "1 rows have no value");
        assert_eq!(why(texts(&["a", "b/../c"])), "values such as \"b/../c\" can't name folders");
        assert_eq!(why(texts(&["a", "b,c"])), "values such as \"b,c\" can't name folders");
        assert_eq!(why(texts(&["a", &"b".repeat(101)])), "its values are too long");
        assert_eq!(why(Arc::new(Float64Array::from(vec![1.0]))), "its type names no folders");
        assert_eq!(why(Arc::new(Date32Array::from(vec![i32::MIN, i32::MIN + 1]))), "its values leave wide gaps");
    }

    #[test]
    fn names_stay_apart() {
        let columns = profiled(vec![("A b", ints([1])), ("a_b", ints([1])), ("A-B", ints([1]))]);
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["a_b", "a_b_2", "a_b_3"]);
    }
}
