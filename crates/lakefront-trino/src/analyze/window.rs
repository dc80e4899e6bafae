//! Window functions.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ScalarValue};
use datafusion::functions_window::row_number;
use datafusion::logical_expr::expr::{Sort, WindowFunction};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, WindowFrame, WindowFunctionDefinition};
use sqlparser::ast::{
    DuplicateTreatment, Function, FunctionArgumentClause, FunctionArguments, NullTreatment as AstNullTreatment,
    WindowFrameBound as AstBound, WindowFrameUnits as AstUnits, WindowSpec, WindowType,
};

use super::aggregation::sort_key;
use super::function::plain_arguments;
use super::scope::Scope;
use super::{Analyzer, Typed, place, with_columns};
use crate::aggregates::gathered::Direction;
use crate::aggregates::{self, Aggregation};
use crate::coercion::{can_coerce, common_type};
use crate::comparison;
use crate::error::{Code, Error, Result};
use crate::frame::{Bound, Frame, Reach, Units};
use crate::types::Type;
use crate::windows::{Kind, Windowed};

/// What a window function is called with.
#[derive(Default)]
struct Inputs {
    exprs: Vec<Expr>,
    types: Vec<Type>,
}

impl Inputs {
    /// The place of an argument.
    fn push(&mut self, expr: Expr, of: Type) -> usize {
        self.exprs.push(expr);
        self.types.push(of);
        self.exprs.len() - 1
    }

    /// Adds what sorts as the values do.
    fn push_key(&mut self, expr: Expr, of: &Type) -> usize {
        self.push(comparison::sort_key(expr, of), comparison::sort_type(of))
    }
}

impl Analyzer<'_> {
    pub(super) fn window_function(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Typed> {
        let Some(WindowType::WindowSpec(window @ WindowSpec { window_name: None, .. })) = &call.over else {
            let name = match &call.over {
                Some(WindowType::NamedWindow(name))
                | Some(WindowType::WindowSpec(WindowSpec { window_name: Some(name), .. })) => name.to_string(),
                _ => String::new(),
            };
            let message = format!("Cannot resolve WINDOW name {name}");
            return Err(Error::new(Code::InvalidWindowReference, message).at(place(call)));
        };
        let mut inputs = Inputs::default();
        let (kind, of) = match self.window_kind(name, call, &mut inputs, scope)? {
            Some(found) => found,
            None if aggregates::is_aggregate(name) => {
                refuse_clauses(call)?;
                let called = self.aggregate_call(name, call, scope)?;
                let Aggregation { types, returns, folding, .. } = called.aggregation;
                (inputs.exprs, inputs.types) = (called.arguments, types);
                (Some(Kind::Aggregate(folding)), returns)
            }
            None => {
                let known = crate::functions::all().contains_key(name);
                let code = if known { Code::FunctionNotWindow } else { Code::FunctionNotFound };
                return Err(Error::new(code, format!("Function '{name}' is not a window function")));
            }
        };
        refuse_clauses(call)?;
        let nested = |expr: &Expr| expr.exists(|part| Ok(matches!(part, Expr::WindowFunction(_))));
        for argument in &inputs.exprs {
            if nested(argument)? {
                let message = "Cannot nest window functions or row pattern measures inside window function arguments";
                return Err(Error::new(Code::NestedWindow, message).at(place(call)));
            }
        }
        let is_value = matches!(kind, Some(Kind::Lag | Kind::Lead | Kind::First | Kind::Last | Kind::Nth));
        if call.null_treatment.is_some() && !is_value {
            let message = format!("Cannot specify null treatment clause for {name} function");
            return Err(Error::new(Code::NullTreatmentNotAllowed, message).at(place(call)));
        }
        if matches!(kind, Some(Kind::Lag | Kind::Lead)) {
            if window.order_by.is_empty() {
                let message = format!("{name} function requires an ORDER BY window clause");
                return Err(Error::new(Code::MissingOrderBy, message).at(place(call)));
            }
            if window.window_frame.is_some() {
                let message = format!("Cannot specify window frame for {name} function");
                return Err(Error::new(Code::InvalidWindowFrame, message).at(place(call)));
            }
        }
        let own = inputs.exprs.len();
        let partition_by = window
            .partition_by
            .iter()
            .map(|ast| {
                let key = self.expression(ast, scope)?;
                if !key.of.is_comparable() && key.of != Type::Unknown {
                    let message = format!(
                        "{} is not comparable, and therefore cannot be used in window function PARTITION BY",
                        key.of
                    );
                    return Err(Error::type_mismatch(message).at(place(ast)));
                }
                Ok(comparison::group_key(key.expr.clone(), &key.of).unwrap_or(key.expr))
            })
            .collect::<Result<Vec<_>>>()?;
        let mut keys = Vec::with_capacity(window.order_by.len());
        let mut order_by = Vec::with_capacity(window.order_by.len());
        for key in &window.order_by {
            let value = self.expression(&key.expr, scope)?;
            keys.push(value.clone());
            inputs.push_key(value.expr.clone(), &value.of);
            order_by.push(sort_key(value, key)?);
        }
        let first = order_by.first().map(|key: &Sort| (key.asc, key.nulls_first)).unwrap_or((true, false));
        let direction = Direction { ascending: first.0, nulls_first: first.1 };
        let frame = self.frame(window, &keys, direction, &mut inputs, scope)?;
        for part in partition_by.iter().chain(&inputs.exprs) {
            if nested(part)? {
                return Err(Error::new(Code::NestedWindow, "Cannot nest window functions").at(place(call)));
            }
        }
        let (definition, arguments) = match kind {
            Some(kind) => {
                if inputs.exprs.is_empty() {
                    // The engine has no call without arguments.
                    inputs.push(Expr::Literal(ScalarValue::Int64(Some(1)), None), Type::Bigint);
                }
                let udwf = Windowed {
                    name: self.symbol(name),
                    kind,
                    ignores_nulls: call.null_treatment == Some(AstNullTreatment::IgnoreNulls),
                    frame,
                    types: inputs.types,
                    own,
                    keys: keys.len(),
                    returns: of.clone(),
                    signature: Windowed::any_signature(),
                };
                (WindowFunctionDefinition::WindowUDF(udwf.udwf()), inputs.exprs)
            }
            None => (WindowFunctionDefinition::WindowUDF(row_number::row_number_udwf()), Vec::new()),
        };
        let mut function = WindowFunction::new(definition, arguments);
        function.params.partition_by = partition_by;
        // The frame is the function's own; a range the engine would want to count in.
        function.params.window_frame = WindowFrame::new(None);
        function.params.order_by = order_by;
        Ok(self.leaf(Expr::WindowFunction(Box::new(function)), of))
    }

    /// Functions that exist for windows only, and what they give; `row_number` is the engine's own.
    fn window_kind(
        &self,
        name: &str,
        call: &Function,
        inputs: &mut Inputs,
        scope: &Scope<'_>,
    ) -> Result<Option<(Option<Kind>, Type)>> {
        let (kind, of, counts) = match name {
            "row_number" => (None, Some(Type::Bigint), 0..=0),
            "rank" => (Some(Kind::Rank), Some(Type::Bigint), 0..=0),
            "dense_rank" => (Some(Kind::DenseRank), Some(Type::Bigint), 0..=0),
            "percent_rank" => (Some(Kind::PercentRank), Some(Type::Double), 0..=0),
            "cume_dist" => (Some(Kind::CumulativeDistribution), Some(Type::Double), 0..=0),
            "ntile" => (Some(Kind::Ntile), Some(Type::Bigint), 1..=1),
            "lag" => (Some(Kind::Lag), None, 1..=3),
            "lead" => (Some(Kind::Lead), None, 1..=3),
            "first_value" => (Some(Kind::First), None, 1..=1),
            "last_value" => (Some(Kind::Last), None, 1..=1),
            "nth_value" => (Some(Kind::Nth), None, 2..=2),
            _ => return Ok(None),
        };
        let arguments = plain_arguments(call)?;
        let unexpected =
            || Error::new(Code::FunctionNotFound, format!("Unexpected parameters for function {name}")).at(place(call));
        if !counts.contains(&arguments.len()) {
            return Err(unexpected());
        }
        let mut arguments =
            arguments.into_iter().map(|ast| self.expression(ast, scope)).collect::<Result<Vec<Typed>>>()?;
        // The value and its default have one type.
        let value = match (&of, arguments.as_slice()) {
            (None, [value, _, default]) => Some(common_type(&value.of, &default.of).ok_or_else(unexpected)?),
            (None, [value, ..]) => Some(value.of.clone()),
            _ => None,
        };
        for (at, argument) in arguments.drain(..).enumerate() {
            let formal = match &value {
                Some(value) if at != 1 => value.clone(),
                _ => Type::Bigint,
            };
            if !can_coerce(&argument.of, &formal) {
                return Err(unexpected());
            }
            inputs.push(self.coerce(argument, &formal)?, formal);
        }
        Ok(of.or(value).map(|of| (kind, of)))
    }

    fn frame(
        &self,
        window: &WindowSpec,
        keys: &[Typed],
        direction: Direction,
        inputs: &mut Inputs,
        scope: &Scope<'_>,
    ) -> Result<Frame> {
        let Some(frame) = &window.window_frame else {
            return Ok(Frame { units: Units::Range, start: Bound::Unbounded, end: Bound::CurrentRow, direction });
        };
        let invalid = |message: &str| Err(Error::new(Code::InvalidWindowFrame, message));
        match (&frame.start_bound, frame.end_bound.as_ref().unwrap_or(&AstBound::CurrentRow)) {
            (AstBound::Following(None), _) => return invalid("Window frame start cannot be UNBOUNDED FOLLOWING"),
            (_, AstBound::Preceding(None)) => return invalid("Window frame end cannot be UNBOUNDED PRECEDING"),
            (AstBound::CurrentRow, AstBound::Preceding(_)) => {
                return invalid("Window frame starting from CURRENT ROW cannot end with PRECEDING");
            }
            (AstBound::Following(_), AstBound::Preceding(_)) => {
                return invalid("Window frame starting from FOLLOWING cannot end with PRECEDING");
            }
            (AstBound::Following(_), AstBound::CurrentRow) => {
                return invalid("Window frame starting from FOLLOWING cannot end with CURRENT ROW");
            }
            _ => {}
        }
        let units = match frame.units {
            AstUnits::Rows => Units::Rows,
            AstUnits::Range => Units::Range,
            AstUnits::Groups => Units::Groups,
        };
        let end = frame.end_bound.as_ref().unwrap_or(&AstBound::CurrentRow);
        let start = self.bound(&frame.start_bound, units, keys, direction, inputs, scope)?;
        let end = self.bound(end, units, keys, direction, inputs, scope)?;
        Ok(Frame { units, start, end, direction })
    }

    fn bound(
        &self,
        bound: &AstBound,
        units: Units,
        keys: &[Typed],
        direction: Direction,
        inputs: &mut Inputs,
        scope: &Scope<'_>,
    ) -> Result<Bound> {
        let (ast, preceding) = match bound {
            AstBound::CurrentRow => return Ok(Bound::CurrentRow),
            AstBound::Preceding(None) | AstBound::Following(None) => return Ok(Bound::Unbounded),
            AstBound::Preceding(Some(ast)) => (ast.as_ref(), true),
            AstBound::Following(Some(ast)) => (ast.as_ref(), false),
        };
        let offset = self.expression(ast, scope)?;
        let missing = |units: &str| {
            let message = format!("Window frame of type {units} PRECEDING or FOLLOWING requires ORDER BY");
            Err(Error::new(Code::MissingOrderBy, message).at(place(ast)))
        };
        if units != Units::Range {
            if units == Units::Groups && keys.is_empty() {
                return missing("GROUPS");
            }
            if !offset.of.is_integral() {
                if matches!(offset.of, Type::Decimal { scale: 0, .. }) {
                    return Err(Error::not_here("A decimal as the offset of a window frame").at(place(ast)));
                }
                let name = if units == Units::Rows { "ROWS" } else { "GROUPS" };
                let message = format!(
                    "Window frame {name} value type must be exact numeric type with scale 0 (actual {})",
                    offset.of
                );
                return Err(Error::type_mismatch(message).at(place(ast)));
            }
            let at = inputs.push(self.coerce(offset, &Type::Bigint)?, Type::Bigint);
            return Ok(if preceding { Bound::Preceding(at) } else { Bound::Following(at) });
        }
        let key = match keys {
            [] => return missing("RANGE"),
            [key] => key.clone(),
            more => {
                let message = format!(
                    "Window frame of type RANGE PRECEDING or FOLLOWING requires single sort item in ORDER BY (actual: {})",
                    more.len()
                );
                return Err(Error::new(Code::InvalidOrderBy, message).at(place(ast)));
            }
        };
        if !key.of.is_numeric() && !key.of.is_temporal() {
            let message = format!(
                "Window frame of type RANGE PRECEDING or FOLLOWING requires that sort item type be numeric, datetime or interval (actual: {})",
                key.of
            );
            return Err(Error::type_mismatch(message).at(place(ast)));
        }
        let sign = if preceding == direction.ascending { "-" } else { "+" };
        let incompatible = || {
            let message = format!(
                "Window frame RANGE value type ({}) not compatible with sort item type ({})",
                offset.of, key.of
            );
            Error::type_mismatch(message).at(place(ast))
        };
        let value = self.call(sign, vec![key.clone(), offset.clone()]).map_err(|error| match error.code {
            Code::TypeMismatch | Code::FunctionNotFound | Code::AmbiguousFunctionCall => incompatible(),
            _ => error,
        })?;
        if !can_coerce(&key.of, &value.of) {
            return Err(incompatible());
        }
        let offset = inputs.push(offset.expr.clone(), offset.of.clone());
        let key = inputs.push_key(self.coerce(key, &value.of)?, &value.of);
        let value = inputs.push_key(value.expr, &value.of);
        Ok(Bound::Value(Reach { offset, value, key, preceding }))
    }

    /// Computes the window functions among the expressions, which become columns.
    pub(super) fn windows(&self, mut plan: LogicalPlan, values: Vec<Typed>) -> Result<(LogicalPlan, Vec<Typed>)> {
        let mut functions: Vec<Expr> = Vec::new();
        for value in &values {
            value.expr.apply(|part| {
                if matches!(part, Expr::WindowFunction(_)) {
                    if !functions.contains(part) {
                        functions.push(part.clone());
                    }
                    return Ok(TreeNodeRecursion::Jump);
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        if functions.is_empty() {
            return Ok((plan, values));
        }
        // What a window function reads becomes a column first, so that two functions never share a name.
        let mut inputs: Vec<(Expr, String)> = Vec::new();
        let mut replaced: Vec<(Expr, Column)> = Vec::new();
        let mut bare = Vec::with_capacity(functions.len());
        for function in functions {
            let Expr::WindowFunction(mut window) = function.clone() else { continue };
            let mut column = |expr: Expr| {
                if matches!(expr, Expr::Column(_) | Expr::Literal(..)) {
                    return expr;
                }
                let symbol = match inputs.iter().find(|(known, _)| *known == expr) {
                    Some((_, symbol)) => symbol.clone(),
                    None => {
                        let symbol = self.symbol("window_input");
                        inputs.push((expr, symbol.clone()));
                        symbol
                    }
                };
                Expr::Column(Column::from_name(symbol))
            };
            window.params.args = window.params.args.into_iter().map(&mut column).collect();
            window.params.partition_by = window.params.partition_by.into_iter().map(&mut column).collect();
            for key in &mut window.params.order_by {
                key.expr = column(key.expr.clone());
            }
            let bared = Expr::WindowFunction(window);
            replaced.push((function, Column::from_name(bared.schema_name().to_string())));
            if !bare.contains(&bared) {
                bare.push(bared);
            }
        }
        plan = with_columns(plan, inputs.into_iter().map(|(expr, symbol)| expr.alias(symbol)).collect())?;
        let plan = LogicalPlanBuilder::window_plan(plan, bare)?;
        let values = values
            .into_iter()
            .map(|value| {
                let rewritten = value.expr.transform_down(|expr| {
                    match replaced.iter().find(|(function, _)| *function == expr) {
                        Some((_, column)) => {
                            // Some functions count in another width than Trino's.
                            let counts = *plan.schema().as_arrow().field_with_name(&column.name)?.data_type()
                                == DataType::UInt64;
                            let expr = Expr::Column(column.clone());
                            let expr =
                                if counts { datafusion::logical_expr::cast(expr, DataType::Int64) } else { expr };
                            Ok(Transformed::new(expr, true, TreeNodeRecursion::Jump))
                        }
                        None => Ok(Transformed::no(expr)),
                    }
                })?;
                Ok(Typed::new(rewritten.data, value.of))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok((plan, values))
    }
}

/// Whether a function exists for windows only.
pub(super) fn is_for_windows(name: &str) -> bool {
    matches!(
        name,
        "row_number"
            | "rank"
            | "dense_rank"
            | "percent_rank"
            | "cume_dist"
            | "ntile"
            | "lag"
            | "lead"
            | "first_value"
            | "last_value"
            | "nth_value"
    )
}

/// What stands in a call and is not for windows.
fn refuse_clauses(call: &Function) -> Result<()> {
    let unsupported = |message: &str| Err(Error::new(Code::NotSupported, message).at(place(call)));
    if call.filter.is_some() {
        return unsupported("Window function with FILTER is not supported");
    }
    if let FunctionArguments::List(list) = &call.args {
        if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
            return unsupported("DISTINCT in window function parameters not yet supported");
        }
        match list.clauses.first() {
            None => {}
            Some(FunctionArgumentClause::OrderBy(_)) => {
                return unsupported("Window function with ORDER BY is not supported");
            }
            Some(other) => {
                return Err(Error::new(Code::SyntaxError, format!("{other} is written after the call")).at(place(call)));
            }
        }
    }
    Ok(())
}
