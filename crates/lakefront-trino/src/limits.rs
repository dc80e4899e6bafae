//! How large a statement may be, counted over its words before any tree exists.
//!
//! A planner's time and stack grow with the depth of the tree, and a tree is as deep as its
//! longest chain of operators plus what is nested in it. The numbers are far above what people
//! write and below what plans in about a second.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use crate::words::Word;
use crate::{SyntaxError, SyntaxErrorKind};

/// Bytes of one statement.
pub const MAX_TEXT_BYTES: usize = 256 << 10;
/// Words of one statement, spaces and comments not counted.
pub const MAX_WORDS: usize = 50_000;
/// Brackets, subqueries, calls and CASE inside each other.
pub const MAX_NESTING: usize = 64;
/// Queries inside each other where a value or WITH expects one. The planner looks at each of them once more for every
/// query around it, so that ten are a thousand times the work of one; those after FROM are looked at once.
pub const MAX_SUBQUERIES: usize = 10;
/// Operators in one expression, those of nested expressions included.
pub const MAX_OPERATORS: usize = 300;
/// UNION, EXCEPT and INTERSECT in one statement.
pub const MAX_SET_OPERATIONS: usize = 100;
/// EXPLAIN of EXPLAIN: there is no use for a second one.
const MAX_EXPLAINS: usize = 20;
/// Joins in one statement.
pub const MAX_JOINS: usize = 100;
/// Columns of one SELECT list.
pub const MAX_SELECT_ITEMS: usize = 2_000;
/// Items of any other list: IN, VALUES, arguments.
pub const MAX_ITEMS: usize = 10_000;

/// Counts and refuses; takes time linear in the number of words.
pub(crate) fn check(words: &[Word]) -> Result<(), SyntaxError> {
    let mut scan = Scan {
        levels: vec![Level::default()],
        set_operations: 0,
        joins: 0,
        operand_expected: true,
        after_distinct: false,
    };
    let mut count = 0;
    let mut explains = 0;
    for word in words.iter().filter(|word| !word.is_space()) {
        count += 1;
        if count > MAX_WORDS {
            return Err(too_complex(word, MAX_WORDS, "words"));
        }
        explains += usize::from(matches!(&word.token, Token::Word(name) if name.keyword == Keyword::EXPLAIN));
        if explains > MAX_EXPLAINS {
            return Err(too_complex(word, MAX_EXPLAINS, "EXPLAINs"));
        }
        scan.step(word)?;
    }
    Ok(())
}

fn too_complex(word: &Word, limit: usize, what: &str) -> SyntaxError {
    SyntaxError::new(
        SyntaxErrorKind::TooComplex,
        format!("The statement has more than {limit} {what}, the most that can be planned safely."),
        word.position(),
    )
}

struct Scan {
    /// Open brackets and CASEs, outermost first; never empty.
    levels: Vec<Level>,
    set_operations: usize,
    joins: usize,
    /// The word before was an operator or an opening bracket: a keyword here can only be a name.
    operand_expected: bool,
    /// The word before was DISTINCT, as in IS DISTINCT FROM.
    after_distinct: bool,
}

#[derive(Default)]
struct Level {
    is_case: bool,
    /// A query stands here, not just brackets.
    is_query: bool,
    in_from: bool,
    /// How many queries of this kind are around and here.
    subqueries: usize,
    in_select_list: bool,
    items: usize,
    /// Operators of the expression being read.
    operators: usize,
    /// The deepest expression nested in the one being read.
    nested: usize,
    /// The deepest expression of this level so far, whatever is nested in it included.
    deepest: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.operators + self.nested
    }

    fn end_expression(&mut self) {
        self.deepest = self.deepest.max(self.depth());
        self.operators = 0;
        self.nested = 0;
    }
}

impl Scan {
    fn top(&mut self) -> &mut Level {
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    fn step(&mut self, word: &Word) -> Result<(), SyntaxError> {
        let operand_expected = std::mem::replace(&mut self.operand_expected, false);
        let after_distinct = std::mem::replace(&mut self.after_distinct, false);
        match &word.token {
            Token::LParen | Token::LBrace => self.open(word, false)?,
            Token::LBracket => {
                self.operator(word)?;
                self.open(word, false)?;
            }
            Token::RParen | Token::RBrace | Token::RBracket => self.close(word)?,
            Token::Comma => {
                let level = self.top();
                level.end_expression();
                level.items += 1;
                let (limit, what) = if level.in_select_list {
                    (MAX_SELECT_ITEMS, "columns in one SELECT list")
                } else {
                    (MAX_ITEMS, "items in one list")
                };
                if level.items >= limit {
                    return Err(too_complex(word, limit, what));
                }
                self.operand_expected = true;
            }
            // `*` in place of an operand stands for all columns.
            Token::Mul if operand_expected => {}
            Token::Word(name) if name.keyword == Keyword::DISTINCT => self.after_distinct = true,
            Token::Word(name) if name.keyword == Keyword::FROM && after_distinct => {
                self.operand_expected = true;
            }
            Token::Word(name) if !operand_expected => self.keyword(word, name.keyword)?,
            Token::Word(name) => match name.keyword {
                // Names cannot be these even where an operand is expected.
                Keyword::CASE => self.open(word, true)?,
                Keyword::NOT | Keyword::PRIOR | Keyword::COLLATE => self.operator(word)?,
                Keyword::SELECT => {
                    self.query(word)?;
                    self.clause(Some(Keyword::SELECT));
                }
                Keyword::WITH => self.query(word)?,
                _ => {}
            },
            Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::UnicodeStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::Placeholder(_) => {}
            Token::SemiColon => self.clause(None),
            _ => self.operator(word)?,
        }
        Ok(())
    }

    fn keyword(&mut self, word: &Word, keyword: Keyword) -> Result<(), SyntaxError> {
        match keyword {
            Keyword::CASE => self.open(word, true),
            Keyword::END => {
                if self.top().is_case {
                    self.close(word)?;
                }
                Ok(())
            }
            Keyword::AND
            | Keyword::OR
            | Keyword::XOR
            | Keyword::NOT
            | Keyword::IS
            | Keyword::NOTNULL
            | Keyword::IN
            | Keyword::BETWEEN
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::RLIKE
            | Keyword::REGEXP
            | Keyword::SIMILAR
            | Keyword::MATCH
            | Keyword::MEMBER
            | Keyword::DIV
            | Keyword::AT
            | Keyword::COLLATE
            | Keyword::OPERATOR
            | Keyword::OVERLAPS
            | Keyword::PRIOR => self.operator(word),
            Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::MINUS => {
                self.clause(None);
                self.set_operations += 1;
                if self.set_operations > MAX_SET_OPERATIONS {
                    return Err(too_complex(word, MAX_SET_OPERATIONS, "set operations (UNION, EXCEPT, INTERSECT)"));
                }
                Ok(())
            }
            Keyword::JOIN => {
                self.clause(Some(Keyword::JOIN));
                self.joins += 1;
                if self.joins > MAX_JOINS {
                    return Err(too_complex(word, MAX_JOINS, "joins"));
                }
                Ok(())
            }
            keyword if begins_clause(keyword) => {
                self.clause(Some(keyword));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn clause(&mut self, begun_by: Option<Keyword>) {
        let level = self.top();
        level.end_expression();
        level.items = 0;
        level.in_select_list = begun_by == Some(Keyword::SELECT);
        level.in_from = matches!(begun_by, Some(Keyword::FROM | Keyword::JOIN));
        self.operand_expected = true;
    }

    /// SELECT or WITH where a bracket has just been opened, or at the very start.
    fn query(&mut self, word: &Word) -> Result<(), SyntaxError> {
        let level = self.top();
        if !std::mem::replace(&mut level.is_query, true) {
            let is_table = std::mem::replace(&mut level.in_from, false);
            level.subqueries += usize::from(!is_table);
            // The outermost query is inside of none.
            if level.subqueries > MAX_SUBQUERIES + 1 {
                return Err(too_complex(word, MAX_SUBQUERIES, "levels of queries inside expressions and WITH"));
            }
        }
        Ok(())
    }

    fn operator(&mut self, word: &Word) -> Result<(), SyntaxError> {
        let level = self.top();
        level.operators += 1;
        self.operand_expected = true;
        self.check_depth(word)
    }

    fn check_depth(&self, word: &Word) -> Result<(), SyntaxError> {
        if self.levels.last().map_or(0, Level::depth) > MAX_OPERATORS {
            return Err(too_complex(word, MAX_OPERATORS, "operators in one expression"));
        }
        Ok(())
    }

    fn open(&mut self, word: &Word, is_case: bool) -> Result<(), SyntaxError> {
        let &mut Level { in_from, subqueries, .. } = self.top();
        self.levels.push(Level { is_case, in_from, subqueries, ..Level::default() });
        self.operand_expected = true;
        if self.levels.len() > MAX_NESTING + 1 {
            return Err(too_complex(word, MAX_NESTING, "levels of nesting (brackets, subqueries, CASE)"));
        }
        Ok(())
    }

    fn close(&mut self, word: &Word) -> Result<(), SyntaxError> {
        self.operand_expected = false;
        if self.levels.len() == 1 {
            // One bracket too many: the parser says so better.
            return Ok(());
        }
        if let Some(mut closed) = self.levels.pop() {
            closed.end_expression();
            let level = self.top();
            level.nested = level.nested.max(closed.deepest + 1);
        }
        self.check_depth(word)
    }
}

/// Whether a new expression begins after this keyword. None of them can stand inside an expression
/// outside of brackets, so a chain of operators cannot be cut by one.
fn begins_clause(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::SELECT
            | Keyword::FROM
            | Keyword::WHERE
            | Keyword::HAVING
            | Keyword::BY
            | Keyword::LIMIT
            | Keyword::OFFSET
            | Keyword::FETCH
            | Keyword::UNION
            | Keyword::EXCEPT
            | Keyword::INTERSECT
            | Keyword::JOIN
            | Keyword::ON
            | Keyword::USING
            | Keyword::WHEN
            | Keyword::THEN
            | Keyword::ELSE
            | Keyword::WINDOW
            | Keyword::QUALIFY
            | Keyword::VALUES
    )
}
