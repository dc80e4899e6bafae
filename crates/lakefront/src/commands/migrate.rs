//! `lakefront migrate`.

use super::say;
use crate::app::open_store;
use crate::config::Settings;
use crate::data_dir;

/// Opening the store applies the migrations it lacks.
pub(super) async fn run(settings: Settings) -> anyhow::Result<()> {
    data_dir::create_for_command(&settings)?;
    open_store(&settings).await?.close().await;
    say("The app database is at this version.");
    Ok(())
}
