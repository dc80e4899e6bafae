//! What makes two results the same.

use std::fmt;

use lakefront_engine::{Literal, Storage};
use ulid::Ulid;

use crate::EngineChoice;
use crate::fields::Fields;
use crate::policy::Authorized;

/// A hash of everything a result depends on: the authorised statement, its parameters, the data
/// version of every table in it and where its files lie, the limits that may cut it, and the program that made it. New
/// files mean a new version and so another key: a stored result cannot be stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    pub(crate) fn of(statement: &Authorized, choice: EngineChoice, result_rows: u64, result_bytes: u64) -> Self {
        let mut hash = Fields::new();
        // Another version may write a value in another way.
        hash.add(concat!("lakefront result 1 ", env!("CARGO_PKG_VERSION")));
        hash.add(statement.canonical_text());
        for literal in statement.literals() {
            let (kind, value) = match literal {
                Literal::Null => (b'0', Vec::new()),
                Literal::Boolean(value) => (b'b', vec![u8::from(*value)]),
                Literal::BigInt(value) => (b'i', value.to_le_bytes().to_vec()),
                Literal::Double(value) => (b'f', value.to_bits().to_le_bytes().to_vec()),
                Literal::Varchar(value) => (b's', value.clone().into_bytes()),
                Literal::Date(value) => (b'd', value.clone().into_bytes()),
                Literal::Timestamp(value) => (b't', value.clone().into_bytes()),
                Literal::Written(literal) => (b'w', literal.sql.clone().into_bytes()),
            };
            hash.add([kind]);
            hash.add(&value);
        }
        for table in statement.tables() {
            for part in [table.catalog(), table.database(), table.name(), &table.version()] {
                hash.add(part);
            }
            // Instances may have folders of their own under one catalog's name.
            match table.files().map(|table| &table.storage) {
                Ok(Storage::Local { root }) => hash.add(root.as_os_str().as_encoded_bytes()),
                Ok(Storage::S3 { bucket, endpoint, .. }) => {
                    hash.add(format!("{} {bucket}", endpoint.as_deref().unwrap_or_default()));
                }
                Err(_) => {}
            }
        }
        // The same text may mean something else to somebody else.
        if statement.tables().is_empty()
            && let Some(link) = statement.link()
        {
            hash.add(link.identity());
        }
        // Engines that could both run it may write a value in two ways: who asks for one gets that one's.
        if statement.link().is_some() && statement.not_embedded().is_none() {
            hash.add(choice.as_str());
        }
        hash.add(result_rows.to_le_bytes());
        hash.add(result_bytes.to_le_bytes());
        Self(hash.hash().into())
    }

    /// For a result that is like no other, such as one of `now()`.
    pub(crate) fn unique() -> Self {
        Self(blake3::hash(&Ulid::generate().to_bytes()).into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text).ok().map(|hash| Self(hash.into()))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}
