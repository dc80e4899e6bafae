//! Short forms as the long ones, which are all that the parser reads: `VALUES 1, 2` as `VALUES (1), (2)`, `TABLE t` as
//! `SELECT * FROM t`, and the query of `x IN ((SELECT 1), 2)` so that the list is not taken for a query.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

/// The tokens with `SELECT * FROM` in place of the `TABLE` that a query begins with.
pub(crate) fn selected(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut all = Vec::with_capacity(tokens.len() + 4);
    let mut begins = true;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if begins && is_keyword(&token, &[Keyword::TABLE]) && tokens.peek().is_some_and(is_space) {
            let word = |word: &str| TokenWithSpan::new(Token::make_keyword(word), token.span);
            let space = || TokenWithSpan::new(Token::Whitespace(Whitespace::Space), token.span);
            all.extend([word("SELECT"), space(), TokenWithSpan::new(Token::Mul, token.span), space(), word("FROM")]);
            begins = false;
            continue;
        }
        if !is_space(&token) {
            begins = token.token == Token::LParen
                || is_keyword(
                    &token,
                    &[Keyword::UNION, Keyword::EXCEPT, Keyword::INTERSECT, Keyword::ALL, Keyword::DISTINCT],
                );
        }
        all.push(token);
    }
    all
}

/// The tokens with `SELECT * FROM (VALUES …)` in place of the `VALUES …` that a comparison with `ANY` or `ALL` is with.
pub(crate) fn quantified(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut all = Vec::with_capacity(tokens.len());
    // How many brackets are open, and at which of these depths one closes that was put in.
    let mut depth = 0usize;
    let mut own: Vec<usize> = Vec::new();
    // The last two tokens that are no space.
    let mut before: [Option<usize>; 2] = [None, None];
    for token in tokens {
        let is = |at: Option<usize>, keywords: &[Keyword]| {
            at.and_then(|at| all.get(at)).is_some_and(|token: &TokenWithSpan| is_keyword(token, keywords))
        };
        let opens = before[1].and_then(|at| all.get(at)).is_some_and(|token| token.token == Token::LParen);
        if is_keyword(&token, &[Keyword::VALUES])
            && opens
            && is(before[0], &[Keyword::ANY, Keyword::ALL, Keyword::SOME])
        {
            let span = token.span;
            let word = |word: &str| TokenWithSpan::new(Token::make_keyword(word), span);
            let space = || TokenWithSpan::new(Token::Whitespace(Whitespace::Space), span);
            let mark = |mark: Token| TokenWithSpan::new(mark, span);
            all.extend([
                word("SELECT"),
                space(),
                mark(Token::Mul),
                space(),
                word("FROM"),
                space(),
                mark(Token::LParen),
            ]);
            own.push(depth);
        }
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => {
                if own.last() == Some(&depth) {
                    own.pop();
                    all.push(TokenWithSpan::new(Token::RParen, token.span));
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        if !is_space(&token) {
            before = [before[1], Some(all.len())];
        }
        all.push(token);
    }
    all
}

/// The tokens with brackets around each row of a `VALUES` that has none.
pub(crate) fn bracketed(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let is_values = |token: &TokenWithSpan| is_keyword(token, &[Keyword::VALUES]);
    if !tokens.iter().any(is_values) {
        return tokens;
    }
    // Places before which a bracket opens or closes.
    let mut opening = Vec::new();
    let mut closing = Vec::new();
    // By the brackets around: up to where a list is known. One that seems to begin within it is none.
    let mut known = vec![0];
    for (at, token) in tokens.iter().enumerate() {
        match token.token {
            Token::LParen | Token::LBracket => known.push(0),
            Token::RParen | Token::RBracket if known.len() > 1 => {
                known.pop();
            }
            _ => {}
        }
        if is_values(token)
            && let Some(known) = known.last_mut()
            && *known <= at
        {
            *known = rows(&tokens, at + 1, &mut opening, &mut closing);
        }
    }
    opening.sort_unstable();
    closing.sort_unstable();
    let (mut opening, mut closing) = (opening.into_iter().peekable(), closing.into_iter().peekable());
    let mut all = Vec::with_capacity(tokens.len() + 8);
    for (at, token) in tokens.into_iter().enumerate() {
        while closing.next_if_eq(&at).is_some() {
            all.push(TokenWithSpan::new(Token::RParen, token.span));
        }
        while opening.next_if_eq(&at).is_some() {
            all.push(TokenWithSpan::new(Token::LParen, token.span));
        }
        all.push(token);
    }
    for _ in closing {
        let span = all.last().map_or_else(sqlparser::tokenizer::Span::empty, |token| token.span);
        all.push(TokenWithSpan::new(Token::RParen, span));
    }
    all
}

/// The tokens with `IF(true, …)` around a query in brackets that a list after `IN` begins with.
pub(crate) fn listed(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut open = Vec::new();
    let mut ends = vec![None; tokens.len()];
    // The token that is no space after each.
    let mut next = vec![None; tokens.len()];
    let mut last: Option<usize> = None;
    for (at, token) in tokens.iter().enumerate() {
        if is_space(token) {
            continue;
        }
        if let Some(last) = last.replace(at) {
            next[last] = Some(at);
        }
        match token.token {
            Token::LParen => open.push(at),
            Token::RParen => {
                if let Some(begin) = open.pop() {
                    ends[begin] = Some(at);
                }
            }
            _ => {}
        }
    }
    let is_bracket = |at: &usize| tokens[*at].token == Token::LParen;
    // Where the query's brackets stand.
    let query = |at: usize| -> Option<(usize, usize)> {
        let list = next[at].filter(is_bracket)?;
        let begin = next[list].filter(is_bracket)?;
        let is_query = is_keyword(&tokens[next[begin]?], &[Keyword::SELECT, Keyword::WITH]);
        let end = ends[begin]?;
        let is_listed = matches!(tokens[next[end]?].token, Token::Comma | Token::RParen);
        (is_query && is_listed).then_some((begin, end))
    };
    let found = tokens.iter().enumerate().filter(|(_, token)| is_keyword(token, &[Keyword::IN]));
    let found: Vec<(usize, usize)> = found.filter_map(|(at, _)| query(at)).collect();
    if found.is_empty() {
        return tokens;
    }
    let begins: std::collections::HashSet<usize> = found.iter().map(|(begin, _)| *begin).collect();
    let ends: std::collections::HashSet<usize> = found.iter().map(|(_, end)| *end).collect();
    let mut all = Vec::with_capacity(tokens.len() + 6 * found.len());
    for (at, token) in tokens.into_iter().enumerate() {
        let put = |token_put: Token| TokenWithSpan::new(token_put, token.span);
        if begins.contains(&at) {
            all.extend([
                put(Token::make_word("IF", None)),
                put(Token::LParen),
                put(Token::make_keyword("true")),
                put(Token::Comma),
            ]);
        }
        let is_end = ends.contains(&at);
        let closing = put(Token::RParen);
        all.push(token);
        if is_end {
            all.push(closing);
        }
    }
    all
}

fn is_space(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_))
}

fn is_keyword(token: &TokenWithSpan, keywords: &[Keyword]) -> bool {
    matches!(&token.token, Token::Word(word) if word.quote_style.is_none() && keywords.contains(&word.keyword))
}

/// Finds the rows that begin at a place, up to the end of the list, which it answers.
fn rows(tokens: &[TokenWithSpan], start: usize, opening: &mut Vec<usize>, closing: &mut Vec<usize>) -> usize {
    const AFTER: &[Keyword] = &[
        Keyword::ORDER,
        Keyword::LIMIT,
        Keyword::OFFSET,
        Keyword::FETCH,
        Keyword::UNION,
        Keyword::EXCEPT,
        Keyword::INTERSECT,
    ];
    let mut depth = 0usize;
    let mut first = start;
    for at in start..=tokens.len() {
        let token = tokens.get(at);
        let ends = match token.map(|token| &token.token) {
            None | Some(Token::EOF | Token::SemiColon) => true,
            Some(Token::RParen) if depth == 0 => true,
            _ => depth == 0 && token.is_some_and(|token| is_keyword(token, AFTER)),
        };
        let is_comma = depth == 0 && token.is_some_and(|token| token.token == Token::Comma);
        if ends || is_comma {
            bracket(tokens, first..at, opening, closing);
            first = at + 1;
        }
        if ends {
            return at;
        }
        match token.map(|token| &token.token) {
            Some(Token::LParen | Token::LBracket) => depth += 1,
            Some(Token::RParen | Token::RBracket) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    tokens.len()
}

/// Puts a row in brackets unless it is in brackets as a whole.
fn bracket(tokens: &[TokenWithSpan], row: std::ops::Range<usize>, opening: &mut Vec<usize>, closing: &mut Vec<usize>) {
    let significant: Vec<usize> = row.filter(|at| !is_space(&tokens[*at])).collect();
    let (Some(&first), Some(&last)) = (significant.first(), significant.last()) else { return };
    if tokens[first].token == Token::LParen {
        let mut depth = 0usize;
        let closes = significant.iter().find(|at| {
            match tokens[**at].token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        if closes == Some(&last) {
            return;
        }
    }
    opening.push(first);
    closing.push(last + 1);
}
