//! Units of time: truncating to them, adding them, counting them. Times are local milliseconds since the epoch, since no
//! unit is smaller; what is below is the caller's.

use super::calendar::{add_months, date_of, day_of_week, days_in_month, days_of, is_leap};
use super::{MILLIS_OF_DAY, MILLIS_OF_HOUR, MILLIS_OF_MINUTE, MILLIS_OF_SECOND};
use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// What a unit is to be a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitOf {
    Date,
    Time,
    Timestamp,
}

impl Unit {
    pub(crate) fn parse(text: &str, of: UnitOf) -> Result<Unit> {
        let lower = text.to_lowercase();
        let unit = match lower.as_str() {
            "millisecond" => Some(Unit::Millisecond),
            "second" => Some(Unit::Second),
            "minute" => Some(Unit::Minute),
            "hour" => Some(Unit::Hour),
            "day" => Some(Unit::Day),
            "week" => Some(Unit::Week),
            "month" => Some(Unit::Month),
            "quarter" => Some(Unit::Quarter),
            "year" => Some(Unit::Year),
            _ => None,
        };
        let fits = |unit: &Unit| match of {
            UnitOf::Date => !unit.is_precise() || *unit == Unit::Day,
            UnitOf::Time => unit.is_precise() && *unit != Unit::Day,
            UnitOf::Timestamp => true,
        };
        unit.filter(fits).ok_or_else(|| {
            let of = match of {
                UnitOf::Date => "DATE",
                UnitOf::Time => "Time",
                UnitOf::Timestamp => "Timestamp",
            };
            Error::invalid_argument(format!("'{lower}' is not a valid {of} field"))
        })
    }

    /// Whether it is always as long.
    fn is_precise(self) -> bool {
        self.millis().is_some_and(|millis| millis <= MILLIS_OF_DAY)
    }

    /// Whether it is less than a day, so that a clock set forward or back does not change it.
    pub(crate) fn is_of_time(self) -> bool {
        self.millis().is_some_and(|millis| millis < MILLIS_OF_DAY)
    }

    pub(crate) fn millis(self) -> Option<i64> {
        match self {
            Unit::Millisecond => Some(1),
            Unit::Second => Some(MILLIS_OF_SECOND),
            Unit::Minute => Some(MILLIS_OF_MINUTE),
            Unit::Hour => Some(MILLIS_OF_HOUR),
            Unit::Day => Some(MILLIS_OF_DAY),
            Unit::Week => Some(7 * MILLIS_OF_DAY),
            Unit::Month | Unit::Quarter | Unit::Year => None,
        }
    }

    fn months(self) -> i64 {
        match self {
            Unit::Quarter => 3,
            Unit::Year => 12,
            _ => 1,
        }
    }

    pub(crate) fn truncate_days(self, days: i64) -> i64 {
        match self {
            Unit::Week => days - day_of_week(days) + 1,
            Unit::Month => days - date_of(days).2 + 1,
            Unit::Quarter => {
                let (year, month, _) = date_of(days);
                days_of(year, (month - 1) / 3 * 3 + 1, 1)
            }
            Unit::Year => days_of(date_of(days).0, 1, 1),
            _ => days,
        }
    }

    pub(crate) fn truncate(self, millis: i64) -> i64 {
        match self.millis() {
            Some(unit) if unit <= MILLIS_OF_DAY => millis.div_euclid(unit) * unit,
            _ => self.truncate_days(millis.div_euclid(MILLIS_OF_DAY)) * MILLIS_OF_DAY,
        }
    }

    pub(crate) fn add_to_days(self, days: i64, count: i64) -> Option<i64> {
        match self.millis() {
            Some(unit) => days.checked_add(count.checked_mul(unit / MILLIS_OF_DAY)?),
            None => add_months(days, count.checked_mul(self.months())?),
        }
    }

    pub(crate) fn add(self, millis: i64, count: i64) -> Option<i64> {
        match self.millis() {
            Some(unit) => millis.checked_add(count.checked_mul(unit)?),
            None => {
                let days = self.add_to_days(millis.div_euclid(MILLIS_OF_DAY), count)?;
                days.checked_mul(MILLIS_OF_DAY)?.checked_add(millis.rem_euclid(MILLIS_OF_DAY))
            }
        }
    }

    /// How many whole units lie between; negative where the end is before the start.
    pub(crate) fn between(self, start: i64, end: i64) -> i64 {
        if let Some(unit) = self.millis() {
            return (end - start) / unit;
        }
        if end < start {
            return -self.between(end, start);
        }
        match self {
            Unit::Year => years_between(start, end),
            _ => months_between(start, end) / self.months(),
        }
    }
}

fn months_between(start: i64, end: i64) -> i64 {
    let (start_days, end_days) = (start.div_euclid(MILLIS_OF_DAY), end.div_euclid(MILLIS_OF_DAY));
    let (start_year, start_month, start_day) = date_of(start_days);
    let (end_year, end_month, end_day) = date_of(end_days);
    let months = (end_year - start_year) * 12 + end_month - start_month;
    // A month that ends before the day is reached counts as whole at its last day.
    let start_day = if end_day == days_in_month(end_year, end_month) { start_day.min(end_day) } else { start_day };
    let of_month = |day: i64, millis: i64| day * MILLIS_OF_DAY + millis.rem_euclid(MILLIS_OF_DAY);
    months - i64::from(of_month(end_day, end) < of_month(start_day, start))
}

fn years_between(start: i64, end: i64) -> i64 {
    const LEAP_DAY: i64 = 59 * MILLIS_OF_DAY;
    let split = |millis: i64| {
        let (year, ..) = date_of(millis.div_euclid(MILLIS_OF_DAY));
        (year, millis - days_of(year, 1, 1) * MILLIS_OF_DAY)
    };
    let ((start_year, mut of_start), (end_year, mut of_end)) = (split(start), split(end));
    // Days after February are counted as if both years had as many.
    if of_start >= LEAP_DAY {
        if is_leap(start_year) {
            if !is_leap(end_year) {
                of_start -= MILLIS_OF_DAY;
            }
        } else if of_end >= LEAP_DAY && is_leap(end_year) {
            of_end -= MILLIS_OF_DAY;
        }
    }
    end_year - start_year - i64::from(of_end < of_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i64, month: i64, day: i64) -> i64 {
        days_of(year, month, day) * MILLIS_OF_DAY
    }

    #[test]
    fn counts_whole_units() {
        assert_eq!(Unit::Month.between(day(2024, 2, 29), day(2023, 2, 28)), -12);
        assert_eq!(Unit::Year.between(day(2024, 2, 29), day(2023, 2, 28)), -1);
        assert_eq!(Unit::Quarter.between(day(1960, 5, 3), day(2001, 8, 22)), 165);
        assert_eq!(Unit::Month.between(day(2024, 1, 31), day(2024, 2, 29)), 1);
        assert_eq!(Unit::Week.between(day(1960, 5, 3), day(2001, 8, 22)), 2155);
    }

    #[test]
    fn truncates_before_the_epoch() {
        assert_eq!(Unit::Hour.truncate(-1), -MILLIS_OF_HOUR);
        assert_eq!(Unit::Year.truncate(-1), day(1969, 1, 1));
        assert_eq!(Unit::Quarter.truncate(day(2020, 5, 10)), day(2020, 4, 1));
        assert_eq!(Unit::Week.truncate(day(2020, 5, 10)), day(2020, 5, 4));
    }
}
