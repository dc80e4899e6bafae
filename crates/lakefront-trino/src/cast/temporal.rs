use super::unknown;
use crate::error::Result;
use crate::types::Type;
use crate::value::Value;

pub(super) fn exists(_from: &Type, _to: &Type) -> bool {
    false
}

pub(super) fn value(_value: &Value, from: &Type, to: &Type) -> Result<Value> {
    Err(unknown(from, to))
}
