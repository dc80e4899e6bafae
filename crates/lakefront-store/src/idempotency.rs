use crate::{Result, Scope, Store};

/// The answer an earlier request with the same key got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResponse {
    pub status: u16,
    pub body: String,
}

/// What to do with a request that carries an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// First time: do the work, then [`finish_idempotent`](Store::finish_idempotent) (or [`forget_idempotent`](Store::forget_idempotent)).
    Proceed,
    /// Done before: answer this.
    Replay(StoredResponse),
}

impl Store {
    /// Claims `key` for the asking user for 24 h. `request` identifies the request (method, path, body): another one
    /// under the same key is `Invalid`; one still running is a `Conflict` (for a minute, in case its process died).
    pub async fn begin_idempotent(&self, scope: &Scope, key: &str, request: &[u8]) -> Result<Idempotency> {
        todo!()
    }

    /// Keeps the answer for repeats.
    pub async fn finish_idempotent(&self, scope: &Scope, key: &str, response: StoredResponse) -> Result<()> {
        todo!()
    }

    /// The work failed and may be tried again.
    pub async fn forget_idempotent(&self, scope: &Scope, key: &str) -> Result<()> {
        todo!()
    }
}
