use crate::{Result, Scope, Secret, Store, User};

/// The first administrator.
#[derive(Clone, Debug)]
pub struct NewAdministrator {
    pub email: String,
    pub name: String,
    pub password_hash: String,
}

impl Store {
    /// Whether no administrator was ever made.
    pub async fn setup_required(&self, scope: &Scope) -> Result<bool> {
        todo!()
    }

    /// A one-time token for [`complete_setup`](Self::complete_setup), good for 15 minutes; an earlier one stops working. `Gone` once set up.
    pub async fn create_setup_token(&self, scope: &Scope) -> Result<Secret> {
        todo!()
    }

    /// Makes the first administrator, once. `NotFound` for a wrong token, `Gone` for a used or old one.
    pub async fn complete_setup(&self, scope: &Scope, token: &str, administrator: NewAdministrator) -> Result<User> {
        todo!()
    }
}
