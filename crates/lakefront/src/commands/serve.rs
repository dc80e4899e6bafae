//! `lakefront serve`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::say;
use crate::app::{self, App, system};
use crate::config::{Flags, Settings};
use crate::data_dir::Held;
use crate::{jobs, router, server};

/// For the history of what was running.
const LAST_WORDS: Duration = Duration::from_secs(2);

#[derive(clap::Args)]
pub(super) struct Serve {
    /// Address to listen on [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
    /// The address people type, such as https://lakefront.example.com
    #[arg(long, value_name = "URL")]
    pub(super) public_url: Option<String>,
}

impl Serve {
    pub(super) fn flags(&self, flags: &mut Flags) {
        flags.listen = self.listen;
        flags.public_url.clone_from(&self.public_url);
    }

    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let mut held = Held::take(&settings.data_dir)?;
        let opened = app::open(&settings).await?;
        let setup = opened.store.setup_required(&system("start")).await?;
        let listener = listen(&settings, setup).await?;
        let app = App::new(settings, listener.local_addr()?, opened);
        held.serves(&app.base_url())?;
        say(format_args!("Lakefront is ready at {}", app.base_url()));
        if !app.settings.server.public_url.is_empty() {
            say(format_args!("Listening on {}", app.address));
        }
        if setup {
            let token = app.store.create_setup_token(&system("start")).await?;
            say(format_args!("Create the first administrator with {}/setup?token={}", app.base_url(), token.expose()));
            say(format_args!(
                "The set-up token is {}; it works once, within 15 minutes. Start again for a new one.",
                token.expose()
            ));
        }
        serve(listener, app).await
    }
}

/// Until an administrator exists only this machine may reach the set-up page.
async fn listen(settings: &Settings, setup: bool) -> anyhow::Result<TcpListener> {
    let mut address = settings.server.listen;
    if setup && !address.ip().is_loopback() && !settings.server.setup_from_anywhere {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        say(format_args!("Listening on {address} only until the first administrator exists; start again after that."));
    }
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Serves until the process is told to stop.
pub(super) async fn serve(listener: TcpListener, app: App) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = app.stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("stopping");
        stop.cancel();
    });
    jobs::start(&app);
    server::serve(listener, router::router(app.clone()), app.clone()).await;
    if tokio::time::timeout(LAST_WORDS, app.queries.close()).await.is_err() {
        tracing::warn!("some statements may still run in other systems");
    }
    if tokio::time::timeout(LAST_WORDS, app.books.close()).await.is_err() {
        tracing::warn!("some executions had not ended; the history will call them interrupted");
    }
    app.store.close().await;
    Ok(())
}
