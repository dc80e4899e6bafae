//! Numbers as bytes, the highest first.

use datafusion::arrow::datatypes::{Float32Type, Float64Type, Int32Type, Int64Type};

use super::super::super::{Function, scalar};
use crate::error::{Error, Result};

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("to_big_endian_32", "(integer) -> varbinary", |call| {
            let value = call.int(0)?;
            call.blobs(|row| Ok(value.get(row).map(|value| (value as i32).to_be_bytes())))
        }),
        scalar("to_big_endian_64", "(bigint) -> varbinary", |call| {
            let value = call.int(0)?;
            call.blobs(|row| Ok(value.get(row).map(i64::to_be_bytes)))
        }),
        scalar("to_ieee754_32", "(real) -> varbinary", |call| {
            let value = call.double(0)?;
            call.blobs(|row| match value.get(row) {
                // The others are what a processor made of them.
                Some(value) if value.is_nan() && (value as f32).to_bits() != f32::NAN.to_bits() => {
                    Err(Error::not_here("to_ieee754_32 of a computed NaN"))
                }
                value => Ok(value.map(|value| (value as f32).to_be_bytes())),
            })
        }),
        scalar("to_ieee754_64", "(double) -> varbinary", |call| {
            let value = call.double(0)?;
            call.blobs(|row| {
                Ok(value.get(row).map(|value| (if value.is_nan() { f64::NAN } else { value }).to_be_bytes()))
            })
        }),
        scalar("from_big_endian_32", "(varbinary) -> integer", |call| {
            let bytes = call.bytes(0);
            call.primitives::<Int32Type>(|row| Ok(exactly(bytes.get(row), endian)?.map(i32::from_be_bytes)))
        }),
        scalar("from_big_endian_64", "(varbinary) -> bigint", |call| {
            let bytes = call.bytes(0);
            call.primitives::<Int64Type>(|row| Ok(exactly(bytes.get(row), endian)?.map(i64::from_be_bytes)))
        }),
        scalar("from_ieee754_32", "(varbinary) -> real", |call| {
            let bytes = call.bytes(0);
            call.primitives::<Float32Type>(|row| Ok(exactly(bytes.get(row), floating)?.map(f32::from_be_bytes)))
        }),
        scalar("from_ieee754_64", "(varbinary) -> double", |call| {
            let bytes = call.bytes(0);
            call.primitives::<Float64Type>(|row| Ok(exactly(bytes.get(row), floating)?.map(f64::from_be_bytes)))
        }),
    ]
}

fn exactly<const N: usize>(bytes: Option<&[u8]>, message: fn(usize, usize) -> String) -> Result<Option<[u8; N]>> {
    bytes.map(|bytes| bytes.try_into().map_err(|_| Error::invalid_argument(message(N, bytes.len())))).transpose()
}

fn endian(wanted: usize, got: usize) -> String {
    format!("expected {wanted}-byte input, but got instead: {got}")
}

fn floating(wanted: usize, _: usize) -> String {
    format!("Input floating-point value must be exactly {wanted} bytes long")
}
