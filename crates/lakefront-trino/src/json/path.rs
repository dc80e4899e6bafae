//! The path language of the SQL standard: `lax $.a[*] ? (@.b > 1).c`.

use crate::error::{Code, Error, Result};
use crate::types::{MAX_PRECISION, Type};
use crate::value::Value;

mod evaluate;
mod operate;
mod words;

pub(crate) use evaluate::{Item, Parameter};
use words::{Word, words};

/// A path with its mode.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    lax: bool,
    root: Step,
    /// The names it takes from `PASSING`.
    pub(crate) variables: Vec<String>,
}

#[derive(Debug, Clone)]
enum Step {
    /// `$`
    Context,
    /// `@`
    Current,
    /// `last`
    Last,
    /// `$name`
    Variable(String),
    Literal(Value, Type),
    Null,
    /// `.name`, or `.*`
    Member(Box<Step>, Option<String>),
    /// `..name`
    Descendant(Box<Step>, String),
    /// `[1, 3 to last]`; none for `[*]`
    Elements(Box<Step>, Vec<(Step, Option<Step>)>),
    Filter(Box<Step>, Box<Predicate>),
    Method(Box<Step>, Method),
    Negate(Box<Step>),
    /// `+`, which only checks for numbers.
    Number(Box<Step>),
    Arithmetic(Box<Step>, &'static str, Box<Step>),
}

#[derive(Debug, Clone, Copy)]
enum Method {
    Type,
    Size,
    Double,
    Ceiling,
    Floor,
    Abs,
    KeyValue,
}

#[derive(Debug, Clone, Copy)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone)]
enum Predicate {
    Compare(Step, Comparison, Step),
    And(Box<Predicate>, Box<Predicate>),
    Or(Box<Predicate>, Box<Predicate>),
    Not(Box<Predicate>),
    Exists(Step),
    IsUnknown(Box<Predicate>),
    StartsWith(Step, Step),
}

/// How deep a path may be nested.
const MAX_DEPTH: usize = 100;
/// Words of a path: it is evaluated step within step.
const MOST_WORDS: usize = 2_000;
/// Brackets that may be those of a predicate or of a value, and are read as either.
const MOST_TRIES: usize = 1_000;

impl Path {
    /// # Errors
    /// `SYNTAX_ERROR`, or `INVALID_PATH` where the words make no sense together.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut parser =
            Parser { words: words(text), at: 0, variables: Vec::new(), depth: 0, tries: 0, inside: Inside::default() };
        if parser.words.len() > MOST_WORDS {
            return Err(Error::not_here("A JSON path of so many parts"));
        }
        let lax = match parser.next() {
            Some(Word::Name(mode)) if mode == "lax" => true,
            Some(Word::Name(mode)) if mode == "strict" => false,
            _ => return Err(parser.unexpected()),
        };
        let root = parser.sum()?;
        if parser.at < parser.words.len() {
            return Err(parser.unexpected());
        }
        Ok(Self { lax, root, variables: parser.variables })
    }
}

/// Where `@` and `last` mean something.
#[derive(Debug, Clone, Copy, Default)]
struct Inside {
    filter: bool,
    subscript: bool,
}

struct Parser {
    words: Vec<Word>,
    at: usize,
    variables: Vec<String>,
    depth: usize,
    /// Brackets that were read twice, which those within them are too.
    tries: usize,
    inside: Inside,
}

impl Parser {
    fn unexpected(&self) -> Error {
        Error::new(Code::SyntaxError, "The text is no JSON path")
    }

    fn invalid(message: &str) -> Error {
        Error::new(Code::InvalidPath, message)
    }

    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    fn next(&mut self) -> Option<Word> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Word::Sign(next)) if *next == sign);
        self.at += usize::from(found);
        found
    }

    fn name(&mut self, name: &str) -> bool {
        let found = matches!(self.peek(), Some(Word::Name(next)) if next == name);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<()> {
        if self.sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::not_here("A JSON path nested so deeply"));
        }
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn sum(&mut self) -> Result<Step> {
        let mut left = self.product()?;
        loop {
            let sign = if self.sign("+") {
                "+"
            } else if self.sign("-") {
                "-"
            } else {
                return Ok(left);
            };
            left = Step::Arithmetic(Box::new(left), sign, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Step> {
        let mut left = self.unary()?;
        loop {
            let sign = if self.sign("*") {
                "*"
            } else if self.sign("/") {
                "/"
            } else if self.sign("%") {
                "%"
            } else {
                return Ok(left);
            };
            left = Step::Arithmetic(Box::new(left), sign, Box::new(self.unary()?));
        }
    }

    fn unary(&mut self) -> Result<Step> {
        if self.sign("+") {
            return Ok(Step::Number(Box::new(self.deeper(Self::unary)?)));
        }
        if self.sign("-") {
            return Ok(Step::Negate(Box::new(self.deeper(Self::unary)?)));
        }
        self.accessors()
    }

    fn accessors(&mut self) -> Result<Step> {
        let mut step = self.primary()?;
        loop {
            step = if self.sign("..") {
                match self.next() {
                    Some(Word::Name(name) | Word::Text(name)) => Step::Descendant(Box::new(step), name),
                    _ => return Err(self.unexpected()),
                }
            } else if self.sign(".") {
                self.member(step)?
            } else if self.sign("[") {
                self.subscripts(step)?
            } else if self.sign("?") {
                self.expect("(")?;
                let outer = std::mem::replace(&mut self.inside.filter, true);
                let predicate = self.deeper(Self::either)?;
                self.inside.filter = outer;
                self.expect(")")?;
                Step::Filter(Box::new(step), Box::new(predicate))
            } else {
                return Ok(step);
            };
        }
    }

    fn member(&mut self, step: Step) -> Result<Step> {
        let step = Box::new(step);
        if self.sign("*") {
            return Ok(Step::Member(step, None));
        }
        match self.next() {
            Some(Word::Text(name)) => Ok(Step::Member(step, Some(name))),
            Some(Word::Name(name)) => {
                if !self.sign("(") {
                    return Ok(Step::Member(step, Some(name)));
                }
                let method = match name.as_str() {
                    "type" => Method::Type,
                    "size" => Method::Size,
                    "double" => Method::Double,
                    "ceiling" => Method::Ceiling,
                    "floor" => Method::Floor,
                    "abs" => Method::Abs,
                    "keyvalue" => Method::KeyValue,
                    "datetime" => {
                        let message = "datetime method in JSON path is not yet supported";
                        return Err(Error::new(Code::NotSupported, message));
                    }
                    _ => return Err(self.unexpected()),
                };
                self.expect(")")?;
                Ok(Step::Method(step, method))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn subscripts(&mut self, step: Step) -> Result<Step> {
        let mut ranges = Vec::new();
        if !self.sign("*") {
            let outer = std::mem::replace(&mut self.inside.subscript, true);
            loop {
                let from = self.deeper(Self::sum)?;
                let to = if self.name("to") { Some(self.deeper(Self::sum)?) } else { None };
                ranges.push((from, to));
                if !self.sign(",") {
                    break;
                }
            }
            self.inside.subscript = outer;
        }
        self.expect("]")?;
        Ok(Step::Elements(Box::new(step), ranges))
    }

    fn primary(&mut self) -> Result<Step> {
        if self.sign("(") {
            let step = self.deeper(Self::sum)?;
            self.expect(")")?;
            return Ok(step);
        }
        if self.sign("$") {
            return Ok(Step::Context);
        }
        if self.sign("@") {
            return match self.inside.filter {
                true => Ok(Step::Current),
                false => Err(Self::invalid("@ is only allowed in a filter")),
            };
        }
        match self.next() {
            Some(Word::Variable(name)) => {
                self.variables.push(name.clone());
                Ok(Step::Variable(name))
            }
            Some(Word::Text(text)) => {
                let length = u32::try_from(text.chars().count()).ok();
                Ok(Step::Literal(Value::Text(text), Type::Varchar(length)))
            }
            Some(Word::Number(number)) => {
                let (value, of) = literal(&number).ok_or_else(|| self.unexpected())?;
                Ok(Step::Literal(value, of))
            }
            Some(Word::Name(name)) => match name.as_str() {
                "null" => Ok(Step::Null),
                "true" => Ok(Step::Literal(Value::Boolean(true), Type::Boolean)),
                "false" => Ok(Step::Literal(Value::Boolean(false), Type::Boolean)),
                "last" if self.inside.subscript => Ok(Step::Last),
                "last" => Err(Self::invalid("last is only allowed in a subscript")),
                _ => Err(self.unexpected()),
            },
            _ => Err(self.unexpected()),
        }
    }

    fn either(&mut self) -> Result<Predicate> {
        let mut left = self.both()?;
        while self.sign("||") {
            left = Predicate::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Predicate> {
        let mut left = self.condition()?;
        while self.sign("&&") {
            left = Predicate::And(Box::new(left), Box::new(self.condition()?));
        }
        Ok(left)
    }

    fn condition(&mut self) -> Result<Predicate> {
        if self.sign("!") {
            return Ok(Predicate::Not(Box::new(self.delimited()?)));
        }
        if matches!(self.peek(), Some(Word::Name(name)) if name == "exists") {
            return self.delimited();
        }
        let start = self.at;
        if matches!(self.peek(), Some(Word::Sign("("))) {
            // A predicate in brackets, or a comparison that begins with a path in brackets.
            let variables = self.variables.len();
            let depth = self.depth;
            self.tries += 1;
            if self.tries > MOST_TRIES {
                return Err(Error::not_here("A JSON path with so many brackets within each other"));
            }
            if let Ok(predicate) = self.delimited()
                && !matches!(self.peek(), Some(Word::Sign(sign)) if !matches!(*sign, "&&" | "||" | ")"))
            {
                if self.name("is") {
                    return match self.name("unknown") {
                        true => Ok(Predicate::IsUnknown(Box::new(predicate))),
                        false => Err(self.unexpected()),
                    };
                }
                return Ok(predicate);
            }
            self.at = start;
            self.depth = depth;
            self.variables.truncate(variables);
        }
        self.comparison()
    }

    fn delimited(&mut self) -> Result<Predicate> {
        if self.name("exists") {
            self.expect("(")?;
            let path = self.deeper(Self::sum)?;
            self.expect(")")?;
            return Ok(Predicate::Exists(path));
        }
        self.expect("(")?;
        let predicate = self.deeper(Self::either)?;
        self.expect(")")?;
        Ok(predicate)
    }

    fn comparison(&mut self) -> Result<Predicate> {
        let left = self.deeper(Self::sum)?;
        if self.name("starts") {
            if !self.name("with") {
                return Err(self.unexpected());
            }
            return match self.peek() {
                Some(Word::Text(_) | Word::Variable(_)) => Ok(Predicate::StartsWith(left, self.primary()?)),
                _ => Err(self.unexpected()),
            };
        }
        if self.name("like_regex") {
            let message = "like_regex predicate in JSON path is not yet supported";
            return Err(Error::new(Code::NotSupported, message));
        }
        let comparison = match self.next() {
            Some(Word::Sign("==")) => Comparison::Equal,
            Some(Word::Sign("<>" | "!=")) => Comparison::NotEqual,
            Some(Word::Sign("<")) => Comparison::Less,
            Some(Word::Sign("<=")) => Comparison::LessOrEqual,
            Some(Word::Sign(">")) => Comparison::Greater,
            Some(Word::Sign(">=")) => Comparison::GreaterOrEqual,
            _ => return Err(self.unexpected()),
        };
        Ok(Predicate::Compare(left, comparison, self.deeper(Self::sum)?))
    }
}

/// `1` is an integer, `1.5` a decimal, `1e0` a double.
fn literal(number: &str) -> Option<(Value, Type)> {
    if number.contains(['e', 'E']) {
        return Some((Value::Double(number.parse().ok()?), Type::Double));
    }
    let Some((whole, fraction)) = number.split_once('.') else {
        let value: i64 = number.parse().ok()?;
        return Some((Value::Int(value), if i32::try_from(value).is_ok() { Type::Integer } else { Type::Bigint }));
    };
    let digits = format!("{}{fraction}", whole.trim_start_matches('0'));
    let precision = u8::try_from(digits.len().max(1)).ok().filter(|precision| *precision <= MAX_PRECISION)?;
    let value = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    Some((Value::Decimal(value), Type::decimal(precision, fraction.len() as u8)))
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn grammar() {
        for path in [
            "lax $",
            "strict $.a.\"b c\"[0, 2 to last].*",
            "lax $[*] ? (@.a > 1 && (@.b == \"x\" || !(exists(@.c)))).size()",
            "lax $ ? ((@.a == 1) is unknown)",
            "lax $ ? ((@.a + 1) * 2 <> $x)",
            "lax -$.a + 2.5e0 * 3",
            "lax $ ? (@ starts with \"a\")",
            "lax $.lax.size",
            "lax $..a",
        ] {
            assert!(Path::parse(path).is_ok(), "{path}: {:?}", Path::parse(path));
        }
        for path in
            ["$", "LAX $", "lax", "lax @", "lax last", "lax $[", "lax $ ? (1)", "lax $.a b", "lax $.foo()", "lax 'a'"]
        {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
