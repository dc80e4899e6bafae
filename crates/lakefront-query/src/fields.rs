//! A hash of several parts, in which no two lists of parts look alike.

pub(crate) struct Fields(blake3::Hasher);

impl Fields {
    pub(crate) fn new() -> Self {
        Self(blake3::Hasher::new())
    }

    /// The length keeps `ab`,`c` apart from `a`,`bc`.
    pub(crate) fn add(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    pub(crate) fn hash(&self) -> blake3::Hash {
        self.0.finalize()
    }
}
