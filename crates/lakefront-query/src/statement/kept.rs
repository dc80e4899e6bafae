//! Statements that were read before: a dashboard asks the same ones with every look at it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use blake3::Hash;

use super::BoundQuery;
use crate::Request;
use crate::fields::Fields;

const MOST: usize = 1_024;
/// Longer ones are rare, and few of them fill the memory.
const MAX_TEXT_BYTES: usize = 16 << 10;

/// What the catalogs made of a request, good until one of them changes.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Statements>);

#[derive(Default)]
struct Statements {
    /// Of the catalogs.
    version: u64,
    by_request: HashMap<Hash, Arc<BoundQuery>>,
}

impl Kept {
    /// Takes the version of the catalogs before they were asked.
    pub(super) fn get(&self, request: &Request, version: u64) -> Option<Arc<BoundQuery>> {
        let statements = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (statements.version == version).then(|| statements.by_request.get(&identity(request)).cloned())?
    }

    pub(super) fn keep(&self, request: &Request, version: u64, query: &Arc<BoundQuery>) {
        if request.sql.len() > MAX_TEXT_BYTES || !query.tables.iter().all(|table| table.lasts()) {
            return;
        }
        let mut statements = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if statements.version < version || statements.by_request.len() == MOST {
            *statements = Statements { version, ..Statements::default() };
        }
        if statements.version == version {
            statements.by_request.insert(identity(request), Arc::clone(query));
        }
    }
}

/// All that decides what a text means; not who asks, nor how it is to run.
fn identity(request: &Request) -> Hash {
    let mut fields = Fields::new();
    fields.add(&request.sql);
    for default in [&request.executes, &request.catalog, &request.database] {
        fields.add([u8::from(default.is_some())]);
        fields.add(default.as_deref().unwrap_or_default());
    }
    for (name, value) in &request.parameters {
        fields.add(name);
        fields.add(value.to_string());
    }
    fields.hash()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::identity;
    use crate::{Principal, Request, Role};

    fn request(sql: &str) -> Request {
        let principal =
            Principal { id: "1".to_owned(), name: "Ada".to_owned(), role: Role::Viewer, groups: Vec::new() };
        Request::new(principal, sql)
    }

    #[test]
    fn whatever_changes_the_meaning_changes_the_identity() {
        let plain = identity(&request("SELECT {{a}}"));
        let with = |change: fn(&mut Request)| {
            let mut request = request("SELECT {{a}}");
            change(&mut request);
            identity(&request)
        };
        let others = [
            identity(&request("SELECT {{b}}")),
            with(|request| request.executes = Some("lake".to_owned())),
            with(|request| request.catalog = Some("lake".to_owned())),
            with(|request| request.catalog = Some(String::new())),
            with(|request| request.database = Some("lake".to_owned())),
            with(|request| _ = request.parameters.insert("a".to_owned(), json!(1))),
            with(|request| _ = request.parameters.insert("a".to_owned(), json!("1"))),
            with(|request| _ = request.parameters.insert("a1".to_owned(), json!(null))),
        ];
        for (index, one) in others.iter().enumerate() {
            assert_ne!(*one, plain);
            assert!(!others[..index].contains(one), "{index}");
        }
        assert_eq!(with(|request| request.max_scan_bytes = Some(1)), plain);
    }
}
