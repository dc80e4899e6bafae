//! Decimal digits of numbers, rounded half up.

use crate::cast::{double_digits, real_digits};

/// A number that is not negative: `0.d₁d₂d₃… × 10^point`.
#[derive(Debug, Clone)]
pub(in super::super) struct Digits {
    /// Each 0 to 9; the first is not 0.
    digits: Vec<u8>,
    point: i32,
}

impl Digits {
    fn new(digits: impl Iterator<Item = u8>, point: i32) -> Self {
        let mut digits: Vec<u8> = digits.collect();
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..zeros);
        let point = if digits.is_empty() { 0 } else { point - zeros as i32 };
        Self { digits, point }
    }

    /// The fewest digits that tell the number from its neighbours.
    pub(in super::super) fn shortest(value: f64) -> Self {
        let is_plain = value == 0.0 || !value.is_finite();
        Self::scientific(&if is_plain { format!("{value:e}") } else { double_digits(value) })
    }

    fn scientific(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let digits = mantissa.trim_end_matches('0').bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0');
        Self::new(digits, exponent.parse::<i32>().unwrap_or_default() + 1)
    }

    /// All digits of a number from 1 on, or of 0.
    pub(in super::super) fn exact(value: f64) -> Self {
        let text = format!("{value:.60}");
        let point = text.find('.').unwrap_or(text.len()) as i32;
        Self::new(text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0'), point)
    }

    pub(in super::super) fn decimal(value: u128, scale: i32) -> Self {
        let text = value.to_string();
        let point = text.len() as i32 - scale;
        Self::new(text.bytes().map(|digit| digit - b'0'), point)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// The power of ten of the first digit.
    pub(super) fn exponent(&self) -> i32 {
        self.point - 1
    }

    /// With so many digits after the point.
    pub(in super::super) fn rounded(&self, places: usize) -> Self {
        self.kept(i64::from(self.point) + places as i64)
    }

    /// With so many digits.
    pub(super) fn significant(&self, count: usize) -> Self {
        self.kept(count as i64)
    }

    fn kept(&self, count: i64) -> Self {
        let Ok(count) = usize::try_from(count) else { return Self { digits: Vec::new(), point: 0 } };
        if count >= self.digits.len() {
            return self.clone();
        }
        let mut digits = self.digits[..count].to_vec();
        let mut point = self.point;
        if self.digits[count] >= 5 {
            let nines = digits.iter().rev().take_while(|digit| **digit == 9).count();
            digits.truncate(digits.len() - nines);
            match digits.last_mut() {
                Some(last) => *last += 1,
                None => {
                    digits.push(1);
                    point += 1;
                }
            }
        }
        Self::new(digits.into_iter(), point)
    }

    fn digit(&self, at: i32) -> char {
        let digit = usize::try_from(at).ok().and_then(|at| self.digits.get(at)).copied().unwrap_or(0);
        char::from(b'0' + digit)
    }

    /// `123.45`, with so many digits after the point.
    pub(in super::super) fn plain(&self, places: usize) -> String {
        let mut text: String = (0..self.point.max(0)).map(|at| self.digit(at)).collect();
        if text.is_empty() {
            text.push('0');
        }
        if places > 0 {
            text.push('.');
            text.extend((0..places as i32).map(|at| self.digit(self.point + at)));
        }
        text
    }

    /// `1.2345`, with so many digits after the point.
    pub(super) fn mantissa(&self, places: usize) -> String {
        let mut text = String::from(self.digit(0));
        if places > 0 {
            text.push('.');
            text.extend((1..=places as i32).map(|at| self.digit(at)));
        }
        text
    }

    /// As `BigDecimal.toString` writes a number of this scale.
    pub(super) fn big_decimal(&self, scale: usize) -> String {
        let unscaled = if self.is_zero() { 1 } else { self.point + scale as i32 };
        let adjusted = unscaled - 1 - scale as i32;
        if adjusted >= -6 {
            return self.plain(scale);
        }
        let digits = (unscaled - 1).max(0) as usize;
        format!("{}E{adjusted}", self.mantissa(digits))
    }
}

/// `Double.toString`
pub(super) fn java_double(value: f64) -> String {
    let is_plain = value == 0.0 || !value.is_finite();
    let digits = if is_plain { format!("{:e}", value.abs()) } else { double_digits(value.abs()) };
    java(value.is_sign_negative(), value.is_nan(), value.is_infinite(), &Digits::scientific(&digits))
}

/// `Float.toString`
pub(super) fn java_real(value: f32) -> String {
    let is_plain = value == 0.0 || !value.is_finite();
    let digits = if is_plain { format!("{:e}", value.abs()) } else { real_digits(value.abs()) };
    java(value.is_sign_negative(), value.is_nan(), value.is_infinite(), &Digits::scientific(&digits))
}

fn java(negative: bool, nan: bool, infinite: bool, digits: &Digits) -> String {
    if nan {
        return "NaN".to_owned();
    }
    let text = if infinite {
        "Infinity".to_owned()
    } else if digits.is_zero() {
        "0.0".to_owned()
    } else if (-3..7).contains(&digits.exponent()) {
        digits.plain((digits.digits.len() as i32 - digits.point).max(1) as usize)
    } else {
        format!("{}E{}", digits.mantissa((digits.digits.len() - 1).max(1)), digits.exponent())
    };
    if negative { format!("-{text}") } else { text }
}
