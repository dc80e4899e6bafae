//! AND and OR as Trino evaluates them: what stands behind is not evaluated for rows that are decided already, so
//! `x <> 0 AND 10 / x > 1` never divides by zero. DataFusion evaluates both sides for whole batches.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::{and_kleene, or_kleene};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result, internal_err};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::utils::{conjunction, disjunction};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};

/// Functions that never fail.
const SAFE: &[&str] = &["ingest", "present", "row", "array", "get_field"];

/// Makes the expressions of an optimised plan evaluate no more than they must. After the optimiser, which moves conditions
/// and would not look into these.
///
/// # Errors
/// Those of DataFusion.
pub(crate) fn in_plan(plan: LogicalPlan) -> Result<LogicalPlan> {
    let done = plan.transform_down_with_subqueries(|node| match node {
        LogicalPlan::TableScan(_) => Ok(Transformed::no(node)),
        LogicalPlan::Filter(mut filter) => {
            let (safe, others) = ordered(parts(filter.predicate, Operator::And));
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
            let (safe, others) = ordered(parts(expr, op));
            Ok(Transformed::new(lazily(op, safe, others)?, true, TreeNodeRecursion::Jump))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(done.data)
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

/// What cannot fail may always come first: it costs little and decides most.
fn ordered(parts: Vec<Expr>) -> (Vec<Expr>, Vec<Expr>) {
    parts.into_iter().partition(|part| !may_fail(part))
}

/// Whether evaluating it may be an error, as far as it can be put off.
fn may_fail(expr: &Expr) -> bool {
    let (mut fails, mut stays) = (false, false);
    let walked = expr.apply(|expr| {
        match expr {
            Expr::ScalarFunction(call) => fails |= !SAFE.contains(&call.func.name()),
            Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) | Expr::OuterReferenceColumn(..) => {
                stays = true
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.is_ok() && fails && !stays
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
    let bodies = others.into_iter().map(|other| {
        let body = other.transform(|expr| match expr {
            Expr::Column(column) => {
                let at = columns.iter().position(|known| *known == column).unwrap_or_else(|| {
                    columns.push(column);
                    columns.len() - 1
                });
                Ok(Transformed::yes(Expr::Column(Column::from_name(name(at)))))
            }
            other => Ok(Transformed::no(other)),
        })?;
        Ok(body.data)
    });
    let bodies = bodies.collect::<Result<_>>()?;
    let signature = Signature::variadic_any(Volatility::Immutable);
    let call = ShortCircuit { op, bodies, signature, compiled: OnceLock::new() };
    let arguments = std::iter::once(first).chain(columns.into_iter().map(Expr::Column));
    Ok(ScalarUDF::new_from_impl(call).call(arguments.collect()))
}

fn name(at: usize) -> String {
    format!("c{at}")
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
        let fields = columns
            .iter()
            .enumerate()
            .map(|(at, field)| field.as_ref().clone().with_name(name(at)).with_nullable(true));
        let schema = Schema::new(fields.collect::<Vec<_>>());
        let known = DFSchema::try_from(schema.clone())?;
        let bodies = self.bodies.iter().map(|body| {
            create_physical_expr(body, &known, &ExecutionProps::new(), &PhysicalPlanningContext::default())
        });
        let compiled = (Arc::new(schema), bodies.collect::<Result<_>>()?);
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
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let batch = RecordBatch::try_new_with_options(schema.clone(), columns.clone(), &options)?;
            let value = body.evaluate_selection(&batch, &open)?.into_array(rows)?;
            let value = as_boolean_array(&value)?;
            known = if self.op == Operator::And { and_kleene(&known, value)? } else { or_kleene(&known, value)? };
        }
        Ok(ColumnarValue::Array(Arc::new(known)))
    }
}
