//! Bytes by their places.

use datafusion::arrow::array::ArrayRef;

use super::super::super::{Function, scalar};
use super::super::string::{range, target};
use crate::call::Call;
use crate::error::Result;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("length", "(varbinary) -> bigint", length),
        scalar("reverse", "(varbinary) -> varbinary", reverse),
        scalar("substr", "(varbinary, bigint) -> varbinary", substr),
        scalar("substr", "(varbinary, bigint, bigint) -> varbinary", substr),
        scalar("lpad", "(varbinary, bigint, varbinary) -> varbinary", |call| pad(call, true)),
        scalar("rpad", "(varbinary, bigint, varbinary) -> varbinary", |call| pad(call, false)),
    ]
}

fn length(call: &Call) -> Result<ArrayRef> {
    let bytes = call.bytes(0);
    call.bigints(|row| Ok(bytes.get(row).map(|bytes| bytes.len() as i64)))
}

fn reverse(call: &Call) -> Result<ArrayRef> {
    let bytes = call.bytes(0);
    call.blobs(|row| Ok(bytes.get(row).map(|bytes| bytes.iter().rev().copied().collect::<Vec<u8>>())))
}

fn substr(call: &Call) -> Result<ArrayRef> {
    let (bytes, start) = (call.bytes(0), call.int(1)?);
    let length = if call.arguments.len() > 2 { Some(call.int(2)?) } else { None };
    call.blobs(|row| {
        let length = match &length {
            Some(length) => length.get(row),
            None => Some(i64::MAX),
        };
        let (Some(bytes), Some(start), Some(length)) = (bytes.get(row), start.get(row), length) else {
            return Ok(None);
        };
        let (from, to) = range(bytes.len(), start, length);
        Ok(Some(&bytes[from..to]))
    })
}

fn pad(call: &Call, left: bool) -> Result<ArrayRef> {
    let (bytes, length, fill) = (call.bytes(0), call.int(1)?, call.bytes(2));
    call.blobs(|row| {
        let (Some(bytes), Some(length), Some(fill)) = (bytes.get(row), length.get(row), fill.get(row)) else {
            return Ok(None);
        };
        let length = target(length, fill.is_empty())?;
        if bytes.len() >= length {
            return Ok(Some(bytes[..length].to_vec()));
        }
        let filling: Vec<u8> = fill.iter().copied().cycle().take(length - bytes.len()).collect();
        Ok(Some(if left { [&filling, bytes].concat() } else { [bytes, &filling].concat() }))
    })
}
