//! What a function takes and gives, written as Trino writes it: `(array(T), function(T, U)) -> array(U)`.
//!
//! A single capital letter stands for any type, the same wherever it stands in a signature. `varchar`, `char`, `decimal`,
//! `time` and `timestamp` without parameters take any length, precision and scale; in the result, a name in the brackets,
//! as in `timestamp(p)`, stands for what it was in an argument. `T...` at the end takes any number of arguments.
//! A letter's bounds follow after `where`: `comparable T`, `orderable T`.

use std::collections::BTreeMap;

use crate::coercion::{can_coerce, common_type};
use crate::types::Type;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    Variable(char),
    Exactly(Type),
    /// `varchar`, `varchar(x)`, …: any of the kind; the name keeps the number for the result.
    Varchar(Option<String>),
    Char(Option<String>),
    Decimal(Option<(String, String)>),
    Time(Option<String>),
    TimeTz(Option<String>),
    Timestamp(Option<String>),
    TimestampTz(Option<String>),
    Array(Box<Pattern>),
    Map(Box<Pattern>, Box<Pattern>),
    Row(Vec<Pattern>),
    QDigest(Box<Pattern>),
    /// A lambda: what it is given, and what it gives.
    Function(Vec<Pattern>, Box<Pattern>),
}

#[derive(Debug, Clone)]
pub struct Signature {
    pub arguments: Vec<Pattern>,
    /// The last argument may stand any number of times, also none.
    pub variadic: bool,
    pub returns: Pattern,
    comparable: Vec<char>,
    orderable: Vec<char>,
}

/// An argument of a call as far as it is known: a lambda's type is known when its parameters' are.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    Value(Type),
    /// With its number of parameters.
    Lambda(usize),
}

/// What letters and names stand for in one call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Binding {
    pub types: BTreeMap<char, Type>,
    pub numbers: BTreeMap<String, u32>,
}

impl Signature {
    /// # Panics
    /// Where the text is no signature: they are constants of this crate, and a test reads all of them.
    pub fn new(text: &str) -> Self {
        Reader { text, rest: text }.signature()
    }

    /// The pattern of the argument at a place.
    pub fn argument(&self, at: usize) -> Option<&Pattern> {
        match self.arguments.get(at) {
            Some(pattern) => Some(pattern),
            None if self.variadic => self.arguments.last(),
            None => None,
        }
    }

    fn takes(&self, count: usize) -> bool {
        let least = self.arguments.len() - usize::from(self.variadic);
        count == self.arguments.len() || self.variadic && count >= least
    }

    /// What the letters stand for when the given values are passed, with or without coercions.
    pub fn bind(&self, given: &[Given], coerce: bool) -> Option<Binding> {
        if !self.takes(given.len()) {
            return None;
        }
        let mut binding = Binding::default();
        for (at, given) in given.iter().enumerate() {
            match (self.argument(at)?, given) {
                (Pattern::Function(parameters, _), Given::Lambda(count)) if parameters.len() == *count => {}
                (Pattern::Function(..), _) | (_, Given::Lambda(_)) => return None,
                (pattern, Given::Value(actual)) => binding.learn(pattern, actual, coerce)?,
            }
        }
        for (at, given) in given.iter().enumerate() {
            if let (pattern, Given::Value(actual)) = (self.argument(at)?, given) {
                let formal = binding.formal(pattern, actual)?;
                let fits = if coerce { can_coerce(actual, &formal) } else { same_shape(actual, &formal) };
                if !fits {
                    return None;
                }
            }
        }
        let bounded = |letters: &[char], holds: fn(&Type) -> bool| {
            letters.iter().all(|letter| binding.types.get(letter).is_none_or(holds))
        };
        (bounded(&self.comparable, Type::is_comparable) && bounded(&self.orderable, Type::is_orderable))
            .then_some(binding)
    }
}

/// Equal but for lengths of text and names of fields, which nothing has to be done for.
pub(crate) fn same_shape(actual: &Type, formal: &Type) -> bool {
    match (actual, formal) {
        (Type::Varchar(_), Type::Varchar(_)) => true,
        (Type::Array(a), Type::Array(b)) => same_shape(a, b),
        (Type::Map(ka, va), Type::Map(kb, vb)) => same_shape(ka, kb) && same_shape(va, vb),
        (Type::Row(a), Type::Row(b)) => a.len() == b.len() && a.iter().zip(b).all(|((_, a), (_, b))| same_shape(a, b)),
        _ => actual == formal,
    }
}

impl Binding {
    /// Learns letters and numbers from an argument. `None` where it can't be one.
    fn learn(&mut self, pattern: &Pattern, actual: &Type, coerce: bool) -> Option<()> {
        match (pattern, actual) {
            (Pattern::Variable(letter), _) => {
                let known = match self.types.get(letter) {
                    None => actual.clone(),
                    Some(known) if coerce => common_type(known, actual)?,
                    Some(known) if same_shape(known, actual) => common_type(known, actual)?,
                    Some(_) => return None,
                };
                self.types.insert(*letter, known);
            }
            (Pattern::Array(element), Type::Array(actual)) => self.learn(element, actual, coerce)?,
            (Pattern::Map(key, value), Type::Map(actual_key, actual_value)) => {
                self.learn(key, actual_key, coerce)?;
                self.learn(value, actual_value, coerce)?;
            }
            (Pattern::Row(fields), Type::Row(actual)) if fields.len() == actual.len() => {
                for (field, (_, actual)) in fields.iter().zip(actual) {
                    self.learn(field, actual, coerce)?;
                }
            }
            (Pattern::QDigest(of), Type::QDigest(actual)) => self.learn(of, actual, coerce)?,
            (Pattern::Array(_) | Pattern::Map(..) | Pattern::Row(_) | Pattern::QDigest(_), Type::Unknown) if coerce => {
                self.learn_unknown(pattern);
            }
            (Pattern::Varchar(Some(name)), Type::Varchar(length)) => self.number(name, length.unwrap_or(u32::MAX)),
            (Pattern::Char(Some(name)), Type::Char(length)) => self.number(name, *length),
            (Pattern::Decimal(Some((precision, scale))), Type::Decimal { precision: p, scale: s }) => {
                self.number(precision, (*p).into());
                self.number(scale, (*s).into());
            }
            (Pattern::Decimal(Some((precision, scale))), actual) => {
                if let Type::Decimal { precision: p, scale: s } = common_type(actual, &Type::decimal(1, 0))? {
                    self.number(precision, p.into());
                    self.number(scale, s.into());
                }
            }
            (Pattern::Time(Some(name)), Type::Time(digits))
            | (Pattern::TimeTz(Some(name)), Type::TimeTz(digits) | Type::Time(digits))
            | (Pattern::Timestamp(Some(name)), Type::Timestamp(digits))
            | (Pattern::TimestampTz(Some(name)), Type::TimestampTz(digits) | Type::Timestamp(digits)) => {
                self.number(name, (*digits).into());
            }
            _ => {}
        }
        Some(())
    }

    fn learn_unknown(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Variable(letter) => {
                self.types.entry(*letter).or_insert(Type::Unknown);
            }
            Pattern::Array(of) | Pattern::QDigest(of) => self.learn_unknown(of),
            Pattern::Map(key, value) => {
                self.learn_unknown(key);
                self.learn_unknown(value);
            }
            Pattern::Row(fields) => fields.iter().for_each(|field| self.learn_unknown(field)),
            _ => {}
        }
    }

    fn number(&mut self, name: &str, number: u32) {
        let known = self.numbers.entry(name.to_owned()).or_insert(number);
        *known = number.max(*known);
    }

    /// The type that the function wants for an argument of the given type.
    pub fn formal(&self, pattern: &Pattern, actual: &Type) -> Option<Type> {
        Some(match (pattern, actual) {
            (Pattern::Varchar(_), Type::Varchar(_))
            | (Pattern::Char(_), Type::Char(_))
            | (Pattern::Decimal(_), Type::Decimal { .. })
            | (Pattern::Time(_), Type::Time(_))
            | (Pattern::TimeTz(_), Type::TimeTz(_))
            | (Pattern::Timestamp(_), Type::Timestamp(_))
            | (Pattern::TimestampTz(_), Type::TimestampTz(_)) => actual.clone(),
            (Pattern::Char(_), Type::Varchar(length)) => Type::Char(length.unwrap_or(65_536).min(65_536)),
            (Pattern::Varchar(_), Type::Char(length)) => Type::Varchar(Some(*length)),
            (Pattern::Decimal(_), _) => match common_type(actual, &Type::decimal(1, 0))? {
                decimal @ Type::Decimal { .. } => decimal,
                _ => return None,
            },
            (Pattern::TimeTz(_), Type::Time(digits)) => Type::TimeTz(*digits),
            (Pattern::TimestampTz(_), Type::Timestamp(digits)) => Type::TimestampTz(*digits),
            (Pattern::Array(element), Type::Array(actual)) => Type::array(self.formal(element, actual)?),
            (Pattern::Map(key, value), Type::Map(actual_key, actual_value)) => {
                Type::map(self.formal(key, actual_key)?, self.formal(value, actual_value)?)
            }
            (Pattern::Row(fields), Type::Row(actual)) if fields.len() == actual.len() => Type::Row(
                fields
                    .iter()
                    .zip(actual)
                    .map(|(field, (name, actual))| Some((name.clone(), self.formal(field, actual)?)))
                    .collect::<Option<_>>()?,
            ),
            _ => self.instance(pattern)?,
        })
    }

    /// A pattern with its letters and names filled in.
    pub fn instance(&self, pattern: &Pattern) -> Option<Type> {
        let number = |name: &Option<String>, default: u32| match name {
            Some(name) => name.parse().ok().or_else(|| self.numbers.get(name).copied()),
            None => Some(default),
        };
        Some(match pattern {
            Pattern::Variable(letter) => self.types.get(letter)?.clone(),
            Pattern::Exactly(exactly) => exactly.clone(),
            Pattern::Varchar(name) => Type::Varchar(number(name, u32::MAX).filter(|length| *length != u32::MAX)),
            Pattern::Char(name) => Type::Char(number(name, 65_536)?),
            Pattern::Decimal(names) => {
                let (precision, scale) = names.clone().map_or((None, None), |(p, s)| (Some(p), Some(s)));
                Type::decimal(number(&precision, 38)? as u8, number(&scale, 0)? as u8)
            }
            Pattern::Time(name) => Type::Time(number(name, 3)? as u8),
            Pattern::TimeTz(name) => Type::TimeTz(number(name, 3)? as u8),
            Pattern::Timestamp(name) => Type::Timestamp(number(name, 3)? as u8),
            Pattern::TimestampTz(name) => Type::TimestampTz(number(name, 3)? as u8),
            Pattern::Array(element) => Type::array(self.instance(element)?),
            Pattern::Map(key, value) => Type::map(self.instance(key)?, self.instance(value)?),
            Pattern::Row(fields) => {
                Type::row(fields.iter().map(|field| self.instance(field)).collect::<Option<Vec<_>>>()?)
            }
            Pattern::QDigest(of) => Type::QDigest(Box::new(self.instance(of)?)),
            Pattern::Function(..) => return None,
        })
    }

    /// Learns from what a lambda gives.
    pub fn learn_result(&mut self, pattern: &Pattern, actual: &Type) -> Option<Type> {
        self.learn(pattern, actual, true)?;
        let formal = self.formal(pattern, actual)?;
        can_coerce(actual, &formal).then_some(formal)
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Reader<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn is(&mut self, mark: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, mark: &str) {
        assert!(self.is(mark), "no {mark:?} at {:?} in the signature {:?}", self.rest, self.text);
    }

    fn word(&mut self) -> String {
        self.space();
        let end = self.rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        assert!(!word.is_empty(), "a name is missing at {:?} in the signature {:?}", self.rest, self.text);
        self.rest = rest;
        word.to_owned()
    }

    fn signature(mut self) -> Signature {
        let mut arguments = Vec::new();
        let mut variadic = false;
        self.expect("(");
        if !self.is(")") {
            loop {
                arguments.push(self.pattern());
                variadic = self.is("...");
                if !self.is(",") {
                    break;
                }
            }
            self.expect(")");
        }
        self.expect("->");
        let returns = self.pattern();
        let (mut comparable, mut orderable) = (Vec::new(), Vec::new());
        if self.is("where") {
            loop {
                let bound = self.word();
                let letter = self.word().chars().next().unwrap_or_default();
                match bound.as_str() {
                    "comparable" => comparable.push(letter),
                    "orderable" => orderable.push(letter),
                    other => panic!("{other:?} is no bound in the signature {:?}", self.text),
                }
                if !self.is(",") {
                    break;
                }
            }
        }
        self.space();
        assert!(self.rest.is_empty(), "{:?} is too much in the signature {:?}", self.rest, self.text);
        Signature { arguments, variadic, returns, comparable, orderable }
    }

    fn number(&mut self) -> Option<String> {
        if !self.is("(") {
            return None;
        }
        let name = self.word();
        self.expect(")");
        Some(name)
    }

    fn zoned(&mut self) -> bool {
        self.is("with time zone")
    }

    fn pattern(&mut self) -> Pattern {
        let word = self.word();
        match word.as_str() {
            letter if letter.len() == 1 && letter.starts_with(char::is_uppercase) => {
                Pattern::Variable(letter.chars().next().unwrap_or_default())
            }
            "array" => {
                self.expect("(");
                let element = self.pattern();
                self.expect(")");
                Pattern::Array(Box::new(element))
            }
            "qdigest" => {
                self.expect("(");
                let of = self.pattern();
                self.expect(")");
                Pattern::QDigest(Box::new(of))
            }
            "map" => {
                self.expect("(");
                let key = self.pattern();
                self.expect(",");
                let value = self.pattern();
                self.expect(")");
                Pattern::Map(Box::new(key), Box::new(value))
            }
            "row" => Pattern::Row(self.list()),
            "function" => {
                let mut parts = self.list();
                let returns = parts.pop().expect("a lambda gives something");
                Pattern::Function(parts, Box::new(returns))
            }
            "varchar" => Pattern::Varchar(self.number()),
            "char" => Pattern::Char(self.number()),
            "decimal" => {
                if !self.is("(") {
                    return Pattern::Decimal(None);
                }
                let precision = self.word();
                self.expect(",");
                let scale = self.word();
                self.expect(")");
                Pattern::Decimal(Some((precision, scale)))
            }
            "time" => {
                let digits = self.number();
                if self.zoned() { Pattern::TimeTz(digits) } else { Pattern::Time(digits) }
            }
            "timestamp" => {
                let digits = self.number();
                if self.zoned() { Pattern::TimestampTz(digits) } else { Pattern::Timestamp(digits) }
            }
            "interval" => {
                if self.is("day to second") {
                    Pattern::Exactly(Type::IntervalDayToSecond)
                } else {
                    self.expect("year to month");
                    Pattern::Exactly(Type::IntervalYearToMonth)
                }
            }
            name => Pattern::Exactly(
                Type::parse(name).unwrap_or_else(|_| panic!("{name:?} is no type in the signature {:?}", self.text)),
            ),
        }
    }

    fn list(&mut self) -> Vec<Pattern> {
        self.expect("(");
        let mut list = vec![self.pattern()];
        while self.is(",") {
            list.push(self.pattern());
        }
        self.expect(")");
        list
    }
}
