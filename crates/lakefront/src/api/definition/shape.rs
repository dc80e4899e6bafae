//! A small language for what JSON may hold, that says where it does not.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::chart;

/// What a value has to be.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    Text,
    /// A text that is not empty.
    Name,
    /// The name of a result's column.
    Column,
    /// One or more of them; one may stand without a list.
    Columns,
    Flag,
    Whole {
        least: i64,
        most: i64,
    },
    /// Greater than zero.
    Positive,
    OneOf(&'static [&'static str]),
    Anything,
    List(&'static Shape),
    /// An object whose names are free.
    ByName(&'static Shape),
    Record(&'static [Field]),
    /// An object with a `type`, which says what else is in it.
    Chart,
}

#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub shape: Shape,
    needed: bool,
}

pub const fn needed(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, needed: true }
}

pub const fn optional(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, needed: false }
}

/// Where something is wrong, what, and what would be right, in one sentence or two.
#[derive(Debug)]
pub struct Fault(pub String);

impl Shape {
    /// Adds what is wrong with `value`, which stands at `path`.
    pub fn check(self, path: &str, value: &Value, faults: &mut Vec<Fault>) {
        let fits = match (self, value) {
            (Shape::Anything, _) | (Shape::Text, Value::String(_)) | (Shape::Flag, Value::Bool(_)) => true,
            (Shape::Name | Shape::Column, Value::String(text)) => !text.is_empty(),
            (Shape::Columns, Value::String(text)) => !text.is_empty(),
            (Shape::Columns, Value::Array(columns)) => {
                for (at, column) in columns.iter().enumerate() {
                    Shape::Column.check(&format!("{path}[{at}]"), column, faults);
                }
                !columns.is_empty()
            }
            (Shape::Whole { least, most }, Value::Number(number)) => {
                number.as_i64().is_some_and(|number| (least..=most).contains(&number))
            }
            (Shape::Positive, Value::Number(number)) => number.as_f64().is_some_and(|number| number > 0.0),
            (Shape::OneOf(words), Value::String(word)) => {
                if !words.contains(&word.as_str()) {
                    let instead = instead(word, words.iter().copied());
                    faults.push(Fault(format!("`{path}` is `{word}`. {instead}")));
                }
                true
            }
            (Shape::List(each), Value::Array(values)) => {
                for (at, value) in values.iter().enumerate() {
                    each.check(&format!("{path}[{at}]"), value, faults);
                }
                true
            }
            (Shape::ByName(each), Value::Object(values)) => {
                for (name, value) in values {
                    each.check(&within(path, name), value, faults);
                }
                true
            }
            (Shape::Record(fields), Value::Object(values)) => {
                record(fields, path, values, faults);
                true
            }
            (Shape::Chart, Value::Object(values)) => {
                chart::check(path, values, faults);
                true
            }
            _ => false,
        };
        if !fits {
            let subject = if path.is_empty() { "The definition".to_owned() } else { format!("`{path}`") };
            faults.push(Fault(format!("{subject} is {}; it has to be {}.", described(value), self.words())));
        }
    }

    fn words(self) -> String {
        match self {
            Shape::Text => "a text".to_owned(),
            Shape::Name => "a text that is not empty".to_owned(),
            Shape::Column => "the name of a column".to_owned(),
            Shape::Columns => "a list of columns' names".to_owned(),
            Shape::Flag => "true or false".to_owned(),
            Shape::Whole { least, most } => format!("a whole number from {least} to {most}"),
            Shape::Positive => "a number above 0".to_owned(),
            Shape::OneOf(words) => format!("one of {}", listed(words.iter().copied())),
            Shape::Anything => "any value".to_owned(),
            Shape::List(each) => format!("a list, each {}", each.words()),
            Shape::ByName(each) => format!("an object by name, each {}", each.words()),
            Shape::Record(_) => "an object".to_owned(),
            Shape::Chart => "an object with a `type`".to_owned(),
        }
    }
}

/// Checks each field, and that no other is nearly one of them: what else is there is kept and has no meaning. `null` is
/// the same as nothing.
pub fn record(fields: &[Field], path: &str, values: &Map<String, Value>, faults: &mut Vec<Fault>) {
    for name in values.keys().filter(|name| fields.iter().all(|field| field.name != **name)) {
        if let Some(near) = lakefront_query::nearest(name, fields.iter().map(|field| field.name)) {
            faults.push(Fault(format!("`{}` is not known. Did you mean `{near}`?", within(path, name))));
        }
    }
    for field in fields {
        let path = within(path, field.name);
        match values.get(field.name).filter(|value| !value.is_null()) {
            Some(value) => field.shape.check(&path, value, faults),
            None if field.needed => faults.push(Fault(format!("`{path}` is missing: {}.", field.shape.words()))),
            None => {}
        }
    }
}

/// The name that was meant, or all there are.
pub fn instead<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = lakefront_query::nearest(name, known.clone()) {
        return format!("Did you mean `{near}`?");
    }
    match listed(known) {
        none if none.is_empty() => "There is none.".to_owned(),
        all => format!("Known are {all}."),
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn within(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let mut within = path.to_owned();
    if !plain {
        let _infallible = write!(within, "[{}]", Value::from(name));
    } else if path.is_empty() {
        within.push_str(name);
    } else {
        let _infallible = write!(within, ".{name}");
    }
    within
}

fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(values) if values.is_empty() => "an empty list".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
