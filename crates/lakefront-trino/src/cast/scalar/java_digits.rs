//! The decimal digits that Java 17 writes a floating point number with, as its `FloatingDecimal` finds them. They are often
//! the fewest that name the number, but not always: of `1E23` they are `9.999999999999999E22`.

use std::cmp::Ordering;

/// Digits without a sign, and the power of ten of the first: `d.ddd × 10^power`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    pub digits: Vec<u8>,
    pub power: i32,
}

/// Bits of a `double` behind its point.
const FRACTION: u32 = 52;

/// Of a finite number that is not zero; the sign is left aside.
pub(crate) fn of_double(value: f64) -> Digits {
    let bits = value.abs().to_bits();
    let (exponent, fraction) = ((bits >> FRACTION) as i32, bits & ((1 << FRACTION) - 1));
    if exponent == 0 {
        let shift = fraction.leading_zeros() - (63 - FRACTION);
        return found(1 - shift as i32 - 1023, fraction << shift, 64 - fraction.leading_zeros());
    }
    found(exponent - 1023, fraction | 1 << FRACTION, FRACTION + 1)
}

/// Of a finite number that is not zero; the sign is left aside.
pub(crate) fn of_real(value: f32) -> Digits {
    let bits = value.abs().to_bits();
    let (exponent, fraction) = ((bits >> 23) as i32, bits & ((1 << 23) - 1));
    if exponent == 0 {
        let shift = fraction.leading_zeros() - 8;
        return found(1 - shift as i32 - 127, u64::from(fraction << shift) << 29, 32 - fraction.leading_zeros());
    }
    found(exponent - 127, u64::from(fraction | 1 << 23) << 29, 24)
}

/// The number is `fraction × 2^(exponent - 52)`, whose highest bit is bit 52; so many of its bits count.
fn found(exponent: i32, fraction: u64, significant: u32) -> Digits {
    let zeros = fraction.trailing_zeros();
    let used = (FRACTION + 1 - zeros) as i32;
    // Bits behind the point.
    let tiny = (used - exponent - 1).max(0);
    if tiny == 0 && (-21..=62).contains(&exponent) && used < 64 {
        let beyond = exponent - significant as i32 - 1;
        let shift = exponent - FRACTION as i32;
        let whole = if shift >= 0 { fraction << shift } else { fraction >> -shift };
        return of_whole(whole, if beyond > 1 { (1u64 << beyond).ilog10() } else { 0 });
    }
    let estimate = {
        let mantissa = f64::from_bits(1023 << FRACTION | fraction & ((1 << FRACTION) - 1));
        ((mantissa - 1.5) * 0.289529654 + 0.176091259 + f64::from(exponent) * std::f64::consts::LOG10_2).floor() as i32
    };
    // The number is value / scale × 10^estimate, and half a unit of its last bit is half / scale × 10^estimate.
    let value_fives = (-estimate).max(0);
    let mut value_twos = value_fives + tiny + exponent;
    let scale_fives = estimate.max(0);
    let mut scale_twos = scale_fives + tiny;
    let mut half_twos = value_twos - significant as i32;
    value_twos -= used - 1;
    let common = value_twos.min(scale_twos);
    value_twos -= common;
    scale_twos -= common;
    half_twos -= common;
    // The number below a power of two is half as far away.
    if used == 1 {
        half_twos -= 1;
    }
    if half_twos < 0 {
        value_twos -= half_twos;
        scale_twos -= half_twos;
        half_twos = 0;
    }
    let five_bits = |fives: i32| if fives < 27 { FIVE_BITS[fives as usize] } else { fives * 3 };
    let value_bits = used + value_twos + five_bits(value_fives);
    let scale_bits = scale_twos + 1 + five_bits(scale_fives + 1);
    let parts = |fives: i32, twos: i32| (fives as u32, twos as u32);
    let (value, scale, half) =
        (parts(value_fives, value_twos), parts(scale_fives, scale_twos), parts(value_fives, half_twos));
    let fraction = fraction >> zeros;
    let is_small = value_bits < 64 && scale_bits < 64;
    if value_bits.max(scale_bits) < 120 {
        let make = |(fives, twos): (u32, u32), times: u64| (u128::from(times) * 5u128.pow(fives)) << twos;
        develop(make(value, fraction), &make(scale, 1), make(half, 1), estimate, is_small)
    } else {
        let make = |(fives, twos): (u32, u32), times: u64| Large::of(times, fives, twos);
        develop(make(value, fraction), &make(scale, 1), make(half, 1), estimate, false)
    }
}

/// Bits that powers of five need.
const FIVE_BITS: [i32; 27] =
    [0, 3, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28, 31, 33, 35, 38, 40, 42, 45, 47, 49, 52, 54, 56, 59, 61];

/// A whole number, rounded to what its bits reach.
fn of_whole(mut whole: u64, beyond: u32) -> Digits {
    let mut power = 0;
    if beyond != 0 {
        let unit = 10u64.pow(beyond);
        whole = whole / unit + u64::from(whole % unit >= unit / 2);
        power = beyond as i32;
    }
    let text = whole.to_string();
    power += text.len() as i32 - 1;
    Digits { digits: text.trim_end_matches('0').as_bytes().to_vec(), power }
}

fn develop<N: Natural>(mut value: N, scale: &N, mut half: N, mut power: i32, is_small: bool) -> Digits {
    let mut tens = scale.clone();
    tens.times_ten();
    // Java compares its large numbers otherwise than those that fit into a `long`.
    let reaches = |value: &N, half: &N| {
        let order = value.sum_against(half, &tens);
        if is_small { order.is_gt() } else { order.is_ge() }
    };
    let mut digits = Vec::with_capacity(18);
    let next = |value: &mut N, half: &mut N| {
        let digit = value.take(scale);
        value.times_ten();
        half.times_ten();
        digit
    };
    let digit = next(&mut value, &mut half);
    let (mut low, mut high) = (value < half, reaches(&value, &half));
    if digit == 0 && !high {
        power -= 1;
    } else {
        digits.push(b'0' + digit);
    }
    // With an exponent there are always two.
    if !(-3..8).contains(&power) {
        (low, high) = (false, false);
    }
    while !low && !high {
        let digit = next(&mut value, &mut half);
        (low, high) = (value < half, reaches(&value, &half));
        digits.push(b'0' + digit);
    }
    let up = high
        && (!low || {
            let twice = value.sum_against(&value, &tens);
            twice.is_gt() || twice.is_eq() && digits.last().is_some_and(|digit| digit & 1 == 1)
        });
    if up {
        power += i32::from(round_up(&mut digits));
    }
    Digits { digits, power }
}

/// Whether a one is carried out of the digits.
fn round_up(digits: &mut [u8]) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit != b'9' {
            *digit += 1;
            return false;
        }
        *digit = b'0';
    }
    digits[0] = b'1';
    true
}

trait Natural: Clone + PartialOrd {
    fn times_ten(&mut self);
    /// Subtracts the other as often as it goes, which is less than ten times: how often.
    fn take(&mut self, other: &Self) -> u8;
    /// How the sum with another compares to a third.
    fn sum_against(&self, other: &Self, third: &Self) -> Ordering;
}

impl Natural for u128 {
    fn times_ten(&mut self) {
        *self *= 10;
    }

    fn take(&mut self, other: &Self) -> u8 {
        let times = *self / *other;
        *self %= *other;
        times as u8
    }

    fn sum_against(&self, other: &Self, third: &Self) -> Ordering {
        (*self + *other).cmp(third)
    }
}

/// 32 bits each, the lowest first, without zeros at the end.
#[derive(Clone, PartialEq, Eq)]
struct Large(Vec<u32>);

impl Large {
    fn of(times: u64, fives: u32, twos: u32) -> Self {
        let mut made = Large(vec![times as u32, (times >> 32) as u32]);
        made.trim();
        for _ in 0..fives / 13 {
            made.times(5u32.pow(13));
        }
        made.times(5u32.pow(fives % 13));
        made.times(1 << (twos % 32));
        made.0.splice(0..0, std::iter::repeat_n(0, (twos / 32) as usize));
        made
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn times(&mut self, factor: u32) {
        let mut carry = 0u64;
        for part in &mut self.0 {
            carry += u64::from(*part) * u64::from(factor);
            *part = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }
}

impl PartialOrd for Large {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev())))
    }
}

impl Natural for Large {
    fn times_ten(&mut self) {
        self.times(10);
    }

    fn take(&mut self, other: &Self) -> u8 {
        let mut times = 0;
        while *self >= *other {
            let mut borrowed = false;
            for (at, part) in self.0.iter_mut().enumerate() {
                let (less, first) = part.overflowing_sub(other.0.get(at).copied().unwrap_or(0));
                let (less, second) = less.overflowing_sub(u32::from(borrowed));
                (*part, borrowed) = (less, first || second);
            }
            self.trim();
            times += 1;
        }
        times
    }

    fn sum_against(&self, other: &Self, third: &Self) -> Ordering {
        let mut sum = Vec::with_capacity(third.0.len() + 1);
        let mut carry = 0u64;
        for at in 0..self.0.len().max(other.0.len()) {
            let part = |of: &Self| u64::from(of.0.get(at).copied().unwrap_or(0));
            carry += part(self) + part(other);
            sum.push(carry as u32);
            carry >>= 32;
        }
        sum.push(carry as u32);
        let mut sum = Large(sum);
        sum.trim();
        sum.partial_cmp(third).unwrap_or(Ordering::Equal)
    }
}

#[cfg(test)]
mod tests {
    use super::{Digits, of_double, of_real};

    fn text(found: Digits) -> String {
        format!("{}e{}", String::from_utf8_lossy(&found.digits), found.power)
    }

    #[test]
    fn digits_are_java_17s() {
        for (value, digits) in [
            (1e23, "9999999999999999e22"),
            (2e23, "19999999999999998e23"),
            (8.41e21, "8409999999999999e21"),
            (1e22, "10e22"),
            (0.1, "1e-1"),
            (2e-3, "2e-3"),
            (1.25, "125e0"),
            (1e7, "1e7"),
            (f64::from_bits(1), "49e-324"),
            (f64::MAX, "17976931348623157e308"),
            (f64::MIN_POSITIVE, "22250738585072014e-308"),
            (9_007_199_254_740_993.0, "9007199254740992e15"),
            (2f64.powi(-44), "56843418860808015e-14"),
            (1.0E-5, "10e-5"),
        ] {
            assert_eq!(text(of_double(value)), digits, "{value:e}");
        }
        for (value, digits) in [
            (0.1, "1e-1"),
            (1e-45, "14e-45"),
            (-1e18, "99999998e17"),
            (1_234_567_940.0, "123456794e9"),
            (3.4e38, "34e38"),
        ] {
            assert_eq!(text(of_real(value)), digits, "{value:e}");
        }
    }
}
