//! `lakefront demo`: serve, with something to look at.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use lakefront_store::{Kind, NewObject, NewUser, Role, Store, StoreError, User, UserFilter};
use tokio::net::TcpListener;

use super::serve::serve;
use super::{say, told};
use crate::api::users::sign_in_link;
use crate::app::{self, App, system};
use crate::config::{Flags, Settings};
use crate::data_dir::Held;
use crate::sample::{self, SampleOptions};

const DATA_DIR: &str = "./.lakefront/demo";
const DASHBOARD: &str = include_str!("../demo/dashboard.json");
const SLUG: &str = "demand-forecast";

#[derive(clap::Args)]
pub(super) struct Demo {
    /// Address to listen on [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    sample: SampleOptions,
}

impl Demo {
    pub(super) fn flags(&self, flags: &mut Flags) {
        flags.listen = self.listen;
        flags.data_dir.get_or_insert_with(|| PathBuf::from(DATA_DIR));
    }

    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let mut held = Held::take(&settings.data_dir)?;
        let lake = settings.lake();
        if !lake.join("demo").exists() {
            say(format_args!("Making the sample lake in {} …", lake.display()));
            let options = self.sample.clone();
            tokio::task::spawn_blocking(move || sample::demo_lake(&options, &lake)).await??;
        }
        let opened = app::open(&settings).await?;
        let administrator = administrator(&opened.store).await?;
        dashboard(&opened.store, &administrator).await?;

        let address = settings.server.listen;
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let app = App::new(settings, listener.local_addr()?, opened);
        held.serves(&app.base_url())?;
        let link = sign_in_link(&app, administrator.id).await.map_err(told)?;
        say(format_args!("Lakefront is ready at {}", app.base_url()));
        say(format_args!("Sign in once with {link}"));
        serve(listener, app).await
    }
}

/// The administrator of the demo, or of what the data folder holds already.
async fn administrator(store: &Store) -> anyhow::Result<User> {
    let scope = system("demo");
    if !store.setup_required(&scope).await? {
        let users = store.users(&scope, UserFilter::default()).await?;
        if let Some(user) = users.items.into_iter().find(|user| user.role == Role::Admin && !user.disabled) {
            return Ok(user);
        }
    }
    let new = NewUser {
        email: "admin@lakefront.local".to_owned(),
        name: "Demo administrator".to_owned(),
        role: Role::Admin,
        password_hash: None,
    };
    Ok(store.create_user(&scope, new).await?)
}

async fn dashboard(store: &Store, owner: &User) -> anyhow::Result<()> {
    let scope = system("demo");
    match store.object_by_slug(&scope, Kind::Dashboard, SLUG).await {
        Err(StoreError::NotFound(_)) => {}
        found => return found.map(drop).map_err(Into::into),
    }
    let new = NewObject {
        slug: Some(SLUG.to_owned()),
        title: "Demand forecast".to_owned(),
        description: "Daily demand by restaurant and item, with its 90 % range.".to_owned(),
        collection: Some("Supply planning".into()),
        definition: serde_json::from_str(DASHBOARD)?,
    };
    store.create_object(&scope, Kind::Dashboard, owner.id, new).await?;
    Ok(())
}
