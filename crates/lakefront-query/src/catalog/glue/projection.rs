//! Partitions that are computed from a table's properties
//! (<https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html>).

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use chrono::{DateTime, Datelike, Days, Duration, Months, NaiveDate, NaiveDateTime, Utc};

use super::Key;
use super::partitions::{Partition, may_hold};
use crate::catalog::{Condition, Constant, Test};

/// Values of one key that are looked at.
const MOST_VALUES: usize = 100_000;
/// Partitions of one table that its own files may bring its projection to.
const MOST_FOLLOWED: i64 = 10_000;
/// Partitions of one statement.
const MOST_PARTITIONS: usize = 10_000;

#[derive(Debug, PartialEq)]
pub(super) struct Projection {
    /// One per partition key.
    dimensions: Vec<Dimension>,
    /// With `${key}` where a value goes.
    template: String,
}

#[derive(Debug, PartialEq)]
enum Dimension {
    Enum(Vec<String>),
    Integer {
        first: i64,
        last: i64,
        step: i64,
        digits: usize,
    },
    Date {
        first: Moment,
        last: Moment,
        step: (i64, Unit),
        format: String,
    },
    /// Only what a statement asks for.
    Injected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
    Years,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Moment {
    At(NaiveDateTime),
    Now(i64, Unit),
}

impl Projection {
    /// Or why the partitions are not computed here, as a clause.
    pub(super) fn of(properties: &BTreeMap<String, String>, keys: &[Key], location: &str) -> Result<Self, String> {
        let dimensions = keys.iter().map(|key| {
            let property =
                |name: &str| properties.get(&format!("projection.{}.{name}", key.name)).map(|text| text.trim());
            dimension(key, property)
                .ok_or_else(|| format!("the projection of \"{}\" is understood by Athena only", key.name))
        });
        let dimensions = dimensions.collect::<Result<_, _>>()?;
        let template = properties.get("storage.location.template").cloned().unwrap_or_else(|| {
            let folders: Vec<String> = keys.iter().map(|key| format!("{0}=${{{0}}}", key.name)).collect();
            format!("{}/{}", location.trim_end_matches('/'), folders.join("/"))
        });
        Ok(Self { dimensions, template })
    }

    /// What the properties of a projection have to become for values that it lacks: lists and ranges grow. Values that no
    /// range could take in, such as a day far off, are left out.
    pub(super) fn widened<'a>(
        properties: &BTreeMap<String, String>,
        key: &str,
        found: impl Iterator<Item = &'a str>,
    ) -> Option<(String, String)> {
        let named = |property: &str| format!("projection.{key}.{property}");
        let property = |name: &str| properties.get(&named(name)).map(|text| text.trim());
        match property("type")?.to_lowercase().as_str() {
            "enum" => {
                let known = property("values")?;
                let mut values: Vec<&str> = known.split(',').map(str::trim).collect();
                let before = values.len();
                for value in found {
                    if !value.is_empty() && !value.contains(',') && value.trim() == value && !values.contains(&value) {
                        values.push(value);
                    }
                }
                let grows = values.len() > before && values.len() as i64 <= MOST_FOLLOWED;
                grows.then(|| (named("values"), values.join(",")))
            }
            "integer" if property("digits").is_none() && property("interval").is_none_or(|step| step == "1") => {
                let (first, last) = property("range")?.split_once(',')?;
                let (first, last) = (first.trim().parse::<i64>().ok()?, last.trim().parse::<i64>().ok()?);
                let range = stretched((first, last), found.filter_map(|value| value.parse().ok()))?;
                Some((named("range"), format!("{},{}", range.0, range.1)))
            }
            "date" if property("format") == Some("yyyy-MM-dd") => {
                let day = |text: &str| text.trim().parse::<NaiveDate>().ok();
                let number = |day: NaiveDate| i64::from(day.num_days_from_ce());
                let (first, last) = property("range")?.split_once(',')?;
                let range = (number(day(first)?), number(day(last)?));
                let range = stretched(range, found.filter_map(day).map(number))?;
                let text = |number: i64| NaiveDate::from_num_days_from_ce_opt(i32::try_from(number).ok()?);
                Some((named("range"), format!("{},{}", text(range.0)?, text(range.1)?)))
            }
            _ => None,
        }
    }

    /// The partitions that a statement with these conditions can touch.
    pub(super) fn partitions(&self, keys: &[Key], conditions: &[Vec<Condition>]) -> Result<Vec<Partition>, String> {
        let mut rows: Vec<Vec<String>> = vec![Vec::new()];
        for (at, (dimension, key)) in self.dimensions.iter().zip(keys).enumerate() {
            let values = dimension.values(key, conditions)?;
            let mut longer = Vec::new();
            for row in &rows {
                for value in &values {
                    let mut row = row.clone();
                    row.push(value.clone());
                    let known: Vec<Option<&str>> = row.iter().map(|value| Some(value.as_str())).collect();
                    if may_hold(&keys[..=at], &known, conditions) {
                        longer.push(row);
                    }
                    if longer.len() > MOST_PARTITIONS {
                        return Err(format!("more than {MOST_PARTITIONS} partitions are projected for this statement"));
                    }
                }
            }
            rows = longer;
        }
        Ok(rows.into_iter().map(|row| self.partition(keys, row)).collect())
    }

    fn partition(&self, keys: &[Key], row: Vec<String>) -> Partition {
        let mut location = self.template.clone();
        for (key, value) in keys.iter().zip(&row) {
            location = location.replace(&format!("${{{}}}", key.name), value);
        }
        Partition { values: row.into_iter().map(Some).collect(), location }
    }
}

/// The range with the values that leave it short enough, if that is another one.
fn stretched(range: (i64, i64), found: impl Iterator<Item = i64>) -> Option<(i64, i64)> {
    let mut wide = range;
    let mut found: Vec<i64> = found.collect();
    // What is near comes first: one odd value does not keep out all others.
    found.sort_by_key(|value| (value.abs_diff(range.0)).min(value.abs_diff(range.1)));
    for value in found {
        let (first, last) = (wide.0.min(value), wide.1.max(value));
        if last.checked_sub(first).is_some_and(|length| length < MOST_FOLLOWED) {
            wide = (first, last);
        }
    }
    (wide != range).then_some(wide)
}

impl Dimension {
    fn values(&self, key: &Key, conditions: &[Vec<Condition>]) -> Result<Vec<String>, String> {
        let wanted = |value: &str| {
            let mine = |condition: &&Condition| condition.column == key.name;
            conditions
                .iter()
                .any(|all| all.iter().filter(mine).all(|condition| condition.may_hold(Some(value), key.order())))
        };
        let too_many = || format!("partition key \"{}\" has more than {MOST_VALUES} projected values", key.name);
        let mut values = Vec::new();
        match self {
            Self::Enum(all) => values.extend(all.iter().filter(|value| wanted(value)).cloned()),
            Self::Integer { first, last, step, digits } => {
                let mut at = *first;
                let mut looked_at = 0;
                while at <= *last {
                    let value = format!("{at:0digits$}");
                    if wanted(&value) {
                        values.push(value);
                    }
                    looked_at += 1;
                    if looked_at > MOST_VALUES {
                        return Err(too_many());
                    }
                    let Some(next) = at.checked_add(*step) else { break };
                    at = next;
                }
            }
            Self::Date { first, last, step: (count, unit), format } => {
                let now = Utc::now();
                let out_of_range = || format!("the projected dates of \"{}\" are out of range", key.name);
                let start = first.at(now).ok_or_else(out_of_range)?;
                let end = last.at(now).ok_or_else(out_of_range)?;
                let mut steps = 0;
                // Always from the start: a month after January 31 is no day to go on from.
                while let Some(at) = unit.after(start, count * steps).filter(|at| *at <= end) {
                    let value = at.format(format).to_string();
                    if wanted(&value) && values.last() != Some(&value) {
                        values.push(value);
                    }
                    steps += 1;
                    if steps as usize > MOST_VALUES {
                        return Err(too_many());
                    }
                }
            }
            Self::Injected => {
                for all in conditions {
                    let given = all.iter().find_map(|condition| match &condition.test {
                        Test::In(constants) if condition.column == key.name => Some(constants),
                        _ => None,
                    });
                    let Some(given) = given else {
                        return Err(format!(
                            "partition key \"{}\" is given by the statement, which names no value",
                            key.name
                        ));
                    };
                    values.extend(given.iter().map(|constant| match constant {
                        Constant::Text(text) | Constant::Date(text) => text.clone(),
                        Constant::Integer(number) => number.to_string(),
                    }));
                }
                values.sort_unstable();
                values.dedup();
                // What leads to another folder is no value.
                values.retain(|value| wanted(value) && !value.is_empty() && !value.contains(['/', '$']));
            }
        }
        Ok(values)
    }
}

fn dimension<'a>(key: &Key, property: impl Fn(&str) -> Option<&'a str>) -> Option<Dimension> {
    match property("type")?.to_lowercase().as_str() {
        "enum" => Some(Dimension::Enum(property("values")?.split(',').map(|value| value.trim().to_owned()).collect())),
        "integer" => {
            let (first, last) = property("range")?.split_once(',')?;
            let step = property("interval").map_or(Some(1), |text| text.parse().ok()).filter(|step| *step > 0)?;
            let digits = property("digits").map_or(Some(0), |text| text.parse().ok()).filter(|digits| *digits <= 18)?;
            Some(Dimension::Integer {
                first: first.trim().parse().ok()?,
                last: last.trim().parse().ok()?,
                step,
                digits,
            })
        }
        "date" => {
            let written = property("format")?;
            let format = strftime(written)?;
            if key.data_type == DataType::Date32 && format != "%Y-%m-%d" {
                return None;
            }
            let (first, last) = property("range")?.split_once(',')?;
            let count = property("interval").map_or(Some(1), |text| text.parse().ok()).filter(|count| *count > 0)?;
            let unit = match property("interval.unit") {
                Some(text) => unit(text)?,
                None if written.contains(['H', 'm', 's']) => return None,
                None if written.contains('d') => Unit::Days,
                None if written.contains('M') => Unit::Months,
                None => return None,
            };
            let moment = |text: &str| moment(text.trim(), &format);
            Some(Dimension::Date { first: moment(first)?, last: moment(last)?, step: (count, unit), format })
        }
        "injected" => Some(Dimension::Injected),
        _ => None,
    }
}

/// Java's pattern as `strftime` has it, where it consists of whole numbers of fixed width.
fn strftime(java: &str) -> Option<String> {
    let mut format = String::new();
    let mut rest = java;
    while let Some(letter) = rest.chars().next() {
        if letter == '\'' {
            let (literal, after) = rest[1..].split_once('\'')?;
            format.push_str(&if literal.is_empty() { "'".to_owned() } else { literal.replace('%', "%%") });
            rest = after;
            continue;
        }
        let width = rest.chars().take_while(|next| *next == letter).count();
        match (letter, width) {
            ('y' | 'u', 4) => format.push_str("%Y"),
            ('M', 2) => format.push_str("%m"),
            ('d', 2) => format.push_str("%d"),
            ('H', 2) => format.push_str("%H"),
            ('m', 2) => format.push_str("%M"),
            ('s', 2) => format.push_str("%S"),
            (letter, _) if letter.is_ascii_alphabetic() || letter == '%' => return None,
            (letter, width) => format.extend(std::iter::repeat_n(letter, width)),
        }
        rest = &rest[width * letter.len_utf8()..];
    }
    Some(format)
}

fn unit(text: &str) -> Option<Unit> {
    Some(match text.trim().to_lowercase().trim_end_matches('s') {
        "second" => Unit::Seconds,
        "minute" => Unit::Minutes,
        "hour" => Unit::Hours,
        "day" => Unit::Days,
        "week" => Unit::Weeks,
        "month" => Unit::Months,
        "year" => Unit::Years,
        _ => return None,
    })
}

/// `NOW`, `NOW-3YEARS`, or a text in the key's own format.
fn moment(text: &str, format: &str) -> Option<Moment> {
    if let Some(rest) = text.to_uppercase().strip_prefix("NOW") {
        let rest: String = rest.chars().filter(|c| !c.is_whitespace()).collect();
        if rest.is_empty() {
            return Some(Moment::Now(0, Unit::Days));
        }
        let letters = rest.find(|c: char| c.is_ascii_alphabetic())?;
        return Some(Moment::Now(rest[..letters].parse().ok()?, unit(&rest[letters..])?));
    }
    // A year or a month alone begins with its first day, a day with its first minute.
    let (mut text, mut format) = (text.to_owned(), format.to_owned());
    for (part, first) in [("%m", "01"), ("%d", "01"), ("%H", "00"), ("%M", "00")] {
        if !format.contains(part) {
            text += &format!("|{first}");
            format += &format!("|{part}");
        }
    }
    NaiveDateTime::parse_from_str(&text, &format).ok().map(Moment::At)
}

impl Moment {
    fn at(self, now: DateTime<Utc>) -> Option<NaiveDateTime> {
        match self {
            Moment::At(at) => Some(at),
            Moment::Now(count, unit) => unit.after(now.naive_utc(), count),
        }
    }
}

impl Unit {
    fn after(self, at: NaiveDateTime, count: i64) -> Option<NaiveDateTime> {
        let months = |months: i64| {
            let many = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
            if months < 0 { at.checked_sub_months(many) } else { at.checked_add_months(many) }
        };
        let days = |days: i64| {
            let many = Days::new(days.unsigned_abs());
            if days < 0 { at.checked_sub_days(many) } else { at.checked_add_days(many) }
        };
        match self {
            Unit::Seconds => at.checked_add_signed(Duration::try_seconds(count)?),
            Unit::Minutes => at.checked_add_signed(Duration::try_minutes(count)?),
            Unit::Hours => at.checked_add_signed(Duration::try_hours(count)?),
            Unit::Days => days(count),
            Unit::Weeks => days(count.checked_mul(7)?),
            Unit::Months => months(count),
            Unit::Years => months(count.checked_mul(12)?),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    fn key(name: &str, data_type: DataType) -> Key {
        Key { name: name.to_owned(), data_type }
    }

    fn properties(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn all() -> Vec<Vec<Condition>> {
        vec![Vec::new()]
    }

    fn is(column: &str, test: Test) -> Vec<Vec<Condition>> {
        vec![vec![Condition { column: column.to_owned(), test }]]
    }

    fn text(text: &str) -> Constant {
        Constant::Text(text.to_owned())
    }

    #[test]
    fn keys_are_counted_up_and_left_out_by_conditions() {
        let keys = [key("state", DataType::Utf8), key("hour", DataType::Int32)];
        let projection = Projection::of(
            &properties(&[
                ("projection.state.type", "enum"),
                ("projection.state.values", "CA, TX"),
                ("projection.hour.type", "integer"),
                ("projection.hour.range", "0,23"),
                ("projection.hour.interval", "6"),
                ("projection.hour.digits", "2"),
                ("storage.location.template", "s3://lake/${state}/h${hour}/"),
            ]),
            &keys,
            "s3://lake/",
        )
        .unwrap();
        let places = |conditions: &[Vec<Condition>]| -> Vec<String> {
            projection.partitions(&keys, conditions).unwrap().into_iter().map(|at| at.location).collect()
        };
        assert_eq!(places(&all()).len(), 8);
        let few = [
            Condition { column: "state".into(), test: Test::In(vec![text("TX")]) },
            Condition { column: "hour".into(), test: Test::AtLeast(Constant::Integer(12)) },
        ];
        assert_eq!(places(&[few.to_vec()]), ["s3://lake/TX/h12/", "s3://lake/TX/h18/"]);
        // Either use of the table.
        let other = vec![Condition { column: "hour".into(), test: Test::In(vec![Constant::Integer(0)]) }];
        assert_eq!(places(&[few.to_vec(), other]).len(), 4);
        // Nothing is known of one use.
        assert_eq!(places(&[few.to_vec(), Vec::new()]).len(), 8);
    }

    #[test]
    fn dates_run_in_their_own_format() {
        let keys = [key("day", DataType::Utf8)];
        let of = |format: &str, range: &str, more: &[(&str, &str)]| {
            let mut pairs = vec![
                ("projection.day.type", "date"),
                ("projection.day.format", format),
                ("projection.day.range", range),
            ];
            pairs.extend(more);
            let projection = Projection::of(&properties(&pairs), &keys, "s3://lake/t").ok()?;
            let conditions = is("day", Test::AtLeast(text("2024")));
            let partitions = projection.partitions(&keys, &conditions).unwrap();
            Some(
                partitions.into_iter().map(|at| at.location.rsplit('=').next().unwrap().to_owned()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(of("yyyy/MM/dd", "2023/12/30,2024/01/02", &[]).unwrap(), ["2024/01/01", "2024/01/02"]);
        assert_eq!(of("yyyy-MM", "2023-11,2024-02", &[]).unwrap(), ["2024-01", "2024-02"]);
        assert_eq!(
            of("yyyy-MM-dd-HH", "2024-01-01-22,2024-01-02-00", &[("projection.day.interval.unit", "HOURS")]).unwrap(),
            ["2024-01-01-22", "2024-01-01-23", "2024-01-02-00"]
        );
        assert_eq!(of("yyyy", "2023,2025", &[("projection.day.interval.unit", "YEARS")]).unwrap(), ["2024", "2025"]);
        let now = of("yyyy-MM-dd", "NOW-2DAYS,NOW", &[]).unwrap();
        assert_eq!((now.len(), now[2].clone()), (3, Utc::now().format("%Y-%m-%d").to_string()));
        // Not understood: left to Athena.
        assert_eq!(of("MMM dd yyyy", "Jan 01 2024,NOW", &[]), None);
        assert_eq!(of("yyyy-MM-dd-HH", "2024-01-01-22,NOW", &[]), None);
    }

    #[test]
    fn an_injected_key_needs_its_value() {
        let keys = [key("id", DataType::Utf8)];
        let projection =
            Projection::of(&properties(&[("projection.id.type", "injected")]), &keys, "s3://lake/t").unwrap();
        assert!(projection.partitions(&keys, &all()).is_err());
        let given = projection.partitions(&keys, &is("id", Test::In(vec![text("a"), text("../b")]))).unwrap();
        assert_eq!(given.iter().map(|at| at.location.as_str()).collect::<Vec<_>>(), ["s3://lake/t/id=a"]);
    }

    #[test]
    fn a_projection_grows_with_its_files() {
        let of = |pairs: &[(&str, &str)], found: &[&str]| {
            Projection::widened(&properties(pairs), "k", found.iter().copied()).map(|(_, value)| value)
        };
        let list = [("projection.k.type", "enum"), ("projection.k.values", "CA, TX")];
        assert_eq!(of(&list, &["TX", "NY", "a,b", ""]).unwrap(), "CA,TX,NY");
        assert_eq!(of(&list, &["TX", "CA"]), None);
        let days = [
            ("projection.k.type", "date"),
            ("projection.k.format", "yyyy-MM-dd"),
            ("projection.k.range", "2025-01-01,2025-03-31"),
        ];
        assert_eq!(of(&days, &["2025-04-02", "9999-12-31", "2024-12-31"]).unwrap(), "2024-12-31,2025-04-02");
        assert_eq!(of(&days, &["2025-02-01", "soon"]), None);
        let numbers = [("projection.k.type", "integer"), ("projection.k.range", "1,60")];
        assert_eq!(of(&numbers, &["61", "-9223372036854775808"]).unwrap(), "1,61");
        // Left as they are: what is computed anew each day, and steps.
        let now = [days[0], days[1], ("projection.k.range", "2025-01-01,NOW")];
        assert_eq!(of(&now, &["2031-01-01"]), None);
        let steps = [numbers[0], numbers[1], ("projection.k.interval", "5")];
        assert_eq!(of(&steps, &["65"]), None);
    }

    #[test]
    fn what_would_never_end_is_refused() {
        let keys = [key("n", DataType::Int64)];
        let pairs = [("projection.n.type", "integer"), ("projection.n.range", "0,9223372036854775807")];
        let projection = Projection::of(&properties(&pairs), &keys, "s3://lake/t").unwrap();
        assert!(projection.partitions(&keys, &all()).is_err());
    }
}
