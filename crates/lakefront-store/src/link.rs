use ulid::Ulid;

use crate::{Result, Scope, Secret, Store, User};

impl Store {
    /// A one-time sign-in link's token for `user`, good for 15 minutes; administrators and the system.
    pub async fn create_sign_in_link(&self, scope: &Scope, user: Ulid) -> Result<Secret> {
        todo!()
    }

    /// Spends a link's token; by the system only. `NotFound` for a wrong one, `Gone` for a used or old one.
    pub async fn use_sign_in_link(&self, scope: &Scope, token: &str) -> Result<User> {
        todo!()
    }
}
