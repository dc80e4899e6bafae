use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{Result, StoreError};

/// A secret that is shown once: no `Debug`, no `Serialize`; the database holds its hash only.
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one answer that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// 256 random bits after `prefix`.
    pub(crate) fn generate(prefix: &str) -> Result<Self> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|error| StoreError::Internal(error.into()))?;
        Ok(Self(format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))))
    }

    pub(crate) fn hash(&self) -> String {
        hash(&self.0)
    }
}

/// What the database holds of a secret. One round of a fast hash is enough for 256 random bits, and finding a row by it takes
/// no time that depends on the secret.
pub(crate) fn hash(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}
