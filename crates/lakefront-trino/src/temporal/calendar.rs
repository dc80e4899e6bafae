//! The proleptic Gregorian calendar, in days since 1970-01-01, and ISO's weeks.

pub(crate) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since the epoch of a date. Years run from March in here, so that a leap day is a year's last.
pub(crate) fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day.
pub(crate) fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Days of a date that may not exist.
pub(crate) fn checked_days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    ((1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day)).then(|| days_of(year, month, day))
}

/// Monday is 1.
pub(crate) fn day_of_week(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

pub(crate) fn day_of_year(days: i64) -> i64 {
    let (year, ..) = date_of(days);
    days - days_of(year, 1, 1) + 1
}

/// The Monday of a year's first week.
pub(crate) fn first_week(year: i64) -> i64 {
    let fourth = days_of(year, 1, 4);
    fourth - day_of_week(fourth) + 1
}

/// The year that a date's week belongs to, and the week's number in it.
pub(crate) fn week_of(days: i64) -> (i64, i64) {
    let monday = days - day_of_week(days) + 1;
    let (year, ..) = date_of(monday + 3);
    (year, (monday - first_week(year)) / 7 + 1)
}

pub(crate) fn weeks_in_year(year: i64) -> i64 {
    (first_week(year + 1) - first_week(year)) / 7
}

/// The same day of another month, or that month's last.
pub(crate) fn add_months(days: i64, months: i64) -> Option<i64> {
    let (year, month, day) = date_of(days);
    let months = year.checked_mul(12)?.checked_add(month - 1)?.checked_add(months)?;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    // The years that Joda's calendar has.
    (year.abs() <= 292_278_993).then(|| days_of(year, month, day.min(days_in_month(year, month))))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;

    #[test]
    fn dates_and_days_are_inverse() {
        for days in (-900_000..900_000).step_by(37).chain([-719_529, -719_528, -1, 0, 59, 60, 11_016, 11_017]) {
            let (year, month, day) = date_of(days);
            assert_eq!(days_of(year, month, day), days);
            assert!(checked_days_of(year, month, day).is_some());
        }
        assert_eq!(date_of(0), (1970, 1, 1));
        assert_eq!(date_of(11_016), (2000, 2, 29));
        assert_eq!(checked_days_of(2023, 2, 29), None);
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        assert_eq!(week_of(days_of(2021, 1, 3)), (2020, 53));
        assert_eq!(week_of(days_of(2005, 1, 2)), (2004, 53));
        assert_eq!(week_of(days_of(2009, 12, 31)), (2009, 53));
        assert_eq!(week_of(days_of(2024, 12, 30)), (2025, 1));
        assert_eq!(weeks_in_year(2020), 53);
        assert_eq!(day_of_week(days_of(2024, 5, 6)), 1);
    }

    #[test]
    fn months_end_where_the_month_does() {
        let days = add_months(days_of(2024, 3, 31), -1).unwrap();
        assert_eq!(date_of(days), (2024, 2, 29));
        assert_eq!(date_of(add_months(days_of(2024, 2, 29), 12).unwrap()), (2025, 2, 28));
    }
}
