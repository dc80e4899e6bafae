//! `uuid` and `ipaddress`: sixteen bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::unknown;
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::Value;

pub(super) fn value(value: &Value, from: &Type, to: &Type) -> Result<Value> {
    match (value, from, to) {
        (Value::Text(text), _, Type::Uuid) => {
            uuid(text).map(Value::Bytes).ok_or_else(|| Error::invalid_cast(text, "varchar", to))
        }
        (Value::Text(text), _, Type::IpAddress) => {
            address(text).map(Value::Bytes).ok_or_else(|| Error::invalid_cast(text, "varchar", to))
        }
        (Value::Bytes(bytes), Type::Varbinary, Type::Uuid) if bytes.len() == 16 => Ok(value.clone()),
        (Value::Bytes(bytes), Type::Varbinary, Type::IpAddress) => match bytes.as_slice() {
            [a, b, c, d] => Ok(Value::Bytes(Ipv4Addr::new(*a, *b, *c, *d).to_ipv6_mapped().octets().to_vec())),
            bytes if bytes.len() == 16 => Ok(value.clone()),
            _ => Err(length(bytes.len(), to)),
        },
        (Value::Bytes(bytes), Type::Varbinary, Type::Uuid) => Err(length(bytes.len(), to)),
        (Value::Bytes(_), _, Type::Varbinary) => Ok(value.clone()),
        (Value::Bytes(bytes), _, Type::Varchar(length)) => {
            let text = text(bytes, from).ok_or_else(|| unknown(from, to))?;
            match length {
                Some(length) if text.len() > *length as usize => Err(Error::new(
                    Code::InvalidCastArgument,
                    format!("Value {text} cannot be represented as varchar({length})"),
                )),
                _ => Ok(Value::Text(text)),
            }
        }
        _ => Err(unknown(from, to)),
    }
}

fn length(length: usize, to: &Type) -> Error {
    Error::new(Code::InvalidCastArgument, format!("Invalid {to} binary length: {length}"))
}

/// With its four hyphens. Java's reader, which Trino uses, takes groups that are too short; their zeros are added.
fn uuid(text: &str) -> Option<Vec<u8>> {
    if text.len() > 36 {
        return None;
    }
    let groups: Vec<&str> = text.split('-').collect();
    let widths = [8, 4, 4, 4, 12];
    if groups.len() != widths.len() {
        return None;
    }
    let mut number = 0u128;
    for (group, width) in groups.into_iter().zip(widths) {
        if group.is_empty() || group.len() > width || !group.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        number = number << (4 * width) | u128::from_str_radix(group, 16).ok()?;
    }
    Some(number.to_be_bytes().to_vec())
}

fn address(text: &str) -> Option<Vec<u8>> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    })
}

pub(super) fn text(bytes: &[u8], of: &Type) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    Some(match of {
        Type::Uuid => {
            let digits = format!("{:032x}", u128::from_be_bytes(bytes));
            let groups = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
            groups.join("-")
        }
        _ => {
            let address = Ipv6Addr::from(bytes);
            match address.to_ipv4_mapped() {
                Some(address) => address.to_string(),
                None => address.to_string(),
            }
        }
    })
}
