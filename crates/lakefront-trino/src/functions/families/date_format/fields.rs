//! The fields that formats are made of, on local milliseconds since the epoch, as Joda-Time reads and sets them.

use crate::temporal::calendar::{
    date_of, day_of_week, day_of_year, days_in_month, days_of, first_week, is_leap, week_of, weeks_in_year,
};
use crate::temporal::{MILLIS_OF_DAY, MILLIS_OF_HOUR, MILLIS_OF_MINUTE, MILLIS_OF_SECOND};

const MILLIS_OF_HALFDAY: i64 = 12 * MILLIS_OF_HOUR;
const MAX_YEAR: i64 = 292_278_993;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Era,
    CenturyOfEra,
    YearOfEra,
    Year,
    WeekYear,
    Month,
    Week,
    DayOfYear,
    DayOfMonth,
    DayOfWeek,
    Halfday,
    Hour,
    /// From 1 to 24.
    ClockHour,
    HourOfHalfday,
    /// From 1 to 12.
    ClockHourOfHalfday,
    Minute,
    Second,
    /// Milliseconds of a second, minute or hour, which has as many as the number.
    MilliOf(i64),
}

/// Lengths in an order. What has no end, as the range of years, and what no calendar counts in, come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Length {
    Endless,
    Centuries,
    Years,
    Months,
    Weeks,
    Days,
    Halfdays,
    Hours,
    Minutes,
    Seconds,
    Millis,
}

fn days(millis: i64) -> i64 {
    millis.div_euclid(MILLIS_OF_DAY)
}

fn of_day(millis: i64) -> i64 {
    millis.rem_euclid(MILLIS_OF_DAY)
}

/// The same time on another day.
fn on_day(day: i64, millis: i64) -> i64 {
    day * MILLIS_OF_DAY + of_day(millis)
}

impl Field {
    /// What the field repeats in, and what it counts. Fields are set from the longest to the shortest.
    pub(super) fn order(self) -> (Length, Length) {
        use Field::*;
        match self {
            Era => (Length::Endless, Length::Endless),
            CenturyOfEra => (Length::Endless, Length::Centuries),
            YearOfEra | Year | WeekYear => (Length::Endless, Length::Years),
            Month => (Length::Years, Length::Months),
            Week => (Length::Years, Length::Weeks),
            DayOfYear => (Length::Years, Length::Days),
            DayOfMonth => (Length::Months, Length::Days),
            DayOfWeek => (Length::Weeks, Length::Days),
            Halfday => (Length::Days, Length::Halfdays),
            Hour | ClockHour => (Length::Days, Length::Hours),
            HourOfHalfday | ClockHourOfHalfday => (Length::Halfdays, Length::Hours),
            Minute => (Length::Hours, Length::Minutes),
            Second => (Length::Minutes, Length::Seconds),
            MilliOf(MILLIS_OF_HOUR) => (Length::Hours, Length::Millis),
            MilliOf(MILLIS_OF_MINUTE) => (Length::Minutes, Length::Millis),
            MilliOf(_) => (Length::Seconds, Length::Millis),
        }
    }

    pub(super) fn get(self, millis: i64) -> i64 {
        use Field::*;
        let year_of_era = || {
            let year = date_of(days(millis)).0;
            if year > 0 { year } else { 1 - year }
        };
        let from_one = |value: i64, most: i64| if value == 0 { most } else { value };
        match self {
            Era => i64::from(date_of(days(millis)).0 > 0),
            CenturyOfEra => year_of_era() / 100,
            YearOfEra => year_of_era(),
            Year => date_of(days(millis)).0,
            WeekYear => week_of(days(millis)).0,
            Month => date_of(days(millis)).1,
            Week => week_of(days(millis)).1,
            DayOfYear => day_of_year(days(millis)),
            DayOfMonth => date_of(days(millis)).2,
            DayOfWeek => day_of_week(days(millis)),
            Halfday => of_day(millis) / MILLIS_OF_HALFDAY,
            Hour => of_day(millis) / MILLIS_OF_HOUR,
            ClockHour => from_one(of_day(millis) / MILLIS_OF_HOUR, 24),
            HourOfHalfday => of_day(millis) / MILLIS_OF_HOUR % 12,
            ClockHourOfHalfday => from_one(of_day(millis) / MILLIS_OF_HOUR % 12, 12),
            Minute => of_day(millis) / MILLIS_OF_MINUTE % 60,
            Second => of_day(millis) / MILLIS_OF_SECOND % 60,
            MilliOf(range) => of_day(millis) % range,
        }
    }

    /// `None` where the field has no such value.
    pub(super) fn set(self, millis: i64, value: i64) -> Option<i64> {
        use Field::*;
        let within = |least: i64, most: i64| (least..=most).contains(&value).then_some(value);
        // A unit that repeats in a range.
        let part = |value: i64, unit: i64, range: i64| millis + (value - millis.rem_euclid(range) / unit) * unit;
        let today = days(millis);
        Some(match self {
            // Reading years before Christ is refused before.
            Era | CenturyOfEra => return None,
            Year => set_year(millis, within(-MAX_YEAR, MAX_YEAR)?),
            YearOfEra => set_year(millis, within(1, MAX_YEAR)?),
            WeekYear => {
                let year = within(-MAX_YEAR, MAX_YEAR)?;
                let week = week_of(today).1.min(weeks_in_year(year));
                on_day(first_week(year) + (week - 1) * 7 + day_of_week(today) - 1, millis)
            }
            Month => {
                let month = within(1, 12)?;
                let (year, _, day) = date_of(today);
                on_day(days_of(year, month, day.min(days_in_month(year, month))), millis)
            }
            Week => {
                let (year, week) = week_of(today);
                on_day(today + (within(1, weeks_in_year(year))? - week) * 7, millis)
            }
            DayOfYear => {
                let year = date_of(today).0;
                on_day(days_of(year, 1, 1) + within(1, 365 + i64::from(is_leap(year)))? - 1, millis)
            }
            DayOfMonth => {
                let (year, month, _) = date_of(today);
                on_day(days_of(year, month, within(1, days_in_month(year, month))?), millis)
            }
            DayOfWeek => on_day(today - day_of_week(today) + within(1, 7)?, millis),
            Halfday => part(within(0, 1)?, MILLIS_OF_HALFDAY, MILLIS_OF_DAY),
            Hour => part(within(0, 23)?, MILLIS_OF_HOUR, MILLIS_OF_DAY),
            ClockHour => part(within(1, 24)? % 24, MILLIS_OF_HOUR, MILLIS_OF_DAY),
            HourOfHalfday => part(within(0, 11)?, MILLIS_OF_HOUR, MILLIS_OF_HALFDAY),
            ClockHourOfHalfday => part(within(1, 12)? % 12, MILLIS_OF_HOUR, MILLIS_OF_HALFDAY),
            Minute => part(within(0, 59)?, MILLIS_OF_MINUTE, MILLIS_OF_HOUR),
            Second => part(within(0, 59)?, MILLIS_OF_SECOND, MILLIS_OF_MINUTE),
            MilliOf(range) => part(within(0, range - 1)?, 1, range),
        })
    }

    /// The start of what the field counts.
    pub(super) fn floor(self, millis: i64) -> i64 {
        use Field::*;
        let today = days(millis);
        let midnight = |day: i64| day * MILLIS_OF_DAY;
        match self {
            Era | CenturyOfEra => millis,
            Year | YearOfEra => midnight(days_of(date_of(today).0, 1, 1)),
            WeekYear => midnight(first_week(week_of(today).0)),
            Month => midnight(today - date_of(today).2 + 1),
            Week => midnight(today - day_of_week(today) + 1),
            DayOfYear | DayOfMonth | DayOfWeek => midnight(today),
            Halfday => millis.div_euclid(MILLIS_OF_HALFDAY) * MILLIS_OF_HALFDAY,
            Hour | ClockHour | HourOfHalfday | ClockHourOfHalfday => millis.div_euclid(MILLIS_OF_HOUR) * MILLIS_OF_HOUR,
            Minute => millis.div_euclid(MILLIS_OF_MINUTE) * MILLIS_OF_MINUTE,
            Second => millis.div_euclid(MILLIS_OF_SECOND) * MILLIS_OF_SECOND,
            MilliOf(_) => millis,
        }
    }
}

fn set_year(millis: i64, year: i64) -> i64 {
    let (_, month, day) = date_of(days(millis));
    on_day(days_of(year, month, day.min(days_in_month(year, month))), millis)
}
