//! `format`: Java's `Formatter`, but for `%a`, dates by parts (`%t…`) and hashes of what is no text or integer.

pub(super) mod decimal;
mod temporal;

use std::fmt::Write;

use datafusion::arrow::array::ArrayRef;

use self::decimal::Digits;
use super::super::prepared::Prepared;
use super::characters::padded;
use crate::call::Call;
use crate::error::{Error, Result};
use crate::types::{Type, VARCHAR};
use crate::value::Value;

/// The first argument is the format; the others are of any type.
pub(crate) fn kernel(call: &Call) -> Result<ArrayRef> {
    let format = call.text(0);
    let arguments: Vec<_> = (1..call.arguments.len()).map(|at| call.any(at)).collect();
    let mut formats: Prepared<Vec<Part>> = Prepared::new();
    call.texts(|row| {
        let Some(format) = format.get(row) else { return Ok(None) };
        let parts = formats.of(format, parse)?;
        let values: Vec<Value> = arguments.iter().map(|argument| argument.get(row)).collect();
        let mut out = String::new();
        let mut next = 0;
        let mut last = None;
        for part in parts.iter() {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(spec) => {
                    let at = match spec.index {
                        Index::Next => {
                            next += 1;
                            next - 1
                        }
                        Index::Last => last.ok_or_else(|| invalid("MissingFormatArgument"))?,
                        Index::At(at) => at,
                    };
                    last = Some(at);
                    let value = values.get(at).ok_or_else(|| invalid("MissingFormatArgument"))?;
                    spec.write(&mut out, value, &call.types[at + 1])?;
                }
            }
        }
        Ok(Some(out))
    })
}

/// Whether values of the type can be arguments: those that have a text.
pub(crate) fn is_formatted(of: &Type) -> bool {
    !matches!(
        of,
        Type::Array(_)
            | Type::Map(..)
            | Type::Row(_)
            | Type::HyperLogLog
            | Type::P4HyperLogLog
            | Type::TDigest
            | Type::QDigest(_)
            | Type::SetDigest
            | Type::Varbinary
    )
}

fn invalid(what: &str) -> Error {
    Error::invalid_argument(format!("Invalid format string: {what}"))
}

#[derive(Debug)]
enum Part {
    Text(String),
    Value(Spec),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Index {
    Next,
    /// That of the conversion before.
    Last,
    At(usize),
}

#[derive(Debug)]
struct Spec {
    index: Index,
    flags: String,
    width: Option<usize>,
    precision: Option<usize>,
    conversion: char,
    /// The letter was a capital.
    upper: bool,
}

fn parse(format: &str) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        if at > 0 {
            parts.push(Part::Text(rest[..at].to_owned()));
        }
        let (spec, after) = specification(&rest[at + 1..])?;
        parts.push(match spec.conversion {
            '%' => {
                if spec.precision.is_some() || spec.flags.contains(|flag| flag != '-') {
                    return Err(invalid("IllegalFormatFlags"));
                }
                Part::Text(spec.justified("%")?)
            }
            'n' => {
                if spec.width.is_some() || spec.precision.is_some() || !spec.flags.is_empty() {
                    return Err(invalid("IllegalFormatFlags"));
                }
                Part::Text("\n".to_owned())
            }
            _ => Part::Value(spec),
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

/// `[index$][flags][width][.precision]conversion`
fn specification(text: &str) -> Result<(Spec, &str)> {
    let unknown = || invalid("UnknownFormatConversion");
    let number = |text: &str| -> (Option<usize>, usize) {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        (text[..digits].parse().ok(), digits)
    };
    let mut rest = text;
    let mut index = Index::Next;
    let (leading, digits) = number(rest);
    if digits > 0 && rest[digits..].starts_with('$') {
        index = match leading {
            Some(0) | None => return Err(invalid("IllegalFormatArgumentIndex")),
            Some(at) => Index::At(at - 1),
        };
        rest = &rest[digits + 1..];
    }
    let flags_end = rest.find(|letter| !"-#+ 0,(<".contains(letter)).unwrap_or(rest.len());
    let mut flags = rest[..flags_end].to_owned();
    rest = &rest[flags_end..];
    if flags.contains('<') {
        flags = flags.replacen('<', "", 1);
        index = Index::Last;
    }
    if flags.chars().any(|flag| flags.matches(flag).count() > 1) {
        return Err(invalid("DuplicateFormatFlags"));
    }
    let (width, digits) = number(rest);
    if digits > 0 && width.is_none_or(|width| width > 1 << 20) {
        return Err(Error::not_here("A format of such a width"));
    }
    rest = &rest[digits..];
    let mut precision = None;
    if let Some(after) = rest.strip_prefix('.') {
        let (digits_after, digits) = number(after);
        if digits == 0 {
            return Err(unknown());
        }
        if digits_after.is_none_or(|precision| precision > 1 << 16) {
            return Err(Error::not_here("A format of such a precision"));
        }
        precision = digits_after;
        rest = &after[digits..];
    }
    let letter = rest.chars().next().ok_or_else(unknown)?;
    rest = &rest[letter.len_utf8()..];
    if matches!(letter, 't' | 'T') {
        return Err(Error::not_here("The format %t"));
    }
    if matches!(letter, 'a' | 'A') {
        return Err(Error::not_here("The format %a"));
    }
    let conversion = letter.to_ascii_lowercase();
    if !"bBhHsScCdoxXeEfgG%n".contains(letter) {
        return Err(unknown());
    }
    let spec = Spec { index, flags, width, precision, conversion, upper: letter.is_ascii_uppercase() };
    spec.check()?;
    Ok((spec, rest))
}

impl Spec {
    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    /// What is wrong whatever the argument is.
    fn check(&self) -> Result<()> {
        if self.width.is_none() && (self.has('-') || self.has('0')) && self.conversion != 'n' {
            return Err(invalid("MissingFormatWidth"));
        }
        let allowed = match self.conversion {
            's' => "-#",
            'b' | 'h' | 'c' | '%' => "-",
            'd' => "-+ 0,(",
            'o' | 'x' => "-#0+ (",
            'e' => "-#+ 0(",
            'g' => "-+ 0,(",
            'f' => "-#+ 0,(",
            _ => "",
        };
        if self.flags.contains(|flag| !allowed.contains(flag)) {
            return Err(invalid("FormatFlagsConversionMismatch"));
        }
        if self.has('-') && self.has('0') || self.has('+') && self.has(' ') {
            return Err(invalid("IllegalFormatFlags"));
        }
        if self.precision.is_some() && matches!(self.conversion, 'd' | 'o' | 'x' | 'c') {
            return Err(invalid("IllegalFormatPrecision"));
        }
        Ok(())
    }

    fn write(&self, out: &mut String, value: &Value, of: &Type) -> Result<()> {
        let text = match (self.conversion, value) {
            ('b', Value::Null) => self.text("false")?,
            ('b', Value::Boolean(value)) => self.text(&value.to_string())?,
            ('b', _) => self.text("true")?,
            ('s', _) if self.has('#') => return Err(invalid("FormatFlagsConversionMismatch")),
            ('s' | 'h', Value::Null) => self.text("null")?,
            ('s', _) => self.text(&text_of(value, of)?)?,
            ('h', _) => self.text(&format!("{:x}", hash_of(value, of)?))?,
            (_, Value::Null) => {
                let plain = Spec { flags: self.flags.replace('0', ""), ..self.like_this() };
                plain.text("null")?
            }
            ('d', Value::Int(value)) if of.is_integral() => self.integer(*value)?,
            ('x' | 'o', Value::Int(value)) if of.is_integral() => self.bits(*value)?,
            ('e' | 'f' | 'g', Value::Double(value)) => self.floating(*value)?,
            ('e' | 'f' | 'g', Value::Real(value)) => self.floating(f64::from(*value))?,
            ('e' | 'f' | 'g', Value::Decimal(value)) => {
                let Type::Decimal { scale, .. } = of else { return Err(invalid("IllegalFormatConversion")) };
                self.number(*value < 0, &Digits::decimal(value.unsigned_abs(), i32::from(*scale)), Some(*scale))?
            }
            (conversion, _) => {
                return Err(invalid(&format!("IllegalFormatConversion: {conversion} != {of}")));
            }
        };
        out.push_str(&text);
        Ok(())
    }

    fn like_this(&self) -> Spec {
        Spec {
            index: self.index,
            flags: self.flags.clone(),
            width: self.width,
            precision: self.precision,
            conversion: self.conversion,
            upper: self.upper,
        }
    }

    /// A text, cut at the precision.
    fn text(&self, text: &str) -> Result<String> {
        let cut = self.precision.map_or_else(|| text.to_owned(), |units| first_units(text, units));
        self.justified(&if self.upper { cut.to_uppercase() } else { cut })
    }

    fn justified(&self, text: &str) -> Result<String> {
        let missing = self.width.unwrap_or(0).saturating_sub(text.encode_utf16().count());
        let spaces = " ".repeat(missing);
        Ok(if self.has('-') { format!("{text}{spaces}") } else { format!("{spaces}{text}") })
    }

    /// Digits with their sign, brackets, groups and zeros.
    fn signed(&self, negative: bool, digits: &str) -> Result<String> {
        let (whole, fraction) =
            digits.split_at(digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len()));
        let mut text = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if self.has(',') && at > 0 && (whole.len() - at) % 3 == 0 {
                text.push(',');
            }
            text.push(digit);
        }
        text.push_str(fraction);
        let (before, after) = self.signs(negative);
        let zeros = match self.width {
            Some(width) if self.has('0') => width.saturating_sub(before.len() + text.len() + after.len()),
            _ => 0,
        };
        self.justified(&format!("{before}{}{text}{after}", "0".repeat(zeros)))
    }

    /// What stands before and after a number.
    fn signs(&self, negative: bool) -> (&'static str, &'static str) {
        match (negative, self.has('('), self.has('+'), self.has(' ')) {
            (true, true, ..) => ("(", ")"),
            (true, false, ..) => ("-", ""),
            (false, _, true, _) => ("+", ""),
            (false, _, _, true) => (" ", ""),
            _ => ("", ""),
        }
    }

    fn integer(&self, value: i64) -> Result<String> {
        self.signed(value < 0, &value.unsigned_abs().to_string())
    }

    fn bits(&self, value: i64) -> Result<String> {
        if self.has('(') || self.has('+') || self.has(' ') {
            return Err(invalid("FormatFlagsConversionMismatch"));
        }
        let digits = if self.conversion == 'x' { format!("{value:x}") } else { format!("{value:o}") };
        let prefix = match (self.has('#'), self.conversion) {
            (true, 'x') => "0x",
            (true, _) => "0",
            _ => "",
        };
        let zeros = match self.width {
            Some(width) if self.has('0') => width.saturating_sub(prefix.len() + digits.len()),
            _ => 0,
        };
        let text = format!("{prefix}{}{digits}", "0".repeat(zeros));
        self.justified(&if self.upper { text.to_uppercase() } else { text })
    }

    fn floating(&self, value: f64) -> Result<String> {
        let negative = value.is_sign_negative() && !value.is_nan();
        if value.is_nan() || value.is_infinite() {
            let name = if value.is_nan() { "NaN" } else { "Infinity" };
            let flags: String = self.flags.chars().filter(|flag| !matches!(flag, '0' | ',')).collect();
            let plain = Spec { flags, ..self.like_this() };
            let text = if value.is_nan() {
                plain.justified(name)?
            } else {
                let (before, after) = self.signs(negative);
                plain.justified(&format!("{before}{name}{after}"))?
            };
            return Ok(if self.upper { text.to_uppercase() } else { text });
        }
        self.number(negative, &Digits::shortest(value.abs()), None)
    }

    /// `scale`: of a decimal, whose zero has an exponent, too.
    fn number(&self, negative: bool, digits: &Digits, scale: Option<u8>) -> Result<String> {
        let precision = self.precision.unwrap_or(6);
        let point = |text: String, places: usize| if self.has('#') && places == 0 { text + "." } else { text };
        let text = match self.conversion {
            'f' => self.signed(negative, &point(digits.rounded(precision).plain(precision), precision))?,
            'e' => self.signed(negative, &scientific(digits, precision, -i32::from(scale.unwrap_or(0))))?,
            _ => {
                // Plain between 10^-4 and 10^precision, as it is when rounded.
                let precision = precision.max(1);
                let rounded = digits.significant(precision);
                if rounded.is_zero() || (-4..precision as i32).contains(&rounded.exponent()) {
                    let places = if rounded.is_zero() {
                        precision as i32 - 1
                    } else {
                        precision as i32 - 1 - rounded.exponent()
                    };
                    let places = places.max(0) as usize;
                    self.signed(negative, &digits.rounded(places).plain(places))?
                } else {
                    if scale.is_some() {
                        return Err(Error::not_here("The format %g of such a decimal"));
                    }
                    self.signed(negative, &scientific(digits, precision - 1, 0))?
                }
            }
        };
        Ok(if self.upper { text.to_uppercase() } else { text })
    }
}

/// So many UTF-16 units of a text; half a letter of two is none that UTF-8 has.
fn first_units(text: &str, units: usize) -> String {
    let mut left = units;
    let mut cut = String::new();
    for letter in text.chars() {
        match left.checked_sub(letter.len_utf16()) {
            Some(rest) => left = rest,
            None if left > 0 => {
                cut.push('?');
                break;
            }
            None => break,
        }
        cut.push(letter);
    }
    cut
}

fn scientific(digits: &Digits, precision: usize, zeros_exponent: i32) -> String {
    let rounded = digits.significant(precision + 1);
    let exponent = if rounded.is_zero() { zeros_exponent } else { rounded.exponent() };
    let mut text = rounded.mantissa(precision);
    let sign = if exponent < 0 { '-' } else { '+' };
    // Writing to a text can't fail.
    let _ = write!(text, "e{sign}{:02}", exponent.abs());
    text
}

/// What Java's `toString` gives for the value.
fn text_of(value: &Value, of: &Type) -> Result<String> {
    Ok(match (value, of) {
        (Value::Text(text), Type::Char(_)) => padded(text, of).into_owned(),
        (Value::Text(text), _) => text.clone(),
        (Value::Boolean(value), _) => value.to_string(),
        (Value::Int(value), of) if of.is_integral() => value.to_string(),
        (Value::Real(value), _) => decimal::java_real(*value),
        (Value::Double(value), _) => decimal::java_double(*value),
        (Value::Decimal(value), Type::Decimal { scale, .. }) => {
            let text = Digits::decimal(value.unsigned_abs(), i32::from(*scale)).big_decimal(usize::from(*scale));
            if *value < 0 { format!("-{text}") } else { text }
        }
        (_, Type::Date | Type::Time(_) | Type::Timestamp(_) | Type::TimestampTz(_)) => {
            temporal::text(value, of).ok_or_else(|| Error::not_here("The format of such a time"))?
        }
        _ if matches!(of, Type::TimeTz(_)) => return Err(Error::not_here("The format of a time with time zone")),
        _ => match crate::cast::value(value, of, &VARCHAR)? {
            Value::Text(text) => text,
            _ => return Err(Error::not_here(format!("The format of {of}"))),
        },
    })
}

fn hash_of(value: &Value, of: &Type) -> Result<i32> {
    Ok(match (value, of) {
        (Value::Text(_), _) => text_of(value, of)?
            .encode_utf16()
            .fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit))),
        (Value::Int(value), of) if of.is_integral() => (*value ^ ((*value as u64) >> 32) as i64) as i32,
        (Value::Boolean(value), _) => {
            if *value {
                1231
            } else {
                1237
            }
        }
        _ => return Err(Error::not_here(format!("The format %h of {of}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::{Part, parse};
    use crate::types::Type;
    use crate::value::Value;

    fn formatted(format: &str, value: Value, of: Type) -> String {
        let mut out = String::new();
        for part in parse(format).unwrap_or_default() {
            match part {
                Part::Text(text) => out.push_str(&text),
                Part::Value(spec) => {
                    if let Err(error) = spec.write(&mut out, &value, &of) {
                        out.push_str(&error.message);
                    }
                }
            }
        }
        out
    }

    #[test]
    fn numbers_are_javas() {
        let double = |format, value| formatted(format, Value::Double(value), Type::Double);
        let int = |format, value| formatted(format, Value::Int(value), Type::Bigint);
        assert_eq!(double("%.2f", 1.005), "1.01");
        assert_eq!(double("%f", 1e10), "10000000000.000000");
        assert_eq!(double("%,.1f", 1234567.25), "1,234,567.3");
        assert_eq!(double("%e", 12345.678), "1.234568e+04");
        assert_eq!(double("%.0e", 0.0), "0e+00");
        assert_eq!(double("%g", 0.0001), "0.000100000");
        assert_eq!(double("%g", 123456789.0), "1.23457e+08");
        assert_eq!(double("%G", 0.00001), "1.00000E-05");
        assert_eq!(double("%(.1f", -2.25), "(2.3)");
        assert_eq!(double("%s", 1e7), "1.0E7");
        assert_eq!(double("%s", 0.001), "0.001");
        assert_eq!(double("%s", 100.0), "100.0");
        assert_eq!(int("%05d|%-5d|%+d", -42), "-0042|-42  |-42");
        assert_eq!(int("%x", -1), "ffffffffffffffff");
        assert_eq!(int("%#X", 255), "0XFF");
        assert_eq!(formatted("%f", Value::Decimal(12345), Type::decimal(10, 2)), "123.450000");
        assert_eq!(formatted("%S|%.2s", Value::Text("abc".into()), Type::Varchar(None)), "ABC|ab");
    }
}
