//! What computes `JSON_EXISTS`, `JSON_VALUE`, `JSON_QUERY`, `JSON_OBJECT` and `JSON_ARRAY`.
//!
//! Their clauses are one of their arguments, a constant text that [`Clauses`] reads and writes.

use std::collections::HashMap;

use datafusion::arrow::array::ArrayRef;

use super::path::{Item, Parameter, Path};
use super::scanner::{Malformed, half_pair, has_half_pair};
use super::tree::{self, Node};
use crate::call::Call;
use crate::cast;
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::Value;

/// How a text or bytes hold JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// A value that is no JSON itself.
    Sql,
    Text,
    Utf8,
    Utf16,
    Utf32,
}

/// What there is instead of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behavior {
    Null,
    Error,
    Default,
    EmptyArray,
    EmptyObject,
    True,
    False,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapper {
    Without,
    Conditional,
    Unconditional,
}

macro_rules! letters {
    ($of:ty { $($variant:ident $letter:literal),* }) => {
        impl $of {
            fn letter(self) -> char {
                match self { $(Self::$variant => $letter),* }
            }

            fn of_letter(letter: char) -> Option<Self> {
                match letter { $($letter => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

letters!(Encoding { Sql 's', Text 't', Utf8 '1', Utf16 '2', Utf32 '4' });
letters!(Behavior { Null 'n', Error 'e', Default 'd', EmptyArray 'a', EmptyObject 'o', True 't', False 'f' });
letters!(Wrapper { Without '-', Conditional 'c', Unconditional 'u' });

/// The clauses of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clauses {
    pub(crate) on_empty: Behavior,
    pub(crate) on_error: Behavior,
    pub(crate) wrapper: Wrapper,
    pub(crate) omit_quotes: bool,
    pub(crate) null_on_null: bool,
    pub(crate) unique_keys: bool,
    /// Of the result.
    pub(crate) output: Encoding,
    /// Of the input, then of the parameters; or of all values.
    pub(crate) inputs: Vec<Encoding>,
    /// Of the parameters.
    pub(crate) names: Vec<String>,
}

/// Stands between names.
const SEPARATOR: char = '\u{1f}';

impl Clauses {
    pub(crate) fn new() -> Self {
        Self {
            on_empty: Behavior::Null,
            on_error: Behavior::Null,
            wrapper: Wrapper::Without,
            omit_quotes: false,
            null_on_null: false,
            unique_keys: false,
            output: Encoding::Text,
            inputs: Vec::new(),
            names: Vec::new(),
        }
    }

    pub(crate) fn to_text(&self) -> String {
        let flag = |set: bool| if set { '+' } else { '-' };
        let mut text: String = [
            self.on_empty.letter(),
            self.on_error.letter(),
            self.wrapper.letter(),
            flag(self.omit_quotes),
            flag(self.null_on_null),
            flag(self.unique_keys),
            self.output.letter(),
        ]
        .into_iter()
        .chain(self.inputs.iter().map(|input| input.letter()))
        .collect();
        for name in &self.names {
            text.push(SEPARATOR);
            text.push_str(name);
        }
        text
    }

    fn of_text(text: &str) -> Option<Self> {
        let mut parts = text.split(SEPARATOR);
        let mut letters = parts.next()?.chars();
        Some(Self {
            on_empty: Behavior::of_letter(letters.next()?)?,
            on_error: Behavior::of_letter(letters.next()?)?,
            wrapper: Wrapper::of_letter(letters.next()?)?,
            omit_quotes: letters.next()? == '+',
            null_on_null: letters.next()? == '+',
            unique_keys: letters.next()? == '+',
            output: Encoding::of_letter(letters.next()?)?,
            inputs: letters.map(Encoding::of_letter).collect::<Option<_>>()?,
            names: parts.map(str::to_owned).collect(),
        })
    }

    fn of_call(call: &Call) -> Result<Self> {
        call.text(0)
            .get(0)
            .and_then(Self::of_text)
            .ok_or_else(|| Error::new(Code::GenericInternalError, "the clauses of a JSON function are not readable"))
    }
}

fn unreadable(what: &str) -> Error {
    Error::new(Code::JsonInputConversionError, format!("conversion to JSON failed: {what}"))
}

/// The JSON that an argument holds; null where it is null.
fn input(value: &Value, encoding: Encoding) -> Result<Option<Node>, Failure> {
    let text = match (value, encoding) {
        (Value::Null, _) => return Ok(None),
        (Value::Text(text), _) => text.clone(),
        (Value::Bytes(bytes), Encoding::Utf16) => {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        (Value::Bytes(bytes), Encoding::Utf32) => bytes
            .chunks_exact(4)
            .map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]))
            .map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
        (Value::Bytes(bytes), _) => String::from_utf8_lossy(bytes).into_owned(),
        _ => return Err(Failure::Malformed),
    };
    match tree::first(&text) {
        Ok(Some(node)) => Ok(Some(node)),
        Ok(None) => Err(Failure::Refused(Error::not_here("An empty text as JSON"))),
        Err(Malformed) if has_half_pair(&text) => Err(Failure::Refused(half_pair())),
        Err(Malformed) => Err(Failure::Malformed),
    }
}

enum Failure {
    Malformed,
    Refused(Error),
}

/// A value that JSON can hold; its type is a boolean, number or text.
fn node(value: &Value, of: &Type) -> Option<Node> {
    Some(match (value, of) {
        (Value::Null, _) => Node::Null,
        (Value::Boolean(value), _) => Node::Boolean(*value),
        (Value::Int(value), Type::Tinyint | Type::Smallint | Type::Integer | Type::Bigint) => Node::Integer(*value),
        (Value::Real(value), _) => Node::Real(*value),
        (Value::Double(value), _) => Node::Double(*value),
        (Value::Decimal(value), Type::Decimal { scale, .. }) => Node::Decimal(*value, *scale),
        (Value::Text(text), Type::Char(length)) => {
            let missing = (*length as usize).saturating_sub(text.chars().count());
            Node::Text(format!("{text}{}", " ".repeat(missing)))
        }
        (Value::Text(text), _) => Node::Text(text.clone()),
        _ => return None,
    })
}

/// JSON as a result's text or bytes.
fn output(text: String, encoding: Encoding) -> Value {
    match encoding {
        Encoding::Sql | Encoding::Text => Value::Text(text),
        Encoding::Utf8 => Value::Bytes(text.into_bytes()),
        Encoding::Utf16 => Value::Bytes(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        Encoding::Utf32 => Value::Bytes(text.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect()),
    }
}

fn serialized(node: &Node, clauses: &Clauses) -> Value {
    let text = match node {
        Node::Text(text) if clauses.omit_quotes => text.clone(),
        node => {
            let mut out = String::new();
            tree::write(node, &mut out);
            out
        }
    };
    output(text, clauses.output)
}

/// What an error becomes: a value, or itself.
fn instead(behavior: Behavior, clauses: &Clauses, default: Option<Value>, error: Error) -> Result<Value> {
    match behavior {
        _ if error.code == Code::NotSupportedHere => Err(error),
        Behavior::Error => Err(error),
        Behavior::Null => Ok(Value::Null),
        Behavior::Default => Ok(Value::or_null(default)),
        Behavior::EmptyArray => Ok(output("[]".to_owned(), clauses.output)),
        Behavior::EmptyObject => Ok(output("{}".to_owned(), clauses.output)),
        Behavior::True => Ok(Value::Boolean(true)),
        Behavior::False => Ok(Value::Boolean(false)),
    }
}

/// Arguments of a call with a path: clauses, path, input, defaults for nothing and for an error, parameters.
const PATH: usize = 1;
const INPUT: usize = 2;
const ON_EMPTY: usize = 3;
const ON_ERROR: usize = 4;
const PARAMETERS: usize = 5;

/// Evaluates the path for every row and gives what it found, or an error, to the function's own part.
fn on_path(call: &Call, own: impl Fn(Result<Vec<Item<'_>>>, usize, &Clauses) -> Result<Value>) -> Result<ArrayRef> {
    let clauses = Clauses::of_call(call)?;
    let path = Path::parse(call.text(PATH).get(0).unwrap_or_default())?;
    let inputs = call.any(INPUT);
    let parameters: Vec<_> = (0..clauses.names.len()).map(|at| call.any(PARAMETERS + at)).collect();
    let read = |row: usize| -> Result<Option<(Node, HashMap<String, Parameter>)>> {
        let node = match input(&inputs.get(row), clauses.inputs.first().copied().unwrap_or(Encoding::Text)) {
            Ok(Some(node)) => node,
            Ok(None) => return Ok(None),
            Err(Failure::Refused(error)) => return Err(error),
            Err(Failure::Malformed) => return Err(unreadable("the input is no JSON")),
        };
        let mut passed = HashMap::new();
        for (at, name) in clauses.names.iter().enumerate() {
            let value = parameters[at].get(row);
            let encoding = clauses.inputs.get(at + 1).copied().unwrap_or(Encoding::Sql);
            let parameter = match encoding {
                Encoding::Sql => Parameter::Sql(value, call.types[PARAMETERS + at].clone()),
                encoding => match input(&value, encoding) {
                    Ok(Some(node)) => Parameter::Json(node),
                    Ok(None) => Parameter::Empty,
                    Err(Failure::Refused(error)) => return Err(error),
                    Err(Failure::Malformed) => return Err(unreadable("a parameter of the path is no JSON")),
                },
            };
            passed.insert(name.clone(), parameter);
        }
        Ok(Some((node, passed)))
    };
    call.values(|row| {
        match read(row) {
            Ok(None) => Ok(Value::Null),
            Ok(Some((node, parameters))) => own(path.evaluate(&node, &parameters), row, &clauses),
            Err(error) => own(Err(error), row, &clauses),
        }
        .map(Some)
    })
}

pub(crate) fn exists_kernel(call: &Call) -> Result<ArrayRef> {
    on_path(call, |found, _, clauses| match found {
        Ok(found) => Ok(Value::Boolean(!found.is_empty())),
        Err(error) => instead(clauses.on_error, clauses, None, error),
    })
}

pub(crate) fn value_kernel(call: &Call) -> Result<ArrayRef> {
    let (on_empty, on_error) = (call.any(ON_EMPTY), call.any(ON_ERROR));
    on_path(call, |found, row, clauses| {
        let failed = |error: Error| instead(clauses.on_error, clauses, Some(on_error.get(row)), error);
        let result = |message: &str| {
            Error::new(Code::JsonValueResultError, format!("cannot extract SQL scalar from JSON: {message}"))
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => return failed(error),
        };
        let item = match found.as_slice() {
            [] => {
                let error = result("JSON path found no items");
                return instead(clauses.on_empty, clauses, Some(on_empty.get(row)), error);
            }
            [item] => item,
            _ => return failed(result("JSON path found multiple items")),
        };
        if let Item::Json(node) = item
            && **node == Node::Null
        {
            return Ok(Value::Null);
        }
        let Ok(Some((value, of))) = item.scalar() else {
            return failed(result("JSON path found an item that cannot be converted to an SQL value"));
        };
        if !cast::exists(&of, call.returns) {
            return failed(result(&format!("cannot cast value of type {of} to {}", call.returns)));
        }
        match cast::value(&value, &of, call.returns) {
            Ok(value) => Ok(value),
            Err(error) if error.code == Code::NotSupportedHere => Err(error),
            Err(_) => failed(result(&format!("cannot cast value of type {of} to {}", call.returns))),
        }
    })
}

pub(crate) fn query_kernel(call: &Call) -> Result<ArrayRef> {
    on_path(call, |found, _, clauses| {
        let failed = |error: Error| instead(clauses.on_error, clauses, None, error);
        let result = |message: &str| {
            Error::new(Code::JsonOutputConversionError, format!("conversion from JSON failed: {message}"))
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => return failed(error),
        };
        if found.is_empty() {
            return instead(clauses.on_empty, clauses, None, result("JSON path found no items"));
        }
        let mut nodes = Vec::with_capacity(found.len());
        for item in found {
            match item {
                Item::Json(node) => nodes.push(node.into_owned()),
                Item::Sql(value, of) => match node(&value, &of) {
                    Some(node) => nodes.push(node),
                    None => {
                        return failed(result(&format!(
                            "JSON path returned a scalar SQL value of type {of} that cannot be represented as JSON"
                        )));
                    }
                },
            }
        }
        let is_wrapped = match clauses.wrapper {
            Wrapper::Without => false,
            Wrapper::Unconditional => true,
            Wrapper::Conditional => nodes.len() != 1 || nodes[0].is_scalar(),
        };
        if is_wrapped {
            return Ok(serialized(&Node::Array(nodes), clauses));
        }
        match nodes.as_slice() {
            [node] => Ok(serialized(node, clauses)),
            _ => failed(result("JSON path found multiple items")),
        }
    })
}

/// The JSON of a value that an object or array is made of; `None` for null.
fn part(call: &Call, argument: usize, value: &Value, encoding: Encoding) -> Result<Option<Node>> {
    if value.is_null() {
        return Ok(None);
    }
    if encoding == Encoding::Sql {
        let of = &call.types[argument];
        return node(value, of)
            .map(Some)
            .ok_or_else(|| Error::invalid_argument(format!("a value of type {of} cannot be converted to JSON")));
    }
    match input(value, encoding) {
        Ok(node) => Ok(node),
        Err(Failure::Refused(error)) => Err(error),
        Err(Failure::Malformed) => Err(unreadable("a value is no JSON")),
    }
}

/// Arguments: clauses, then keys and values in turn.
pub(crate) fn object_kernel(call: &Call) -> Result<ArrayRef> {
    let clauses = Clauses::of_call(call)?;
    let arguments: Vec<_> = (0..call.arguments.len()).map(|at| call.any(at)).collect();
    call.values(|row| {
        let mut members: Vec<(String, Node)> = Vec::new();
        for (pair, encoding) in clauses.inputs.iter().enumerate() {
            let (key_at, value_at) = (1 + 2 * pair, 2 + 2 * pair);
            let key = match node(&arguments[key_at].get(row), &call.types[key_at]) {
                Some(Node::Text(key)) => key,
                _ => {
                    let message = "null value passed for JSON object key to JSON_OBJECT function";
                    return Err(Error::invalid_argument(message));
                }
            };
            let value = match part(call, value_at, &arguments[value_at].get(row), *encoding)? {
                Some(value) => value,
                None if clauses.null_on_null => Node::Null,
                None => continue,
            };
            if members.iter().any(|(known, _)| *known == key) {
                return Err(match clauses.unique_keys {
                    true => Error::invalid_argument("duplicate key passed to JSON_OBJECT function"),
                    false => Error::new(Code::NotSupported, "cannot construct a JSON object with duplicate key"),
                });
            }
            members.push((key, value));
        }
        Ok(Some(serialized(&Node::Object(in_order(members)), &clauses)))
    })
}

/// The members in the order of Java's hash tables, which Trino keeps them in.
fn in_order(mut members: Vec<(String, Node)>) -> Vec<(String, Node)> {
    let mut buckets = 16usize;
    while members.len() * 4 > buckets * 3 {
        buckets *= 2;
    }
    let bucket = |name: &str| {
        let hash = name.encode_utf16().fold(0u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
        (hash ^ (hash >> 16)) as usize & (buckets - 1)
    };
    members.sort_by_key(|(name, _)| bucket(name));
    members
}

/// Arguments: clauses, then values.
pub(crate) fn array_kernel(call: &Call) -> Result<ArrayRef> {
    let clauses = Clauses::of_call(call)?;
    let arguments: Vec<_> = (0..call.arguments.len()).map(|at| call.any(at)).collect();
    call.values(|row| {
        let mut items = Vec::new();
        for (at, encoding) in clauses.inputs.iter().enumerate() {
            match part(call, at + 1, &arguments[at + 1].get(row), *encoding)? {
                Some(item) => items.push(item),
                None if clauses.null_on_null => items.push(Node::Null),
                None => {}
            }
        }
        Ok(Some(serialized(&Node::Array(items), &clauses)))
    })
}
