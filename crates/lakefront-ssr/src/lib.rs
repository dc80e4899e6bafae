//! Draws a page on the server: runs the UI's server bundle in QuickJS, one runtime per thread.
//!
//! The bundle is one classic script that sets `globalThis.render(inputJson)`; it promises an object
//! `{status, html, head, errors}`. Scripts have virtual timers, no network, no files and no `Intl`.

mod engine;
mod pool;

use std::time::Duration;

pub use pool::SsrPool;

/// What one render may use.
#[derive(Clone, Copy, Debug)]
pub struct SsrLimits {
    /// From the call of [`SsrPool::render`] to its answer, waiting in the queue included.
    pub deadline: Duration,
    /// Bytes of JavaScript heap per runtime.
    pub memory: usize,
    /// Bytes of JavaScript stack.
    pub js_stack: usize,
}

impl Default for SsrLimits {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(1), memory: 64 << 20, js_stack: 1 << 20 }
    }
}

/// Why there is no page. The caller's answer to each is the same: send the empty shell and let the browser draw.
#[derive(Debug, thiserror::Error)]
pub enum SsrError {
    #[error("the page's script failed: {0}")]
    Js(String),
    #[error("the page was not drawn before its deadline")]
    Timeout,
    #[error("the page's script needed more memory than its limit")]
    OutOfMemory,
    #[error("the page's script waits for something that never comes")]
    Deadlock,
    #[error("the script engine failed: {0}")]
    Engine(String),
    #[error("too many pages wait to be drawn")]
    QueueFull,
}

/// A drawn page: `head` and `html` go into the template as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsrPage {
    pub status: u16,
    pub html: String,
    pub head: String,
}
