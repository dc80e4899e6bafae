//! `TRY` and `TRY_CAST`.

use datafusion::common::Column;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::Expr;

use super::{Analyzer, Typed};
use crate::closure::Closure;
use crate::error::{Error, Result};
use crate::functions;
use crate::types::Type;
use crate::udf::Udf;

impl Analyzer<'_> {
    /// Null where the value can't be computed.
    pub(super) fn attempt(&self, tried: Typed) -> Result<Typed> {
        self.attempt_as("try", tried)
    }

    fn attempt_as(&self, name: &'static str, tried: Typed) -> Result<Typed> {
        let of = tried.of;
        if matches!(tried.expr, Expr::Literal(..) | Expr::Column(_)) {
            return Ok(Typed::new(tried.expr, of));
        }
        let (closure, captured) = self.close(tried.expr, Vec::new(), of.clone())?;
        Ok(tried_on(name, closure, captured, of))
    }

    /// Null where the value can't be cast; that it can't be computed is an error as ever.
    pub(super) fn attempt_cast(&self, value: Typed, to: &Type) -> Result<Typed> {
        if let Some(row) = self.attempt_fields(&value, to)? {
            return Ok(row);
        }
        check_tried_row(&value, to)?;
        if matches!(value.expr, Expr::Literal(..) | Expr::Column(_)) {
            return self.attempt_as("try_cast", self.cast(value, to)?);
        }
        let column = Column::from_name(self.symbol("cast"));
        self.column(column.clone(), value.of);
        let column = Expr::Column(column);
        let cast = self.cast(Typed::new(column.clone(), self.type_of_leaf(&column)?), to)?;
        let (closure, captured) = self.close(cast.expr, Vec::new(), cast.of.clone())?;
        let given = |leaf| if leaf == column { value.expr.clone() } else { leaf };
        Ok(tried_on("try_cast", closure, captured.into_iter().map(given).collect(), cast.of))
    }

    /// Trino tries each field by itself where `ROW(…)` is to be a row whose fields have no names.
    fn attempt_fields(&self, value: &Typed, to: &Type) -> Result<Option<Typed>> {
        let (Type::Row(from), Type::Row(fields)) = (&value.of, to) else { return Ok(None) };
        if from.len() != fields.len() || fields.iter().any(|(name, _)| name.is_some()) {
            return Ok(None);
        }
        match &value.expr {
            Expr::ScalarFunction(row) if row.name() == "row" => {
                let items = row.args.iter().zip(from).zip(fields);
                let tried = items
                    .map(|((item, (_, from)), (_, to))| self.attempt_cast(Typed::new(item.clone(), from.clone()), to));
                self.row(tried.collect::<Result<_>>()?).map(Some)
            }
            // In Trino that cast is one of each field, too.
            Expr::ScalarFunction(cast) if cast.name() == "cast" && cast.args.iter().any(is_row) => Err(tried_row()),
            _ => Ok(None),
        }
    }
}

fn tried_on(name: &'static str, closure: Closure, captured: Vec<Expr>, of: Type) -> Typed {
    let udf =
        Udf { strict: false, lambdas: vec![closure], ..Udf::new(name, functions::try_kernel, Vec::new(), of.clone()) };
    Typed::new(udf.on(captured), of)
}

/// Refuses `TRY_CAST(ROW(…) AS row(…))` within what becomes a row of another type: Trino tries each field by itself then.
pub(super) fn check_tried_row(value: &Typed, to: &Type) -> Result<()> {
    match matches!(to, Type::Row(_)) && tries_row(&value.expr) {
        true => Err(tried_row()),
        false => Ok(()),
    }
}

fn tried_row() -> Error {
    Error::not_here("TRY_CAST and CAST of one ROW(…) within each other")
}

fn is_row(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(call) if call.name() == "row")
}

fn tries_row(expr: &Expr) -> bool {
    let tries = |part: &Expr| match part {
        Expr::ScalarFunction(call) => call.func.inner().downcast_ref::<Udf>().is_some_and(|udf| {
            (udf.name == "try_cast" && matches!(udf.returns, Type::Row(_)) && call.args.iter().any(is_row))
                || udf.lambdas.iter().any(|lambda| tries_row(&lambda.body))
        }),
        _ => false,
    };
    expr.exists(|part| Ok(tries(part))).unwrap_or(true)
}
