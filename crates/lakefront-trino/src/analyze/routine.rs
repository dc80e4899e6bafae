//! Calls of functions that the statement defines; see [`crate::routines`].

use sqlparser::ast::Expr as Ast;

use super::function::Argument;
use super::scope::Scope;
use super::{Analyzer, Typed, folded};
use crate::coercion::can_coerce;
use crate::error::{Code, Error, Result};
use crate::functions;
use crate::routines::Definition;
use crate::tree;
use crate::types::Type;
use crate::udf::Udf;

impl Analyzer<'_> {
    pub(super) fn routine(&self, arguments: &[&Ast], scope: &Scope<'_>) -> Result<Typed> {
        let Some((definition, arguments)) = Definition::of(arguments) else {
            return Err(Error::new(Code::FunctionNotFound, "Function '$routine' not registered"));
        };
        let Definition { name, .. } = definition;
        let returns = Type::parse(definition.returns)?;
        let types: Vec<Type> = match definition.types {
            "" => Vec::new(),
            types => match Type::parse(types)? {
                Type::Row(fields) => fields.into_iter().map(|(_, of)| of).collect(),
                _ => return Err(Error::type_mismatch(format!("Unknown type: {types}"))),
            },
        };
        let values = self
            .arguments(arguments, scope)?
            .into_iter()
            .map(|argument| match argument {
                Argument::Value(value) => Some(value),
                Argument::Lambda(_) => None,
            })
            .collect::<Option<Vec<Typed>>>()
            .filter(|values| {
                values.len() == types.len() && values.iter().zip(&types).all(|(value, of)| can_coerce(&value.of, of))
            })
            .ok_or_else(|| {
                let message =
                    format!("Unexpected parameters for function {name}. Expected: {name}({})", listed(&types));
                Error::new(Code::FunctionNotFound, message)
            })?;
        let values =
            values.into_iter().zip(&types).map(|(value, of)| self.coerce(value, of)).collect::<Result<Vec<_>>>()?;

        let mut inside = Scope::outermost();
        let mut own = Vec::with_capacity(types.len());
        for (parameter, of) in definition.parameters.iter().zip(&types) {
            let name = folded(parameter);
            if inside.parameters.iter().any(|(known, ..)| *known == name) {
                return Err(Error::new(Code::InvalidArguments, format!("Duplicate function parameter name: {name}")));
            }
            let symbol = self.symbol(&name);
            inside.parameters.push((name, symbol.clone(), of.clone()));
            own.push((symbol, of.clone()));
        }
        let body = self.expression(definition.body, &inside)?;
        if !can_coerce(&body.of, &returns) {
            let message = format!("Value of RETURN must evaluate to {returns} (actual: {})", body.of);
            return Err(Error::type_mismatch(message));
        }
        let body = self.coerce(body, &returns)?;
        super::function::scalar(&body).map_err(|error| match error.code {
            Code::ExpressionNotScalar => Error::not_here("An aggregate or window function in a function"),
            _ => error,
        })?;
        let is_declared_volatile = definition.characteristics.contains("NOT DETERMINISTIC");
        match (is_declared_volatile, body.is_volatile() || calls_volatile(definition.body)) {
            (true, false) => {
                let message = "Deterministic function declared NOT DETERMINISTIC";
                return Err(Error::new(Code::InvalidArguments, message));
            }
            (false, true) => {
                let message = "Non-deterministic function declared DETERMINISTIC";
                return Err(Error::new(Code::InvalidArguments, message));
            }
            _ => {}
        }
        let (closure, captured) = self.close(body, own, returns.clone())?;
        if !captured.is_empty() {
            return Err(Error::new(Code::GenericInternalError, format!("{name} reads more than its arguments")));
        }
        let udf = Udf {
            strict: definition.characteristics.contains("RETURNS NULL ON NULL INPUT"),
            lambdas: vec![closure],
            ..Udf::new("routine", functions::routine_kernel, types, returns.clone())
        };
        Ok(Typed::new(udf.on(values), returns))
    }
}

/// Functions of lambdas that Trino takes for volatile ones, whatever the lambdas are.
fn calls_volatile(body: &Ast) -> bool {
    const NAMES: &[&str] =
        &["map_filter", "map_zip_with", "reduce", "transform", "transform_keys", "transform_values", "zip_with"];
    tree::has_expression(body, |ast| match ast {
        Ast::Function(call) => NAMES.contains(&call.name.to_string().to_lowercase().as_str()),
        _ => false,
    })
}

fn listed(types: &[Type]) -> String {
    types.iter().map(Type::to_string).collect::<Vec<_>>().join(", ")
}
