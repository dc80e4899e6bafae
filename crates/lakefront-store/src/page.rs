use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;

use crate::{Result, StoreError};

const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 200;

/// Which part of a list: at most `limit` items (1 to 200, 50 if not said) after `cursor`, which an earlier page gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    pub limit: Option<u64>,
    pub cursor: Option<String>,
}

/// A part of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Ask with it for what follows; `None` at the end.
    pub next_cursor: Option<String>,
}

impl PageRequest {
    pub(crate) fn limit(&self) -> u64 {
        self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT)
    }

    /// The position that [`Page::new`] was given for the last item before this page.
    pub(crate) fn position(&self) -> Result<Option<String>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let text = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        text.map(Some).ok_or_else(invalid_cursor)
    }
}

pub(crate) fn invalid_cursor() -> StoreError {
    StoreError::Invalid { field: "cursor", message: "is not one that an earlier page gave".into() }
}

impl<T> Page<T> {
    /// From up to `limit + 1` items; `position` names an item's place in the order.
    pub(crate) fn new(mut items: Vec<T>, limit: u64, position: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(|item| BASE64_URL_SAFE_NO_PAD.encode(position(item)));
        Self { items, next_cursor }
    }
}
