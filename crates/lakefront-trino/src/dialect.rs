//! Trino's syntax for sqlparser: what its own dialects read otherwise.

use std::any::TypeId;

use sqlparser::ast::{
    CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, TrimWhereField, TypedString,
};
use sqlparser::dialect::{Dialect, GenericDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, Word};

use crate::row_pattern;
use crate::types::Type;

pub(crate) mod grammar;
pub(crate) mod json;
pub(crate) mod postgres;
pub(crate) mod steps;

use steps::Steps;

#[derive(Debug)]
pub(crate) struct TrinoDialect(pub(crate) Steps);

/// Between those of `+` and `=`.
const CONCAT: u8 = 25;

impl Dialect for TrinoDialect {
    /// Where the parser asks for a dialect by name, Trino goes with what is open to all.
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn is_identifier_start(&self, letter: char) -> bool {
        letter.is_alphabetic() || letter == '_'
    }

    fn is_identifier_part(&self, letter: char) -> bool {
        letter.is_alphanumeric() || letter == '_'
    }

    fn is_delimited_identifier_start(&self, letter: char) -> bool {
        letter == '"'
    }

    /// `EXTRACT(YEAR_OF_WEEK FROM …)`; which fields there are is for the analysis to say.
    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_select_expr_star(&self) -> bool {
        true
    }

    fn supports_match_recognize(&self) -> bool {
        true
    }

    fn supports_lambda_functions(&self) -> bool {
        true
    }

    fn supports_numeric_literal_underscores(&self) -> bool {
        true
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }

    fn supports_window_function_null_treatment_arg(&self) -> bool {
        true
    }

    fn supports_values_as_table_factor(&self) -> bool {
        true
    }

    fn supports_parens_around_table_factor(&self) -> bool {
        true
    }

    fn supports_left_associative_joins_without_parens(&self) -> bool {
        true
    }

    fn is_select_item_alias(&self, explicit: bool, word: &Keyword, parser: &mut Parser) -> bool {
        is_alias(explicit || self.is_column_alias(word, parser), *word, parser)
    }

    fn is_table_factor_alias(&self, explicit: bool, word: &Keyword, parser: &mut Parser) -> bool {
        is_alias(explicit || self.is_table_alias(word, parser), *word, parser)
    }

    /// A colon parts a key from its value; it does not reach into JSON. `||` binds less than `+` does.
    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        match parser.peek_token_ref().token {
            Token::Colon => Some(Ok(0)),
            Token::StringConcat => Some(Ok(CONCAT)),
            _ => None,
        }
    }

    /// What begins one expression only; tried as a name it would be read twice, and what is nested in it more often.
    fn is_reserved_for_identifier(&self, word: Keyword) -> bool {
        matches!(
            word,
            Keyword::ARRAY
                | Keyword::CASE
                | Keyword::CAST
                | Keyword::EXISTS
                | Keyword::EXTRACT
                | Keyword::INTERVAL
                | Keyword::NOT
                | Keyword::STRUCT
                | Keyword::TRIM
        )
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        if let Some(refused) = self.0.refused() {
            return Some(Err(refused));
        }
        if let Some(call) = row_pattern::call_with_mode(parser) {
            return Some(call);
        }
        if parser.peek_nth_token_ref(0).token == Token::LParen && is_values(&parser.peek_nth_token_ref(1).token) {
            return Some(rows_as_value(parser));
        }
        let next = parser.peek_nth_token_ref(0);
        let Token::Word(word) = &next.token else { return None };
        if word.quote_style.is_some() {
            return None;
        }
        if word.keyword == Keyword::TRIM && parser.peek_nth_token_ref(1).token == Token::LParen {
            return Some(trim(parser));
        }
        // A name as any other, which sqlparser takes for PostgreSQL's function.
        if word.keyword == Keyword::USER && parser.peek_nth_token_ref(1).token != Token::LParen {
            return Some(parser.parse_identifier().map(Expr::Identifier));
        }
        let kind = match word.keyword {
            Keyword::CAST => Some(CastKind::Cast),
            Keyword::TRY_CAST => Some(CastKind::TryCast),
            _ => None,
        };
        match (kind, &parser.peek_nth_token_ref(1).token) {
            (Some(kind), Token::LParen) => Some(cast(parser, kind)),
            (None, Token::LParen) if json::is_function(&word.value) => Some(json::call(parser)),
            (None, Token::SingleQuotedString(_)) => typed_literal(parser, 1),
            // DOUBLE PRECISION '1'
            (None, Token::Word(second)) if second.keyword == Keyword::PRECISION => typed_literal(parser, 2),
            _ => None,
        }
    }
}

/// Whether a word behind an expression or a table names it. `usual`: it begins no clause of any dialect, or stands behind
/// `AS`; other words that Trino does not keep for itself name what ends with them.
fn is_alias(usual: bool, word: Keyword, parser: &Parser) -> bool {
    if word == Keyword::NoKeyword {
        return true;
    }
    let ends = || match &parser.peek_token_ref().token {
        Token::Comma | Token::RParen | Token::SemiColon | Token::EOF => true,
        Token::Word(next) if next.quote_style.is_none() => {
            grammar::is_reserved_word(&next.value)
                || matches!(next.keyword, Keyword::LIMIT | Keyword::OFFSET | Keyword::FETCH | Keyword::WINDOW)
        }
        _ => false,
    };
    !grammar::is_reserved_word(&format!("{word:?}")) && (usual || ends())
}

fn is_values(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.keyword == Keyword::VALUES)
}

/// `(VALUES 1)`, which sqlparser knows only after `IN` and `EXISTS`.
fn rows_as_value(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.expect_token(&Token::LParen)?;
    let query = parser.parse_query()?;
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Subquery(query))
}

/// `TRIM(LEADING 'x' FROM value)` with or without its first parts, and `trim(value, 'x')`.
fn trim(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.advance_token();
    parser.expect_token(&Token::LParen)?;
    let side = match parser.parse_one_of_keywords(&[Keyword::BOTH, Keyword::LEADING, Keyword::TRAILING]) {
        Some(Keyword::BOTH) => Some(TrimWhereField::Both),
        Some(Keyword::LEADING) => Some(TrimWhereField::Leading),
        Some(_) => Some(TrimWhereField::Trailing),
        None => None,
    };
    // A side alone is what the function of one argument does, and reads back.
    if let Some(side) = side
        && parser.parse_keyword(Keyword::FROM)
    {
        let expr = parser.parse_expr()?;
        parser.expect_token(&Token::RParen)?;
        return Ok(match side {
            TrimWhereField::Both => {
                Expr::Trim { expr: Box::new(expr), trim_where: None, trim_what: None, trim_characters: None }
            }
            TrimWhereField::Leading => one_argument("ltrim", expr),
            TrimWhereField::Trailing => one_argument("rtrim", expr),
        });
    }
    let (mut what, mut characters) = (None, None);
    let first = parser.parse_expr()?;
    let expr = if side.is_some() || parser.peek_keyword(Keyword::FROM) {
        parser.expect_keyword_is(Keyword::FROM)?;
        what = Some(Box::new(first));
        parser.parse_expr()?
    } else {
        if parser.consume_token(&Token::Comma) {
            characters = Some(vec![parser.parse_expr()?]);
        }
        first
    };
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Trim { expr: Box::new(expr), trim_where: side, trim_what: what, trim_characters: characters })
}

fn one_argument(name: &str, argument: Expr) -> Expr {
    Expr::Function(Function {
        name: ObjectName::from(Ident::new(name)),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))],
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// `CAST(value AS type)`, whose type may be one that only Trino has.
fn cast(parser: &mut Parser, kind: CastKind) -> Result<Expr, ParserError> {
    parser.advance_token();
    parser.expect_token(&Token::LParen)?;
    let expr = parser.parse_expr()?;
    parser.expect_keyword_is(Keyword::AS)?;
    let mut name = String::new();
    // What is open, by how it is closed.
    let mut open = Vec::new();
    loop {
        let token = &parser.peek_token_ref().token;
        match token {
            Token::RParen if open.is_empty() => break,
            Token::LParen => open.push(Token::RParen),
            // array<bigint> is array(bigint).
            Token::Lt if name.ends_with("array") || name.ends_with("map") => open.push(Token::Gt),
            Token::RParen | Token::Gt if open.pop().as_ref() == Some(token) => {}
            Token::ShiftRight if (open.pop(), open.pop()) == (Some(Token::Gt), Some(Token::Gt)) => {}
            // A query or a relation, which no type is, would be read in another way the second time.
            Token::Word(word) if word.quote_style.is_none() && is_of_query(word.keyword) => {
                return parser.expected("a type", parser.peek_token());
            }
            Token::Word(_) | Token::Number(..) | Token::Comma => {}
            _ => return parser.expected("a type", parser.peek_token()),
        }
        let token = match parser.next_token().token {
            Token::Lt => "(".to_owned(),
            Token::Gt => ")".to_owned(),
            Token::ShiftRight => "))".to_owned(),
            Token::Word(word) if is_angled(&word) => word.value.to_lowercase(),
            token => token.to_string(),
        };
        if !name.is_empty() && !token.starts_with(['(', ')', ',']) && !name.ends_with('(') {
            name.push(' ');
        }
        name.push_str(&token);
    }
    if name.is_empty() {
        return parser.expected("a type", parser.peek_token());
    }
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Cast { kind, expr: Box::new(expr), data_type: custom(&name), array: false, format: None })
}

/// The types whose parts may stand between angle brackets.
fn is_angled(word: &Word) -> bool {
    word.quote_style.is_none() && matches!(word.keyword, Keyword::ARRAY | Keyword::MAP)
}

fn is_of_query(word: Keyword) -> bool {
    matches!(word, Keyword::SELECT | Keyword::VALUES | Keyword::AS | Keyword::JOIN | Keyword::MATCH_RECOGNIZE)
}

/// A type by its name as it was written.
fn custom(name: &str) -> DataType {
    DataType::Custom(ObjectName::from(Ident::new(name)), Vec::new())
}

/// `IPADDRESS '10.0.0.1'`: the name of a type, of so many words, before a text.
fn typed_literal(parser: &mut Parser, words: usize) -> Option<Result<Expr, ParserError>> {
    let Token::SingleQuotedString(_) = &parser.peek_nth_token_ref(words).token else { return None };
    let name: Vec<String> = (0..words).map(|at| parser.peek_nth_token_ref(at).token.to_string()).collect();
    let name = name.join(" ");
    // Its own name for a date is what readers of the tree know.
    if matches!(Type::parse(&name).ok()?, Type::Date) {
        return None;
    }
    for _ in 0..words {
        parser.advance_token();
    }
    Some(
        parser
            .parse_value()
            .map(|value| Expr::TypedString(TypedString { data_type: custom(&name), value, uses_odbc_syntax: false })),
    )
}
