//! Bits of integers.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{Int8Type, Int16Type, Int32Type, Int64Type};

use super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::lanes;

pub(super) fn all() -> Vec<Function> {
    const TWO: &str = "(bigint, bigint) -> bigint";
    let mut all = vec![
        scalar("bitwise_and", TWO, |call: &Call| of_two(call, |a, b| a & b)),
        scalar("bitwise_or", TWO, |call: &Call| of_two(call, |a, b| a | b)),
        scalar("bitwise_xor", TWO, |call: &Call| of_two(call, |a, b| a ^ b)),
        scalar("bitwise_not", "(bigint) -> bigint", |call: &Call| {
            lanes::unary::<Int64Type, Int64Type>(call, |value| Ok(!value))
        }),
        scalar("bit_count", TWO, bit_count),
    ];
    macro_rules! shifts {
        ($($arrow:ty, $native:ty, $unsigned:ty, $text:literal);*) => {$(
            all.extend([
                scalar("bitwise_left_shift", $text, |call: &Call| {
                    lanes::binary::<$arrow, Int32Type, $arrow>(call, |value, shift| {
                        Ok(left(value.into(), shift) as $native)
                    })
                }),
                scalar("bitwise_right_shift", $text, |call: &Call| {
                    lanes::binary::<$arrow, Int32Type, $arrow>(call, |value, shift| {
                        let bits = right((value as $unsigned).into(), shift);
                        // Trino then goes on with a number that the type does not have.
                        if shift < 0 && <$native>::BITS < 64 && <$native>::try_from(bits).is_err() {
                            return Err(Error::not_here("A negative number shifted by a multiple of -64"));
                        }
                        Ok(bits as $native)
                    })
                }),
                scalar("bitwise_right_shift_arithmetic", $text, |call: &Call| {
                    lanes::binary::<$arrow, Int32Type, $arrow>(call, |value, shift| {
                        Ok(right_arithmetic(value.into(), shift) as $native)
                    })
                }),
            ]);
        )*};
    }
    shifts![
        Int64Type, i64, u64, "(bigint, integer) -> bigint";
        Int32Type, i32, u32, "(integer, integer) -> integer";
        Int16Type, i16, u16, "(smallint, integer) -> smallint";
        Int8Type, i8, u8, "(tinyint, integer) -> tinyint"
    ];
    all
}

fn of_two(call: &Call, of: impl Fn(i64, i64) -> i64) -> Result<ArrayRef> {
    lanes::binary::<Int64Type, Int64Type, Int64Type>(call, |a, b| Ok(of(a, b)))
}

// All widths are shifted in 64 bits, and a negative shift counts modulo 64, as Java's do.

fn left(value: i64, shift: i32) -> i64 {
    if shift >= 64 { 0 } else { value.wrapping_shl(shift.cast_unsigned()) }
}

fn right(value: u64, shift: i32) -> u64 {
    if shift >= 64 { 0 } else { value.wrapping_shr(shift.cast_unsigned()) }
}

fn right_arithmetic(value: i64, shift: i32) -> i64 {
    if shift >= 64 { value >> 63 } else { value.wrapping_shr(shift.cast_unsigned()) }
}

fn bit_count(call: &Call) -> Result<ArrayRef> {
    lanes::binary::<Int64Type, Int64Type, Int64Type>(call, |value, bits| {
        if bits == 64 {
            return Ok(value.count_ones().into());
        }
        if !(2..64).contains(&bits) {
            return Err(Error::invalid_argument(format!(
                "Bits specified in bit_count must be between 2 and 64, got {bits}"
            )));
        }
        let most = (1i64 << (bits - 1)) - 1;
        if value > most || value < !most {
            return Err(Error::invalid_argument(format!(
                "Number must be representable with the bits specified. {value} cannot be represented with {bits} bits"
            )));
        }
        Ok((value & ((1i64 << bits) - 1)).count_ones().into())
    })
}
