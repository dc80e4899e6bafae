//! `JSON_EXISTS`, `JSON_VALUE`, `JSON_QUERY`, `JSON_OBJECT` and `JSON_ARRAY`, whose clauses
//! [`crate::dialect::json`] has put behind their arguments.

use sqlparser::ast::Expr as Ast;

use super::literal::{constant, text};
use super::scope::Scope;
use super::{Analyzer, Typed};
use crate::call::Kernel;
use crate::cast;
use crate::coercion::can_coerce;
use crate::dialect::json::{clauses, words};
use crate::error::{Code, Error, Result};
use crate::json::path::Path;
use crate::json::standard::{self, Behavior, Clauses, Encoding, Wrapper};
use crate::types::{Type, VARCHAR};
use crate::udf::Udf;
use crate::value::Value;

fn syntax(message: impl Into<String>) -> Error {
    Error::new(Code::SyntaxError, message)
}

fn is_json_call(ast: &Ast) -> bool {
    let Ast::Function(call) = ast else { return false };
    let name = call.name.to_string().to_lowercase();
    matches!(name.as_str(), "json_query" | "json_object" | "json_array")
}

/// The type and the encoding of `RETURNING`.
fn returned(words: &str) -> Result<(Type, Option<&str>)> {
    let (of, format) = match words.split_once(" FORMAT ") {
        Some((of, format)) => (of, Some(format)),
        None => (words, None),
    };
    Ok((Type::parse(of)?, format))
}

fn output_encoding(of: &Type, format: Option<&str>) -> Result<Encoding> {
    match (of, format) {
        (Type::Varchar(_) | Type::Char(_), None | Some("JSON")) => Ok(Encoding::Text),
        (Type::Varbinary, None | Some("JSON" | "JSON ENCODING UTF8")) => Ok(Encoding::Utf8),
        (Type::Varbinary, Some("JSON ENCODING UTF16")) => Ok(Encoding::Utf16),
        (Type::Varbinary, Some("JSON ENCODING UTF32")) => Ok(Encoding::Utf32),
        (of, format) => Err(Error::type_mismatch(format!(
            "Cannot output JSON value as {of} using formatting {}",
            format.unwrap_or("JSON")
        ))),
    }
}

fn input_encoding(of: &Type, format: &str) -> Result<Encoding> {
    match (of, format) {
        (Type::Unknown | Type::Varchar(_) | Type::Char(_), "JSON") => Ok(Encoding::Text),
        (Type::Varbinary, "JSON" | "JSON ENCODING UTF8") => Ok(Encoding::Utf8),
        (Type::Varbinary, "JSON ENCODING UTF16") => Ok(Encoding::Utf16),
        (Type::Varbinary, "JSON ENCODING UTF32") => Ok(Encoding::Utf32),
        (of, format) => {
            Err(Error::type_mismatch(format!("Cannot read input of type {of} as JSON using formatting {format}")))
        }
    }
}

fn behavior(clause: &str) -> Option<Behavior> {
    Some(match clause {
        "NULL ON" | "UNKNOWN ON" => Behavior::Null,
        "ERROR ON" => Behavior::Error,
        "DEFAULT" => Behavior::Default,
        "EMPTY ARRAY ON" => Behavior::EmptyArray,
        "EMPTY OBJECT ON" => Behavior::EmptyObject,
        "TRUE ON" => Behavior::True,
        "FALSE ON" => Behavior::False,
        _ => return None,
    })
}

/// The arguments of a kernel with their types.
#[derive(Default)]
struct Arguments(Vec<Typed>);

impl Arguments {
    fn call(self, name: &'static str, kernel: Kernel, returns: Type) -> Typed {
        let types = self.0.iter().map(|argument| argument.of.clone()).collect();
        let udf = Udf { strict: false, ..Udf::new(name, kernel, types, returns.clone()) };
        Typed::new(udf.on(self.0.into_iter().map(|argument| argument.expr).collect()), returns)
    }
}

impl Analyzer<'_> {
    pub(super) fn json_function(&self, name: &str, arguments: &[&Ast], scope: &Scope<'_>) -> Result<Option<Typed>> {
        Ok(Some(match name {
            "json_exists" | "json_value" | "json_query" => self.on_path(name, arguments, scope)?,
            "json_object" => self.json_object(arguments, scope)?,
            "json_array" => self.json_array(arguments, scope)?,
            _ => return Ok(None),
        }))
    }

    fn on_path(&self, name: &str, arguments: &[&Ast], scope: &Scope<'_>) -> Result<Typed> {
        let [input, path, more @ ..] = arguments else {
            return Err(syntax(format!("{name} needs an input and a path")));
        };
        let mut found = Clauses::new();
        if name == "json_exists" {
            found.on_error = Behavior::False;
        }
        let (input, format) = self.json_input(input, scope)?;
        found.inputs.push(input_encoding(&input.of, format.unwrap_or("JSON"))?);

        let (path, behind_path) = clauses(path);
        let path = self.expression(path, scope)?;
        let datafusion::logical_expr::Expr::Literal(datafusion::common::ScalarValue::Utf8(Some(path_text)), _) =
            &path.expr
        else {
            return Err(syntax("A JSON path is a text in single quotes"));
        };
        let parsed = Path::parse(path_text)?;

        let mut parameters = Vec::new();
        // Clauses behind a parameter or the path that are no part of it.
        let mut rest = Vec::new();
        for (clause, right) in behind_path {
            match clause {
                "AS" => {}
                "PASSING" => {
                    let (value, behind) = clauses(right);
                    self.parameter(value, behind, &mut found, &mut parameters, scope)?;
                }
                _ => rest.push((clause, right)),
            }
        }
        for argument in more {
            let (value, behind) = clauses(argument);
            rest.extend(self.parameter(value, behind, &mut found, &mut parameters, scope)?);
        }
        for variable in &parsed.variables {
            if !found.names.contains(variable) {
                let message = format!("no value passed for parameter {variable}");
                return Err(Error::new(Code::InvalidPath, message));
            }
        }

        let (mut of, mut format) = (VARCHAR, None);
        let (mut empty_default, mut error_default) = (None, None);
        let mut quotes = false;
        for (clause, right) in rest {
            let event = match (clause, right) {
                ("DEFAULT", right) => clauses(right).1.first().and_then(|(_, event)| words(event)),
                (_, right) => words(right),
            };
            match (clause, event) {
                ("RETURNING", Some(words)) => (of, format) = returned(words)?,
                ("OMIT" | "KEEP" | "OMIT QUOTES ON SCALAR" | "KEEP QUOTES ON SCALAR", _) => {
                    quotes = true;
                    found.omit_quotes = clause.starts_with("OMIT");
                }
                (wrapper, Some("WRAPPER")) => {
                    found.wrapper = if wrapper.starts_with("WITHOUT") {
                        Wrapper::Without
                    } else if wrapper.contains(" CONDITIONAL") {
                        Wrapper::Conditional
                    } else {
                        Wrapper::Unconditional
                    };
                }
                (clause, Some(event)) => {
                    let behavior = behavior(clause).ok_or_else(|| syntax(format!("{clause} {event} is no clause")))?;
                    let default = match behavior {
                        Behavior::Default => Some(clauses(right).0),
                        _ => None,
                    };
                    if event == "EMPTY" {
                        (found.on_empty, empty_default) = (behavior, default);
                    } else {
                        (found.on_error, error_default) = (behavior, default);
                    }
                }
                (clause, None) => return Err(syntax(format!("{clause} is no clause of {name}"))),
            }
        }
        if quotes && found.wrapper != Wrapper::Without {
            let message = "A QUOTES behavior is specified with a WITH ARRAY WRAPPER behavior";
            return Err(Error::invalid_argument(message));
        }

        let default = |default: Option<&Ast>| match default {
            None => constant(Value::Null, of.clone()),
            Some(default) => {
                let value = self.expression(default, scope)?;
                if !can_coerce(&value.of, &of) {
                    return Err(Error::type_mismatch(format!(
                        "Function JSON_VALUE default result must evaluate to a {of} (actual: {})",
                        value.of
                    )));
                }
                Ok(Typed::new(self.coerce(value, &of)?, of.clone()))
            }
        };
        let (kernel, name, returns): (Kernel, _, _) = match name {
            "json_exists" => (standard::exists_kernel, "json_exists", Type::Boolean),
            "json_value" => {
                let is_scalar = of == Type::Boolean
                    || of.is_numeric()
                    || of.is_text()
                    || matches!(
                        of,
                        Type::Date | Type::Time(_) | Type::TimeTz(_) | Type::Timestamp(_) | Type::TimestampTz(_)
                    );
                if !is_scalar {
                    return Err(Error::type_mismatch(format!("Invalid return type of function JSON_VALUE: {of}")));
                }
                (standard::value_kernel, "json_value", of.clone())
            }
            _ => {
                found.output = output_encoding(&of, format)?;
                let whole = if of == Type::Varbinary { Type::Varbinary } else { VARCHAR };
                (standard::query_kernel, "json_query", whole)
            }
        };
        let mut all = vec![text(&found.to_text())?, path, input, default(empty_default)?, default(error_default)?];
        all.extend(parameters);
        let result = Arguments(all).call(name, kernel, returns.clone());
        if name == "json_query" && returns != of { self.cast(result, &of) } else { Ok(result) }
    }

    /// A value that is read as JSON, and its format.
    fn json_input<'a>(&self, argument: &'a Ast, scope: &Scope<'_>) -> Result<(Typed, Option<&'a str>)> {
        let (value, behind) = clauses(argument);
        let format = behind.iter().find(|(clause, _)| *clause == "FORMAT").and_then(|(_, right)| words(right));
        Ok((self.expression(value, scope)?, format))
    }

    /// Takes a value of `PASSING`; gives back the clauses that are not its own.
    fn parameter<'a>(
        &self,
        value: &'a Ast,
        behind: Vec<(&'a str, &'a Ast)>,
        found: &mut Clauses,
        parameters: &mut Vec<Typed>,
        scope: &Scope<'_>,
    ) -> Result<Vec<(&'a str, &'a Ast)>> {
        let mut format = is_json_call(value).then_some("JSON");
        let mut name = None;
        let mut rest = Vec::new();
        for (clause, right) in behind {
            match clause {
                "FORMAT" => format = words(right),
                "AS" => name = words(right),
                _ => rest.push((clause, right)),
            }
        }
        // A name without quotes is in upper case.
        let name = name.ok_or_else(|| syntax("A parameter of a JSON path needs a name"))?;
        let name = match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => name.to_uppercase(),
        };
        if found.names.contains(&name) {
            return Err(Error::not_here(format!("A second parameter {name}")));
        }
        let value = self.expression(value, scope)?;
        let (value, encoding) = match format {
            Some(format) => {
                let encoding = input_encoding(&value.of, format)?;
                (value, encoding)
            }
            None => (self.json_scalar(value, true)?, Encoding::Sql),
        };
        found.names.push(name);
        found.inputs.push(encoding);
        parameters.push(value);
        Ok(rest)
    }

    /// A value that a path or an object takes as it is, or as its text.
    fn json_scalar(&self, value: Typed, keeps_times: bool) -> Result<Typed> {
        let unsupported = || Error::new(Code::NotSupported, format!("Unsupported type of JSON value: {}", value.of));
        match &value.of {
            Type::Varbinary => Err(unsupported()),
            of if *of == Type::Boolean || of.is_numeric() || of.is_text() => Ok(value),
            Type::Date | Type::Time(_) | Type::TimeTz(_) | Type::Timestamp(_) | Type::TimestampTz(_) if keeps_times => {
                Ok(value)
            }
            of if cast::exists(of, &VARCHAR) => self.cast(value, &VARCHAR),
            _ => Err(unsupported()),
        }
    }

    /// A value that an object or array is made of, and how it holds JSON.
    fn json_part(&self, value: &Ast, format: Option<&str>, scope: &Scope<'_>) -> Result<(Typed, Encoding)> {
        let format = format.or_else(|| is_json_call(value).then_some("JSON"));
        let value = self.expression(value, scope)?;
        match format {
            Some(format) => {
                let encoding = input_encoding(&value.of, format)?;
                Ok((value, encoding))
            }
            None => Ok((self.json_scalar(value, false)?, Encoding::Sql)),
        }
    }

    fn json_object(&self, arguments: &[&Ast], scope: &Scope<'_>) -> Result<Typed> {
        let mut found = Clauses { null_on_null: true, ..Clauses::new() };
        let mut returns = VARCHAR;
        let mut all = Vec::new();
        for argument in arguments {
            if self.constructor(argument, &mut found, &mut returns)? {
                continue;
            }
            let (key, behind) = clauses(argument);
            let mut rest = behind.into_iter();
            let Some(("VALUE", member)) = rest.next() else {
                return Err(syntax("A member of a JSON object needs a key and a value"));
            };
            let key = self.expression(key, scope)?;
            if !key.of.is_text() {
                return Err(Error::invalid_argument(format!("Invalid type of JSON object key: {}", key.of)));
            }
            let (value, format) = clauses(member);
            let format = format.first().and_then(|(_, right)| words(right));
            let (value, encoding) = self.json_part(value, format, scope)?;
            found.inputs.push(encoding);
            all.extend([key, value]);
            self.construction(rest, &mut found, &mut returns)?;
        }
        self.constructed("json_object", standard::object_kernel, found, all, returns)
    }

    fn json_array(&self, arguments: &[&Ast], scope: &Scope<'_>) -> Result<Typed> {
        let mut found = Clauses::new();
        let mut returns = VARCHAR;
        let mut all = Vec::new();
        for argument in arguments {
            if self.constructor(argument, &mut found, &mut returns)? {
                continue;
            }
            let (value, behind) = clauses(argument);
            let (own, rest): (Vec<_>, Vec<_>) = behind.into_iter().partition(|(clause, _)| *clause == "FORMAT");
            let format = own.first().and_then(|(_, right)| words(right));
            let (value, encoding) = self.json_part(value, format, scope)?;
            found.inputs.push(encoding);
            all.push(value);
            self.construction(rest.into_iter(), &mut found, &mut returns)?;
        }
        self.constructed("json_array", standard::array_kernel, found, all, returns)
    }

    /// Whether an argument is nothing but `RETURNING`, which stands alone where there are no others.
    fn constructor(&self, argument: &Ast, found: &mut Clauses, returns: &mut Type) -> Result<bool> {
        let Some(of) = words(argument).and_then(|words| words.strip_prefix("RETURNING ")) else { return Ok(false) };
        let (of, format) = returned(of)?;
        found.output = output_encoding(&of, format)?;
        *returns = of;
        Ok(true)
    }

    fn construction<'a>(
        &self,
        rest: impl Iterator<Item = (&'a str, &'a Ast)>,
        found: &mut Clauses,
        returns: &mut Type,
    ) -> Result<()> {
        for (clause, right) in rest {
            match (clause, words(right)) {
                ("NULL ON", _) => found.null_on_null = true,
                ("ABSENT ON", _) => found.null_on_null = false,
                ("WITH UNIQUE", _) => found.unique_keys = true,
                ("WITHOUT UNIQUE", _) => found.unique_keys = false,
                ("RETURNING", Some(of)) => {
                    let (of, format) = returned(of)?;
                    found.output = output_encoding(&of, format)?;
                    *returns = of;
                }
                (clause, _) => return Err(syntax(format!("{clause} is no clause here"))),
            }
        }
        Ok(())
    }

    fn constructed(
        &self,
        name: &'static str,
        kernel: Kernel,
        found: Clauses,
        arguments: Vec<Typed>,
        returns: Type,
    ) -> Result<Typed> {
        let mut all = vec![text(&found.to_text())?];
        all.extend(arguments);
        let whole = if returns == Type::Varbinary { Type::Varbinary } else { VARCHAR };
        let result = Arguments(all).call(name, kernel, whole);
        self.cast(result, &returns)
    }
}
