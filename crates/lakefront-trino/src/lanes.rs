//! Loops over whole arrays of numbers, for functions that are null where an argument is.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::ArrowPrimitiveType;

use crate::call::Call;
use crate::error::Result;

/// Where an argument of one value is spread over all rows.
fn nulls(call: &Call) -> Result<Option<NullBuffer>> {
    let mut all = None;
    for (at, argument) in call.arguments.iter().enumerate() {
        // `greatest` and `least` are called with constants that are null, strict functions are not.
        if !argument.constant || call.rows == 1 || argument.is_null(0) {
            all = NullBuffer::union(all.as_ref(), call.array(at)?.logical_nulls().as_ref());
        }
    }
    Ok(all)
}

/// Computes each row in which no argument is null.
pub(crate) fn rows<R: ArrowPrimitiveType>(
    call: &Call,
    mut of: impl FnMut(usize) -> Result<R::Native>,
) -> Result<ArrayRef> {
    let nulls = nulls(call)?;
    let mut values = vec![R::Native::default(); call.rows];
    match &nulls {
        None => {
            for (row, value) in values.iter_mut().enumerate() {
                *value = of(row)?;
            }
        }
        Some(nulls) => nulls.try_for_each_valid_idx(|row| {
            values[row] = of(row)?;
            Ok::<(), crate::error::Error>(())
        })?,
    }
    finish::<R>(call, values, nulls)
}

fn finish<R: ArrowPrimitiveType>(call: &Call, values: Vec<R::Native>, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let array = PrimitiveArray::<R>::try_new(values.into(), nulls)?;
    Ok(Arc::new(array.with_data_type(call.returns.arrow())))
}

/// The values of an argument, and whether the first is that of all rows.
pub(crate) fn lane<'a, A: ArrowPrimitiveType>(call: &'a Call, at: usize) -> (&'a [A::Native], bool) {
    let argument = &call.arguments[at];
    (argument.array.as_primitive::<A>().values(), argument.constant)
}

/// A function of one number that can fail.
pub(crate) fn unary<A: ArrowPrimitiveType, R: ArrowPrimitiveType>(
    call: &Call,
    of: impl Fn(A::Native) -> Result<R::Native>,
) -> Result<ArrayRef> {
    let (values, constant) = lane::<A>(call, 0);
    if constant {
        return rows::<R>(call, |_| of(values[0]));
    }
    rows::<R>(call, |row| of(values[row]))
}

/// A function of two numbers that can fail.
pub(crate) fn binary<A: ArrowPrimitiveType, B: ArrowPrimitiveType, R: ArrowPrimitiveType>(
    call: &Call,
    of: impl Fn(A::Native, B::Native) -> Result<R::Native>,
) -> Result<ArrayRef> {
    let ((a, a_constant), (b, b_constant)) = (lane::<A>(call, 0), lane::<B>(call, 1));
    match (a_constant, b_constant) {
        (false, false) => rows::<R>(call, |row| of(a[row], b[row])),
        (true, false) => rows::<R>(call, |row| of(a[0], b[row])),
        (false, true) => rows::<R>(call, |row| of(a[row], b[0])),
        (true, true) => rows::<R>(call, |_| of(a[0], b[0])),
    }
}

/// A function of two numbers that tells beside its value whether that overflowed; it is called for nulls too. A loop
/// without a way out is many times as fast.
pub(crate) fn overflowing<A: ArrowPrimitiveType, B: ArrowPrimitiveType, R: ArrowPrimitiveType>(
    call: &Call,
    of: impl Fn(A::Native, B::Native) -> (R::Native, bool),
    error: impl Fn(A::Native, B::Native) -> crate::error::Error,
) -> Result<ArrayRef> {
    let ((a, a_constant), (b, b_constant)) = (lane::<A>(call, 0), lane::<B>(call, 1));
    let mut overflowed = false;
    let mut note = |(value, over): (R::Native, bool)| {
        overflowed |= over;
        value
    };
    let values: Vec<R::Native> = match (a_constant, b_constant) {
        (false, false) => a.iter().zip(b).map(|(a, b)| note(of(*a, *b))).collect(),
        (true, false) => b.iter().map(|b| note(of(a[0], *b))).collect(),
        (false, true) => a.iter().map(|a| note(of(*a, b[0]))).collect(),
        (true, true) => vec![note(of(a[0], b[0])); call.rows],
    };
    if overflowed {
        // Perhaps only where a null is.
        return binary::<A, B, R>(call, |a, b| match of(a, b) {
            (value, false) => Ok(value),
            (_, true) => Err(error(a, b)),
        });
    }
    finish::<R>(call, values, nulls(call)?)
}
