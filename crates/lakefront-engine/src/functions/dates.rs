//! Trino's functions that take dates and times apart.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::functions::datetime;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let mut all = parts();
    all.push(Arc::new(ScalarUDF::from(ToDate::new())));
    all.push(Arc::new(ScalarUDF::from(Truncate::new())));
    all
}

/// `year(x)` and its like.
pub(super) fn parts() -> Vec<Arc<ScalarUDF>> {
    let parts: [(&'static str, &'static str, &'static [&'static str]); 10] = [
        ("year", "year", &[]),
        ("quarter", "quarter", &[]),
        ("month", "month", &[]),
        ("week", "week", &["week_of_year"]),
        ("day", "day", &["day_of_month"]),
        ("day_of_week", "isodow", &["dow"]),
        ("day_of_year", "doy", &["doy"]),
        ("hour", "hour", &[]),
        ("minute", "minute", &[]),
        ("second", "second", &[]),
    ];
    parts
        .into_iter()
        .map(|(name, part, aliases)| {
            Arc::new(ScalarUDF::from(Part::new(name, part)).with_aliases(aliases.iter().copied()))
        })
        .collect()
}

/// A part of a date or time as `bigint`: weeks as ISO 8601 counts them, Monday is 1 and Sunday 7.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Part {
    name: &'static str,
    part: &'static str,
    signature: Signature,
}

impl Part {
    fn new(name: &'static str, part: &'static str) -> Self {
        Part { name, part, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Part {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let of_time = matches!(self.name, "hour" | "minute" | "second");
        match types {
            [DataType::Null] => Ok(vec![DataType::Timestamp(TimeUnit::Millisecond, None)]),
            [DataType::Timestamp(..)] => Ok(types.to_vec()),
            [DataType::Date32] if !of_time => Ok(types.to_vec()),
            [DataType::Time32(_) | DataType::Time64(_)] if of_time => Ok(types.to_vec()),
            _ => plan_err!(
                "cannot cast the argument of {}: it takes a {}",
                self.name,
                match of_time {
                    true => "time or timestamp",
                    false => "date or timestamp",
                }
            ),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let part = ScalarValue::from(self.part);
        let field = Field::new("part", part.data_type(), false);
        args.args.insert(0, ColumnarValue::Scalar(part));
        args.arg_fields.insert(0, Arc::new(field));
        args.return_field = Arc::new(Field::new("part", DataType::Int32, true));
        datetime::date_part().invoke_with_args(args)?.cast_to(&DataType::Int64, None)
    }
}

/// `date(x)`: the same as `CAST(x AS date)`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ToDate {
    signature: Signature,
}

impl ToDate {
    fn new() -> Self {
        ToDate { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for ToDate {
    fn name(&self) -> &str {
        "date"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [
                DataType::Null
                | DataType::Date32
                | DataType::Timestamp(..)
                | DataType::Utf8
                | DataType::LargeUtf8
                | DataType::Utf8View,
            ] => Ok(DataType::Date32),
            _ => plan_err!("cannot cast the argument of date: it takes a varchar or a timestamp"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.first() {
            Some(value) => value.cast_to(&DataType::Date32, None),
            None => exec_err!("date takes one argument"),
        }
    }
}

/// `date_trunc(unit, x)`, which leaves a date a date.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Truncate {
    inner: Arc<ScalarUDF>,
}

impl Truncate {
    fn new() -> Self {
        Truncate { inner: datetime::date_trunc() }
    }
}

fn as_timestamp(field: &FieldRef) -> FieldRef {
    match field.data_type() {
        DataType::Date32 => Arc::new(Field::clone(field).with_data_type(DataType::Timestamp(TimeUnit::Second, None))),
        _ => Arc::clone(field),
    }
}

impl ScalarUDFImpl for Truncate {
    fn name(&self) -> &str {
        "date_trunc"
    }

    fn signature(&self) -> &Signature {
        static ANY: std::sync::LazyLock<Signature> =
            std::sync::LazyLock::new(|| Signature::user_defined(Volatility::Immutable));
        &ANY
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View,
                value @ (DataType::Date32 | DataType::Timestamp(..)),
            ] => Ok(vec![DataType::Utf8, value.clone()]),
            [DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, DataType::Null] => {
                Ok(vec![DataType::Utf8, DataType::Timestamp(TimeUnit::Millisecond, None)])
            }
            _ => plan_err!("cannot cast the arguments of date_trunc: it takes a unit and a date or timestamp"),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types.get(1) {
            Some(value) => Ok(value.clone()),
            None => plan_err!("date_trunc takes two arguments"),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let data_type = self.return_type(&args.arg_fields.iter().map(|f| f.data_type().clone()).collect::<Vec<_>>())?;
        if data_type == DataType::Date32
            && let Some(Some(unit)) = args.scalar_arguments.first()
            && let Some(Some(unit)) = unit.try_as_str()
            && matches!(unit.to_lowercase().as_str(), "hour" | "minute" | "second" | "millisecond")
        {
            return plan_err!("'{unit}' is not a unit of dates");
        }
        Ok(Arc::new(Field::new("date_trunc", data_type, true)))
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let wanted = args.return_field.data_type().clone();
        if wanted == DataType::Date32 {
            args.args[1] = args.args[1].cast_to(&DataType::Timestamp(TimeUnit::Second, None), None)?;
            args.arg_fields = args.arg_fields.iter().map(as_timestamp).collect();
            args.return_field = as_timestamp(&args.return_field);
        }
        self.inner.invoke_with_args(args)?.cast_to(&wanted, None)
    }
}
