//! The binary form of `numeric`: digits of base 10,000, where the first of them stands, a sign, and how many decimal
//! places are shown (`numeric_send` in PostgreSQL's `numeric.c`).

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const MINUS_INFINITY: u16 = 0xF000;

/// Decimal digits before and after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digits {
    pub(super) whole: usize,
    pub(super) scale: usize,
}

struct Number<'a> {
    /// Two bytes each.
    groups: &'a [u8],
    /// The power of 10,000 of the first group.
    weight: i16,
    sign: u16,
    scale: u16,
}

fn number(bytes: &[u8]) -> Option<Number<'_>> {
    let (head, groups) = bytes.split_first_chunk::<8>()?;
    let at = |index: usize| u16::from_be_bytes([head[index], head[index + 1]]);
    let count = usize::from(at(0));
    (groups.len() == 2 * count).then_some(Number {
        groups,
        weight: i16::from_be_bytes([head[2], head[3]]),
        sign: at(4),
        scale: at(6),
    })
}

impl Number<'_> {
    fn is_finite(&self) -> bool {
        matches!(self.sign, 0 | NEGATIVE)
    }

    fn len(&self) -> i32 {
        self.groups.len() as i32 / 2
    }

    /// The group of a power of 10,000.
    fn group(&self, power: i32) -> u16 {
        let index = i32::from(self.weight) - power;
        match usize::try_from(index).ok().and_then(|index| self.groups.get(2 * index..2 * index + 2)) {
            Some(&[high, low]) => u16::from_be_bytes([high, low]),
            _ => 0,
        }
    }
}

/// `None` for what is no finite number.
pub(super) fn digits(bytes: &[u8]) -> Option<Digits> {
    let number = number(bytes).filter(Number::is_finite)?;
    let whole = if number.weight < 0 || number.len() == 0 {
        0
    } else {
        let first = number.group(i32::from(number.weight));
        4 * usize::from(number.weight.unsigned_abs()) + first.checked_ilog10().map_or(0, |log| log as usize + 1)
    };
    Some(Digits { whole, scale: usize::from(number.scale) })
}

/// The number times ten to the power of the scale; `None` where that is no whole number of 38 digits at most.
pub(super) fn scaled(bytes: &[u8], scale: u8) -> Option<i128> {
    let number = number(bytes).filter(Number::is_finite)?;
    let mut value: i128 = 0;
    for (index, group) in number.groups.chunks_exact(2).enumerate() {
        let group = i128::from(u16::from_be_bytes([group[0], group[1]]));
        if group == 0 {
            continue;
        }
        // The group stands for itself times ten to this power.
        let power = 4 * (i32::from(number.weight) - index as i32) + i32::from(scale);
        let part = if power >= 0 {
            group.checked_mul(10_i128.checked_pow(power.unsigned_abs())?)?
        } else {
            let divisor = 10_i128.checked_pow(power.unsigned_abs())?;
            if group % divisor != 0 {
                return None;
            }
            group / divisor
        };
        value = value.checked_add(part)?;
    }
    if value >= 10_i128.pow(38) {
        return None;
    }
    Some(if number.sign == NEGATIVE { -value } else { value })
}

/// As PostgreSQL writes it; `None` for bytes that are no `numeric`.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let number = number(bytes)?;
    match number.sign {
        NAN => return Some("NaN".to_owned()),
        INFINITY => return Some("Infinity".to_owned()),
        MINUS_INFINITY => return Some("-Infinity".to_owned()),
        _ => {}
    }
    let mut text = String::new();
    if number.sign == NEGATIVE {
        text.push('-');
    }
    let weight = i32::from(number.weight);
    if weight < 0 {
        text.push('0');
    }
    for power in (0..=weight).rev() {
        let group = number.group(power);
        if power == weight {
            text.push_str(&group.to_string());
        } else {
            text.push_str(&format!("{group:04}"));
        }
    }
    let scale = usize::from(number.scale);
    if scale > 0 {
        text.push('.');
        let end = text.len() + scale;
        let mut power = -1;
        while text.len() < end {
            text.push_str(&format!("{:04}", number.group(power)));
            power -= 1;
        }
        text.truncate(end);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(groups: &[u16], weight: i16, sign: u16, scale: u16) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [groups.len() as u16, weight as u16, sign, scale].iter().chain(groups) {
            bytes.extend_from_slice(&part.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn numbers_keep_every_digit() {
        for (bytes, expected) in [
            (numeric(&[], 0, 0, 0), "0"),
            (numeric(&[], 0, 0, 3), "0.000"),
            (numeric(&[1], 1, 0, 0), "10000"),
            (numeric(&[1, 2345, 6700], 1, NEGATIVE, 2), "-12345.67"),
            (numeric(&[1], -2, 0, 8), "0.00000001"),
            (numeric(&[12, 0, 500], 0, 0, 6), "12.000005"),
            (numeric(&[], 0, NAN, 0), "NaN"),
            (numeric(&[], 0, MINUS_INFINITY, 0), "-Infinity"),
        ] {
            assert_eq!(text(&bytes).as_deref(), Some(expected));
        }
        assert_eq!(text(&[0, 1, 0, 0]), None);
    }

    #[test]
    fn numbers_are_scaled_or_refused_but_never_rounded() {
        let number = numeric(&[1, 2345, 6700], 1, NEGATIVE, 2);
        assert_eq!(digits(&number), Some(Digits { whole: 5, scale: 2 }));
        assert_eq!(scaled(&number, 2), Some(-1_234_567));
        assert_eq!(scaled(&number, 4), Some(-123_456_700));
        assert_eq!(scaled(&number, 1), None);
        assert_eq!(scaled(&numeric(&[], 0, NAN, 0), 2), None);
        let tiny = numeric(&[1], -2, 0, 8);
        assert_eq!((digits(&tiny), scaled(&tiny, 8)), (Some(Digits { whole: 0, scale: 8 }), Some(1)));
        let most = numeric(&[99, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999], 9, 0, 0);
        assert_eq!(scaled(&most, 0), Some(10_i128.pow(38) - 1));
        assert_eq!(scaled(&most, 1), None);
    }
}
