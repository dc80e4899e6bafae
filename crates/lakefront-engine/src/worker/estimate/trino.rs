//! What Trino does otherwise: it makes of a predicate one set of values per column, by which it leaves row groups out,
//! and looks into their dictionaries where statistics do not settle it.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::utils::disjunction;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, Operator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, InListExpr, IsNotNullExpr, IsNullExpr, LikeExpr, Literal, NotExpr, lit,
};
use parquet::basic::Encoding;
use parquet::file::metadata::ColumnChunkMetaData;

use super::leaves::{Field, field_of_column, fields};

/// What a predicate says of one field on its own.
pub(super) struct Domain {
    pub(super) field: Field,
    pub(super) holds: Arc<dyn PhysicalExpr>,
}

/// The part of a predicate that Trino's reader knows. `a = 1 or b = 2` says nothing about either.
pub(super) fn domains(predicate: &Arc<dyn PhysicalExpr>) -> Vec<Domain> {
    let own = fields(predicate).into_iter();
    own.filter_map(|field| Some(Domain { holds: domain(predicate, &field)?, field })).collect()
}

/// What a predicate says of one field; `None` where that may have any value.
fn domain(predicate: &Arc<dyn PhysicalExpr>, field: &Field) -> Option<Arc<dyn PhysicalExpr>> {
    if let Some(binary) = predicate.downcast_ref::<BinaryExpr>()
        && matches!(binary.op(), Operator::And | Operator::Or)
    {
        let both = (domain(binary.left(), field), domain(binary.right(), field));
        return match (both, binary.op()) {
            ((Some(left), Some(right)), op) => Some(Arc::new(BinaryExpr::new(left, *op, right))),
            ((Some(one), None) | (None, Some(one)), Operator::And) => Some(one),
            _ => None,
        };
    }
    if !fields(predicate).iter().all(|each| each == field) {
        return None;
    }
    if let Some(like) = predicate.downcast_ref::<LikeExpr>() {
        return starts_with(like);
    }
    // A constant is what became of a partition key: it decides for every field.
    let known = predicate.downcast_ref::<Literal>().is_some() || is_range(predicate);
    known.then(|| Arc::clone(predicate))
}

/// Whether Trino knows which values of the field satisfy it, without looking at them.
fn is_range(expr: &Arc<dyn PhysicalExpr>) -> bool {
    let is_literal = |expr: &Arc<dyn PhysicalExpr>| expr.downcast_ref::<Literal>().is_some();
    if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
        let (left, right) = (binary.left(), binary.right());
        return binary.op().negate().is_some()
            && (is_field(left) && is_literal(right) || is_literal(left) && is_field(right));
    }
    if let Some(list) = expr.downcast_ref::<InListExpr>() {
        return is_field(list.expr()) && list.list().iter().all(is_literal);
    }
    if let Some(null) = expr.downcast_ref::<IsNullExpr>() {
        return is_field(null.arg());
    }
    if let Some(not_null) = expr.downcast_ref::<IsNotNullExpr>() {
        return is_field(not_null.arg());
    }
    match expr.downcast_ref::<NotExpr>() {
        Some(not) => is_range(not.arg()),
        None => is_field(expr),
    }
}

fn is_field(expr: &Arc<dyn PhysicalExpr>) -> bool {
    match expr.downcast_ref::<CastExpr>() {
        Some(cast) => is_field(cast.expr()),
        None => field_of_column(expr).is_some(),
    }
}

/// The range of values that begin as the pattern does.
fn starts_with(like: &LikeExpr) -> Option<Arc<dyn PhysicalExpr>> {
    let pattern = like.pattern().downcast_ref::<Literal>()?.value();
    let prefix = pattern.try_as_str()??.split(['%', '_', '\\']).next()?;
    let last = prefix.bytes().last().filter(|last| *last < 127)?;
    if like.negated() || like.case_insensitive() || !is_field(like.expr()) {
        return None;
    }
    let next = format!("{}{}", &prefix[..prefix.len() - 1], char::from(last + 1));
    let literal = |text: &str| Some(lit(ScalarValue::from(text).cast_to(&pattern.data_type()).ok()?));
    let from = BinaryExpr::new(Arc::clone(like.expr()), Operator::GtEq, literal(prefix)?);
    let to = BinaryExpr::new(Arc::clone(like.expr()), Operator::Lt, literal(&next)?);
    Some(Arc::new(BinaryExpr::new(Arc::new(from), Operator::And, Arc::new(to))))
}

/// What holds where a domain does not, NULL aside.
pub(super) fn outside(holds: &Arc<dyn PhysicalExpr>) -> Arc<dyn PhysicalExpr> {
    if let Some(binary) = holds.downcast_ref::<BinaryExpr>() {
        let (left, right) = (binary.left(), binary.right());
        return match binary.op() {
            Operator::And => Arc::new(BinaryExpr::new(outside(left), Operator::Or, outside(right))),
            Operator::Or => Arc::new(BinaryExpr::new(outside(left), Operator::And, outside(right))),
            op => Arc::new(BinaryExpr::new(Arc::clone(left), op.negate().unwrap_or(*op), Arc::clone(right))),
        };
    }
    if let Some(not_null) = holds.downcast_ref::<IsNotNullExpr>() {
        return Arc::new(IsNullExpr::new(Arc::clone(not_null.arg())));
    }
    match holds.downcast_ref::<IsNullExpr>() {
        Some(null) => Arc::new(IsNotNullExpr::new(Arc::clone(null.arg()))),
        None => Arc::new(NotExpr::new(Arc::clone(holds))),
    }
}

/// Bytes of the dictionary that Trino reads beside the chunk, to see whether a predicate holds for any of its values. It
/// does so only where no page has values outside the dictionary.
#[expect(deprecated, reason = "old files have levels in the old encoding")]
pub(super) fn dictionary_bytes(chunk: &ColumnChunkMetaData) -> u64 {
    let whole = match chunk.page_encoding_stats_mask() {
        Some(mask) => mask.is_only(Encoding::RLE_DICTIONARY) || mask.is_only(Encoding::PLAIN_DICTIONARY),
        None => {
            let levels = [Encoding::RLE, Encoding::BIT_PACKED];
            let others: Vec<Encoding> = chunk.encodings().filter(|encoding| !levels.contains(encoding)).collect();
            others == [Encoding::PLAIN_DICTIONARY]
        }
    };
    match chunk.dictionary_page_offset() {
        Some(start) if whole => chunk.data_page_offset().saturating_sub(start).try_into().unwrap_or(0),
        _ => 0,
    }
}

/// Filters what only filtered aggregates without groups read, as Trino plans it.
pub(in super::super) fn with_filters_below(plan: LogicalPlan) -> Result<LogicalPlan> {
    let planned = plan.transform_down_with_subqueries(|node| {
        let LogicalPlan::Aggregate(aggregate) = &node else { return Ok(Transformed::no(node)) };
        let filters = aggregate.aggr_expr.iter().map(|expr| match expr.clone().unalias() {
            Expr::AggregateFunction(function) => function.params.filter.map(|filter| *filter),
            _ => None,
        });
        let Some(filters) = filters.collect::<Option<Vec<Expr>>>() else { return Ok(Transformed::no(node)) };
        let Some(filter) = disjunction(filters).filter(|_| aggregate.group_expr.is_empty()) else {
            return Ok(Transformed::no(node));
        };
        let input = LogicalPlanBuilder::from(LogicalPlan::clone(&aggregate.input)).filter(filter)?.build()?;
        let aggregate = Aggregate::try_new(Arc::new(input), Vec::new(), aggregate.aggr_expr.clone())?;
        Ok(Transformed::yes(LogicalPlan::Aggregate(aggregate)))
    })?;
    Ok(planned.data)
}
