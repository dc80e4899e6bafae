use serde::Serialize;

/// Which part of a list: at most `limit` items (1 to 200, 50 if not said) after `cursor`, which an earlier page gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    pub limit: Option<u64>,
    pub cursor: Option<String>,
}

/// A part of a list, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Ask with it for what follows; `None` at the end.
    pub next_cursor: Option<String>,
}
