use crate::{Result, Scope, Store};

impl Store {
    /// Counts a sign-in attempt *before* the password is looked at: at most 10 per account and address, 50 per account
    /// and 100 per address in 15 minutes, over all instances. More is `Throttled` until the window ends; refused attempts do not
    /// lengthen it.
    pub async fn count_login_attempt(&self, scope: &Scope, email: &str, address: &str) -> Result<()> {
        todo!()
    }

    /// Forgets the attempts on the account from the address after a right password.
    pub async fn forget_login_attempts(&self, scope: &Scope, email: &str, address: &str) -> Result<()> {
        todo!()
    }
}
