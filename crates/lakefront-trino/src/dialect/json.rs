//! `JSON_EXISTS`, `JSON_VALUE`, `JSON_QUERY`, `JSON_OBJECT` and `JSON_ARRAY` of the SQL standard.
//!
//! The parser's tree has no place for their clauses, so a clause is an operator that this dialect alone makes,
//! [`BinaryOperator::Custom`], behind what it belongs to: `'lax $.a' RETURNING bigint NULL ON ERROR` is
//! `(('lax $.a' RETURNING bigint) NULL ON ERROR)`. What stands to the right of it and is no expression is a
//! [`Value::Number`] with that text. The tree then prints as it was read, and who visits its expressions meets all of
//! them and nothing else. Clauses behind the last argument belong to the call; [`clauses`] takes an argument apart.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, Value,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

type Parsed<T = Expr> = Result<T, ParserError>;

/// Whether a name in front of a bracket is one of these functions.
pub(super) fn is_function(name: &str) -> bool {
    ["json_exists", "json_value", "json_query", "json_object", "json_array"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// An argument, and the clauses behind it in order.
pub(crate) fn clauses(argument: &Expr) -> (&Expr, Vec<(&str, &Expr)>) {
    let mut clauses = Vec::new();
    let mut rest = argument;
    while let Expr::BinaryOp { left, op: BinaryOperator::Custom(word), right } = rest {
        clauses.push((word.as_str(), right.as_ref()));
        rest = left;
    }
    clauses.reverse();
    (rest, clauses)
}

/// The words to the right of a clause that are no expression.
pub(crate) fn words(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(words, _) => Some(words),
            _ => None,
        },
        _ => None,
    }
}

fn of_words(text: impl Into<String>) -> Expr {
    Expr::value(Value::Number(text.into(), false))
}

fn with(left: Expr, clause: &str, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::Custom(clause.to_owned()), right: Box::new(right) }
}

fn is_word(parser: &Parser, ahead: usize, word: &str) -> bool {
    matches!(
        &parser.peek_nth_token_ref(ahead).token,
        Token::Word(next) if next.quote_style.is_none() && next.value.eq_ignore_ascii_case(word)
    )
}

/// Takes the words if all of them are next.
fn take(parser: &mut Parser, words: &str) -> bool {
    let words: Vec<&str> = words.split(' ').collect();
    let next = words.iter().enumerate().all(|(ahead, word)| is_word(parser, ahead, word));
    if next {
        words.iter().for_each(|_| parser.advance_token());
    }
    next
}

fn need(parser: &mut Parser, words: &str) -> Parsed<()> {
    if take(parser, words) { Ok(()) } else { parser.expected(words, parser.peek_token()) }
}

/// A call, from its name on.
pub(super) fn call(parser: &mut Parser) -> Parsed {
    let name = parser.parse_identifier()?;
    parser.expect_token(&Token::LParen)?;
    let args = match name.value.to_lowercase().as_str() {
        "json_exists" => {
            let mut args = path_invocation(parser)?;
            for behavior in ["TRUE", "FALSE", "UNKNOWN", "ERROR"] {
                if take(parser, behavior) {
                    need(parser, "ON ERROR")?;
                    add(&mut args, &format!("{behavior} ON"), of_words("ERROR"));
                    break;
                }
            }
            args
        }
        "json_value" => {
            let mut args = path_invocation(parser)?;
            if take(parser, "RETURNING") {
                let of = data_type(parser)?;
                add(&mut args, "RETURNING", of_words(of));
            }
            let mut seen_error = false;
            while !seen_error {
                let behavior = if take(parser, "NULL") {
                    ("NULL ON", None)
                } else if take(parser, "ERROR") {
                    ("ERROR ON", None)
                } else if take(parser, "DEFAULT") {
                    ("DEFAULT", Some(parser.parse_expr()?))
                } else {
                    break;
                };
                seen_error = on(parser)?;
                let event = of_words(if seen_error { "ERROR" } else { "EMPTY" });
                match behavior {
                    (clause, Some(default)) => add(&mut args, clause, with(default, "ON", event)),
                    (clause, None) => add(&mut args, clause, event),
                }
            }
            args
        }
        "json_query" => query(parser)?,
        "json_object" => object(parser)?,
        _ => array(parser)?,
    };
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Function(function(name, args)))
}

fn function(name: Ident, args: Vec<Expr>) -> Function {
    Function {
        name: ObjectName::from(name),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))).collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    }
}

/// Puts a clause behind the last argument.
fn add(args: &mut Vec<Expr>, clause: &str, right: Expr) {
    let last = args.pop();
    args.push(match last {
        Some(last) => with(last, clause, right),
        // A call without arguments: the clause stands alone.
        None => of_words(format!("{clause} {right}")),
    });
}

/// `ON EMPTY` or `ON ERROR`: whether it is the error.
fn on(parser: &mut Parser) -> Parsed<bool> {
    need(parser, "ON")?;
    if take(parser, "ERROR") {
        return Ok(true);
    }
    need(parser, "EMPTY")?;
    Ok(false)
}

fn data_type(parser: &mut Parser) -> Parsed<String> {
    let mut name = String::new();
    let mut depth = 0;
    loop {
        let ends = ["FORMAT", "NULL", "ERROR", "DEFAULT", "EMPTY", "WITH", "WITHOUT", "KEEP", "OMIT"];
        let is_time_zone = is_word(parser, 0, "WITH") && is_word(parser, 1, "TIME")
            || is_word(parser, 0, "WITHOUT") && is_word(parser, 1, "TIME");
        match &parser.peek_token_ref().token {
            Token::RParen if depth == 0 => break,
            Token::EOF | Token::SemiColon => return parser.expected("a type", parser.peek_token()),
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ if depth == 0 && !is_time_zone && ends.iter().any(|end| is_word(parser, 0, end)) => break,
            Token::Word(_) | Token::Number(..) | Token::Comma => {}
            Token::Lt | Token::Gt | Token::ShiftRight | Token::LBracket | Token::RBracket => {}
            _ => return parser.expected("a type", parser.peek_token()),
        }
        let token = parser.next_token().token;
        if !name.is_empty() && !matches!(token, Token::LParen | Token::RParen | Token::Comma) && !name.ends_with('(') {
            name.push(' ');
        }
        name.push_str(&token.to_string());
    }
    if name.is_empty() { parser.expected("a type", parser.peek_token()) } else { Ok(name) }
}

/// `FORMAT JSON [ENCODING …]`, behind the word `FORMAT`.
fn representation(parser: &mut Parser) -> Parsed<String> {
    need(parser, "JSON")?;
    if !take(parser, "ENCODING") {
        return Ok("JSON".to_owned());
    }
    for encoding in ["UTF8", "UTF16", "UTF32"] {
        if take(parser, encoding) {
            return Ok(format!("JSON ENCODING {encoding}"));
        }
    }
    parser.expected("UTF8, UTF16 or UTF32", parser.peek_token())
}

fn value(parser: &mut Parser) -> Parsed {
    let value = parser.parse_expr()?;
    format(parser, value)
}

fn format(parser: &mut Parser, value: Expr) -> Parsed {
    if take(parser, "FORMAT") {
        let representation = representation(parser)?;
        return Ok(with(value, "FORMAT", of_words(representation)));
    }
    Ok(value)
}

fn path_invocation(parser: &mut Parser) -> Parsed<Vec<Expr>> {
    let input = value(parser)?;
    parser.expect_token(&Token::Comma)?;
    let path = parser.parse_value()?;
    if !matches!(path.value, Value::SingleQuotedString(_) | Value::UnicodeStringLiteral(_)) {
        return parser.expected("a path in single quotes", parser.peek_token());
    }
    let mut args = vec![input, Expr::Value(path)];
    if take(parser, "AS") {
        let name = parser.parse_identifier()?;
        add(&mut args, "AS", of_words(name.to_string()));
    }
    if take(parser, "PASSING") {
        let first = passed(parser)?;
        add(&mut args, "PASSING", first);
        while parser.consume_token(&Token::Comma) {
            args.push(passed(parser)?);
        }
    }
    Ok(args)
}

fn passed(parser: &mut Parser) -> Parsed {
    let value = value(parser)?;
    parser.expect_keyword_is(Keyword::AS)?;
    let name = parser.parse_identifier()?;
    Ok(with(value, "AS", of_words(name.to_string())))
}

fn query(parser: &mut Parser) -> Parsed<Vec<Expr>> {
    let mut args = path_invocation(parser)?;
    returning(parser, &mut args)?;
    for wrapper in [
        "WITHOUT ARRAY",
        "WITHOUT",
        "WITH CONDITIONAL ARRAY",
        "WITH CONDITIONAL",
        "WITH UNCONDITIONAL ARRAY",
        "WITH UNCONDITIONAL",
        "WITH ARRAY",
        "WITH",
    ] {
        if take(parser, &format!("{wrapper} WRAPPER")) {
            add(&mut args, wrapper, of_words("WRAPPER"));
            break;
        }
    }
    for quotes in ["KEEP", "OMIT"] {
        if take(parser, &format!("{quotes} QUOTES")) {
            if take(parser, "ON SCALAR") {
                // A grammar of words that are none of the language's: STRING or TEXT_STRING.
                if !take(parser, "STRING") {
                    need(parser, "TEXT_STRING")?;
                }
                add(&mut args, &format!("{quotes} QUOTES ON SCALAR"), of_words("STRING"));
            } else {
                add(&mut args, quotes, of_words("QUOTES"));
            }
            break;
        }
    }
    let mut seen_error = false;
    while !seen_error {
        let behaviors = ["ERROR", "NULL", "EMPTY ARRAY", "EMPTY OBJECT"];
        let Some(behavior) = behaviors.into_iter().find(|behavior| take(parser, behavior)) else { break };
        seen_error = on(parser)?;
        add(&mut args, &format!("{behavior} ON"), of_words(if seen_error { "ERROR" } else { "EMPTY" }));
    }
    Ok(args)
}

/// `RETURNING type [FORMAT JSON …]`
fn returning(parser: &mut Parser, args: &mut Vec<Expr>) -> Parsed<()> {
    if take(parser, "RETURNING") {
        let of = data_type(parser)?;
        let mut words = of;
        if take(parser, "FORMAT") {
            words = format!("{words} FORMAT {}", representation(parser)?);
        }
        add(args, "RETURNING", of_words(words));
    }
    Ok(())
}

fn at_end(parser: &Parser) -> bool {
    parser.peek_token_ref().token == Token::RParen || is_word(parser, 0, "RETURNING")
}

fn on_null(parser: &mut Parser, args: &mut Vec<Expr>) {
    for behavior in ["NULL", "ABSENT"] {
        if take(parser, &format!("{behavior} ON NULL")) {
            add(args, &format!("{behavior} ON"), of_words("NULL"));
            return;
        }
    }
}

fn object(parser: &mut Parser) -> Parsed<Vec<Expr>> {
    let mut args = Vec::new();
    if !at_end(parser) {
        loop {
            // KEY may be a column too.
            let is_key = is_word(parser, 0, "KEY")
                && !matches!(parser.peek_nth_token_ref(1).token, Token::Colon | Token::Period)
                && !is_word(parser, 1, "VALUE");
            if is_key {
                parser.advance_token();
            }
            let key = parser.parse_expr()?;
            if !is_key && parser.consume_token(&Token::Colon) || take(parser, "VALUE") {
                let member = value(parser)?;
                args.push(with(key, "VALUE", member));
            } else {
                return parser.expected("VALUE", parser.peek_token());
            }
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        on_null(parser, &mut args);
        for unique in ["WITH UNIQUE KEYS", "WITH UNIQUE", "WITHOUT UNIQUE KEYS", "WITHOUT UNIQUE"] {
            if take(parser, unique) {
                let (clause, _) = unique.split_once(' ').unwrap_or((unique, ""));
                add(&mut args, &format!("{clause} UNIQUE"), of_words("KEYS"));
                break;
            }
        }
    }
    returning(parser, &mut args)?;
    Ok(args)
}

fn array(parser: &mut Parser) -> Parsed<Vec<Expr>> {
    let mut args = Vec::new();
    if !at_end(parser) {
        loop {
            args.push(value(parser)?);
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        on_null(parser, &mut args);
    }
    returning(parser, &mut args)?;
    Ok(args)
}

#[cfg(test)]
mod tests {
    use crate::{parse, print};

    #[test]
    fn calls_print_as_they_read() {
        for call in [
            "json_exists('{}', 'lax $.a' TRUE ON ERROR)",
            "json_value(x FORMAT JSON ENCODING UTF16, 'lax $.a' AS \"p\" PASSING 1 AS \"a\", y FORMAT JSON AS b \
             RETURNING decimal(5, 2) DEFAULT 1 + 2 ON EMPTY NULL ON ERROR)",
            "json_query(x, 'lax $.it''s' RETURNING varbinary FORMAT JSON WITH CONDITIONAL ARRAY WRAPPER)",
            "json_query(x, 'lax $' OMIT QUOTES ON SCALAR STRING EMPTY ARRAY ON EMPTY ERROR ON ERROR)",
            "json_object('a' VALUE 1, k VALUE json_array(1, 2) NULL ON NULL WITH UNIQUE KEYS RETURNING varchar(10))",
            "json_array('[1]' FORMAT JSON, NULL ABSENT ON NULL)",
            "json_object(RETURNING varbinary)",
            "json_array()",
        ] {
            let text = format!("SELECT {call}");
            let statement = parse(&text).expect("a statement");
            assert_eq!(print(&statement), text);
        }
        let colons = parse("SELECT json_object('a' : 1 + 2, KEY k VALUE 3)").expect("a statement");
        assert_eq!(print(&colons), "SELECT json_object('a' VALUE 1 + 2, k VALUE 3)");
    }
}
