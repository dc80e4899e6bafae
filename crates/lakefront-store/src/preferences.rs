use serde_json::Value;

use crate::{Result, Scope, Store};

impl Store {
    /// The asking user's preferences: an object, empty at first.
    pub async fn preferences(&self, scope: &Scope) -> Result<Value> {
        todo!()
    }

    /// Replaces them; `Invalid` unless an object of at most 64 KiB.
    pub async fn set_preferences(&self, scope: &Scope, preferences: Value) -> Result<()> {
        todo!()
    }
}
