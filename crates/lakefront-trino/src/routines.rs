//! Functions that a statement defines: `WITH FUNCTION twice(x integer) RETURNS integer RETURN x * 2 SELECT twice(21)`.
//!
//! The parser's tree has no place for them. Each call carries its definition instead, before its own arguments:
//! `"$routine"('twice', 'row(integer)', 'integer', '', (x) -> x * 2, 21)`, which reads back as the same.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    LambdaFunction, LambdaFunctionParameter, LambdaSyntax, ObjectName, OneOrManyWithParens, Spanned, Statement,
    UnaryOperator, Value,
};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use crate::comparison::Comparison;
use crate::dialect::grammar::is_reserved;
use crate::limits::{self, MAX_NESTING, MAX_OPERATORS, MAX_TEXT_BYTES};
use crate::tree::{self, Changer, Reader, Step, Stop};
use crate::words::{Word, words};
use crate::{Sql, SyntaxError, SyntaxErrorKind, print};

/// What a call of a function of the statement's own calls in the tree.
pub(crate) const CALL: &str = "$routine";

/// Words with which a body of statements begins, instead of `RETURN`.
const CONTROL: &[&str] = &["BEGIN", "CASE", "IF", "ITERATE", "LEAVE", "LOOP", "REPEAT", "SET", "WHILE"];
/// Words that end the type that a function returns.
const AFTER_TYPE: &[&str] = &["CALLED", "COMMENT", "DETERMINISTIC", "LANGUAGE", "NOT", "RETURN", "RETURNS", "SECURITY"];

/// Whether a statement begins with definitions; refuses what is not read of them.
pub(crate) fn are_defined(words: &[Word]) -> Result<bool, SyntaxError> {
    let words: Vec<&Word> = words.iter().filter(|word| !word.is_space()).collect();
    // `function` alone may be the name of a query.
    let begins = |at: usize| {
        is(words.get(at), "WITH")
            && is(words.get(at + 1), "FUNCTION")
            && !is(words.get(at + 2), "AS")
            && matches!(words.get(at + 2), Some(Word { token: Token::Word(_), .. }))
    };
    let Some(start) = (0..words.len()).find(|at| begins(*at)) else { return Ok(false) };
    if start > 0 {
        return Err(refused("WITH FUNCTION at another place than the beginning of a statement", words[start]));
    }
    let mut depth = 0usize;
    let mut in_header = true;
    for (at, word) in words.iter().enumerate().skip(2) {
        match &word.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Comma if depth == 0 && is(words.get(at + 1), "FUNCTION") => {
                in_header |= matches!(words.get(at + 3), Some(Word { token: Token::LParen | Token::Period, .. }));
            }
            _ if depth > 0 || !in_header => {}
            _ if is(Some(word), "RETURN") => in_header = false,
            _ if CONTROL.iter().any(|control| is(Some(word), control)) => {
                return Err(refused("A function of statements (BEGIN … END)", word));
            }
            _ => {}
        }
    }
    Ok(true)
}

fn is(word: Option<&&Word>, name: &str) -> bool {
    word.is_some_and(|word| is_keyword(&word.token, name))
}

fn is_keyword(token: &Token, name: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(name))
}

fn refused(what: &str, word: &Word) -> SyntaxError {
    not_supported(what, word.position())
}

fn not_supported(what: &str, position: (u64, u64)) -> SyntaxError {
    let message = format!("{what} is not supported by the embedded engine.");
    SyntaxError::new(SyntaxErrorKind::NotSupported, message, position)
}

/// A function as it was defined.
pub(crate) struct Routine {
    name: Ident,
    /// What stands before the arguments of a call.
    definition: Vec<Expr>,
    /// Of the definition's text.
    bytes: usize,
    is_called: bool,
}

/// Why definitions can't be read.
pub(crate) enum Failure {
    Parser(ParserError),
    Refused(SyntaxError),
}

impl From<ParserError> for Failure {
    fn from(error: ParserError) -> Self {
        Failure::Parser(error)
    }
}

type Read<T> = Result<T, Failure>;

/// Reads the definitions that a statement begins with.
pub(crate) fn read(parser: &mut Parser) -> Read<Vec<Routine>> {
    let mut routines: Vec<Routine> = Vec::new();
    need(parser, "WITH")?;
    loop {
        need(parser, "FUNCTION")?;
        let routine = one(parser, &mut routines)?;
        routines.push(routine);
        if !parser.consume_token(&Token::Comma) {
            return Ok(routines);
        }
    }
}

fn one(parser: &mut Parser, known: &mut [Routine]) -> Read<Routine> {
    let name = parser.parse_identifier()?;
    let start = name.span.start;
    let refuse = |what: String| Err(Failure::Refused(not_supported(&what, (start.line, start.column))));
    if known.iter().any(|routine| routine.is(&name)) {
        return refuse(format!("A second function of the name {name}"));
    }
    if is_taken(&name) {
        return refuse(format!("A function of the statement's own with the name {name}, which is one of SQL's,"));
    }
    parser.expect_token(&Token::LParen)?;
    let (mut parameters, mut types) = (Vec::new(), Vec::new());
    while parser.peek_token_ref().token != Token::RParen {
        if !parameters.is_empty() {
            parser.expect_token(&Token::Comma)?;
        }
        let parameter = parser.parse_identifier()?;
        if is_reserved(&parameter) {
            let message = format!("A parameter of the name {parameter} needs double quotes");
            return Err(ParserError::ParserError(message).into());
        }
        parameters.push(LambdaFunctionParameter { name: parameter, data_type: None });
        types.push(type_name(parser, &[])?);
    }
    parser.expect_token(&Token::RParen)?;
    need(parser, "RETURNS")?;
    let returns = type_name(parser, AFTER_TYPE)?;
    let characteristics = characteristics(parser)?;
    need(parser, "RETURN")?;
    let mut body = parser.parse_expr()?;
    if is_condition(&body) {
        let message = "What a function returns is in brackets if it is a condition: RETURN (x > 1)".to_owned();
        return Err(ParserError::ParserError(message).into());
    }
    if calls_itself(&body, &name) {
        return refuse(format!("The function {name}, which calls itself,"));
    }
    let mut calls = Calls { routines: known, room: MAX_TEXT_BYTES, is_too_large: false };
    let _ = tree::change(&mut body, &mut calls);
    let mut depth = Depth::default();
    let _ = tree::read(&body, &mut depth);
    if calls.is_too_large || depth.most > MAX_OPERATORS + MAX_NESTING {
        return Err(Failure::Refused(too_complex((start.line, start.column))));
    }
    let text = |text: String| Expr::Value(Value::SingleQuotedString(text).into());
    let types = if types.is_empty() { String::new() } else { format!("row({})", types.join(", ")) };
    let body = if parameters.is_empty() {
        body
    } else {
        let params = OneOrManyWithParens::Many(parameters);
        Expr::Lambda(LambdaFunction { params, body: Box::new(body), syntax: LambdaSyntax::Arrow })
    };
    let definition = vec![text(name.value.to_lowercase()), text(types), text(returns), text(characteristics), body];
    let bytes = definition.iter().map(|part| part.to_string().len()).sum();
    Ok(Routine { name, definition, bytes, is_called: false })
}

/// What SQL's grammar has no place for after `RETURN`.
fn is_condition(body: &Expr) -> bool {
    match body {
        Expr::BinaryOp { op, .. } => {
            Comparison::of(op).is_some() || matches!(op, BinaryOperator::And | BinaryOperator::Or)
        }
        Expr::UnaryOp { op, .. } => *op == UnaryOperator::Not,
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::Between { .. }
        | Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::Like { .. }
        | Expr::AnyOp { .. }
        | Expr::AllOp { .. } => true,
        _ => false,
    }
}

fn calls_itself(body: &Expr, name: &Ident) -> bool {
    tree::has_expression(body, |expr| match expr {
        Expr::Function(call) => call.name.to_string().trim_matches('"').eq_ignore_ascii_case(&name.value),
        _ => false,
    })
}

/// What is written of determinism and of nulls, with one space between words.
fn characteristics(parser: &mut Parser) -> Read<String> {
    let mut known: Vec<&str> = Vec::new();
    loop {
        let place = parser.peek_token_ref().span.start;
        let (clause, what) = if take(parser, "DETERMINISTIC") {
            ("DETERMINISTIC", "deterministic")
        } else if take(parser, "NOT DETERMINISTIC") {
            ("NOT DETERMINISTIC", "deterministic")
        } else if take(parser, "RETURNS NULL ON NULL INPUT") {
            ("RETURNS NULL ON NULL INPUT", "null-call")
        } else if take(parser, "CALLED ON NULL INPUT") {
            ("CALLED ON NULL INPUT", "null-call")
        } else if take(parser, "LANGUAGE") {
            let language = parser.parse_identifier()?;
            if !language.value.eq_ignore_ascii_case("sql") {
                let what = format!("The function language {}", language.value);
                return Err(Failure::Refused(not_supported(&what, (place.line, place.column))));
            }
            ("LANGUAGE SQL", "language")
        } else if take(parser, "SECURITY") {
            return Err(Failure::Refused(not_supported("SECURITY of a function", (place.line, place.column))));
        } else if take(parser, "COMMENT") {
            parser.parse_literal_string()?;
            ("COMMENT", "comment")
        } else {
            return Ok(known.join(" "));
        };
        let is_of = |kind: &str, clause: &str| match kind {
            "deterministic" => clause.ends_with("DETERMINISTIC"),
            "null-call" => clause.ends_with("INPUT"),
            "language" => clause.starts_with("LANGUAGE"),
            _ => clause == "COMMENT",
        };
        if known.iter().any(|other| is_of(what, other)) {
            let message = format!("Multiple {what} clauses specified");
            return Err(ParserError::ParserError(message).into());
        }
        known.push(clause);
    }
}

/// A type's name, up to where a parameter ends, or to one of the words.
fn type_name(parser: &mut Parser, ends: &[&str]) -> Read<String> {
    let mut name = String::new();
    let mut depth = 0usize;
    loop {
        let token = parser.peek_token_ref();
        match &token.token {
            Token::RParen | Token::Comma if depth == 0 => break,
            token if depth == 0 && ends.iter().any(|end| is_keyword(token, end)) => break,
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::Word(_) | Token::Number(..) | Token::Comma => {}
            _ => return Ok(parser.expected("a type", parser.peek_token())?),
        }
        let token = parser.next_token().token;
        if !name.is_empty() && !name.ends_with('(') && !matches!(token, Token::LParen | Token::RParen | Token::Comma) {
            name.push(' ');
        }
        name.push_str(&token.to_string());
    }
    if name.is_empty() {
        return Ok(parser.expected("a type", parser.peek_token())?);
    }
    Ok(name)
}

fn take(parser: &mut Parser, words: &str) -> bool {
    let count = words.split(' ').count();
    let found = words.split(' ').enumerate().all(|(at, word)| is_keyword(&parser.peek_nth_token_ref(at).token, word));
    for _ in 0..if found { count } else { 0 } {
        parser.advance_token();
    }
    found
}

fn need(parser: &mut Parser, word: &str) -> Result<(), ParserError> {
    if take(parser, word) { Ok(()) } else { parser.expected(word, parser.peek_token()) }
}

/// Whether a call by the name would be another's, or no call at all.
fn is_taken(name: &Ident) -> bool {
    let is_plain_call = || {
        let call = format!("{name}(a)");
        let dialect = Sql::Trino.parsing(call.len());
        let parsed = Parser::new(dialect.as_ref()).try_with_sql(&call).ok()?.parse_expr().ok()?;
        matches!(parsed, Expr::Function(_)).then_some(())
    };
    crate::is_function(&name.value) || crate::is_table_function(&name.value) || is_plain_call().is_none()
}

fn too_complex(position: (u64, u64)) -> SyntaxError {
    let message = "The functions of the statement make more of it than can be planned safely.";
    SyntaxError::new(SyntaxErrorKind::TooComplex, message, position)
}

/// Puts the definitions into the calls of them.
pub(crate) fn put_in_place(mut routines: Vec<Routine>, statement: &mut Statement) -> Result<(), SyntaxError> {
    let mut calls = Calls { routines: &mut routines, room: MAX_TEXT_BYTES, is_too_large: false };
    let _ = tree::change(statement, &mut calls);
    let start = |routine: &Routine| (routine.name.span.start.line, routine.name.span.start.column);
    let is_too_large = calls.is_too_large;
    let first = routines.first().map_or((1, 1), start);
    if is_too_large {
        return Err(too_complex(first));
    }
    // What is never called is never looked at.
    if let Some(idle) = routines.iter().find(|routine| !routine.is_called) {
        let what = format!("The function {}, which is defined and never called,", idle.name);
        return Err(not_supported(&what, start(idle)));
    }
    let text = print(statement);
    let within = words(&text).and_then(|words| limits::check(&words));
    within.map_err(|_| too_complex(first))
}

impl Routine {
    fn is(&self, name: &Ident) -> bool {
        self.name.value.eq_ignore_ascii_case(&name.value)
    }
}

struct Calls<'a> {
    routines: &'a mut [Routine],
    /// Bytes that definitions may still take.
    room: usize,
    is_too_large: bool,
}

impl Changer for Calls<'_> {
    fn post_expr(&mut self, expr: &mut Expr) -> Step {
        let Expr::Function(call) = expr else { return ControlFlow::Continue(()) };
        let [name] = call.name.0.as_slice() else { return ControlFlow::Continue(()) };
        let Some(routine) = name.as_ident().and_then(|name| self.routines.iter_mut().find(|routine| routine.is(name)))
        else {
            return ControlFlow::Continue(());
        };
        let span = call.name.span();
        let Some(own) = plain(call) else { return ControlFlow::Continue(()) };
        routine.is_called = true;
        let Some(room) = self.room.checked_sub(routine.bytes) else {
            self.is_too_large = true;
            return ControlFlow::Break(Stop::Found);
        };
        self.room = room;
        let argument = |part: &Expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(part.clone()));
        own.splice(0..0, routine.definition.iter().map(argument));
        call.name = ObjectName::from(Ident::with_quote_and_span('"', span, CALL));
        ControlFlow::Continue(())
    }
}

/// The arguments of a call that has nothing else.
fn plain(call: &mut Function) -> Option<&mut Vec<FunctionArg>> {
    let has_more = call.filter.is_some()
        || call.over.is_some()
        || call.null_treatment.is_some()
        || !call.within_group.is_empty()
        || call.parameters != FunctionArguments::None;
    match &mut call.args {
        FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses })
            if clauses.is_empty() && !has_more =>
        {
            Some(args)
        }
        _ => None,
    }
}

#[derive(Default)]
struct Depth {
    now: usize,
    most: usize,
}

impl Reader for Depth {
    fn pre_expr(&mut self, _: &Expr) -> Step {
        self.now += 1;
        self.most = self.most.max(self.now);
        ControlFlow::Continue(())
    }

    fn post_expr(&mut self, _: &Expr) -> Step {
        self.now -= 1;
        ControlFlow::Continue(())
    }
}

/// A definition as a call carries it.
pub(crate) struct Definition<'a> {
    pub(crate) name: &'a str,
    /// The parameters' types as those of a row's fields; empty without parameters.
    pub(crate) types: &'a str,
    pub(crate) returns: &'a str,
    pub(crate) characteristics: &'a str,
    pub(crate) parameters: Vec<&'a Ident>,
    pub(crate) body: &'a Expr,
}

impl<'a> Definition<'a> {
    /// The definition and the call's own arguments.
    pub(crate) fn of<'b>(arguments: &'b [&'a Expr]) -> Option<(Self, &'b [&'a Expr])> {
        let [name, types, returns, characteristics, body, own @ ..] = arguments else { return None };
        let types = text(types)?;
        let (parameters, body) = match body {
            Expr::Lambda(LambdaFunction { params: OneOrManyWithParens::Many(parameters), body, .. })
                if !types.is_empty() =>
            {
                (parameters.iter().map(|parameter| &parameter.name).collect(), body.as_ref())
            }
            body => (Vec::new(), *body),
        };
        let definition = Definition {
            name: text(name)?,
            types,
            returns: text(returns)?,
            characteristics: text(characteristics)?,
            parameters,
            body,
        };
        Some((definition, own))
    }
}

fn text(part: &Expr) -> Option<&str> {
    match part {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
