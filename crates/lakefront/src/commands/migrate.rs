//! `lakefront migrate`.

use super::say;
use crate::app::open_store;
use crate::config::Settings;

/// Opening the store applies the migrations it lacks.
pub(super) async fn run(settings: Settings) -> anyhow::Result<()> {
    open_store(&settings).await?.close().await;
    say("The app database is at this version.");
    Ok(())
}
