//! Texts made as long as asked.

use datafusion::arrow::array::ArrayRef;

use super::super::super::{Function, scalar};
use super::characters::offset;
use crate::call::Call;
use crate::error::{Code, Error, Result};

/// The longest text that is made here.
pub(in super::super) const MAX_LENGTH: i64 = 1 << 26;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("lpad", "(varchar, bigint, varchar) -> varchar", |call| pad(call, true)),
        scalar("rpad", "(varchar, bigint, varchar) -> varchar", |call| pad(call, false)),
    ]
}

/// Checks what a text or bytes are to be filled up to.
pub(in super::super) fn target(length: i64, is_fill_empty: bool) -> Result<usize> {
    if !(0..=i64::from(i32::MAX)).contains(&length) {
        return Err(Error::invalid_argument(format!("Target length must be in the range [0..{}]", i32::MAX)));
    }
    if is_fill_empty {
        return Err(Error::invalid_argument("Padding string must not be empty"));
    }
    if length > MAX_LENGTH {
        return Err(Error::new(
            Code::ExceededFunctionMemoryLimit,
            format!("A text of {length} characters is too long"),
        ));
    }
    Ok(length as usize)
}

fn pad(call: &Call, left: bool) -> Result<ArrayRef> {
    let (text, length, fill) = (call.text(0), call.int(1)?, call.text(2));
    call.texts(|row| {
        let (Some(text), Some(length), Some(fill)) = (text.get(row), length.get(row), fill.get(row)) else {
            return Ok(None);
        };
        let length = target(length, fill.is_empty())?;
        let has = text.chars().count();
        if has >= length {
            return Ok(Some(text[..offset(text, length).unwrap_or(text.len())].to_owned()));
        }
        let missing = length - has;
        let fill_length = fill.chars().count();
        let mut filling = fill.repeat(missing / fill_length);
        filling.push_str(&fill[..offset(fill, missing % fill_length).unwrap_or(fill.len())]);
        Ok(Some(if left { filling + text } else { text.to_owned() + &filling }))
    })
}
