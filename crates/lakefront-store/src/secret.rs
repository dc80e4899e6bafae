/// A secret that is shown once: no `Debug`, no `Serialize`; the database holds its hash only.
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one answer that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
