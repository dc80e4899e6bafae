//! How long the parser may look for a meaning.
//!
//! Where a word can be two things it tries one after the other, and what is nested in it is read once more for each: a
//! statement of fifty words that is none could take it longer than anybody waits. So its steps are counted, and a parser
//! that has taken far more of them than there are words gives up.

use std::sync::atomic::{AtomicUsize, Ordering};

use sqlparser::parser::ParserError;

/// Nested twice for each of a dozen levels, a word is still read to its end.
const FREE: usize = 10_000;
const PER_WORD: usize = 20;

#[derive(Debug)]
pub(crate) struct Steps {
    taken: AtomicUsize,
    most: usize,
}

impl Steps {
    /// For dialects that parse nothing.
    pub(crate) const fn none() -> Self {
        Self { taken: AtomicUsize::new(0), most: 0 }
    }

    pub(crate) fn for_words(count: usize) -> Self {
        Self { taken: AtomicUsize::new(0), most: FREE + PER_WORD * count }
    }

    /// What the parser answers when there are no more; it passes this error on wherever it came from.
    pub(crate) fn refused(&self) -> Option<ParserError> {
        let taken = self.taken.fetch_add(1, Ordering::Relaxed);
        (taken >= self.most).then_some(ParserError::RecursionLimitExceeded)
    }
}
