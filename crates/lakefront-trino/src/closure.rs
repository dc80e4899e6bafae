//! Expressions that a function evaluates itself: the bodies of lambdas, and what `TRY` tries.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt64Array, new_empty_array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{ColumnarValue, Expr};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};

use crate::error::{Code, Error, Result};
use crate::short_circuit;
use crate::types::Type;
use crate::udf::Udf;

/// An expression over parameters `p0`, `p1`, … and captured values `c0`, `c1`, ….
#[derive(Debug)]
pub struct Closure {
    pub body: Expr,
    pub parameters: Vec<Type>,
    pub captured: Vec<Type>,
    pub returns: Type,
    physical: OnceLock<Arc<dyn PhysicalExpr>>,
}

impl PartialEq for Closure {
    fn eq(&self, other: &Self) -> bool {
        self.body == other.body && self.parameters == other.parameters && self.captured == other.captured
    }
}

impl Eq for Closure {}

impl Hash for Closure {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.body.hash(state);
    }
}

impl Closure {
    pub fn new(body: Expr, parameters: Vec<Type>, captured: Vec<Type>, returns: Type) -> Self {
        Self { body, parameters, captured, returns, physical: OnceLock::new() }
    }

    pub fn parameter(at: usize) -> String {
        format!("p{at}")
    }

    pub fn capture(at: usize) -> String {
        format!("c{at}")
    }

    fn schema(&self) -> SchemaRef {
        let field = |name: String, of: &Type| Field::new(name, of.arrow(), true);
        let parameters = self.parameters.iter().enumerate().map(|(at, of)| field(Self::parameter(at), of));
        let captured = self.captured.iter().enumerate().map(|(at, of)| field(Self::capture(at), of));
        Arc::new(Schema::new(parameters.chain(captured).collect::<Vec<_>>()))
    }

    fn physical(&self) -> Result<&Arc<dyn PhysicalExpr>> {
        if self.physical.get().is_none() {
            let schema = DFSchema::try_from(self.schema().as_ref().clone())?;
            let body = short_circuit::in_expression(Udf::with_known_values(self.body.clone())?)?;
            let physical =
                create_physical_expr(&body, &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
            let _ = self.physical.set(physical);
        }
        self.physical.get().ok_or_else(|| Error::new(Code::GenericInternalError, "a lambda without a body"))
    }

    /// The value of the body for each row of the parameters, and of the captured values behind them.
    pub(crate) fn evaluate(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<ArrayRef> {
        // What is the same for all rows may fail, which it does for none.
        if rows == 0 {
            return Ok(new_empty_array(&self.returns.arrow()));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema(), columns, &options)?;
        match self.physical()?.evaluate(&batch)? {
            ColumnarValue::Array(array) => Ok(array),
            ColumnarValue::Scalar(scalar) => Ok(scalar.to_array_of_size(rows)?),
        }
    }
}

/// A closure with the values it captured in a batch.
#[derive(Debug)]
pub struct BoundClosure<'a> {
    closure: &'a Closure,
    captured: Vec<ArrayRef>,
}

impl<'a> BoundClosure<'a> {
    /// The captured arrays have one row for each of the batch.
    pub fn new(closure: &'a Closure, captured: Vec<ArrayRef>) -> Self {
        Self { closure, captured }
    }

    pub fn returns(&self) -> &Type {
        &self.closure.returns
    }

    pub fn parameter_types(&self) -> &[Type] {
        &self.closure.parameters
    }

    /// Evaluates the body once for each parameter row; `rows_of[i]` is the batch's row that parameter row `i` belongs to.
    ///
    /// # Errors
    /// What the body fails with, for any row.
    pub fn apply(&self, parameters: Vec<ArrayRef>, rows_of: &[u64]) -> Result<ArrayRef> {
        let mut columns = parameters;
        if !self.captured.is_empty() {
            let rows = UInt64Array::from(rows_of.to_vec());
            for captured in &self.captured {
                columns.push(take(captured, &rows, None)?);
            }
        }
        self.closure.evaluate(columns, rows_of.len())
    }

    /// Evaluates a body without parameters for the batch; rows for which it fails in a way that `TRY` forgives are null.
    ///
    /// # Errors
    /// What the body fails with beside that.
    pub fn attempt(&self, rows: usize) -> Result<ArrayRef> {
        attempt(self.closure, &self.captured, rows)
    }
}

/// Halves the batch until the rows that fail stand alone.
fn attempt(closure: &Closure, captured: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
    match closure.evaluate(captured.to_vec(), rows) {
        Ok(array) => Ok(array),
        Err(error) if !is_forgiven(error.code) => Err(error),
        Err(_) if rows <= 1 => Ok(datafusion::arrow::array::new_null_array(&closure.returns.arrow(), rows)),
        Err(_) => {
            let half = rows / 2;
            let part = |from: usize, length: usize| {
                let captured: Vec<_> = captured.iter().map(|array| array.slice(from, length)).collect();
                attempt(closure, &captured, length)
            };
            let (first, second) = (part(0, half)?, part(half, rows - half)?);
            Ok(datafusion::arrow::compute::concat(&[first.as_ref(), second.as_ref()])?)
        }
    }
}

fn is_forgiven(code: Code) -> bool {
    matches!(
        code,
        Code::DivisionByZero | Code::InvalidCastArgument | Code::InvalidFunctionArgument | Code::NumericValueOutOfRange
    )
}
