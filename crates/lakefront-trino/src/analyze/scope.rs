//! Which names stand for what.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::Column;
use datafusion::logical_expr::LogicalPlan;
use sqlparser::ast::{Ident, Query};

use super::folded;
use super::row_pattern::Matching;
use crate::error::{Code, Error, Result};
use crate::types::Type;

/// A column of a relation.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// The table's name or alias, with what stands before it.
    pub(crate) qualifier: Vec<String>,
    pub(crate) name: Option<String>,
    pub(crate) column: Column,
    pub(crate) of: Type,
    /// There when it is named, and not in `*`.
    pub(crate) hidden: bool,
}

/// A plan and the names of its columns.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) plan: LogicalPlan,
    pub(crate) fields: Vec<Field>,
}

/// What a name of a `WITH` stands for.
#[derive(Clone)]
pub(crate) enum Named {
    /// The query is planned anew wherever it is read.
    Query { query: Arc<Query>, columns: Vec<Ident>, scope: Arc<HashMap<String, Named>> },
    /// The rows of the last step of a recursive query.
    Working { plan: LogicalPlan, fields: Vec<Field> },
}

/// The names that an expression sees: columns first, then those of the query around.
#[derive(Clone)]
pub(crate) struct Scope<'s> {
    pub(crate) fields: Vec<Field>,
    pub(crate) outer: Option<&'s Scope<'s>>,
    pub(crate) named: Arc<HashMap<String, Named>>,
    /// Parameters of lambdas around the expression, the innermost last: name, symbol, type.
    pub(crate) parameters: Vec<(String, String, Type)>,
    /// Whether the query around is another one, whose columns are outer references.
    pub(crate) is_boundary: bool,
    /// In `MEASURES` and `DEFINE`: which rows the columns are of.
    pub(crate) matching: Option<Matching<'s>>,
}

pub(crate) enum Found {
    Here(Field),
    /// In a query around.
    Outer(Field),
    Parameter(String, Type),
}

impl<'s> Scope<'s> {
    pub(crate) fn outermost() -> Scope<'static> {
        Scope {
            fields: Vec::new(),
            outer: None,
            named: Arc::default(),
            parameters: Vec::new(),
            is_boundary: false,
            matching: None,
        }
    }

    /// The scope of a query within the one around, with no columns of its own yet.
    pub(crate) fn inner(around: &'s Scope<'s>, is_boundary: bool) -> Scope<'s> {
        Scope {
            fields: Vec::new(),
            outer: Some(around),
            named: Arc::clone(&around.named),
            parameters: Vec::new(),
            is_boundary,
            matching: None,
        }
    }

    pub(crate) fn with_fields(&self, fields: Vec<Field>) -> Scope<'s> {
        Scope { fields, ..self.clone() }
    }

    /// What a whole name stands for. Nothing, where a beginning of it is a column nearer by: the rest are its fields.
    pub(crate) fn find(&self, parts: &[Ident]) -> Result<Option<Found>> {
        if let Some(first) = parts.first() {
            let name = folded(first);
            if let Some((_, symbol, of)) = self.parameters.iter().rev().find(|(known, ..)| *known == name) {
                return Ok((parts.len() == 1).then(|| Found::Parameter(symbol.clone(), of.clone())));
            }
        }
        if let Some(field) = self.own(parts)? {
            return Ok(Some(Found::Here(field)));
        }
        for length in 1..parts.len() {
            if !matches!(self.own(&parts[..length]), Ok(None)) {
                return Ok(None);
            }
        }
        match self.outer {
            None => Ok(None),
            Some(outer) => Ok(match outer.find(parts)? {
                Some(Found::Here(field)) if self.is_boundary => Some(Found::Outer(field)),
                Some(Found::Parameter(..)) if self.is_boundary => {
                    return Err(Error::new(Code::NotSupported, "A lambda's parameter can't be used in a subquery"));
                }
                found => found,
            }),
        }
    }

    fn own(&self, parts: &[Ident]) -> Result<Option<Field>> {
        let Some((name, qualifier)) = parts.split_last() else { return Ok(None) };
        let name = folded(name);
        let qualifier: Vec<String> = qualifier.iter().map(folded).collect();
        let mut matching = self.fields.iter().filter(|field| {
            field.name.as_ref().is_some_and(|own| *own == name)
                && qualifier.len() <= field.qualifier.len()
                && field.qualifier.ends_with(&qualifier)
        });
        let first = matching.next().cloned();
        if first.is_some() && matching.next().is_some() {
            let name: Vec<String> = parts.iter().map(|part| part.value.clone()).collect();
            return Err(Error::new(Code::AmbiguousName, format!("Column '{}' is ambiguous", name.join("."))));
        }
        Ok(first)
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Named> {
        self.named.get(name)
    }
}
