//! One call of a function on a batch of rows: its arguments by row, and arrays of what it gives.

use std::sync::Arc;

use datafusion::arrow::array::UInt64Array;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, Decimal128Array, Int16Array, PrimitiveArray,
    StringArray, StringBuilder,
};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DataType, Float64Type, Int64Type};

use crate::closure::BoundClosure;
use crate::error::Result;
use crate::types::Type;
use crate::value::{Value, Values, array_of};
use crate::zone::Zone;

/// What computes a function. The array it gives has [`Call::rows`] rows and the Arrow type of [`Call::returns`].
pub type Kernel = fn(&Call) -> Result<ArrayRef>;

/// An argument: a column, or one value for all rows.
#[derive(Debug, Clone)]
pub struct Argument {
    pub array: ArrayRef,
    pub constant: bool,
}

impl Argument {
    fn at(&self, row: usize) -> usize {
        if self.constant { 0 } else { row }
    }

    pub fn is_null(&self, row: usize) -> bool {
        self.array.data_type() == &DataType::Null || self.array.is_null(self.at(row))
    }
}

#[derive(Debug)]
pub struct Call<'a> {
    /// Those that are no lambdas, in order.
    pub arguments: Vec<Argument>,
    /// Their types.
    pub types: &'a [Type],
    /// Lambdas, in order.
    pub lambdas: Vec<BoundClosure<'a>>,
    pub returns: &'a Type,
    pub rows: usize,
    /// Whether a null argument makes the result null; the makers of arrays below then see to it.
    pub strict: bool,
}

/// An argument by row. `None` is null.
#[derive(Debug)]
pub struct Column<A> {
    array: A,
    constant: bool,
}

impl<A: Array> Column<A> {
    fn index(&self, row: usize) -> Option<usize> {
        let at = if self.constant { 0 } else { row };
        (!self.array.is_null(at)).then_some(at)
    }
}

impl Column<&StringArray> {
    pub fn get(&self, row: usize) -> Option<&str> {
        self.index(row).map(|at| self.array.value(at))
    }
}

impl Column<&BinaryArray> {
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        self.index(row).map(|at| self.array.value(at))
    }
}

impl Column<&BooleanArray> {
    pub fn get(&self, row: usize) -> Option<bool> {
        self.index(row).map(|at| self.array.value(at))
    }
}

impl<T: ArrowPrimitiveType> Column<PrimitiveArray<T>> {
    pub fn get(&self, row: usize) -> Option<T::Native> {
        self.index(row).map(|at| self.array.value(at))
    }
}

/// A zoned timestamp by row: the instant in picoseconds, and the zone.
#[derive(Debug)]
pub struct ZonedColumn {
    instants: Column<Decimal128Array>,
    zones: Int16Array,
}

impl ZonedColumn {
    pub fn get(&self, row: usize) -> Option<(i128, Zone)> {
        let at = self.instants.index(row)?;
        Some((self.instants.array.value(at), Zone::from_key(self.zones.value(at))))
    }
}

/// An argument of any type by row.
#[derive(Debug)]
pub struct AnyColumn<'a> {
    values: Values<'a>,
    constant: bool,
}

impl AnyColumn<'_> {
    pub fn get(&self, row: usize) -> Value {
        self.values.get(if self.constant { 0 } else { row })
    }
}

impl<'a> Call<'a> {
    /// The one value of an argument that is the same for all rows, as its first row has it.
    pub fn is_constant(&self, argument: usize) -> bool {
        self.arguments[argument].constant
    }

    /// A `varchar`, `char` or `json`.
    pub fn text(&self, argument: usize) -> Column<&StringArray> {
        let Argument { array, constant } = &self.arguments[argument];
        Column { array: array.as_string(), constant: *constant }
    }

    /// A `varbinary`, or what else is carried as bytes.
    pub fn bytes(&self, argument: usize) -> Column<&BinaryArray> {
        let Argument { array, constant } = &self.arguments[argument];
        Column { array: array.as_binary(), constant: *constant }
    }

    pub fn boolean(&self, argument: usize) -> Column<&BooleanArray> {
        let Argument { array, constant } = &self.arguments[argument];
        Column { array: array.as_boolean(), constant: *constant }
    }

    /// An integer of any width, days of a date, picoseconds of a time, milliseconds or months of an interval.
    ///
    /// # Errors
    /// Never for such an argument.
    pub fn int(&self, argument: usize) -> Result<Column<PrimitiveArray<Int64Type>>> {
        let Argument { array, constant } = &self.arguments[argument];
        // A date becomes its days only by way of its own width.
        let array = match array.data_type() {
            DataType::Date32 => cast(array, &DataType::Int32)?,
            _ => Arc::clone(array),
        };
        Ok(Column { array: cast(&array, &DataType::Int64)?.as_primitive::<Int64Type>().clone(), constant: *constant })
    }

    /// A `real` or `double`.
    ///
    /// # Errors
    /// Never for such an argument.
    pub fn double(&self, argument: usize) -> Result<Column<PrimitiveArray<Float64Type>>> {
        let Argument { array, constant } = &self.arguments[argument];
        let array = cast(array, &DataType::Float64)?;
        Ok(Column { array: array.as_primitive::<Float64Type>().clone(), constant: *constant })
    }

    /// A decimal without its point.
    pub fn decimal(&self, argument: usize) -> Column<Decimal128Array> {
        let Argument { array, constant } = &self.arguments[argument];
        Column { array: array.as_primitive().clone(), constant: *constant }
    }

    pub fn zoned(&self, argument: usize) -> ZonedColumn {
        let Argument { array, constant } = &self.arguments[argument];
        let parts = array.as_struct();
        // The nulls are the struct's.
        let instants = crate::value::instants(array);
        let instants = Decimal128Array::new(instants.values().clone(), parts.nulls().cloned());
        ZonedColumn {
            instants: Column { array: instants, constant: *constant },
            zones: parts.column(1).as_primitive().clone(),
        }
    }

    /// Anything, also `timestamp` of any precision.
    pub fn any(&self, argument: usize) -> AnyColumn<'_> {
        let Argument { array, constant } = &self.arguments[argument];
        AnyColumn { values: Values::new(array, &self.types[argument]), constant: *constant }
    }

    /// An argument as an array of [`Call::rows`] rows.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub fn array(&self, argument: usize) -> Result<ArrayRef> {
        let Argument { array, constant } = &self.arguments[argument];
        if !*constant {
            return Ok(Arc::clone(array));
        }
        Ok(take(array, &UInt64Array::from(vec![0; self.rows]), None)?)
    }

    /// Whether the row's result is null for an argument that is.
    pub fn is_null(&self, row: usize) -> bool {
        self.strict && self.arguments.iter().any(|argument| argument.is_null(row))
    }

    /// Text of each row.
    pub fn texts<S: AsRef<str>>(&self, mut of: impl FnMut(usize) -> Result<Option<S>>) -> Result<ArrayRef> {
        let mut builder = StringBuilder::with_capacity(self.rows, 0);
        for row in 0..self.rows {
            match if self.is_null(row) { None } else { of(row)? } {
                Some(text) => builder.append_value(text),
                None => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    pub fn blobs<B: AsRef<[u8]>>(&self, mut of: impl FnMut(usize) -> Result<Option<B>>) -> Result<ArrayRef> {
        let mut builder = BinaryBuilder::with_capacity(self.rows, 0);
        for row in 0..self.rows {
            match if self.is_null(row) { None } else { of(row)? } {
                Some(bytes) => builder.append_value(bytes),
                None => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    pub fn booleans(&self, mut of: impl FnMut(usize) -> Result<Option<bool>>) -> Result<ArrayRef> {
        let mut values = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            values.push(if self.is_null(row) { None } else { of(row)? });
        }
        Ok(Arc::new(BooleanArray::from(values)))
    }

    /// Numbers of the given Arrow type; its precision, scale or unit is that of the result type.
    pub fn primitives<T: ArrowPrimitiveType>(
        &self,
        mut of: impl FnMut(usize) -> Result<Option<T::Native>>,
    ) -> Result<ArrayRef> {
        let mut values = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            values.push(if self.is_null(row) { None } else { of(row)? });
        }
        let array: PrimitiveArray<T> = values.into_iter().collect();
        Ok(Arc::new(array.with_data_type(self.returns.arrow())))
    }

    /// Numbers for a result of type `bigint`, or another that 64 bits carry.
    pub fn bigints(&self, of: impl FnMut(usize) -> Result<Option<i64>>) -> Result<ArrayRef> {
        self.primitives::<Int64Type>(of)
    }

    pub fn doubles(&self, of: impl FnMut(usize) -> Result<Option<f64>>) -> Result<ArrayRef> {
        self.primitives::<Float64Type>(of)
    }

    /// Values of the result's type, whatever that is.
    pub fn values(&self, mut of: impl FnMut(usize) -> Result<Option<Value>>) -> Result<ArrayRef> {
        let mut values = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            values.push(if self.is_null(row) { Value::Null } else { Value::or_null(of(row)?) });
        }
        array_of(self.returns, &values)
    }
}
