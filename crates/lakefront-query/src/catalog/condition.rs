//! Conditions on single columns that a statement sets: they tell which partitions it can touch.

use std::cmp::Ordering;

/// One of the conditions that all hold for every row taken of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Condition {
    /// In lower case.
    pub(crate) column: String,
    pub(crate) test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Test {
    In(Vec<Constant>),
    Less(Constant),
    AtMost(Constant),
    More(Constant),
    AtLeast(Constant),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Constant {
    Text(String),
    Integer(i64),
    /// `YYYY-MM-DD`.
    Date(String),
}

/// How values of a partition key compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyOrder {
    Text,
    Integer,
    Date,
    /// By rules that are not known here.
    Unknown,
}

impl Condition {
    /// Whether the condition may hold for this value of its column; NULL never meets one.
    pub(crate) fn may_hold(&self, value: Option<&str>, order: KeyOrder) -> bool {
        let Some(value) = value else { return false };
        let compare = |constant: &Constant| constant.compare(value, order);
        let met = |constant: &Constant, wanted: fn(Ordering) -> bool| compare(constant).is_none_or(wanted);
        match &self.test {
            Test::In(constants) => constants.iter().any(|constant| met(constant, Ordering::is_eq)),
            Test::Less(constant) => met(constant, Ordering::is_lt),
            Test::AtMost(constant) => met(constant, Ordering::is_le),
            Test::More(constant) => met(constant, Ordering::is_gt),
            Test::AtLeast(constant) => met(constant, Ordering::is_ge),
        }
    }
}

impl Constant {
    /// A value against this constant; `None` where the two do not compare by the key's own rules.
    fn compare(&self, value: &str, order: KeyOrder) -> Option<Ordering> {
        match (self, order) {
            (Constant::Text(text), KeyOrder::Text) => Some(value.cmp(text)),
            (Constant::Integer(number), KeyOrder::Integer) => Some(value.parse::<i64>().ok()?.cmp(number)),
            (Constant::Date(day) | Constant::Text(day), KeyOrder::Date) if is_day(day) && is_day(value) => {
                Some(value.cmp(day))
            }
            _ => None,
        }
    }
}

pub(crate) fn is_day(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_surely_fails_is_left_out() {
        let condition = |test| Condition { column: "k".to_owned(), test };
        let text = |text: &str| Constant::Text(text.to_owned());
        let from_may = condition(Test::AtLeast(text("2024-05-01")));
        assert!(from_may.may_hold(Some("2024-05-01"), KeyOrder::Text));
        assert!(!from_may.may_hold(Some("2024-04-30"), KeyOrder::Text));
        assert!(!from_may.may_hold(Some("2024-04-30"), KeyOrder::Date));
        assert!(!from_may.may_hold(None, KeyOrder::Text));
        // Compared as numbers by nobody's rule: it stays.
        assert!(from_may.may_hold(Some("1"), KeyOrder::Integer));
        let few = condition(Test::In(vec![Constant::Integer(7), Constant::Integer(9)]));
        assert!(few.may_hold(Some("07"), KeyOrder::Integer));
        assert!(!few.may_hold(Some("8"), KeyOrder::Integer));
        assert!(few.may_hold(Some("8"), KeyOrder::Text));
        assert!(few.may_hold(Some("x"), KeyOrder::Integer));
    }
}
