//! `lakefront user`.

use std::io::BufRead;

use anyhow::bail;
use lakefront_store::{NewUser, PageRequest, Role, Scope, Store, UserChange, UserFilter};
use ulid::Ulid;

use super::{confirmed, person, print, row, say, told};
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
    /// Print a new one-time sign-in link for someone
    Link { email: String },
    /// Give someone another role; their sessions end
    Role {
        email: String,
        #[arg(value_parser = role)]
        role: Role,
    },
    /// Sign someone out everywhere and keep them out
    Disable { email: String },
    /// Let someone in again
    Enable { email: String },
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
                    print_link(&store, &scope, &settings, user.id).await?;
                }
            }
            Self::Link { email } => {
                let user = person(&store, &scope, &email).await?;
                if user.disabled {
                    bail!("{email} is disabled; lakefront user enable {email} lets them in again");
                }
                print_link(&store, &scope, &settings, user.id).await?;
            }
            Self::Role { email, role } => {
                let user = person(&store, &scope, &email).await?;
                store.update_user(&scope, user.id, UserChange { role: Some(role), ..UserChange::default() }).await?;
                say(format_args!("{email} is {} now.", role.as_str()));
            }
            Self::List => {
                let mut page = PageRequest { limit: Some(200), cursor: None };
                loop {
                    let users = store.users(&scope, UserFilter { search: None, page: page.clone() }).await?;
                    for user in users.items {
                        let state = if user.disabled { "disabled" } else { "active" };
                        print(row(&[&user.email, &user.name, user.role.as_str(), state]))?;
                    }
                    if users.next_cursor.is_none() {
                        break;
                    }
                    page.cursor = users.next_cursor;
                }
            }
            Self::Disable { email } => {
                let user = person(&store, &scope, &email).await?;
                if confirmed(&format!("Disable {email}?"), yes)? {
                    store
                        .update_user(&scope, user.id, UserChange { disabled: Some(true), ..UserChange::default() })
                        .await?;
                    say(format_args!("{email} is disabled."));
                }
            }
            Self::Enable { email } => {
                let user = person(&store, &scope, &email).await?;
                store
                    .update_user(&scope, user.id, UserChange { disabled: Some(false), ..UserChange::default() })
                    .await?;
                say(format_args!("{email} may sign in again."));
            }
        }
        store.close().await;
        Ok(())
    }
}

async fn print_link(store: &Store, scope: &Scope, settings: &Settings, user: Ulid) -> anyhow::Result<()> {
    let token = store.create_sign_in_link(scope, user).await?;
    say("They sign in once, within 15 minutes, with:");
    let server =
        data_dir::server_at(&settings.data_dir).unwrap_or_else(|| settings.server.base_url(settings.server.listen));
    print(format_args!("{server}/signin?token={}", token.expose()))?;
    Ok(())
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
