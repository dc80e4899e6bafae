//! Network addresses and UUIDs: texts and bytes that become them, and they become.

use std::net::IpAddr;

use super::unknown;
use crate::error::{Code, Error, Result};
use crate::types::{Type, VARCHAR};
use crate::value::Value;

pub(super) fn exists(from: &Type, to: &Type) -> bool {
    let is_ours = |of: &Type| matches!(of, Type::IpAddress | Type::Uuid);
    is_ours(to) && matches!(from, Type::Varchar(_) | Type::Varbinary)
        || is_ours(from) && matches!(to, Type::Varchar(None) | Type::Varbinary)
}

pub(super) fn value(value: &Value, from: &Type, to: &Type) -> Result<Value> {
    let cast_error = || match value {
        Value::Text(text) => {
            Error::new(Code::InvalidCastArgument, format!("Cannot cast value to {}: {text}", to.base().to_uppercase()))
        }
        _ => Error::new(Code::InvalidCastArgument, format!("Invalid {} binary length", to.base().to_uppercase())),
    };
    let bytes = match (from, to, value) {
        (Type::Varchar(_), Type::IpAddress, Value::Text(text)) => address(text),
        (Type::Varbinary, Type::IpAddress, Value::Bytes(bytes)) => match bytes.as_slice() {
            [a, b, c, d] => Some(mapped(IpAddr::from([*a, *b, *c, *d]))),
            bytes => bytes.try_into().ok(),
        },
        (Type::Varchar(_), Type::Uuid, Value::Text(text)) => uuid(text),
        (Type::Varbinary, Type::Uuid, Value::Bytes(bytes)) => bytes.as_slice().try_into().ok(),
        (Type::IpAddress, Type::Varchar(_), Value::Bytes(bytes)) if *to == VARCHAR => {
            let bytes = <[u8; 16]>::try_from(bytes.as_slice()).map_err(|_| cast_error())?;
            return Ok(Value::Text(IpAddr::from(bytes).to_canonical().to_string()));
        }
        (Type::Uuid, Type::Varchar(_), Value::Bytes(bytes)) if *to == VARCHAR => {
            return Ok(Value::Text(text_of(bytes)));
        }
        (Type::IpAddress | Type::Uuid, Type::Varbinary, Value::Bytes(_)) => return Ok(value.clone()),
        _ => return Err(unknown(from, to)),
    };
    bytes.map(|bytes: [u8; 16]| Value::Bytes(bytes.to_vec())).ok_or_else(cast_error)
}

fn address(text: &str) -> Option<[u8; 16]> {
    Some(mapped(text.parse().ok()?))
}

fn mapped(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// Reads 36 characters in five groups; each group counts by its last digits, as in Java.
fn uuid(text: &str) -> Option<[u8; 16]> {
    if text.len() != 36 {
        return None;
    }
    let groups: Vec<&str> = text.split('-').collect();
    let [a, b, c, d, e] = groups.as_slice() else { return None };
    let mut number: u128 = 0;
    for (group, digits) in [(a, 8), (b, 4), (c, 4), (d, 4), (e, 12)] {
        if group.is_empty() || group.len() > 16 || !group.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let value = i64::from_str_radix(group, 16).ok()? as u128;
        number = number << (4 * digits) | value & ((1 << (4 * digits)) - 1);
    }
    Some(number.to_be_bytes())
}

fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{address, text_of, uuid};

    #[test]
    fn texts_become_bytes() {
        assert_eq!(address("1.2.3.4"), address("::ffff:1.2.3.4"));
        assert!(address("localhost").is_none());
        assert!(address("2001:db8::1::1").is_none());
        assert!(uuid("1-2-3-4-1").is_none());
        let text = "12151fd2-7586-11e9-8f9e-2a86e4085a59";
        assert_eq!(uuid(&text.to_uppercase()).map(|bytes| text_of(&bytes)).as_deref(), Some(text));
    }
}
