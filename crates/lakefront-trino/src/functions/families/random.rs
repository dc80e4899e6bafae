//! What is another value at every call.

use datafusion::arrow::array::ArrayRef;
use rand::RngExt;
use rand::seq::SliceRandom;
use uuid::Uuid;

use super::super::{Function, scalar};
use super::array::items;
use crate::call::Call;
use crate::error::{Error, Result};
use crate::value::Value;

pub(super) fn all() -> Vec<Function> {
    let numbers = ["rand", "random"].into_iter().flat_map(|name| {
        [
            scalar(name, "() -> double", fraction),
            scalar(name, "(tinyint) -> tinyint", below),
            scalar(name, "(smallint) -> smallint", below),
            scalar(name, "(integer) -> integer", below),
            scalar(name, "(bigint) -> bigint", below),
            scalar(name, "(tinyint, tinyint) -> tinyint", between),
            scalar(name, "(smallint, smallint) -> smallint", between),
            scalar(name, "(integer, integer) -> integer", between),
            scalar(name, "(bigint, bigint) -> bigint", between),
        ]
    });
    let others = [scalar("shuffle", "(array(E)) -> array(E)", shuffle), scalar("uuid", "() -> uuid", uuid)];
    numbers.chain(others).map(Function::volatile).collect()
}

fn fraction(call: &Call) -> Result<ArrayRef> {
    let mut source = rand::rng();
    call.doubles(|_| Ok(Some(source.random())))
}

fn below(call: &Call) -> Result<ArrayRef> {
    let (bound, mut source) = (call.int(0)?, rand::rng());
    call.values(|row| match bound.get(row) {
        Some(bound) if bound <= 0 => Err(Error::invalid_argument("bound must be positive")),
        bound => Ok(bound.map(|bound| Value::Int(source.random_range(0..bound)))),
    })
}

fn between(call: &Call) -> Result<ArrayRef> {
    let (start, stop, mut source) = (call.int(0)?, call.int(1)?, rand::rng());
    call.values(|row| match (start.get(row), stop.get(row)) {
        (Some(start), Some(stop)) if start >= stop => {
            Err(Error::invalid_argument("start value must be less than stop value"))
        }
        (Some(start), Some(stop)) => Ok(Some(Value::Int(source.random_range(start..stop)))),
        _ => Ok(None),
    })
}

fn shuffle(call: &Call) -> Result<ArrayRef> {
    let (array, mut source) = (call.any(0), rand::rng());
    call.values(|row| {
        let mut items = items(array.get(row));
        items.shuffle(&mut source);
        Ok(Some(Value::Array(items)))
    })
}

fn uuid(call: &Call) -> Result<ArrayRef> {
    call.blobs(|_| Ok(Some(Uuid::new_v4().into_bytes())))
}
