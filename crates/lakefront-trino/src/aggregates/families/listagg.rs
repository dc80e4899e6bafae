//! `listagg`

use super::super::fold::{Fold, Row};
use super::super::{Aggregate, aggregate, fold};
use crate::error::{Code, Error, Result};
use crate::types::{Type, VARCHAR};
use crate::value::Value;

/// The most bytes of a result.
const MOST: usize = 1 << 20;

pub(super) fn all() -> Vec<Aggregate> {
    // The analyzer adds what the clauses say: whether too long a text is an error, else what its end is replaced by, and
    // whether that tells the number of values left out.
    vec![aggregate("listagg", "(varchar, varchar, boolean, varchar, boolean) -> varchar", |_, _| fold(Listed))]
}

#[derive(Debug, PartialEq)]
struct Listed;

#[derive(Debug, Default)]
struct State {
    options: Option<Options>,
    values: Vec<String>,
}

#[derive(Debug, Clone)]
struct Options {
    separator: String,
    fails: bool,
    filler: String,
    counts: bool,
}

impl Options {
    fn of(row: Row<'_>, at: usize) -> Self {
        Options {
            separator: row.text(at).unwrap_or_default().to_owned(),
            fails: row.boolean(at + 1).unwrap_or(true),
            filler: row.text(at + 2).unwrap_or_default().to_owned(),
            counts: row.boolean(at + 3).unwrap_or(false),
        }
    }
}

impl Fold for Listed {
    type State = State;

    fn start(&self) -> State {
        State::default()
    }

    fn add(&self, state: &mut State, row: Row<'_>) -> Result<()> {
        if let Some(text) = row.text(0) {
            state.options.get_or_insert_with(|| Options::of(row, 1));
            state.values.push(text.to_owned());
        }
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::array(VARCHAR), VARCHAR, Type::Boolean, VARCHAR, Type::Boolean]
    }

    fn save(&self, state: &State) -> Result<Vec<Value>> {
        let values = Value::Array(state.values.iter().cloned().map(Value::Text).collect());
        Ok(match &state.options {
            None => vec![values, Value::Null, Value::Null, Value::Null, Value::Null],
            Some(options) => vec![
                values,
                Value::Text(options.separator.clone()),
                Value::Boolean(options.fails),
                Value::Text(options.filler.clone()),
                Value::Boolean(options.counts),
            ],
        })
    }

    fn merge(&self, state: &mut State, saved: Row<'_>) -> Result<()> {
        if !saved.is_null(1) {
            state.options.get_or_insert_with(|| Options::of(saved, 1));
        }
        for value in saved.items(0) {
            if let Value::Text(text) = value {
                state.values.push(text);
            }
        }
        Ok(())
    }

    fn finish(&self, state: &State) -> Result<Value> {
        let Some(options) = &state.options else { return Ok(Value::Null) };
        let mut text = String::new();
        for (at, value) in state.values.iter().enumerate() {
            let separator = if at > 0 { options.separator.as_str() } else { "" };
            if text.len() + separator.len() + value.len() > MOST {
                if options.fails {
                    return Err(Error::new(
                        Code::ExceededFunctionMemoryLimit,
                        format!(
                            "Concatenated string has the length in bytes larger than the maximum output length {MOST}"
                        ),
                    ));
                }
                text.push_str(separator);
                text.push_str(&options.filler);
                if options.counts {
                    text.push_str(&format!("({})", state.values.len() - at));
                }
                break;
            }
            text.push_str(separator);
            text.push_str(value);
        }
        Ok(Value::Text(text))
    }

    fn kept(&self, state: &State) -> usize {
        state.values.len()
    }

    fn held(&self) -> usize {
        64
    }
}
