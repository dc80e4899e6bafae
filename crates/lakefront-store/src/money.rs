use std::{fmt, ops::Add, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

const NANO: i64 = 1_000_000_000;

/// An amount of dollars to the billionth; decimal text outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i64);

impl Usd {
    pub const ZERO: Self = Self(0);

    pub(crate) fn from_nano(nano: i64) -> Self {
        Self(nano)
    }

    pub(crate) fn nano(self) -> i64 {
        self.0
    }

    /// A part of it, `of` being the whole.
    pub(crate) fn share(self, part: u64, of: u64) -> Self {
        let share = i128::from(self.0) * i128::from(part) / i128::from(of.max(1));
        Self(i64::try_from(share).unwrap_or(i64::MAX))
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Two places at least, as many as it takes: `5.00`, `0.000062`.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / NANO.unsigned_abs(), self.0.unsigned_abs() % NANO.unsigned_abs());
        let digits = format!("{rest:09}");
        let needed = digits.trim_end_matches('0').len().max(2);
        write!(f, "{sign}{whole}.{}", &digits[..needed])
    }
}

impl FromStr for Usd {
    type Err = String;

    /// Digits after the ninth place are cut.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no amount of dollars such as 12.50");
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        if whole.is_empty() || !whole.bytes().chain(rest.bytes()).all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let nano: i64 = format!("{:0<9.9}", rest).parse().map_err(|_| wrong())?;
        let whole: i64 = whole.parse().map_err(|_| wrong())?;
        whole.checked_mul(NANO).and_then(|whole| whole.checked_add(nano)).map(Self).ok_or_else(wrong)
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Usd;

    #[test]
    fn an_amount_is_the_same_in_text_and_back() {
        for (text, written) in [
            ("5", "5.00"),
            ("0.00006", "0.00006"),
            ("0.0000005", "0.0000005"),
            ("0.000000000005", "0.00"),
            ("12.5", "12.50"),
            ("1000000.000000001", "1000000.000000001"),
        ] {
            assert_eq!(text.parse::<Usd>().map(|usd| usd.to_string()).as_deref(), Ok(written));
        }
        for wrong in ["", ".", "-1", "1e3", "1.2.3", "99999999999999999999"] {
            assert!(wrong.parse::<Usd>().is_err(), "{wrong}");
        }
    }
}
