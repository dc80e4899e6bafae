//! What is made of an argument that is the same for most rows: a pattern, a set of characters.

use crate::error::Result;

/// Keeps what was made of the last text, so that a constant is prepared once for a batch.
#[derive(Debug)]
pub(super) struct Prepared<T> {
    last: Option<(String, T)>,
}

impl<T> Prepared<T> {
    pub(super) fn new() -> Self {
        Self { last: None }
    }

    pub(super) fn of(&mut self, text: &str, make: impl FnOnce(&str) -> Result<T>) -> Result<&mut T> {
        let made = match self.last.take() {
            Some((known, made)) if known == text => (known, made),
            _ => (text.to_owned(), make(text)?),
        };
        Ok(&mut self.last.insert(made).1)
    }
}
