//! The master key: never in the database, never a default. It seals the secrets of catalogs.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lakefront_store::SealedSecret;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

const BYTES: usize = 32;

/// Encrypts what must not be readable in a copy of the database. No `Debug`, no `Serialize`.
pub struct MasterKey(LessSafeKey);

impl MasterKey {
    /// `LAKEFRONT_MASTER_KEY` when set, otherwise `master.key` in the data folder, made when missing.
    pub fn load(data_dir: &Path) -> anyhow::Result<Self> {
        match std::env::var("LAKEFRONT_MASTER_KEY") {
            Ok(text) if !text.is_empty() => Self::from_text(&text).context("LAKEFRONT_MASTER_KEY is refused"),
            _ => Self::from_file(&data_dir.join("master.key")),
        }
    }

    fn from_file(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            let mut bytes = [0_u8; BYTES];
            getrandom::fill(&mut bytes)?;
            // Written aside and linked, so that two first starts agree on one key and a crash leaves no half of one.
            let aside = path.with_extension(format!("key.{}", std::process::id()));
            let mut file =
                std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
            file.write_all(STANDARD.encode(bytes).as_bytes())?;
            file.sync_all()?;
            let linked = std::fs::hard_link(&aside, path);
            std::fs::remove_file(&aside)?;
            match linked {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(error).context("cannot write the master key");
                }
                _ => {}
            }
        }
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read the master key {}", path.display()))?;
        Self::from_text(text.trim()).with_context(|| format!("the master key in {} is refused", path.display()))
    }

    /// 32 random bytes as base64 or hexadecimal, or a random text of at least 32 bytes.
    fn from_text(text: &str) -> anyhow::Result<Self> {
        let bytes = hexadecimal(text)
            .or_else(|| STANDARD.decode(text).ok().filter(|bytes| bytes.len() >= BYTES))
            .unwrap_or_else(|| text.as_bytes().to_vec());
        if bytes.len() < BYTES {
            bail!("it must hold at least {BYTES} random bytes; `openssl rand -base64 32` makes one");
        }
        let distinct = bytes.iter().collect::<std::collections::HashSet<_>>().len();
        let lower = text.to_ascii_lowercase();
        if distinct < 12
            || ["changeme", "change-me", "change_me", "secret", "password", "lakefront", "example"]
                .iter()
                .any(|word| lower.contains(word))
        {
            bail!("it is not random; `openssl rand -base64 32` makes a good one");
        }
        let key = blake3::derive_key("lakefront 2026 master key for sealed secrets", &bytes);
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| anyhow::anyhow!("the key can't be used"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Encrypts `plain` for one place, such as `catalog/sales`; it opens nowhere else.
    pub fn seal(&self, place: &str, plain: &[u8]) -> anyhow::Result<SealedSecret> {
        let mut nonce = [0_u8; NONCE_LEN];
        getrandom::fill(&mut nonce)?;
        let mut sealed = plain.to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut sealed)
            .map_err(|_| anyhow::anyhow!("the secret of {place} can't be encrypted"))?;
        sealed.splice(0..0, nonce);
        Ok(SealedSecret(sealed))
    }

    pub fn open(&self, place: &str, sealed: &SealedSecret) -> anyhow::Result<Vec<u8>> {
        let wrong = || anyhow::anyhow!("the secret of {place} was sealed with another master key");
        let (nonce, text) = sealed.0.split_at_checked(NONCE_LEN).ok_or_else(wrong)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong())?;
        let mut text = text.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(place.as_bytes()), &mut text).map_err(|_| wrong())?;
        Ok(plain.to_vec())
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    (text.len() >= 2 * BYTES && text.len().is_multiple_of(2)).then(|| {
        text.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect::<Option<Vec<u8>>>()
    })?
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    #[test]
    fn weak_keys_are_refused() {
        for weak in [
            "changeme",
            "short",
            "00000000000000000000000000000000",
            "changemechangemechangemechangeme1234567",
            &"0".repeat(64),
            &STANDARD.encode([0; 32]),
        ] {
            assert!(MasterKey::from_text(weak).is_err(), "{weak}");
        }
        assert!(MasterKey::from_text("mZ3x8Yw0qT5uVb7nR1kLpA9sDfGhJ2cE").is_ok());
    }

    #[test]
    fn a_fresh_folder_gets_its_own_key() {
        use std::os::unix::fs::PermissionsExt;
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&one, &two] {
            MasterKey::from_file(&folder.path().join("master.key")).unwrap();
            let mode = std::fs::metadata(folder.path().join("master.key")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let read = |folder: &tempfile::TempDir| std::fs::read(folder.path().join("master.key")).unwrap();
        assert_ne!(read(&one), read(&two));
    }

    #[test]
    fn a_sealed_secret_opens_in_its_own_place_only() {
        let key = MasterKey::from_text("mZ3x8Yw0qT5uVb7nR1kLpA9sDfGhJ2cE").unwrap();
        let sealed = key.seal("catalog/a", b"hidden").unwrap();
        assert_eq!(key.open("catalog/a", &sealed).unwrap(), b"hidden");
        assert!(key.open("catalog/b", &sealed).is_err());
        assert!(!sealed.0.windows(6).any(|window| window == b"hidden"));
    }
}
