//! Row patterns.

use sqlparser::ast::Ident;
use sqlparser::tokenizer::Token;

use crate::words::words;
use crate::{SyntaxError, SyntaxErrorKind};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pattern {
    Empty,
    PartitionStart,
    PartitionEnd,
    Variable(Ident),
    Excluded(Box<Pattern>),
    Permuted(Vec<Pattern>),
    Sequence(Vec<Pattern>),
    Choice(Vec<Pattern>),
    Repeated { of: Box<Pattern>, least: u64, most: Option<u64>, is_greedy: bool },
}

/// What is written from `PATTERN` to `DEFINE`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recognized {
    pub(crate) pattern: Pattern,
    pub(crate) subsets: Vec<(Ident, Vec<Ident>)>,
}

type Read<T> = Result<T, SyntaxError>;

impl Recognized {
    /// Reads `A B+) SUBSET U = (A, B`: what stands between the first bracket after `PATTERN` and the last before `DEFINE`.
    pub(crate) fn read(text: &str) -> Read<Self> {
        let mut tokens = Vec::new();
        let mut is_glued = false;
        for word in words(text)? {
            let is_space = word.is_space();
            if !is_space {
                tokens.push((word.token, is_glued));
            }
            is_glued = !is_space;
        }
        let mut reader = Reader { tokens, at: 0 };
        let pattern = reader.pattern()?;
        let mut subsets = Vec::new();
        if reader.takes(&Token::RParen) {
            if !reader.takes_word("SUBSET") {
                return reader.unexpected("SUBSET");
            }
            loop {
                subsets.push(reader.subset()?);
                if reader.at == reader.tokens.len() {
                    break;
                }
                reader.need(&Token::RParen)?;
                reader.need(&Token::Comma)?;
            }
        }
        if reader.at < reader.tokens.len() {
            return reader.unexpected("the end of the pattern");
        }
        Ok(Self { pattern, subsets })
    }
}

impl Pattern {
    /// The pattern and all that it is made of.
    pub(crate) fn parts(&self) -> Vec<&Pattern> {
        let mut parts = vec![self];
        let mut at = 0;
        while let Some(part) = parts.get(at).copied() {
            match part {
                Pattern::Empty | Pattern::PartitionStart | Pattern::PartitionEnd | Pattern::Variable(_) => {}
                Pattern::Excluded(of) | Pattern::Repeated { of, .. } => parts.push(of),
                Pattern::Permuted(inner) | Pattern::Sequence(inner) | Pattern::Choice(inner) => parts.extend(inner),
            }
            at += 1;
        }
        parts
    }
}

/// The tokens, each with whether it stands right behind the one before.
struct Reader {
    tokens: Vec<(Token, bool)>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn takes(&mut self, token: &Token) -> bool {
        let takes = self.peek() == Some(token);
        self.at += usize::from(takes);
        takes
    }

    /// Two tokens without a space between them.
    fn takes_pair(&mut self, first: &Token, second: &Token) -> bool {
        let takes = self.peek() == Some(first)
            && matches!(self.tokens.get(self.at + 1), Some((token, true)) if token == second);
        self.at += 2 * usize::from(takes);
        takes
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let takes = self.peek().is_some_and(|token| super::is_word(token, word));
        self.at += usize::from(takes);
        takes
    }

    fn need(&mut self, token: &Token) -> Read<()> {
        if self.takes(token) { Ok(()) } else { self.unexpected(&token.to_string()) }
    }

    fn unexpected<T>(&self, wanted: &str) -> Read<T> {
        let found = self.peek().map_or_else(|| "the end of the pattern".to_owned(), Token::to_string);
        let message = format!("In a row pattern: expected {wanted} but found {found}.");
        Err(SyntaxError::new(SyntaxErrorKind::Syntax, message, (1, 1)))
    }

    fn pattern(&mut self) -> Read<Pattern> {
        let mut choices = vec![self.sequence()?];
        while self.takes(&Token::Pipe) {
            choices.push(self.sequence()?);
        }
        Ok(one_or(choices, Pattern::Choice))
    }

    fn sequence(&mut self) -> Read<Pattern> {
        let mut sequence = vec![self.repeated()?];
        loop {
            match self.peek() {
                None | Some(Token::Pipe | Token::RParen | Token::Comma | Token::Minus) => break,
                Some(_) => sequence.push(self.repeated()?),
            }
        }
        Ok(one_or(sequence, Pattern::Sequence))
    }

    fn repeated(&mut self) -> Read<Pattern> {
        let of = self.primary()?;
        let (least, most) = match self.peek() {
            Some(Token::Mul) => (0, None),
            Some(Token::Plus) => (1, None),
            Some(token) if is_mark(token) => (0, Some(1)),
            Some(Token::LBrace) if !matches!(self.tokens.get(self.at + 1), Some((Token::Minus, true))) => {
                self.at += 1;
                let least = self.number();
                let most = if self.takes(&Token::Comma) { self.number() } else { least };
                if least.is_none()
                    && most.is_none()
                    && self.tokens.get(self.at - 1).is_some_and(|(token, _)| *token == Token::LBrace)
                {
                    return self.unexpected("a number");
                }
                if self.peek() != Some(&Token::RBrace) {
                    return self.unexpected("}");
                }
                (least.unwrap_or(0), most)
            }
            _ => return Ok(of),
        };
        self.at += 1;
        let is_greedy = !self.peek().is_some_and(is_mark);
        self.at += usize::from(!is_greedy);
        Ok(Pattern::Repeated { of: Box::new(of), least, most, is_greedy })
    }

    fn number(&mut self) -> Option<u64> {
        let Some(Token::Number(digits, false)) = self.peek() else { return None };
        if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        // More than any number that is allowed is as good as that.
        let number = digits.parse().unwrap_or(u64::MAX);
        self.at += 1;
        Some(number)
    }

    fn primary(&mut self) -> Read<Pattern> {
        if self.takes_pair(&Token::LBrace, &Token::Minus) {
            let excluded = self.pattern()?;
            if !self.takes_pair(&Token::Minus, &Token::RBrace) {
                return self.unexpected("-}");
            }
            return Ok(Pattern::Excluded(Box::new(excluded)));
        }
        if self.takes(&Token::LParen) {
            if self.takes(&Token::RParen) {
                return Ok(Pattern::Empty);
            }
            let inner = self.pattern()?;
            self.need(&Token::RParen)?;
            return Ok(inner);
        }
        if self.takes(&Token::Caret) {
            return Ok(Pattern::PartitionStart);
        }
        if self.takes(&Token::Placeholder("$".to_owned())) {
            return Ok(Pattern::PartitionEnd);
        }
        if self.lists_more_than_one(self.at + 1) && self.takes_word("PERMUTE") {
            self.at += 1;
            let mut patterns = vec![self.pattern()?];
            while self.takes(&Token::Comma) {
                patterns.push(self.pattern()?);
            }
            self.need(&Token::RParen)?;
            return Ok(Pattern::Permuted(patterns));
        }
        Ok(Pattern::Variable(self.name()?))
    }

    /// Whether brackets open here and have a comma of their own: before others, `PERMUTE` is a variable.
    fn lists_more_than_one(&self, at: usize) -> bool {
        let mut depth = 0usize;
        for (token, _) in self.tokens.iter().skip(at) {
            match token {
                Token::LParen | Token::LBrace => depth += 1,
                Token::RParen | Token::RBrace if depth > 1 => depth -= 1,
                Token::Comma if depth == 1 => return true,
                _ if depth == 0 => return false,
                Token::RParen | Token::RBrace => return false,
                _ => {}
            }
        }
        false
    }

    fn name(&mut self) -> Read<Ident> {
        match self.peek() {
            Some(Token::Word(name)) => {
                let name = Ident {
                    value: name.value.clone(),
                    quote_style: name.quote_style,
                    span: sqlparser::tokenizer::Span::empty(),
                };
                self.at += 1;
                Ok(name)
            }
            _ => self.unexpected("a variable"),
        }
    }

    /// `U = (A, B`
    fn subset(&mut self) -> Read<(Ident, Vec<Ident>)> {
        let name = self.name()?;
        self.need(&Token::Eq)?;
        self.need(&Token::LParen)?;
        let mut elements = vec![self.name()?];
        while self.takes(&Token::Comma) {
            elements.push(self.name()?);
        }
        Ok((name, elements))
    }
}

fn is_mark(token: &Token) -> bool {
    matches!(token, Token::Placeholder(mark) if mark == "?")
}

fn one_or(mut patterns: Vec<Pattern>, many: fn(Vec<Pattern>) -> Pattern) -> Pattern {
    match patterns.pop() {
        Some(only) if patterns.is_empty() => only,
        Some(last) => {
            patterns.push(last);
            many(patterns)
        }
        None => Pattern::Empty,
    }
}
