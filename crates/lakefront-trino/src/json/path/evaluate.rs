//! Paths on values.

use std::borrow::Cow;
use std::collections::HashMap;

use super::operate::operate;
use super::{Comparison, Method, Path, Predicate, Step};
use crate::cast;
use crate::coercion::common_type;
use crate::error::{Code, Error, Result};
use crate::json::tree::Node;
use crate::types::{Type, VARCHAR};
use crate::value::{self, Value};

/// Items of one step.
const MOST_ITEMS: usize = 1_000_000;

/// What a path finds: JSON, or a value that an operator or a literal made.
#[derive(Debug, Clone)]
pub(crate) enum Item<'a> {
    Json(Cow<'a, Node>),
    Sql(Value, Type),
}

/// What `PASSING` gives.
#[derive(Debug, Clone)]
pub(crate) enum Parameter {
    Json(Node),
    /// A null with a format.
    Empty,
    Sql(Value, Type),
}

impl Path {
    /// # Errors
    /// `PATH_EVALUATION_ERROR`
    pub(crate) fn evaluate<'a>(
        &'a self,
        input: &'a Node,
        parameters: &'a HashMap<String, Parameter>,
    ) -> Result<Vec<Item<'a>>> {
        let evaluator = Evaluator { lax: self.lax, input, parameters, objects: std::cell::Cell::new(0) };
        evaluator.step(&self.root, &Context { current: None, last: None })
    }
}

struct Evaluator<'a> {
    lax: bool,
    input: &'a Node,
    parameters: &'a HashMap<String, Parameter>,
    /// How many objects `keyvalue()` has taken apart.
    objects: std::cell::Cell<i64>,
}

struct Context<'c, 'a> {
    current: Option<&'c Item<'a>>,
    last: Option<i64>,
}

fn error(message: impl std::fmt::Display) -> Error {
    Error::new(Code::PathEvaluationError, format!("path evaluation failed: {message}"))
}

/// Whatever an operator fails with, the path is what fails.
fn failed(inner: Error) -> Error {
    if inner.code == Code::NotSupportedHere { inner } else { error(inner.message) }
}

fn item_type(expected: &str, item: &Item<'_>) -> Error {
    error(format!("invalid item type. Expected: {expected}, actual: {}", kind(item)))
}

fn kind(item: &Item<'_>) -> String {
    match item {
        Item::Json(node) => match node.as_ref() {
            Node::Null => "NULL",
            Node::Boolean(_) => "BOOLEAN",
            Node::Text(_) => "STRING",
            Node::Array(_) => "ARRAY",
            Node::Object(_) => "OBJECT",
            _ => "NUMBER",
        }
        .to_owned(),
        Item::Sql(_, of) => of.to_string(),
    }
}

/// A scalar as a value; `None` for null, arrays and objects.
pub(super) fn scalar(node: &Node) -> Result<Option<(Value, Type)>> {
    Ok(Some(match node {
        Node::Boolean(value) => (Value::Boolean(*value), Type::Boolean),
        Node::Text(text) => (Value::Text(text.clone()), VARCHAR),
        Node::Integer(value) => {
            (Value::Int(*value), if i32::try_from(*value).is_ok() { Type::Integer } else { Type::Bigint })
        }
        Node::Large(digits) => return Err(error(format!("cannot convert {digits} to Trino value (value too big)"))),
        Node::Double(value) => (Value::Double(*value), Type::Double),
        Node::Real(value) => (Value::Real(*value), Type::Real),
        Node::Decimal(value, scale) => {
            let precision = value.unsigned_abs().to_string().len().max(usize::from(*scale));
            (Value::Decimal(*value), Type::decimal(precision.min(38) as u8, *scale))
        }
        Node::Null | Node::Array(_) | Node::Object(_) => return Ok(None),
    }))
}

impl<'a> Item<'a> {
    fn json(node: &'a Node) -> Self {
        Item::Json(Cow::Borrowed(node))
    }

    /// The value of a scalar.
    pub(crate) fn scalar(&self) -> Result<Option<(Value, Type)>> {
        match self {
            Item::Json(node) => scalar(node),
            Item::Sql(value, of) => Ok(Some((value.clone(), of.clone()))),
        }
    }

    fn number(&self) -> Result<(Value, Type)> {
        match self.scalar()? {
            Some((value, of)) if of.is_numeric() => Ok((value, of)),
            _ => Err(item_type("NUMBER", self)),
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Item::Json(node) => match node.as_ref() {
                Node::Text(text) => Some(text.clone()),
                _ => None,
            },
            Item::Sql(Value::Text(text), Type::Varchar(_)) => Some(text.clone()),
            Item::Sql(Value::Text(text), Type::Char(length)) => {
                let missing = (*length as usize).saturating_sub(text.chars().count());
                Some(format!("{text}{}", " ".repeat(missing)))
            }
            Item::Sql(..) => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Item::Json(node) if **node == Node::Null)
    }

    fn is_scalar(&self) -> bool {
        match self {
            Item::Json(node) => node.is_scalar() && **node != Node::Null,
            Item::Sql(..) => true,
        }
    }

    /// The elements of an array.
    fn elements(self) -> Result<Vec<Item<'a>>, Item<'a>> {
        match self {
            Item::Json(Cow::Borrowed(Node::Array(items))) => Ok(items.iter().map(Item::json).collect()),
            Item::Json(Cow::Owned(Node::Array(items))) => {
                Ok(items.into_iter().map(|item| Item::Json(Cow::Owned(item))).collect())
            }
            other => Err(other),
        }
    }

    /// The members of an object.
    fn members(self) -> Result<Vec<(String, Item<'a>)>, Item<'a>> {
        match self {
            Item::Json(Cow::Borrowed(Node::Object(members))) => {
                Ok(members.iter().map(|(name, value)| (name.clone(), Item::json(value))).collect())
            }
            Item::Json(Cow::Owned(Node::Object(members))) => {
                Ok(members.into_iter().map(|(name, value)| (name, Item::Json(Cow::Owned(value)))).collect())
            }
            other => Err(other),
        }
    }

    /// The member of a name, or nothing where it is missing or this is no object.
    fn member(self, name: &str) -> Option<Item<'a>> {
        match self {
            Item::Json(Cow::Borrowed(Node::Object(members))) => {
                members.iter().find(|(known, _)| known == name).map(|(_, value)| Item::json(value))
            }
            other => other.members().ok()?.into_iter().find(|(known, _)| known == name).map(|(_, value)| value),
        }
    }
}

impl<'a> Evaluator<'a> {
    /// In lax mode, arrays stand for their elements.
    fn unwrapped(&self, step: &'a Step, context: &Context<'_, 'a>) -> Result<Vec<Item<'a>>> {
        let sequence = self.step(step, context)?;
        Ok(if self.lax { unwrap(sequence) } else { sequence })
    }

    fn step(&self, step: &'a Step, context: &Context<'_, 'a>) -> Result<Vec<Item<'a>>> {
        Ok(match step {
            Step::Context => vec![Item::json(self.input)],
            Step::Current => context.current.cloned().into_iter().collect(),
            Step::Last => vec![Item::Sql(Value::Int(context.last.unwrap_or(0)), Type::Integer)],
            Step::Variable(name) => match self.parameters.get(name) {
                Some(Parameter::Json(node)) => vec![Item::json(node)],
                Some(Parameter::Sql(Value::Null, _)) => vec![Item::Json(Cow::Owned(Node::Null))],
                Some(Parameter::Sql(value, of)) => vec![Item::Sql(value.clone(), of.clone())],
                Some(Parameter::Empty) | None => Vec::new(),
            },
            Step::Literal(value, of) => vec![Item::Sql(value.clone(), of.clone())],
            Step::Null => vec![Item::Json(Cow::Owned(Node::Null))],
            Step::Member(base, name) => self.member(self.unwrapped(base, context)?, name.as_deref())?,
            Step::Descendant(base, name) => {
                let mut found = Vec::new();
                for item in self.step(base, context)? {
                    descendants(item, name, &mut found);
                }
                found
            }
            Step::Elements(base, ranges) => self.elements(self.step(base, context)?, ranges, context)?,
            Step::Filter(base, predicate) => {
                let mut kept = Vec::new();
                for item in self.unwrapped(base, context)? {
                    let inner = Context { current: Some(&item), last: context.last };
                    if self.predicate(predicate, &inner)? == Some(true) {
                        kept.push(item);
                    }
                }
                kept
            }
            Step::Method(base, method) => self.method(base, *method, context)?,
            Step::Number(base) => self
                .unwrapped(base, context)?
                .into_iter()
                .map(|item| item.number().map(|(value, of)| Item::Sql(value, of)))
                .collect::<Result<_>>()?,
            Step::Negate(base) => self.each_number("negate", base, context)?,
            Step::Arithmetic(left, sign, right) => {
                let (left, right) = (self.unwrapped(left, context)?, self.unwrapped(right, context)?);
                let ([left], [right]) = (left.as_slice(), right.as_slice()) else {
                    return Err(error("arithmetic binary expression requires singleton operands"));
                };
                let operand = |item: &Item<'a>| match item {
                    Item::Json(_) => item.number(),
                    Item::Sql(value, of) => Ok((value.clone(), of.clone())),
                };
                let (value, of) = operate(sign, &[operand(left)?, operand(right)?]).map_err(failed)?;
                vec![Item::Sql(value, of)]
            }
        })
    }

    fn each_number(&self, function: &str, base: &'a Step, context: &Context<'_, 'a>) -> Result<Vec<Item<'a>>> {
        self.unwrapped(base, context)?
            .into_iter()
            .map(|item| {
                let (value, of) = operate(function, &[item.number()?]).map_err(failed)?;
                Ok(Item::Sql(value, of))
            })
            .collect()
    }

    fn member(&self, sequence: Vec<Item<'a>>, name: Option<&str>) -> Result<Vec<Item<'a>>> {
        let mut found = Vec::new();
        for item in sequence {
            let is_object = matches!(&item, Item::Json(node) if matches!(node.as_ref(), Node::Object(_)));
            if !is_object {
                if self.lax {
                    continue;
                }
                return Err(item_type("OBJECT", &item));
            }
            match name {
                None => found.extend(item.members().into_iter().flatten().map(|(_, value)| value)),
                Some(name) => match item.member(name) {
                    Some(value) => found.push(value),
                    None if self.lax => {}
                    None => return Err(error(format!("structural error: missing member '{name}' in JSON object"))),
                },
            }
        }
        Ok(found)
    }

    fn elements(
        &self,
        sequence: Vec<Item<'a>>,
        ranges: &'a [(Step, Option<Step>)],
        context: &Context<'_, 'a>,
    ) -> Result<Vec<Item<'a>>> {
        let mut found = Vec::new();
        for item in sequence {
            let elements = match item.elements() {
                Ok(elements) => elements,
                Err(item) if self.lax => vec![item],
                Err(item) => return Err(item_type("ARRAY", &item)),
            };
            if ranges.is_empty() {
                found.extend(elements);
                continue;
            }
            let size = elements.len() as i64;
            if size == 0 {
                if self.lax {
                    continue;
                }
                return Err(error("structural error: invalid array subscript for empty array"));
            }
            let inner = Context { current: context.current, last: Some(size - 1) };
            for (from, to) in ranges {
                let index = |step: &'a Step| match self.step(step, &inner)?.as_slice() {
                    [item] => index(item),
                    _ => Err(error("array subscript value must be singleton numeric")),
                };
                let from = index(from)?;
                let to = to.as_ref().map_or(Ok(from), index)?;
                if !self.lax && (from < 0 || from >= size || to < 0 || to >= size || from > to) {
                    return Err(error(format!(
                        "structural error: invalid array subscript: [{from}, {to}] for array of size {size}"
                    )));
                }
                for at in from.max(0)..=to.min(size - 1) {
                    found.push(elements[at as usize].clone());
                    if found.len() > MOST_ITEMS {
                        let message = "The JSON path finds too many items";
                        return Err(Error::new(Code::ExceededFunctionMemoryLimit, message));
                    }
                }
            }
        }
        Ok(found)
    }

    fn method(&self, base: &'a Step, method: Method, context: &Context<'_, 'a>) -> Result<Vec<Item<'a>>> {
        match method {
            Method::Abs => self.each_number("abs", base, context),
            Method::Ceiling => self.each_number("ceiling", base, context),
            Method::Floor => self.each_number("floor", base, context),
            Method::Double => self
                .unwrapped(base, context)?
                .into_iter()
                .map(|item| match item.scalar()? {
                    Some((value, of)) if of.is_numeric() || of.is_text() => {
                        // A char has the cast of its text.
                        let of = if of.is_text() { VARCHAR } else { of };
                        Ok(Item::Sql(cast::value(&value, &of, &Type::Double).map_err(failed)?, Type::Double))
                    }
                    _ => Err(item_type("NUMBER or TEXT", &item)),
                })
                .collect(),
            Method::Size => self
                .step(base, context)?
                .into_iter()
                .map(|item| match item {
                    Item::Json(node) if matches!(node.as_ref(), Node::Array(_)) => {
                        let Node::Array(items) = node.as_ref() else { return Err(error("no array")) };
                        Ok(Item::Sql(Value::Int(items.len() as i64), Type::Integer))
                    }
                    _ if self.lax => Ok(Item::Sql(Value::Int(1), Type::Integer)),
                    other => Err(item_type("ARRAY", &other)),
                })
                .collect(),
            Method::Type => Ok(self
                .step(base, context)?
                .iter()
                .map(|item| Item::Sql(Value::Text(type_name(item).to_owned()), Type::Varchar(Some(27))))
                .collect()),
            Method::KeyValue => {
                let mut found = Vec::new();
                for item in self.unwrapped(base, context)? {
                    let members = item.members().map_err(|item| item_type("OBJECT", &item))?;
                    let id = self.objects.get();
                    self.objects.set(id + 1);
                    for (name, value) in members {
                        let Item::Json(value) = value else { continue };
                        found.push(Item::Json(Cow::Owned(Node::Object(vec![
                            ("name".to_owned(), Node::Text(name)),
                            ("value".to_owned(), value.into_owned()),
                            ("id".to_owned(), Node::Integer(id)),
                        ]))));
                    }
                }
                Ok(found)
            }
        }
    }

    /// `None` is unknown.
    fn predicate(&self, predicate: &'a Predicate, context: &Context<'_, 'a>) -> Result<Option<bool>> {
        // What is not known here is no error of the path.
        let known = |result: Result<Vec<Item<'a>>>| match result {
            Ok(sequence) => Ok(Some(sequence)),
            Err(error) if error.code == Code::NotSupportedHere => Err(error),
            Err(_) => Ok(None),
        };
        Ok(match predicate {
            Predicate::And(left, right) => match self.predicate(left, context)? {
                Some(false) => Some(false),
                left => match (left, self.predicate(right, context)?) {
                    (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                },
            },
            Predicate::Or(left, right) => match self.predicate(left, context)? {
                Some(true) => Some(true),
                left => match (left, self.predicate(right, context)?) {
                    (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                },
            },
            Predicate::Not(inner) => self.predicate(inner, context)?.map(|holds| !holds),
            Predicate::IsUnknown(inner) => Some(self.predicate(inner, context)?.is_none()),
            Predicate::Exists(path) => known(self.step(path, context))?.map(|found| !found.is_empty()),
            Predicate::StartsWith(whole, prefix) => {
                let Some(whole) = known(self.step(whole, context))? else { return Ok(None) };
                let Some(prefix) = known(self.step(prefix, context))? else { return Ok(None) };
                let [prefix] = prefix.as_slice() else { return Ok(None) };
                let Some(prefix) = prefix.text() else { return Ok(None) };
                let mut found = false;
                for item in if self.lax { unwrap(whole) } else { whole } {
                    let Some(text) = item.text() else { return Ok(None) };
                    if text.starts_with(&prefix) {
                        found = true;
                        if self.lax {
                            break;
                        }
                    }
                }
                Some(found)
            }
            Predicate::Compare(left, comparison, right) => {
                let Some(left) = known(self.step(left, context))? else { return Ok(None) };
                let Some(right) = known(self.step(right, context))? else { return Ok(None) };
                let (left, right) = if self.lax { (unwrap(left), unwrap(right)) } else { (left, right) };
                self.compare(&left, *comparison, &right)?
            }
        })
    }

    /// Nulls compare with everything, scalars with scalars of a type in common, and all else is unknown.
    fn compare(&self, left: &[Item<'a>], comparison: Comparison, right: &[Item<'a>]) -> Result<Option<bool>> {
        if left.is_empty() || right.is_empty() {
            return Ok(Some(false));
        }
        let has = |items: &[Item<'a>], is: fn(&Item<'a>) -> bool| items.iter().any(is);
        let is_nested = |item: &Item<'a>| !item.is_null() && !item.is_scalar();
        let (left_null, right_null) = (has(left, Item::is_null), has(right, Item::is_null));
        let (left_scalar, right_scalar) = (has(left, Item::is_scalar), has(right, Item::is_scalar));
        let (left_nested, right_nested) = (left.iter().any(is_nested), right.iter().any(is_nested));
        if left_nested && (right_nested || right_scalar) || left_scalar && right_nested {
            return Ok(None);
        }
        let mut found = match comparison {
            Comparison::Equal => left_null && right_null,
            Comparison::NotEqual => {
                left_null && (right_scalar || right_nested) || right_null && (left_scalar || left_nested)
            }
            _ => false,
        };
        if found && self.lax {
            return Ok(Some(true));
        }
        for a in left.iter().filter(|item| item.is_scalar()) {
            for b in right.iter().filter(|item| item.is_scalar()) {
                let (Ok(Some(a)), Ok(Some(b))) = (a.scalar(), b.scalar()) else { return Ok(None) };
                match holds(a, comparison, b)? {
                    None => return Ok(None),
                    Some(true) if self.lax => return Ok(Some(true)),
                    Some(holds) => found |= holds,
                }
            }
        }
        Ok(Some(found))
    }
}

fn unwrap(sequence: Vec<Item<'_>>) -> Vec<Item<'_>> {
    let mut items = Vec::with_capacity(sequence.len());
    for item in sequence {
        match item.elements() {
            Ok(elements) => items.extend(elements),
            Err(item) => items.push(item),
        }
    }
    items
}

/// An object before what is in it.
fn descendants<'a>(item: Item<'a>, name: &str, found: &mut Vec<Item<'a>>) {
    match item.members() {
        Ok(members) => {
            found.extend(members.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()));
            members.into_iter().for_each(|(_, value)| descendants(value, name, found));
        }
        Err(item) => {
            if let Ok(elements) = item.elements() {
                elements.into_iter().for_each(|element| descendants(element, name, found));
            }
        }
    }
}

fn index(item: &Item<'_>) -> Result<i64> {
    match item {
        // Java takes a double's whole part.
        Item::Json(node) => match node.as_ref() {
            Node::Integer(at) => Ok(*at),
            Node::Double(at) if at.abs() < 9.2e18 => Ok(*at as i64),
            _ => Err(item_type("NUMBER", item)),
        },
        Item::Sql(value, of) if of.is_numeric() => match cast::value(value, of, &Type::Bigint).map_err(failed)? {
            Value::Int(at) => Ok(at),
            _ => Err(item_type("NUMBER", item)),
        },
        Item::Sql(..) => Err(item_type("NUMBER", item)),
    }
}

fn type_name(item: &Item<'_>) -> &'static str {
    match item {
        Item::Json(node) => match node.as_ref() {
            Node::Null => "null",
            Node::Boolean(_) => "boolean",
            Node::Text(_) => "string",
            Node::Array(_) => "array",
            Node::Object(_) => "object",
            _ => "number",
        },
        Item::Sql(_, of) => match of {
            Type::Boolean => "boolean",
            Type::Date => "date",
            Type::Time(_) => "time without time zone",
            Type::TimeTz(_) => "time with time zone",
            Type::Timestamp(_) => "timestamp without time zone",
            Type::TimestampTz(_) => "timestamp with time zone",
            of if of.is_text() => "string",
            _ => "number",
        },
    }
}

fn holds(a: (Value, Type), comparison: Comparison, b: (Value, Type)) -> Result<Option<bool>> {
    let Some(of) = common_type(&a.1, &b.1) else { return Ok(None) };
    let (Ok(a), Ok(b)) = (cast::value(&a.0, &a.1, &of), cast::value(&b.0, &b.1, &of)) else { return Ok(None) };
    let order = value::compare(&a, &b)?;
    Ok(Some(match comparison {
        Comparison::Equal => value::equal(&a, &b) == Some(true),
        Comparison::NotEqual => value::equal(&a, &b) != Some(true),
        Comparison::Less => order.is_some_and(std::cmp::Ordering::is_lt),
        Comparison::LessOrEqual => order.is_some_and(std::cmp::Ordering::is_le),
        Comparison::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
        Comparison::GreaterOrEqual => order.is_some_and(std::cmp::Ordering::is_ge),
    }))
}
