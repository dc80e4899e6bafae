//! What stands for values where the engine sorts, groups and joins: keys that it orders, or finds the same, as Trino does
//! the values.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::logical_expr::Expr;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::types::{MAX_PRECISION, Type, VARCHAR};
use crate::udf::Udf;
use crate::value;

const IDENTITY: &str = "identity";

pub(super) fn equal_key(expr: Expr, of: &Type) -> Expr {
    let key = match of {
        Type::Real | Type::Double => Udf::new("number_key", number_key_kernel, vec![of.clone()], of.clone()),
        _ => Udf::new("equal_key", equal_key_kernel, vec![of.clone()], Type::Varbinary),
    };
    key.on(vec![expr])
}

/// What sorts as the values do and is the same where they are: there is one zero and one NaN.
pub(crate) fn sort_key(expr: Expr, of: &Type) -> Expr {
    match of {
        Type::Real | Type::Double => Udf::new("one_zero", one_zero_kernel, vec![of.clone()], of.clone()).on(vec![expr]),
        Type::TimestampTz(_) => {
            Udf::new("instant", instant_kernel, vec![of.clone()], Type::decimal(MAX_PRECISION, 0)).on(vec![expr])
        }
        Type::TimeTz(_) => Udf::new("utc", utc_kernel, vec![of.clone()], Type::Bigint).on(vec![expr]),
        Type::Char(_) => Udf::new("padded", padded_kernel, vec![of.clone()], VARCHAR).on(vec![expr]),
        Type::Array(_) | Type::Row(_) => {
            Udf::new("rank", rank_kernel, vec![of.clone()], Type::Varbinary).on(vec![expr])
        }
        _ => expr,
    }
}

/// The values of arrays or rows that Trino could sort whatever they are beside.
pub(crate) fn without_nulls(expr: Expr, of: &Type) -> Expr {
    Udf::new("without_nulls", without_nulls_kernel, vec![of.clone()], of.clone()).on(vec![expr])
}

/// [`sort_key`] for values that are sorted behind nulls: there NaN is the least number.
pub(crate) fn sort_key_after_nulls(expr: Expr, of: &Type) -> Expr {
    match of {
        Type::Real | Type::Double | Type::Array(_) | Type::Row(_) => {
            Udf::new("rank_after_nulls", rank_after_nulls_kernel, vec![of.clone()], Type::Varbinary).on(vec![expr])
        }
        _ => sort_key(expr, of),
    }
}

/// What is the same where the values are, if the values themselves may look different; nulls are alike.
pub(crate) fn group_key(expr: Expr, of: &Type) -> Option<Expr> {
    match of {
        Type::Real | Type::Double | Type::TimestampTz(_) | Type::TimeTz(_) => Some(sort_key(expr, of)),
        _ if may_look_different(of) => Some(identity_key(expr, of)),
        _ => None,
    }
}

/// What is the same where the values are, nulls and NaN within them too, and null where they are.
pub(crate) fn identity_key(expr: Expr, of: &Type) -> Expr {
    match of {
        Type::Array(_) | Type::Map(..) | Type::Row(_) => {
            Udf::new(IDENTITY, identity_kernel, vec![of.clone()], Type::Varbinary).on(vec![expr])
        }
        _ => sort_key(expr, of),
    }
}

/// The values that an [`identity_key`] stands for, where it is not one of them itself.
pub(crate) fn identified(key: &Expr) -> Option<(&Expr, &Type)> {
    let Expr::ScalarFunction(call) = key else { return None };
    let udf = call.func.inner().downcast_ref::<Udf>().filter(|udf| udf.name == IDENTITY)?;
    Some((call.args.first()?, udf.types.first()?))
}

fn may_look_different(of: &Type) -> bool {
    match of {
        Type::Real | Type::Double | Type::TimestampTz(_) | Type::TimeTz(_) | Type::Map(..) => true,
        Type::Array(element) => may_look_different(element),
        Type::Row(fields) => fields.iter().any(|(_, field)| may_look_different(field)),
        _ => false,
    }
}

/// The type of [`sort_key`].
pub(crate) fn sort_type(of: &Type) -> Type {
    match of {
        Type::TimestampTz(_) => Type::decimal(MAX_PRECISION, 0),
        Type::TimeTz(_) => Type::Bigint,
        Type::Char(_) => VARCHAR,
        Type::Array(_) | Type::Row(_) => Type::Varbinary,
        other => other.clone(),
    }
}

fn instant_kernel(call: &Call) -> Result<ArrayRef> {
    let array = call.array(0)?;
    let instants = value::instants(&array);
    let instants = datafusion::arrow::array::Decimal128Array::new(instants.values().clone(), array.nulls().cloned());
    Ok(Arc::new(instants.with_data_type(DataType::Decimal128(MAX_PRECISION, 0))))
}

fn identity_kernel(call: &Call) -> Result<ArrayRef> {
    let value = call.any(0);
    call.blobs(|row| {
        let value = value.get(row);
        if value::has_lost_key(&value) {
            return Err(Error::not_here("Telling maps with NaN among their keys apart"));
        }
        let mut bytes = Vec::new();
        identity(&value, &mut bytes);
        Ok(Some(bytes))
    })
}

/// Bytes that are the same for values of a type exactly where the values are.
fn identity(of: &value::Value, bytes: &mut Vec<u8>) {
    use value::Value;
    let nested = |items: &mut dyn Iterator<Item = &Value>, length: usize, bytes: &mut Vec<u8>| {
        bytes.extend((length as u64).to_le_bytes());
        items.for_each(|item| identity(item, bytes));
    };
    let double = |it: f64| if it.is_nan() { f64::NAN } else { it + 0.0 };
    bytes.push(u8::from(!of.is_null()));
    match of {
        Value::Null => {}
        Value::Boolean(it) => bytes.push(u8::from(*it)),
        Value::Int(it) => bytes.extend(it.to_le_bytes()),
        Value::Real(it) => bytes.extend(double((*it).into()).to_le_bytes()),
        Value::Double(it) => bytes.extend(double(*it).to_le_bytes()),
        Value::Decimal(it) | Value::Timestamp(it) | Value::TimestampTz(it, _) => bytes.extend(it.to_le_bytes()),
        Value::TimeTz(picos, offset) => bytes.extend(value::utc_of_day(*picos, *offset).to_le_bytes()),
        Value::Text(it) => {
            bytes.extend((it.len() as u64).to_le_bytes());
            bytes.extend(it.as_bytes());
        }
        Value::Bytes(it) => {
            bytes.extend((it.len() as u64).to_le_bytes());
            bytes.extend(it);
        }
        Value::Array(items) | Value::Row(items) => nested(&mut items.iter(), items.len(), bytes),
        Value::Map(entries) => {
            let mut sorted: Vec<Vec<u8>> = entries
                .iter()
                .map(|(key, item)| {
                    let mut entry = Vec::new();
                    identity(key, &mut entry);
                    identity(item, &mut entry);
                    entry
                })
                .collect();
            sorted.sort_unstable();
            bytes.extend((sorted.len() as u64).to_le_bytes());
            sorted.iter().for_each(|entry| bytes.extend(entry));
        }
    }
}

fn rank_kernel(call: &Call) -> Result<ArrayRef> {
    ranks(call, false)
}

fn rank_after_nulls_kernel(call: &Call) -> Result<ArrayRef> {
    ranks(call, true)
}

fn without_nulls_kernel(call: &Call) -> Result<ArrayRef> {
    let value = call.any(0);
    if (0..call.rows).any(|row| value::sortable(&value.get(row)).is_err()) {
        return Err(Error::not_here(format!("INTERSECT ALL or EXCEPT ALL of {} with nulls within", call.types[0])));
    }
    call.array(0)
}

fn ranks(call: &Call, nan_first: bool) -> Result<ArrayRef> {
    let value = call.any(0);
    call.blobs(|row| {
        let value = value.get(row);
        value::sortable(&value)?;
        let mut bytes = Vec::new();
        rank(&value, nan_first, &mut bytes);
        Ok(Some(bytes))
    })
}

/// Bytes that sort as the values of a type do; no bytes of one begin those of another.
fn rank(of: &value::Value, nan_first: bool, bytes: &mut Vec<u8>) {
    use value::Value;
    let whole = |it: i128| (it as u128 ^ 1 << 127).to_be_bytes();
    let double = |it: f64| {
        if it.is_nan() && nan_first {
            return [0; 8];
        }
        let bits = if it.is_nan() { f64::NAN } else { it + 0.0 }.to_bits();
        (if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }).to_be_bytes()
    };
    let text = |it: &[u8], bytes: &mut Vec<u8>| {
        for byte in it {
            bytes.push(*byte);
            if *byte == 0 {
                bytes.push(1);
            }
        }
        bytes.extend([0, 0]);
    };
    match of {
        // They have no order, or were refused.
        Value::Null | Value::Map(_) => {}
        Value::Boolean(it) => bytes.push(u8::from(*it)),
        Value::Int(it) => bytes.extend(whole((*it).into())),
        Value::Real(it) => bytes.extend(double((*it).into())),
        Value::Double(it) => bytes.extend(double(*it)),
        Value::Decimal(it) | Value::Timestamp(it) | Value::TimestampTz(it, _) => bytes.extend(whole(*it)),
        Value::TimeTz(picos, offset) => bytes.extend(whole(value::utc_of_day(*picos, *offset).into())),
        Value::Text(it) => text(it.as_bytes(), bytes),
        Value::Bytes(it) => text(it, bytes),
        Value::Array(items) => {
            for item in items {
                bytes.push(1);
                rank(item, nan_first, bytes);
            }
            bytes.push(0);
        }
        Value::Row(items) => items.iter().for_each(|item| rank(item, nan_first, bytes)),
    }
}

fn one_zero_kernel(call: &Call) -> Result<ArrayRef> {
    let array = call.array(0)?;
    Ok(match array.data_type() {
        DataType::Float32 => Arc::new(
            array
                .as_primitive::<Float32Type>()
                .unary::<_, Float32Type>(|it| if it.is_nan() { f32::NAN } else { it + 0.0 }),
        ),
        _ => Arc::new(
            array
                .as_primitive::<Float64Type>()
                .unary::<_, Float64Type>(|it| if it.is_nan() { f64::NAN } else { it + 0.0 }),
        ),
    })
}

fn number_key_kernel(call: &Call) -> Result<ArrayRef> {
    let array = call.array(0)?;
    Ok(match array.data_type() {
        DataType::Float32 => Arc::new(
            array.as_primitive::<Float32Type>().unary_opt::<_, Float32Type>(|it| (!it.is_nan()).then_some(it + 0.0)),
        ),
        _ => Arc::new(
            array.as_primitive::<Float64Type>().unary_opt::<_, Float64Type>(|it| (!it.is_nan()).then_some(it + 0.0)),
        ),
    })
}

fn equal_key_kernel(call: &Call) -> Result<ArrayRef> {
    let value = call.any(0);
    call.blobs(|row| {
        let value = value.get(row);
        if value::equal(&value, &value) != Some(true) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        identity(&value, &mut bytes);
        Ok(Some(bytes))
    })
}

/// With the spaces that a `char` has at its end, which sort behind control characters.
fn padded_kernel(call: &Call) -> Result<ArrayRef> {
    let Type::Char(length) = call.types[0] else { return call.array(0) };
    let text = call.text(0);
    call.texts(|row| {
        let padded = |text: &str| {
            let missing = (length as usize).saturating_sub(text.chars().count());
            format!("{text}{}", " ".repeat(missing))
        };
        Ok(text.get(row).map(padded))
    })
}

fn utc_kernel(call: &Call) -> Result<ArrayRef> {
    let value = call.any(0);
    call.bigints(|row| {
        Ok(match value.get(row) {
            value::Value::TimeTz(picos, offset) => Some(value::utc_of_day(picos, offset)),
            _ => None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::rank;
    use crate::value::{Value, order, order_after_nulls};

    #[test]
    fn ranks_sort_as_values() {
        let text = |text: &str| Value::Text(text.into());
        let double = |value: f64| Value::Double(value);
        let groups = [
            vec![text(""), text("\0"), text("\0a"), text("a"), text("a\0"), text("a\u{1}"), text("ab"), text("é")],
            [f64::NEG_INFINITY, -1.5, -0.0, 0.0, 1e-300, 2.0, f64::INFINITY, f64::NAN].map(double).to_vec(),
            [i64::MIN, -1, 0, 1, i64::MAX].map(Value::Int).to_vec(),
        ];
        for values in groups {
            let mut nested: Vec<Value> = values.iter().map(|value| Value::Array(vec![value.clone()])).collect();
            nested.push(Value::Array(Vec::new()));
            nested.extend(values.iter().flat_map(|a| values.iter().map(|b| Value::Array(vec![a.clone(), b.clone()]))));
            let bytes = |value: &Value, nan_first: bool| {
                let mut bytes = Vec::new();
                rank(value, nan_first, &mut bytes);
                bytes
            };
            for a in &nested {
                for b in &nested {
                    assert_eq!(bytes(a, false).cmp(&bytes(b, false)), order(a, b), "{a:?} {b:?}");
                    assert_eq!(bytes(a, true).cmp(&bytes(b, true)), order_after_nulls(a, b), "{a:?} {b:?}");
                }
            }
        }
    }
}
