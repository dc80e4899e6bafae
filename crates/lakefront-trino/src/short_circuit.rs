//! AND, OR and calls as Trino evaluates them: what stands behind is not evaluated for rows that are decided already, so
//! `x <> 0 AND 10 / x > 1` never divides by zero, and `x + 10 / y` is null without a division where x is. DataFusion
//! evaluates all parts for whole batches.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::{and_kleene, or_kleene};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result, ScalarValue, internal_err};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::utils::{conjunction, disjunction};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TypeSignature, Volatility,
};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};

use crate::udf::{Udf, is_null};

/// Functions that never fail.
const SAFE: &[&str] = &["ingest", "present", "row", "array", "get_field", "is_number"];

/// Makes the expressions of an optimised plan evaluate no more than they must. After the optimiser, which moves conditions
/// and would not look into these.
///
/// # Errors
/// Those of DataFusion.
pub(crate) fn in_plan(plan: LogicalPlan) -> Result<LogicalPlan> {
    let done = plan.transform_down_with_subqueries(|node| match node {
        LogicalPlan::TableScan(_) => Ok(Transformed::no(node)),
        LogicalPlan::Filter(mut filter) => {
            let parts = parts(filter.predicate, Operator::And);
            let (safe, others) = if reads_files(&filter.input) { reordered(parts) } else { in_order(parts) };
            // Scans leave out files by what they can read.
            let known = conjunction(safe.clone()).filter(|_| !others.is_empty());
            let all = lazily(Operator::And, safe, others)?;
            filter.predicate = known.map_or(all.clone(), |known| known.and(all));
            Ok(Transformed::yes(LogicalPlan::Filter(filter)))
        }
        node => {
            let names = NamePreserver::new(&node);
            node.map_expressions(|expr| {
                let name = names.save(&expr);
                Ok(Transformed::yes(name.restore(in_expression(expr)?)))
            })
        }
    })?;
    Ok(done.data)
}

/// The same for one expression.
///
/// # Errors
/// Those of DataFusion.
pub(crate) fn in_expression(expr: Expr) -> Result<Expr> {
    let done = expr.transform_down(|expr| match expr {
        Expr::BinaryExpr(BinaryExpr { op: op @ (Operator::And | Operator::Or), .. }) => {
            let (safe, others) = in_order(parts(expr, op));
            Ok(Transformed::new(lazily(op, safe, others)?, true, TreeNodeRecursion::Jump))
        }
        other => in_turn(other),
    })?;
    Ok(done.data)
}

/// A call or comparison whose operands are evaluated one after the other, if one behind another may fail.
fn in_turn(expr: Expr) -> Result<Transformed<Expr>> {
    let (mut operands, strict, is_swapped, of) = match &expr {
        Expr::ScalarFunction(call) => match call.func.inner().downcast_ref::<Udf>() {
            Some(udf) => (call.args.clone(), nulled_by(udf), is_swapped(udf.name), udf.arrow.clone()),
            None => return Ok(Transformed::no(expr)),
        },
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: op @ (Operator::Eq | Operator::NotEq | Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq),
            right,
        }) => {
            let operands = vec![left.as_ref().clone(), right.as_ref().clone()];
            (operands, 2, matches!(op, Operator::Gt | Operator::GtEq), DataType::Boolean)
        }
        _ => return Ok(Transformed::no(expr)),
    };
    if is_swapped {
        operands.reverse();
    }
    let is_literal = |expr: &Expr| matches!(expr, Expr::Literal(..));
    // Behind a null that is known nothing is evaluated.
    let mut before = operands.iter().take(strict).take_while(|operand| is_literal(operand));
    if before.any(is_null) {
        return Ok(Transformed::yes(Expr::Literal(ScalarValue::try_from(&of)?, None)));
    }
    // Nor behind one that only the run tells of in Trino.
    if let Expr::ScalarFunction(call) = &expr
        && let Some(udf) = call.func.inner().downcast_ref::<Udf>()
        && let Some(null) = operands.iter().take(strict).position(is_null)
        && operands[null + 1..strict].iter().any(may_fail)
    {
        for (operand, of) in operands[..strict].iter_mut().zip(&udf.types).skip(null + 1) {
            *operand = Expr::Literal(ScalarValue::try_from(of.arrow())?, None);
        }
        return in_turn(call.func.call(operands));
    }
    let first = operands.iter().position(|operand| !is_literal(operand)).unwrap_or(strict);
    let may_wait = strict > first && operands.iter().skip(first + 1).any(may_fail);
    if !may_wait || operands.iter().any(stays) {
        return Ok(Transformed::no(expr));
    }
    let mut columns = Vec::new();
    let mut bodies = Vec::new();
    let mut rest = Vec::with_capacity(operands.len());
    for operand in operands {
        if is_literal(&operand) {
            rest.push(operand);
            continue;
        }
        rest.push(Expr::Column(Column::from_name(name(bodies.len()))));
        bodies.push(of_columns(in_expression(operand)?, &mut columns)?);
    }
    let strict = rest[..strict].iter().filter(|operand| !is_literal(operand)).count();
    if is_swapped {
        rest.reverse();
    }
    let whole = match expr {
        Expr::ScalarFunction(call) => call.func.call(rest),
        Expr::BinaryExpr(BinaryExpr { op, .. }) => match <[Expr; 2]>::try_from(rest) {
            Ok([left, right]) => Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right))),
            Err(_) => return internal_err!("a comparison of more than two"),
        },
        _ => return internal_err!("neither a call nor a comparison"),
    };
    // It may read no column.
    let volatility = volatility(bodies.iter().chain([&whole]));
    let signature = Signature::one_of(vec![TypeSignature::VariadicAny, TypeSignature::Nullary], volatility);
    let call = InTurn { whole, bodies, strict, of, signature, compiled: OnceLock::new() };
    let call = ScalarUDF::new_from_impl(call).call(columns.into_iter().map(Expr::Column).collect());
    Ok(Transformed::new(call, true, TreeNodeRecursion::Jump))
}

/// How many of its first arguments make a call null where they are, so that the others are not evaluated there.
fn nulled_by(udf: &Udf) -> usize {
    match udf.name {
        _ if udf.strict => udf.types.len(),
        "=" | "<>" | "<" | "<=" | ">" | ">=" => 2,
        "concat_ws" | "format" | "reduce" => 1,
        _ => 0,
    }
}

/// For Trino `a > b` is `b < a`.
fn is_swapped(name: &str) -> bool {
    matches!(name, ">" | ">=")
}

/// What operators of one kind connect, in order.
fn parts(expr: Expr, of: Operator) -> Vec<Expr> {
    let (mut open, mut parts) = (vec![expr], Vec::new());
    while let Some(expr) = open.pop() {
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if op == of => open.extend([*right, *left]),
            other => parts.push(other),
        }
    }
    parts
}

/// What stands before the first that may fail with what can't be put off, and the rest.
fn in_order(parts: Vec<Expr>) -> (Vec<Expr>, Vec<Expr>) {
    let (mut safe, mut rest): (Vec<Expr>, Vec<Expr>) = parts.into_iter().partition(stays);
    let others = rest.split_off(rest.iter().position(may_fail).unwrap_or(rest.len()));
    safe.append(&mut rest);
    (safe, others)
}

/// What cannot fail, and the rest.
fn reordered(parts: Vec<Expr>) -> (Vec<Expr>, Vec<Expr>) {
    parts.into_iter().partition(|part| !may_fail(part))
}

/// Whether the rows are those of files. There, what cannot fail comes first wherever it stands: it costs little, decides
/// most, and leaves out whole files.
fn reads_files(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(_) => true,
        LogicalPlan::Projection(projection) => reads_files(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => reads_files(&alias.input),
        _ => false,
    }
}

/// Whether evaluating it may be an error, as far as it can be put off.
pub(crate) fn may_fail(expr: &Expr) -> bool {
    let fails = expr.exists(|expr| Ok(matches!(expr, Expr::ScalarFunction(call) if !SAFE.contains(&call.func.name()))));
    fails.unwrap_or(false) && !stays(expr)
}

/// Whether there is something within that only the plan around can evaluate.
fn stays(expr: &Expr) -> bool {
    let found = expr.exists(|expr| {
        Ok(matches!(
            expr,
            Expr::ScalarSubquery(_)
                | Expr::InSubquery(_)
                | Expr::Exists(_)
                | Expr::OuterReferenceColumn(..)
                | Expr::AggregateFunction(_)
                | Expr::WindowFunction(_)
                | Expr::Unnest(_)
        ))
    });
    found.unwrap_or(true)
}

/// The expression over columns that are named by their places among those known, which become more.
fn of_columns(expr: Expr, known: &mut Vec<Column>) -> Result<Expr> {
    let over = expr.transform(|expr| match expr {
        Expr::Column(column) => {
            let at = known.iter().position(|known| *known == column).unwrap_or_else(|| {
                known.push(column);
                known.len() - 1
            });
            Ok(Transformed::yes(Expr::Column(Column::from_name(name(at)))))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(over.data)
}

/// The conditions connected; the others are evaluated, in order, only for rows that nothing before has decided.
fn lazily(op: Operator, safe: Vec<Expr>, others: Vec<Expr>) -> Result<Expr> {
    let joined = |parts: Vec<Expr>| match op {
        Operator::And => conjunction(parts),
        _ => disjunction(parts),
    };
    let safe = safe.into_iter().map(in_expression).collect::<Result<Vec<_>>>()?;
    let mut others = others.into_iter().map(in_expression).collect::<Result<VecDeque<_>>>()?;
    let Some(first) = joined(safe).or_else(|| others.pop_front()) else {
        return internal_err!("an operator without operands");
    };
    if others.is_empty() {
        return Ok(first);
    }
    let mut columns = Vec::new();
    let bodies = others.into_iter().map(|other| of_columns(other, &mut columns)).collect::<Result<Vec<_>>>()?;
    let signature = Signature::variadic_any(volatility(bodies.iter()));
    let call = ShortCircuit { op, bodies, signature, compiled: OnceLock::new() };
    let arguments = std::iter::once(first).chain(columns.into_iter().map(Expr::Column));
    Ok(ScalarUDF::new_from_impl(call).call(arguments.collect()))
}

fn volatility<'a>(mut parts: impl Iterator<Item = &'a Expr>) -> Volatility {
    if parts.any(Expr::is_volatile) { Volatility::Volatile } else { Volatility::Immutable }
}

fn name(at: usize) -> String {
    format!("c{at}")
}

/// Of columns that are named by their places.
fn schema_of<'a>(types: impl Iterator<Item = &'a DataType>) -> SchemaRef {
    let fields = types.enumerate().map(|(at, of)| Field::new(name(at), of.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn compiled(bodies: &[Expr], schema: &SchemaRef) -> Result<Vec<Arc<dyn PhysicalExpr>>> {
    let known = DFSchema::try_from(schema.as_ref().clone())?;
    let compile =
        |body| create_physical_expr(body, &known, &ExecutionProps::new(), &PhysicalPlanningContext::default());
    bodies.iter().map(compile).collect()
}

fn batch_of(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}

/// The first argument is the first condition; the others are the columns that the bodies of the others read.
#[derive(Debug)]
struct ShortCircuit {
    op: Operator,
    bodies: Vec<Expr>,
    signature: Signature,
    compiled: OnceLock<(SchemaRef, Vec<Arc<dyn PhysicalExpr>>)>,
}

impl PartialEq for ShortCircuit {
    fn eq(&self, other: &Self) -> bool {
        self.op == other.op && self.bodies == other.bodies
    }
}

impl Eq for ShortCircuit {}

impl Hash for ShortCircuit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.op, &self.bodies).hash(state);
    }
}

impl ShortCircuit {
    fn compiled(&self, columns: &[Arc<Field>]) -> Result<&(SchemaRef, Vec<Arc<dyn PhysicalExpr>>)> {
        if let Some(compiled) = self.compiled.get() {
            return Ok(compiled);
        }
        let schema = schema_of(columns.iter().map(|field| field.data_type()));
        let compiled = (schema.clone(), compiled(&self.bodies, &schema)?);
        Ok(self.compiled.get_or_init(|| compiled))
    }

    /// Rows that the conditions so far leave open.
    fn open(&self, known: &BooleanArray) -> BooleanArray {
        let values = known.values();
        let open = match (self.op, known.nulls()) {
            (Operator::And, None) => values.clone(),
            (Operator::And, Some(valid)) => values | &!valid.inner(),
            (_, None) => !values,
            (_, Some(valid)) => !&(values & valid.inner()),
        };
        BooleanArray::new(open, None)
    }
}

impl ScalarUDFImpl for ShortCircuit {
    fn name(&self) -> &str {
        if self.op == Operator::And { "and_lazily" } else { "or_lazily" }
    }

    /// Two calls that differ only in their bodies must not share a name.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let names = |of: &[Expr]| of.iter().map(|expr| expr.schema_name().to_string()).collect::<Vec<_>>().join(", ");
        Ok(format!("{}<{}>({})", self.name(), names(&self.bodies), names(args)))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let (schema, bodies) = self.compiled(&args.arg_fields[1..])?;
        let mut arguments = args.args.into_iter().map(|argument| argument.into_array(rows));
        let mut known = match arguments.next() {
            Some(first) => as_boolean_array(&first?)?.clone(),
            None => return internal_err!("{} without a condition", self.name()),
        };
        let columns = arguments.collect::<Result<Vec<ArrayRef>>>()?;
        for body in bodies {
            let open = self.open(&known);
            if !open.has_true() {
                break;
            }
            let batch = batch_of(schema, columns.clone(), rows)?;
            let value = body.evaluate_selection(&batch, &open)?.into_array(rows)?;
            let value = as_boolean_array(&value)?;
            known = if self.op == Operator::And { and_kleene(&known, value)? } else { or_kleene(&known, value)? };
        }
        Ok(ColumnarValue::Array(Arc::new(known)))
    }
}

/// A call over the values of the bodies, which read the columns that are its arguments.
#[derive(Debug)]
struct InTurn {
    whole: Expr,
    bodies: Vec<Expr>,
    /// How many of the bodies make the result null where they are, the first ones.
    strict: usize,
    of: DataType,
    signature: Signature,
    /// The schema of the columns, the bodies, and of what the bodies give the schema and the call.
    compiled: OnceLock<Compiled>,
}

type Compiled = (SchemaRef, Vec<Arc<dyn PhysicalExpr>>, SchemaRef, Arc<dyn PhysicalExpr>);

impl PartialEq for InTurn {
    fn eq(&self, other: &Self) -> bool {
        self.whole == other.whole && self.bodies == other.bodies
    }
}

impl Eq for InTurn {}

impl Hash for InTurn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.whole, &self.bodies).hash(state);
    }
}

impl InTurn {
    fn compiled(&self, columns: &[Arc<Field>]) -> Result<&Compiled> {
        if let Some(compiled) = self.compiled.get() {
            return Ok(compiled);
        }
        let schema = schema_of(columns.iter().map(|field| field.data_type()));
        let bodies = compiled(&self.bodies, &schema)?;
        let types = bodies.iter().map(|body| body.data_type(&schema)).collect::<Result<Vec<_>>>()?;
        let given = schema_of(types.iter());
        let Some(whole) = compiled(std::slice::from_ref(&self.whole), &given)?.pop() else {
            return internal_err!("a call that is none");
        };
        Ok(self.compiled.get_or_init(|| (schema, bodies, given, whole)))
    }
}

impl ScalarUDFImpl for InTurn {
    fn name(&self) -> &'static str {
        "in_turn"
    }

    /// Two calls that differ only in their bodies must not share a name.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let names = |of: &[Expr]| of.iter().map(|expr| expr.schema_name().to_string()).collect::<Vec<_>>().join(", ");
        Ok(format!("in_turn<{}; {}>({})", self.whole.schema_name(), names(&self.bodies), names(args)))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.of.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let (schema, bodies, given, whole) = self.compiled(&args.arg_fields)?;
        let columns = args.args.into_iter().map(|argument| argument.into_array(rows)).collect::<Result<_>>()?;
        let batch = batch_of(schema, columns, rows)?;
        let mut values: Vec<ArrayRef> = Vec::with_capacity(bodies.len());
        // Rows in which nothing was null so far.
        let mut valid: Option<NullBuffer> = None;
        for (at, body) in bodies.iter().enumerate() {
            let value = match (body.evaluate(&batch), &valid) {
                (Ok(value), _) => value,
                // It may be for rows alone that it would not be evaluated for.
                (Err(_), Some(valid)) => {
                    body.evaluate_selection(&batch, &BooleanArray::new(valid.inner().clone(), None))?
                }
                (Err(error), None) => return Err(error),
            };
            let value = value.into_array(rows)?;
            if at < self.strict {
                valid = NullBuffer::union(valid.as_ref(), value.logical_nulls().as_ref());
            }
            values.push(value);
        }
        whole.evaluate(&batch_of(given, values, rows)?)
    }
}
