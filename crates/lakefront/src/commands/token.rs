//! `lakefront token`.

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use lakefront_store::{ApiToken, NewApiToken, Role, Scope, Store, TokenScope};
use ulid::Ulid;

use super::{person, print, row, say};
use crate::app::{open_store, system};
use crate::config::Settings;

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
    /// List the tokens of someone: id, name, first characters, scopes, last use, end
    List {
        /// Whose tokens
        #[arg(long, value_name = "EMAIL")]
        user: String,
    },
    /// End a token at once, by its id
    Revoke { id: Ulid },
}

fn scope(text: &str) -> Result<TokenScope, String> {
    serde_json::from_value(serde_json::json!(text)).map_err(|_| "scopes are read, write and admin".to_owned())
}

impl TokenCommand {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let store = open_store(&settings).await?;
        let scope = system("token command");
        match self {
            Self::Create { user, name, scopes, expires } => {
                create(&store, &scope, &user, name, scopes, expires).await?
            }
            Self::List { user } => {
                let owner = person(&store, &scope, &user).await?;
                for token in store.api_tokens(&scope, owner.id).await? {
                    print(listed(&token))?;
                }
            }
            Self::Revoke { id } => {
                let revoked = store.revoke_api_token(&scope, id).await;
                revoked
                    .with_context(|| format!("there is no token {id}; lakefront token list --user EMAIL names them"))?;
                say(format_args!("Token {id} is revoked."));
            }
        }
        store.close().await;
        Ok(())
    }
}

async fn create(
    store: &Store,
    scope: &Scope,
    user: &str,
    name: String,
    mut scopes: Vec<TokenScope>,
    expires: Option<u32>,
) -> anyhow::Result<()> {
    let owner = person(store, scope, user).await?;
    if scopes.is_empty() {
        scopes = vec![TokenScope::Read, TokenScope::Write];
        scopes.extend((owner.role == Role::Admin).then_some(TokenScope::Admin));
    }
    let expires_at = expires.map(|days| Utc::now() + TimeDelta::days(i64::from(days)));
    let new = NewApiToken { name, scopes, expires_at };
    let (secret, token) = store.create_api_token(scope, owner.id, new).await?;
    say(format_args!("Token {} for {user}; its secret is shown this once.", token.name));
    print(secret.expose())?;
    Ok(())
}

fn listed(token: &ApiToken) -> String {
    let day = |time: Option<DateTime<Utc>>| time.map_or("never".to_owned(), |time| time.format("%Y-%m-%d").to_string());
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    let start = format!("{}…", token.prefix);
    row(&[
        &token.id.to_string(),
        &token.name,
        &start,
        &scopes.join(","),
        &day(token.last_used_at),
        &day(token.expires_at),
    ])
}
