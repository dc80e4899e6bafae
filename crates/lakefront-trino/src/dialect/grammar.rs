//! What the parser reads and Trino's grammar has no place for: it would be ignored, or printed as something else.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArguments, Ident, Join, JoinConstraint, JoinOperator, LambdaFunctionParameter,
    LambdaSyntax, LimitClause, ObjectName, ObjectNamePart, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    Spanned, Statement, TableAlias, TableFactor, Value, ValueWithSpan, WindowType,
};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token};

use crate::tree::{self, Reader, Step, Stop};
use crate::words::{self, Word};
use crate::{SyntaxError, SyntaxErrorKind};

pub(crate) fn check_words(words: &[Word]) -> Result<(), SyntaxError> {
    check_show(words)?;
    let significant: Vec<&Word> = words.iter().filter(|word| !word.is_space()).collect();
    check_groups(&significant)?;
    check_limits(&significant)?;
    for (at, &word) in significant.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| significant[before]);
        let after = significant.get(at + 1).copied();
        let refuse = |message: &str, at: &Word| Err(SyntaxError::new(SyntaxErrorKind::Syntax, message, at.position()));
        match &word.token {
            // Other dialects begin the names of variables and stages with it.
            Token::AtSign => return refuse("Trino's SQL has no `@`.", word),
            Token::DoubleEq => return refuse("Trino's SQL has no `==`: values are compared by `=`.", word),
            Token::Char('`') => return refuse("Names stand between double quotes, not backticks.", word),
            Token::Period if after.is_some_and(|after| !matches!(after.token, Token::Word(_) | Token::Mul)) => {
                let message = "After a point comes a name; one that begins with a digit needs double quotes.";
                return refuse(message, after.unwrap_or(word));
            }
            Token::Period
                if before.is_some_and(|before| matches!(before.token, Token::Number(..)))
                    && after.is_some_and(|after| after.token == Token::Mul) =>
            {
                return refuse("A number has no columns.", word);
            }
            Token::Word(_) if is_unquoted(word, "CASE") && before.is_some_and(|before| is_unquoted(before, "END")) => {
                return refuse("CASE ends with END alone.", word);
            }
            Token::Word(name) if name.quote_style.is_none() && name.keyword == Keyword::VALUES => {
                if before.is_some_and(|before| !may_precede_a_query(&before.token)) {
                    return refuse("VALUES begins a list of rows; a name like it needs double quotes.", word);
                }
                if after.is_none_or(|after| matches!(after.token, Token::RParen | Token::Comma | Token::SemiColon)) {
                    return refuse("VALUES needs a row.", word);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_groups(words: &[&Word]) -> Result<(), SyntaxError> {
    let found = words.windows(4).find(|four| {
        is_unquoted(four[0], "GROUP")
            && is_unquoted(four[1], "BY")
            && (is_unquoted(four[2], "DISTINCT") || is_unquoted(four[2], "ALL"))
            && begins_a_group(&four[3].token)
    });
    match found {
        Some(four) => {
            let message = format!("GROUP BY {} is not supported by the embedded engine.", four[2].token);
            Err(SyntaxError::new(SyntaxErrorKind::NotSupported, message, four[2].position()))
        }
        None => Ok(()),
    }
}

/// A number behind LIMIT is the end of its query, which the parser would read on from.
fn check_limits(words: &[&Word]) -> Result<(), SyntaxError> {
    for three in words.windows(3) {
        let [limit, count, behind] = three else { continue };
        let is_limit = is_unquoted(limit, "LIMIT")
            && (matches!(count.token, Token::Number(..) | Token::Placeholder(_)) || is_unquoted(count, "ALL"));
        if !is_limit || matches!(behind.token, Token::RParen | Token::SemiColon) {
            continue;
        }
        let message = match &behind.token {
            Token::Comma => "LIMIT takes one number: write OFFSET 10 LIMIT 5.",
            _ if is_unquoted(behind, "OFFSET") => "OFFSET stands before LIMIT: OFFSET 10 LIMIT 5.",
            _ => "Nothing of a query stands behind its LIMIT and the number; a query within another needs parentheses.",
        };
        return Err(SyntaxError::new(SyntaxErrorKind::Syntax, message, behind.position()));
    }
    Ok(())
}

fn begins_a_group(token: &Token) -> bool {
    matches!(token, Token::Word(_) | Token::LParen | Token::Number(..) | Token::SingleQuotedString(_))
}

/// The parser takes the words behind a `SHOW` that it does not know for a name, and leaves out what is none.
fn check_show(words: &[Word]) -> Result<(), SyntaxError> {
    let mut significant = words.iter().filter(|word| !word.is_space());
    let (Some(show), Some(what)) = (significant.next(), significant.next()) else { return Ok(()) };
    if !is_unquoted(show, "SHOW") || KNOWN_TO_SHOW.iter().any(|known| is_unquoted(what, known)) {
        return Ok(());
    }
    let not_allowed = || {
        let message = format!("SHOW {} is not supported here.", what.token);
        Err(SyntaxError::new(SyntaxErrorKind::NotAllowed, message, what.position()))
    };
    if LEFT_OUT_OF_SHOW.iter().any(|word| is_unquoted(what, word)) {
        return not_allowed();
    }
    let rest = || significant.clone().filter(|word| word.token != Token::SemiColon);
    if is_unquoted(what, "PARTITIONS") {
        let is_part = |at: usize, token: &Token| match at % 2 {
            0 => matches!(token, Token::Word(_)),
            _ => *token == Token::Period,
        };
        return match rest().enumerate().find(|(at, word)| !is_part(*at, &word.token)) {
            None => Ok(()),
            Some((_, word)) => {
                let message = "Behind SHOW PARTITIONS comes the name of a table and nothing else.";
                Err(SyntaxError::new(SyntaxErrorKind::Syntax, message, word.position()))
            }
        };
    }
    if rest().all(|word| matches!(word.token, Token::Word(_))) { Ok(()) } else { not_allowed() }
}

const KNOWN_TO_SHOW: &[&str] =
    &["CATALOGS", "COLUMNS", "CREATE", "DATABASES", "EXTENDED", "FULL", "FUNCTIONS", "SCHEMAS", "TABLES", "VIEWS"];

/// Read as if it stood for something else, or not there.
const LEFT_OUT_OF_SHOW: &[&str] = &["EXTERNAL", "FIELDS", "GLOBAL", "SESSION", "TERSE"];

fn is_unquoted(word: &Word, name: &str) -> bool {
    matches!(&word.token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(name))
}

fn may_precede_a_query(token: &Token) -> bool {
    match token {
        Token::LParen | Token::RParen | Token::SemiColon => true,
        Token::Word(word) if word.quote_style.is_none() => {
            matches!(
                word.keyword,
                Keyword::UNION
                    | Keyword::EXCEPT
                    | Keyword::INTERSECT
                    | Keyword::ALL
                    | Keyword::DISTINCT
                    | Keyword::EXPLAIN
                    | Keyword::ANALYZE
                    | Keyword::VERBOSE
            )
        }
        _ => false,
    }
}

pub(crate) fn check(statement: &Statement, text: &str) -> Result<(), SyntaxError> {
    tree::or_refusal(tree::read(statement, &mut Grammar { text }))
}

struct Grammar<'a> {
    text: &'a str,
}

fn refused(message: &str, at: Location) -> Step {
    ControlFlow::Break(Stop::Refused(SyntaxError::new(SyntaxErrorKind::Syntax, message, (at.line, at.column))))
}

impl Grammar<'_> {
    fn parts_are_no_texts(&self, name: &ObjectName) -> Step {
        name.0.iter().filter_map(ObjectNamePart::as_ident).try_for_each(|part| self.is_no_text(part))
    }

    fn joins_are_plain(&self, joins: &[Join]) -> Step {
        joins.iter().filter_map(constraint).try_for_each(|constraint| match constraint {
            JoinConstraint::Using(columns) => columns.iter().try_for_each(|column| self.parts_are_no_texts(column)),
            _ => ControlFlow::Continue(()),
        })
    }

    fn window_is_plain(&self, window: &WindowType) -> Step {
        match window {
            WindowType::NamedWindow(name) => self.is_no_text(name),
            WindowType::WindowSpec(spec) => spec.window_name.iter().try_for_each(|name| self.is_no_text(name)),
        }
    }

    /// The parser takes a text for a name, too.
    fn is_no_text(&self, name: &Ident) -> Step {
        if name.quote_style != Some('\'') {
            return ControlFlow::Continue(());
        }
        let at = self.place_of(&name.value).unwrap_or(name.span.start);
        refused("Names stand between double quotes, texts between single ones.", at)
    }

    /// Where a text stands that the parser took for a name, which it does not keep.
    fn place_of(&self, name: &str) -> Option<Location> {
        let words = words::words(self.text).unwrap_or_default();
        let significant: Vec<&Word> = words.iter().filter(|word| !word.is_space()).collect();
        let is_it = |word: &Word| matches!(&word.token, Token::SingleQuotedString(text) if text == name);
        let all = || significant.windows(2).filter(|pair| is_it(pair[1]));
        let found = all().find(|pair| is_before_an_alias(pair[0])).or_else(|| all().next_back());
        found.map(|pair| pair[1].span.start)
    }

    fn alias_is_plain(&self, alias: &TableAlias) -> Step {
        self.is_no_text(&alias.name)?;
        alias.columns.iter().try_for_each(|column| self.is_no_text(&column.name))?;
        if let Some(column) = alias.columns.iter().find(|column| column.data_type.is_some()) {
            return refused("The columns of an alias have names only.", column.name.span.start);
        }
        match &alias.at {
            Some(at) => refused("Trino's SQL has no AT behind an alias; WITH ORDINALITY counts.", at.span.start),
            None => ControlFlow::Continue(()),
        }
    }
}

fn is_before_an_alias(word: &Word) -> bool {
    let ends_a_value = matches!(
        word.token,
        Token::RParen | Token::RBracket | Token::Period | Token::Number(..) | Token::SingleQuotedString(_)
    );
    ends_a_value || is_unquoted(word, "AS")
}

fn constraint(join: &Join) -> Option<&JoinConstraint> {
    match &join.join_operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint) => Some(constraint),
        _ => None,
    }
}

impl Reader for Grammar<'_> {
    fn pre_query(&mut self, query: &Query) -> Step {
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause {
            let counts = limit.iter().chain(offset.iter().map(|offset| &offset.value));
            counts.into_iter().try_for_each(is_a_count)?;
        }
        query.with.iter().flat_map(|with| &with.cte_tables).try_for_each(|table| self.alias_is_plain(&table.alias))
    }

    fn pre_select(&mut self, select: &Select) -> Step {
        select.projection.iter().try_for_each(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => self.is_no_text(alias),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                self.parts_are_no_texts(name)
            }
            _ => ControlFlow::Continue(()),
        })?;
        select.from.iter().try_for_each(|from| self.joins_are_plain(&from.joins))?;
        select.named_window.iter().try_for_each(|window| self.is_no_text(&window.0))
    }

    /// A text in the place of a table names none, which is for those to say who look for it: other engines would read
    /// a file. But one with a quote in it is not printed as it was written.
    fn pre_relation(&mut self, name: &ObjectName) -> Step {
        let parts = name.0.iter().filter_map(ObjectNamePart::as_ident);
        parts.filter(|part| part.value.contains('\'')).try_for_each(|part| self.is_no_text(part))
    }

    fn pre_table_factor(&mut self, factor: &TableFactor) -> Step {
        match factor {
            TableFactor::NestedJoin { table_with_joins, .. } => self.joins_are_plain(&table_with_joins.joins)?,
            TableFactor::MatchRecognize { measures, .. } => {
                measures.iter().try_for_each(|measure| self.is_no_text(&measure.alias))?;
            }
            _ => {}
        }
        let (TableFactor::Table { alias, .. }
        | TableFactor::Derived { alias, .. }
        | TableFactor::TableFunction { alias, .. }
        | TableFactor::Function { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::NestedJoin { alias, .. }
        | TableFactor::MatchRecognize { alias, .. }) = factor
        else {
            return ControlFlow::Continue(());
        };
        alias.iter().try_for_each(|alias| self.alias_is_plain(alias))
    }

    fn pre_expr(&mut self, expr: &Expr) -> Step {
        match expr {
            Expr::TypedString(typed) if !matches!(typed.value.value, Value::SingleQuotedString(_)) => {
                refused("Behind a type's name comes its value as a text in single quotes.", typed.value.span.start)
            }
            Expr::Value(value) if matches!(&value.value, Value::Placeholder(name) if name.starts_with(':')) => {
                refused("Trino's SQL has no parameters with names.", value.span.start)
            }
            Expr::ILike { expr, .. } => {
                refused("Trino's SQL has no ILIKE: compare lower(x) LIKE lower(pattern).", expr.span().start)
            }
            Expr::Array(array) if !array.named => {
                refused("An array is written ARRAY[1, 2]; a name stands between double quotes.", expr.span().start)
            }
            Expr::Function(function) => {
                has_its_parentheses(function)?;
                function.over.iter().try_for_each(|window| self.window_is_plain(window))
            }
            Expr::Lambda(lambda) => {
                if lambda.syntax != LambdaSyntax::Arrow {
                    return refused("A lambda is written x -> x + 1.", expr.span().start);
                }
                lambda.params.iter().try_for_each(parameter_is_plain)
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

fn is_a_count(count: &Expr) -> Step {
    match count {
        Expr::Value(value) if matches!(value.value, Value::Placeholder(_)) => ControlFlow::Continue(()),
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. })
            if digits.bytes().all(|digit| digit.is_ascii_digit() || digit == b'_') =>
        {
            ControlFlow::Continue(())
        }
        _ => refused("LIMIT and OFFSET take a whole number or a parameter.", count.span().start),
    }
}

const BARE: &[&str] = &[
    "CURRENT_CATALOG",
    "CURRENT_DATE",
    "CURRENT_SCHEMA",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "CURRENT_USER",
    "LOCALTIME",
    "LOCALTIMESTAMP",
];

/// What is a value by its name alone has no empty parentheses.
fn has_its_parentheses(function: &Function) -> Step {
    let FunctionArguments::List(list) = &function.args else { return ControlFlow::Continue(()) };
    match function.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)]
            if list.args.is_empty() && BARE.iter().any(|bare| name.value.eq_ignore_ascii_case(bare)) =>
        {
            refused(&format!("{} has no parentheses.", name.value), name.span.start)
        }
        _ => ControlFlow::Continue(()),
    }
}

fn parameter_is_plain(parameter: &LambdaFunctionParameter) -> Step {
    match &parameter.data_type {
        Some(_) => refused("The parameters of a lambda have names only.", parameter.name.span.start),
        None => ControlFlow::Continue(()),
    }
}

/// What Trino takes for a name only in double quotes.
pub(crate) fn is_reserved(name: &Ident) -> bool {
    name.quote_style.is_none() && is_reserved_word(&name.value)
}

pub(crate) fn is_reserved_word(word: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}

const RESERVED: &[&str] = &[
    "ALTER",
    "AND",
    "AS",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CONSTRAINT",
    "CREATE",
    "CROSS",
    "CUBE",
    "CURRENT_CATALOG",
    "CURRENT_DATE",
    "CURRENT_PATH",
    "CURRENT_ROLE",
    "CURRENT_SCHEMA",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "CURRENT_USER",
    "DEALLOCATE",
    "DELETE",
    "DESCRIBE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "END",
    "ESCAPE",
    "EXCEPT",
    "EXECUTE",
    "EXISTS",
    "EXTRACT",
    "FALSE",
    "FOR",
    "FROM",
    "FULL",
    "GROUP",
    "GROUPING",
    "HAVING",
    "IN",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTO",
    "IS",
    "JOIN",
    "JSON_ARRAY",
    "JSON_EXISTS",
    "JSON_OBJECT",
    "JSON_QUERY",
    "JSON_TABLE",
    "JSON_VALUE",
    "LEFT",
    "LIKE",
    "LISTAGG",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "NATURAL",
    "NORMALIZE",
    "NOT",
    "NULL",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "PREPARE",
    "RECURSIVE",
    "RIGHT",
    "ROLLUP",
    "SELECT",
    "SKIP",
    "TABLE",
    "THEN",
    "TRIM",
    "TRUE",
    "UESCAPE",
    "UNION",
    "UNNEST",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WITH",
];
