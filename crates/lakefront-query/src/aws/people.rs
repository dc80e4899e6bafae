//! Credentials for everyone who asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::credentials::Keyring;
use super::{AwsConfig, AwsError};
use crate::Principal;

/// Sessions kept for people at the same time; who asked longest ago goes first, and gets a new one later.
const MOST: usize = 256;

/// A role taken on once for each person.
#[derive(Debug)]
pub(super) struct People {
    config: AwsConfig,
    http: reqwest::Client,
    /// By what a session is named after.
    known: Mutex<HashMap<(String, String), Known>>,
}

#[derive(Debug)]
struct Known {
    keyring: Arc<Keyring>,
    asked: Instant,
}

impl People {
    pub(super) fn new(config: AwsConfig, http: reqwest::Client) -> Self {
        Self { config, http, known: Mutex::default() }
    }

    /// Asks AWS nothing yet.
    pub(super) async fn keyring(&self, person: &Principal) -> Result<Arc<Keyring>, AwsError> {
        let key = (person.id.clone(), person.name.clone());
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&key) {
            known.asked = Instant::now();
            return Ok(Arc::clone(&known.keyring));
        }
        let keyring = Arc::new(Keyring::open(&self.config, self.http.clone(), Some(person)).await?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(&key) {
            let oldest = known.iter().min_by_key(|(_, known)| known.asked).map(|(key, _)| key.clone());
            oldest.and_then(|oldest| known.remove(&oldest));
        }
        // Two who came at once share the first one's.
        let known = known.entry(key).or_insert_with(|| Known { keyring, asked: Instant::now() });
        Ok(Arc::clone(&known.keyring))
    }
}
