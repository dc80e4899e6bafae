//! Whether a statement may have a large result that needs no order.

use lakefront_trino::{FunctionKind, functions, has_expression};
use sqlparser::ast::{
    Distinct, Expr, Function, GroupByExpr, ObjectNamePart, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, Statement,
};

/// A tree is some hundreds of levels deep.
const STACK: usize = 32 << 20;

/// Files have no order. What groups, or takes only so many rows, mostly gives few of them; then CSV is faster.
pub(super) fn is_large_and_unordered(sql: &str) -> bool {
    stacker::grow(STACK, || match lakefront_trino::parse(sql) {
        Ok(Statement::Query(query)) => of_query(&query),
        _ => false,
    })
}

fn of_query(query: &Query) -> bool {
    query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none() && of_set(&query.body)
}

fn of_set(expression: &SetExpr) -> bool {
    match expression {
        SetExpr::Select(select) => of_select(select),
        SetExpr::Query(query) => of_query(query),
        SetExpr::SetOperation { left, right, .. } => of_set(left) || of_set(right),
        _ => false,
    }
}

fn of_select(select: &Select) -> bool {
    let groups = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(expressions, modifiers) => !expressions.is_empty() || !modifiers.is_empty(),
    };
    let is_distinct = !matches!(select.distinct, None | Some(Distinct::All));
    let aggregates = select.projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(expression) | SelectItem::ExprWithAlias { expr: expression, .. } => {
            has_expression(expression, |part| matches!(part, Expr::Function(function) if is_aggregate(function)))
        }
        SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(_), _) => {
            false
        }
        // Athena has no such items; what is not looked into does not count as many rows.
        _ => true,
    });
    !groups && !is_distinct && select.having.is_none() && !aggregates
}

fn is_aggregate(function: &Function) -> bool {
    let Some(ObjectNamePart::Identifier(name)) = function.name.0.last() else { return false };
    let is = |known: &&lakefront_trino::FunctionInfo| {
        known.kind == FunctionKind::Aggregate && known.name.eq_ignore_ascii_case(&name.value)
    };
    function.over.is_none() && functions().iter().find(is).is_some()
}

#[cfg(test)]
mod tests {
    use super::is_large_and_unordered;

    #[test]
    fn only_rows_as_they_are_may_be_many() {
        for sql in [
            "SELECT * FROM t",
            "SELECT a, lower(b), sum(a) OVER () FROM t WHERE a > 1",
            "WITH u AS (SELECT max(a) m FROM t) SELECT * FROM t JOIN u ON a = m",
            "SELECT a FROM t UNION ALL SELECT a FROM u",
            "(SELECT a FROM (SELECT a FROM t ORDER BY a))",
        ] {
            assert!(is_large_and_unordered(sql), "{sql}");
        }
        for sql in [
            "SELECT * FROM t ORDER BY a",
            "SELECT * FROM t LIMIT 10",
            "SELECT * FROM t FETCH FIRST 10 ROWS ONLY",
            "(SELECT * FROM t) ORDER BY 1",
            "SELECT count(*) FROM t",
            "SELECT 1 + MAX(a) FROM t",
            "SELECT a FROM t GROUP BY a",
            "SELECT DISTINCT a FROM t",
            "VALUES 1",
            "SELECT FROM",
        ] {
            assert!(!is_large_and_unordered(sql), "{sql}");
        }
    }
}
