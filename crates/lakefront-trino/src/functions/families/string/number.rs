//! Numbers as people write them.

use datafusion::arrow::array::ArrayRef;

use super::super::super::{Function, scalar};
use super::format::decimal::Digits;
use crate::call::Call;
use crate::error::Result;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("format_number", "(bigint) -> varchar", format_bigint),
        scalar("format_number", "(double) -> varchar", format_double),
    ]
}

fn format_bigint(call: &Call) -> Result<ArrayRef> {
    let number = call.int(0)?;
    call.texts(|row| Ok(number.get(row).map(with_unit)))
}

fn format_double(call: &Call) -> Result<ArrayRef> {
    let number = call.double(0)?;
    call.texts(|row| Ok(number.get(row).map(|number| with_unit(number as i64))))
}

fn with_unit(number: i64) -> String {
    let mut value = number as f64;
    let mut unit = "";
    for next in ["K", "M", "B", "T", "Q"] {
        if value.abs() < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    let places = match value {
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    };
    let text = Digits::exact(value.abs()).rounded(places).plain(places);
    let text = if places > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{}{text}{unit}", if value < 0.0 { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::with_unit;

    #[test]
    fn three_digits_are_kept() {
        assert_eq!(with_unit(1234567), "1.23M");
        assert_eq!(with_unit(999_999), "1000K");
        assert_eq!(with_unit(-1000), "-1K");
        assert_eq!(with_unit(12_345), "12.3K");
        assert_eq!(with_unit(0), "0");
        assert_eq!(with_unit(i64::MAX), "9223Q");
    }
}
