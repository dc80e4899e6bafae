//! `lakefront token`.

use anyhow::Context;
use chrono::{TimeDelta, Utc};
use lakefront_store::{NewApiToken, Role, TokenScope};

use super::{print, say};
use crate::app::{open_store, system};
use crate::config::Settings;
use crate::data_dir;

#[derive(clap::Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token and print its secret, this once
    Create {
        /// Whose token
        #[arg(long, value_name = "EMAIL")]
        user: String,
        #[arg(long)]
        name: String,
        /// read, write, admin; all that the user may if not given
        #[arg(long = "scope", value_parser = scope, value_delimiter = ',')]
        scopes: Vec<TokenScope>,
        /// Days until it ends; never if not given
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
        expires: Option<u32>,
    },
}

fn scope(text: &str) -> Result<TokenScope, String> {
    serde_json::from_value(serde_json::json!(text)).map_err(|_| "scopes are read, write and admin".to_owned())
}

impl TokenCommand {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let Self::Create { user, name, mut scopes, expires } = self;
        data_dir::create_for_command(&settings)?;
        let store = open_store(&settings).await?;
        let system = system("token command");
        let owner = store.user_by_email(&system, &user).await.with_context(|| format!("there is no user {user}"))?;
        if scopes.is_empty() {
            scopes = vec![TokenScope::Read, TokenScope::Write];
            scopes.extend((owner.role == Role::Admin).then_some(TokenScope::Admin));
        }
        let expires_at = expires.map(|days| Utc::now() + TimeDelta::days(i64::from(days)));
        let (secret, token) =
            store.create_api_token(&system, owner.id, NewApiToken { name, scopes, expires_at }).await?;
        say(format_args!("Token {} for {user}; its secret is shown this once.", token.name));
        print(secret.expose())?;
        store.close().await;
        Ok(())
    }
}
