//! `lakefront user`.

use std::io::BufRead;

use anyhow::{Context, bail};
use lakefront_store::{NewUser, PageRequest, Role, UserChange, UserFilter};

use super::{confirmed, print, say, told};
use crate::app::{open_store, system};
use crate::auth::password;
use crate::config::Settings;
use crate::data_dir;

#[derive(clap::Subcommand)]
pub(super) enum UserCommand {
    /// Add someone; without a password a one-time sign-in link is printed
    Add {
        email: String,
        #[arg(long, value_parser = role)]
        role: Role,
        /// Shown in the UI; the part before the @ if not given
        #[arg(long)]
        name: Option<String>,
        /// Read the password from standard input, one line
        #[arg(long)]
        password_stdin: bool,
    },
    /// List everyone
    List,
    /// Sign someone out everywhere and keep them out
    Disable { email: String },
}

fn role(text: &str) -> Result<Role, String> {
    match text {
        "admin" => Ok(Role::Admin),
        "editor" => Ok(Role::Editor),
        "viewer" => Ok(Role::Viewer),
        _ => Err("roles are admin, editor and viewer".to_owned()),
    }
}

impl UserCommand {
    pub(super) async fn run(self, settings: Settings, yes: bool) -> anyhow::Result<()> {
        data_dir::create_for_command(&settings)?;
        let store = open_store(&settings).await?;
        let scope = system("user command");
        match self {
            Self::Add { email, role, name, password_stdin } => {
                let password_hash =
                    if password_stdin { Some(password::hash(read_password()?).await.map_err(told)?) } else { None };
                let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
                let user = store.create_user(&scope, NewUser { email, name, role, password_hash }).await?;
                say(format_args!("Added {}.", user.email));
                if !user.has_password {
                    let token = store.create_sign_in_link(&scope, user.id).await?;
                    say("They sign in once, within 15 minutes, with:");
                    let server = data_dir::server_at(&settings.data_dir)
                        .unwrap_or_else(|| settings.server.base_url(settings.server.listen));
                    print(format_args!("{server}/signin?token={}", token.expose()))?;
                }
            }
            Self::List => {
                let mut page = PageRequest { limit: Some(200), cursor: None };
                loop {
                    let users = store.users(&scope, UserFilter { search: None, page: page.clone() }).await?;
                    for user in users.items {
                        let role = serde_json::to_value(user.role)?;
                        let state = if user.disabled { "disabled" } else { "active" };
                        print(format_args!(
                            "{}\t{}\t{}\t{state}",
                            user.email,
                            user.name,
                            role.as_str().unwrap_or_default()
                        ))?;
                    }
                    if users.next_cursor.is_none() {
                        break;
                    }
                    page.cursor = users.next_cursor;
                }
            }
            Self::Disable { email } => {
                let user =
                    store.user_by_email(&scope, &email).await.with_context(|| format!("there is no user {email}"))?;
                if confirmed(&format!("Disable {email}?"), yes)? {
                    store
                        .update_user(&scope, user.id, UserChange { disabled: Some(true), ..UserChange::default() })
                        .await?;
                    say(format_args!("{email} is disabled."));
                }
            }
        }
        store.close().await;
        Ok(())
    }
}

fn read_password() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        bail!("standard input holds no password");
    }
    Ok(password)
}
