//! `MATCH_RECOGNIZE` as the parser's tree holds it.
//!
//! The parser reads it after a table's name only, and little of what a pattern can be. So it is given the clause as a
//! join of its own, which becomes the clause of what stands before once the tree is there; and the pattern, with the
//! `SUBSET` after it, as one name without quotes, which prints as the text that it is.

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};

use sqlparser::ast::{
    Expr, Ident, Join, JoinConstraint, JoinOperator, MatchRecognizePattern, MatchRecognizeSymbol, Select, Spanned,
    Statement, TableFactor, TableWithJoins,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Whitespace, Word as Name};

use crate::tree::{self, Changer, Step, Stop};
use crate::words::Word;
use crate::{SyntaxError, SyntaxErrorKind};

pub(crate) mod pattern;

use pattern::Recognized;

/// What stands before the clause in place of its rows, until they are put there.
const ROWS: &str = "$rows";

/// Functions of the rows of a match.
const FUNCTIONS: &[&str] = &["classifier", "first", "last", "match_number", "next", "prev"];

/// Whether it is a function in `MEASURES` and `DEFINE`, and nowhere else.
pub fn is_row_pattern_function(name: &str) -> bool {
    FUNCTIONS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Which rows of a match `RUNNING` and `FINAL` let a function see.
pub fn is_processing_mode(name: &Ident) -> bool {
    name.quote_style.is_none() && ["RUNNING", "FINAL"].iter().any(|mode| name.value.eq_ignore_ascii_case(mode))
}

/// Where the patterns of a statement stand among its words; there `?` and `$` are no parameters.
pub fn row_patterns(words: &[Word]) -> Vec<Range<usize>> {
    let Found { clauses, .. } = found(words, |word| &word.token);
    clauses.into_iter().map(|clause| clause.pattern).collect()
}

/// What a text has of row patterns.
#[derive(Default)]
struct Found {
    clauses: Vec<Clause>,
    /// The `DEFINE` of a window's pattern.
    in_window: Option<usize>,
}

#[derive(Default)]
struct Clause {
    keyword: usize,
    /// From behind the bracket after `PATTERN` up to the last one before `DEFINE`.
    pattern: Range<usize>,
    /// The variable of `SKIP TO variable`.
    skip_to: Option<usize>,
    /// `INITIAL` or `SEEK`
    search: Option<usize>,
    /// The last word of a measure without `AS`, which the parser would take for its name.
    unnamed: Option<usize>,
}

/// A bracket that is open.
#[derive(Default)]
struct Open {
    clause: Option<Clause>,
    in_measures: bool,
    has_pattern: bool,
    /// Where the last one within it was closed.
    closed: usize,
}

fn found<T>(items: &[T], token: impl Fn(&T) -> &Token) -> Found {
    let significant: Vec<usize> =
        (0..items.len()).filter(|at| !matches!(token(&items[*at]), Token::Whitespace(_))).collect();
    let at = |place: usize| significant.get(place).map(|at| token(&items[*at]));
    let is = |place: usize, word: &str| at(place).is_some_and(|token| is_word(token, word));
    let mut found = Found::default();
    let mut open: Vec<Open> = Vec::new();
    for place in 0..significant.len() {
        match at(place) {
            Some(Token::LParen) => {
                let is_clause = place > 0 && is(place - 1, "MATCH_RECOGNIZE");
                let clause = is_clause.then(|| Clause { keyword: significant[place - 1], ..Clause::default() });
                open.push(Open { clause, ..Open::default() });
            }
            Some(Token::LBracket) => open.push(Open::default()),
            Some(Token::RParen | Token::RBracket) => {
                open.pop();
                if let Some(around) = open.last_mut() {
                    around.closed = significant[place];
                }
            }
            Some(Token::Word(_) | Token::Comma) => {
                let Some(Open { clause: held, in_measures, has_pattern, closed }) = open.last_mut() else { continue };
                let opens_pattern = is(place, "PATTERN") && at(place + 1) == Some(&Token::LParen);
                let Some(clause) = held else {
                    *has_pattern |= opens_pattern;
                    if *has_pattern && is(place, "DEFINE") && is(place + 2, "AS") {
                        found.in_window = found.in_window.or(Some(significant[place]));
                    }
                    continue;
                };
                let ends_measures = opens_pattern
                    || [
                        ("ONE", "ROW"),
                        ("ALL", "ROWS"),
                        ("AFTER", "MATCH"),
                        ("INITIAL", "PATTERN"),
                        ("SEEK", "PATTERN"),
                    ]
                    .iter()
                    .any(|(first, second)| is(place, first) && is(place + 1, second));
                if *in_measures && (ends_measures || at(place) == Some(&Token::Comma)) && !is(place - 1, "AS") {
                    *in_measures = !ends_measures;
                    if !is(place - 2, "AS") {
                        clause.unnamed = clause.unnamed.or(Some(significant[place - 1]));
                    }
                }
                if opens_pattern && !*has_pattern {
                    *has_pattern = true;
                    clause.pattern.start = significant[place + 1] + 1;
                    clause.search = (is(place - 1, "INITIAL") || is(place - 1, "SEEK")).then(|| significant[place - 1]);
                } else if is(place, "MEASURES") && !*has_pattern {
                    *in_measures = true;
                } else if is(place, "SKIP") && is(place + 1, "TO") && names_variable(place + 2, &is) {
                    clause.skip_to = significant.get(place + 2).copied();
                } else if is(place, "DEFINE") && *has_pattern && *closed >= clause.pattern.start {
                    clause.pattern.end = *closed;
                    found.clauses.extend(held.take());
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether a variable stands here, and not the `FIRST`, `LAST` or `NEXT` that can stand before one.
fn names_variable(place: usize, is: &impl Fn(usize, &str) -> bool) -> bool {
    let ends = |place: usize| ["PATTERN", "INITIAL", "SEEK"].iter().any(|word| is(place, word));
    if is(place, "NEXT") {
        return !is(place + 1, "ROW");
    }
    !(is(place, "FIRST") || is(place, "LAST")) || ends(place + 1)
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(name) if name.quote_style.is_none() && name.value.eq_ignore_ascii_case(word))
}

/// The tokens as the parser can read them.
pub(crate) fn joined(tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, SyntaxError> {
    enum Mark {
        Rows,
        Last,
        Pattern(usize),
    }
    let Found { clauses, in_window } = found(&tokens, |token| &token.token);
    let refused = |kind: SyntaxErrorKind, message: String, span: Span| {
        Err(SyntaxError::new(kind, message, (span.start.line, span.start.column)))
    };
    if let Some(at) = in_window {
        let message = "A row pattern in a window is not supported by the embedded engine.".to_owned();
        return refused(SyntaxErrorKind::NotSupported, message, tokens[at].span);
    }
    let mut marks = HashMap::new();
    for Clause { keyword, pattern, skip_to, search, unnamed } in clauses {
        if let Some(TokenWithSpan { token, span }) = unnamed.map(|at| &tokens[at]) {
            let message = format!("Expected AS and the name of a measure but found {token}.");
            return refused(SyntaxErrorKind::Syntax, message, *span);
        }
        if let Some(TokenWithSpan { token, span }) = search.map(|at| &tokens[at]) {
            let message = format!("The pattern search modifier {token} is not supported by the embedded engine.");
            return refused(SyntaxErrorKind::NotSupported, message, *span);
        }
        marks.insert(keyword, Mark::Rows);
        marks.insert(pattern.start, Mark::Pattern(pattern.end));
        if let Some(skip_to) = skip_to {
            marks.insert(skip_to, Mark::Last);
        }
    }
    if marks.is_empty() {
        return Ok(tokens);
    }
    let mut all = Vec::with_capacity(tokens.len() + 4 * marks.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let put = |token_put: Token| TokenWithSpan::new(token_put, token.span);
        let space = || put(Token::Whitespace(Whitespace::Space));
        match marks.get(&at) {
            Some(Mark::Rows) => {
                let rows = put(Token::make_word(ROWS, Some('"')));
                all.extend([put(Token::make_keyword("JOIN")), space(), rows, space()]);
            }
            // `SKIP TO variable` is `SKIP TO LAST variable`.
            Some(Mark::Last) => all.extend([put(Token::make_keyword("LAST")), space()]),
            Some(Mark::Pattern(end)) => {
                let value = text(&tokens[at..*end]);
                all.push(put(Token::Word(Name { value, quote_style: None, keyword: Keyword::NoKeyword })));
                at = *end;
            }
            None => {}
        }
        all.push(tokens[at].clone());
        at += 1;
    }
    Ok(all)
}

/// The tokens with one space where there was any.
fn text(tokens: &[TokenWithSpan]) -> String {
    let mut text = String::new();
    for TokenWithSpan { token, .. } in tokens {
        match token {
            Token::Whitespace(_) if text.is_empty() || text.ends_with(' ') => {}
            Token::Whitespace(_) => text.push(' '),
            Token::Word(Name { value, quote_style: Some('"'), .. }) => {
                text.push_str(&format!("\"{}\"", value.replace('"', "\"\"")));
            }
            token => text.push_str(&token.to_string()),
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// Puts each clause behind the relation whose rows it matches, and checks its pattern.
pub(crate) fn put_in_place(statement: &mut Statement) -> Result<(), SyntaxError> {
    tree::or_refusal(tree::change(statement, &mut Clauses))
}

struct Clauses;

impl Changer for Clauses {
    fn pre_select(&mut self, select: &mut Select) -> Step {
        select.from.iter_mut().try_for_each(after_their_rows)
    }

    fn pre_table_factor(&mut self, factor: &mut TableFactor) -> Step {
        match factor {
            TableFactor::NestedJoin { table_with_joins, .. } => after_their_rows(table_with_joins),
            _ => ControlFlow::Continue(()),
        }
    }
}

fn after_their_rows(from: &mut TableWithJoins) -> Step {
    let TableWithJoins { relation, joins } = from;
    let is_misplaced = |factor: &TableFactor| match factor {
        TableFactor::MatchRecognize { table, .. } => !is_marker(table),
        _ => false,
    };
    if is_misplaced(relation) || joins.iter().any(|join| is_misplaced(&join.relation)) {
        return misplaced("MATCH_RECOGNIZE stands where no table is before it.", relation.span());
    }
    let mut kept: Vec<Join> = Vec::with_capacity(joins.len());
    for mut join in joins.drain(..) {
        let TableFactor::MatchRecognize { table, pattern, .. } = &mut join.relation else {
            kept.push(join);
            continue;
        };
        if let Err(error) = recognized(pattern) {
            return ControlFlow::Break(Stop::Refused(error));
        }
        let before = kept.last_mut().map_or(&mut *relation, |join| &mut join.relation);
        if matches!(before, TableFactor::MatchRecognize { .. }) {
            let message = "MATCH_RECOGNIZE can't stand right behind another; put brackets around that.";
            return misplaced(message, before.span());
        }
        std::mem::swap(table.as_mut(), before);
        *before = join.relation;
        let condition = match join.join_operator {
            JoinOperator::Join(condition) if condition != JoinConstraint::Natural => condition,
            _ => return misplaced("A word of a join stands before MATCH_RECOGNIZE.", before.span()),
        };
        if condition == JoinConstraint::None {
            continue;
        }
        match kept.last_mut().and_then(|join| condition_of(&mut join.join_operator)) {
            Some(open @ JoinConstraint::None) => *open = condition,
            _ => return misplaced("A condition of a join stands where no join is.", condition.span()),
        }
    }
    *joins = kept;
    ControlFlow::Continue(())
}

fn condition_of(join: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    match join {
        JoinOperator::Join(condition)
        | JoinOperator::Inner(condition)
        | JoinOperator::Left(condition)
        | JoinOperator::LeftOuter(condition)
        | JoinOperator::Right(condition)
        | JoinOperator::RightOuter(condition)
        | JoinOperator::FullOuter(condition) => Some(condition),
        _ => None,
    }
}

fn misplaced(message: &str, span: Span) -> Step {
    let position = (span.start.line.max(1), span.start.column.max(1));
    ControlFlow::Break(Stop::Refused(SyntaxError::new(SyntaxErrorKind::Syntax, message, position)))
}

/// What stands for the rows until they are put there, where the parser took it for a table.
fn is_marker(table: &TableFactor) -> bool {
    matches!(table, TableFactor::Table { name, alias: None, .. }
        if matches!(name.0.as_slice(), [part] if part.as_ident().is_some_and(|name| name.value == ROWS)))
}

/// The pattern of a clause with its `SUBSET`.
pub(crate) fn recognized(pattern: &MatchRecognizePattern) -> Result<Recognized, SyntaxError> {
    match pattern {
        MatchRecognizePattern::Symbol(MatchRecognizeSymbol::Named(Ident { value, quote_style: None, span })) => {
            let start = span.start;
            Recognized::read(value).map_err(|error| SyntaxError { line: start.line, column: start.column, ..error })
        }
        other => Err(SyntaxError::new(SyntaxErrorKind::Syntax, format!("{other} is no row pattern."), (1, 1))),
    }
}

/// `RUNNING LAST(x)`: a call with the rows it sees before it.
pub(crate) fn call_with_mode(parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
    let TokenWithSpan { token: Token::Word(mode), span } = parser.peek_nth_token_ref(0) else { return None };
    let prefix = Ident { value: mode.value.clone(), quote_style: mode.quote_style, span: *span };
    if !is_processing_mode(&prefix) || parser.peek_nth_token_ref(2).token != Token::LParen {
        return None;
    }
    let Token::Word(name) = &parser.peek_nth_token_ref(1).token else { return None };
    let called = name.value.to_lowercase();
    let is_call = is_row_pattern_function(&called)
        || crate::aggregates::is_aggregate(&called)
        || name.keyword != Keyword::LIKE && crate::is_function(&called);
    if !is_call {
        return None;
    }
    parser.advance_token();
    Some(parser.parse_prefix().map(|call| Expr::Prefixed { prefix, value: Box::new(call) }))
}
