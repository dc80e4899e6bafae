//! Dates, times, timestamps and intervals: reading and writing their text.

use crate::cast;
use crate::error::{Code, Error, Result};
use crate::types::{Type, VARCHAR};
use crate::value::Value;

/// A literal that names its type: `DECIMAL '1.50'`, `DATE '2024-05-06'`. The text may make the type more precise.
pub(crate) fn typed_literal(text: &str, asked: &Type) -> Result<(Value, Type)> {
    let value = cast::value(&Value::Text(text.to_owned()), &VARCHAR, asked)
        .map_err(|_| Error::new(Code::InvalidLiteral, format!("'{text}' is not a valid {} literal", asked.base())))?;
    Ok((value, asked.clone()))
}

/// `INTERVAL '2' DAY`, `INTERVAL '1-2' YEAR TO MONTH`; units are in lower case.
pub(crate) fn interval_literal(text: &str, negative: bool, from: &str, to: Option<&str>) -> Result<(Value, Type)> {
    let _ = (text, negative, to);
    Err(Error::not_here(format!("An interval of {from}")))
}
