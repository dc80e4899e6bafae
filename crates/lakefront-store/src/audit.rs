use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ulid::Ulid;

use crate::{Page, PageRequest, Person, Result, Scope, Store};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    Refused,
    Failed,
}

/// Something to remember: the actor is the scope's user, the address the scope's.
#[derive(Clone, Debug)]
pub struct AuditRecord {
    /// `noun.verb`: `user.update`, `login`, `query.run`.
    pub action: String,
    /// What it was done to: an id, a name, an e-mail address.
    pub target: String,
    pub outcome: Outcome,
    pub detail: Value,
    /// Where the request came from, when the scope can't know (sign-in).
    pub address: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEntry {
    pub id: Ulid,
    pub at: DateTime<Utc>,
    /// `None` for the system.
    pub actor: Option<Person>,
    pub action: String,
    pub target: String,
    pub outcome: Outcome,
    pub detail: Value,
    pub address: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub actor: Option<Ulid>,
    /// The action or its beginning: `user.` finds every change of users.
    pub action: Option<String>,
    pub outcome: Option<Outcome>,
    pub since: Option<DateTime<Utc>>,
    pub page: PageRequest,
}

impl Store {
    /// Appends to the audit log. The store's own privileged changes write theirs in the same transaction; this is
    /// for the rest: refusals, sign-ins.
    pub async fn record_audit(&self, scope: &Scope, record: AuditRecord) -> Result<()> {
        todo!()
    }

    /// Administrators; newest first.
    pub async fn audit(&self, scope: &Scope, filter: AuditFilter) -> Result<Page<AuditEntry>> {
        todo!()
    }
}
