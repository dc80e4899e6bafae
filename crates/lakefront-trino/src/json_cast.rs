//! `CAST(json_parse(x) AS ARRAY …)`: Trino reads a list, a map or a row from the text itself there, not sorted and with the
//! names that stand in it twice. Of a constant it knows the JSON before.

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::comparison::is_constant;
use crate::types::Type;
use crate::udf::Udf;

/// # Errors
/// Those of DataFusion.
pub(crate) fn in_plan(plan: LogicalPlan) -> Result<LogicalPlan> {
    let done = plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            Ok(of_text(expr)?.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(done.data)
}

/// The same for one expression.
///
/// # Errors
/// Those of DataFusion.
pub(crate) fn in_expression(expr: Expr) -> Result<Expr> {
    Ok(of_text(expr)?.data)
}

fn of_text(expr: Expr) -> Result<Transformed<Expr>> {
    expr.transform_up(|expr| {
        let Expr::ScalarFunction(mut cast) = expr else { return Ok(Transformed::no(expr)) };
        let reads = cast.func.inner().downcast_ref::<Udf>().is_some_and(|udf| {
            udf.name == "cast" && matches!(udf.returns, Type::Array(_) | Type::Map(..) | Type::Row(_))
        });
        let text = match cast.args.as_slice() {
            [Expr::ScalarFunction(parse)] if reads && parse.name() == "json_parse" => parse.args.first(),
            _ => None,
        };
        match text.filter(|text| !is_constant(text)).cloned() {
            Some(text) => {
                cast.args = vec![text];
                Ok(Transformed::yes(Expr::ScalarFunction(cast)))
            }
            None => Ok(Transformed::no(Expr::ScalarFunction(cast))),
        }
    })
}
