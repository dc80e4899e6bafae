//! Times as `java.time` writes them.

use std::fmt::Write;

use crate::types::Type;
use crate::value::Value;
use crate::zone::Zone;

const PICOS_OF_NANO: i128 = 1_000;
const NANOS_OF_SECOND: i128 = 1_000_000_000;
const NANOS_OF_DAY: i128 = 86_400 * NANOS_OF_SECOND;

/// `None` where the value is no such time.
pub(super) fn text(value: &Value, of: &Type) -> Option<String> {
    let mut out = String::new();
    match (value, of) {
        (Value::Int(days), Type::Date) => date(&mut out, i128::from(*days)),
        (Value::Int(picos), Type::Time(_)) => {
            // The last half nanosecond rounds up to what is no time of the day.
            let nanos = rounded(i128::from(*picos));
            (nanos < NANOS_OF_DAY).then_some(())?;
            time(&mut out, nanos);
        }
        (Value::Timestamp(picos), _) => date_time(&mut out, rounded(*picos)),
        (Value::TimestampTz(instant, zone), _) => {
            date_time(&mut out, rounded(zone.local(*instant)));
            let offset = zone.offset_at(*instant);
            if offset == 0 {
                out.push('Z');
            } else {
                let (sign, offset) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
                // Writing to a text can't fail.
                let _ = write!(out, "{sign}{:02}:{:02}", offset / 3600, offset / 60 % 60);
                if offset % 60 != 0 {
                    let _ = write!(out, ":{:02}", offset % 60);
                }
            }
            if let Zone::Named(_) = zone {
                let _ = write!(out, "[{zone}]");
            }
        }
        _ => return None,
    }
    Some(out)
}

fn rounded(picos: i128) -> i128 {
    (picos + PICOS_OF_NANO / 2).div_euclid(PICOS_OF_NANO)
}

fn date_time(out: &mut String, nanos: i128) {
    date(out, nanos.div_euclid(NANOS_OF_DAY));
    out.push('T');
    time(out, nanos.rem_euclid(NANOS_OF_DAY));
}

fn date(out: &mut String, days: i128) {
    // Years that start with March, in eras of 400.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let of_month = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i128::from(month <= 2);
    let _ = match year {
        10_000.. => write!(out, "+{year}"),
        0.. => write!(out, "{year:04}"),
        _ => write!(out, "-{:04}", -year),
    };
    let _ = write!(out, "-{month:02}-{of_month:02}");
}

fn time(out: &mut String, nanos: i128) {
    let (seconds, fraction) = (nanos / NANOS_OF_SECOND, nanos % NANOS_OF_SECOND);
    let _ = write!(out, "{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 == 0 && fraction == 0 {
        return;
    }
    let _ = write!(out, ":{:02}", seconds % 60);
    let _ = match fraction {
        0 => Ok(()),
        _ if fraction % 1_000_000 == 0 => write!(out, ".{:03}", fraction / 1_000_000),
        _ if fraction % 1_000 == 0 => write!(out, ".{:06}", fraction / 1_000),
        _ => write!(out, ".{fraction:09}"),
    };
}
