//! `lakefront seed`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use lakefront_store::{DataPlace, NewSeed, SEED_SCHEMA};

use super::query::told;
use super::{confirmed, say};
use crate::app::{self, open_store, system};
use crate::catalogs::{LOCAL, SEEDED};
use crate::config::Settings;
use crate::seed::{self, CsvTable};

#[derive(clap::Args)]
pub(super) struct Seed {
    /// Comma-separated values in UTF-8, names of columns in the first line
    #[arg(long, value_name = "FILE")]
    csv: PathBuf,
    /// The table's name
    #[arg(long, default_value = "forecast_data", value_name = "NAME", value_parser = name)]
    table: String,
}

fn name(text: &str) -> Result<String, String> {
    let fits = text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    fits.then(|| text.to_owned())
        .ok_or_else(|| "up to 63 lower-case letters, digits and underscores, a letter first".to_owned())
}

impl Seed {
    pub(super) async fn run(self, settings: Settings, yes: bool) -> anyhow::Result<()> {
        let store = open_store(&settings).await?;
        let scope = system("seed command");
        let catalog = if store.is_postgres() { SEEDED } else { LOCAL };
        let full_name = format!("{catalog}.{SEED_SCHEMA}.{}", self.table);
        let export = (!store.is_postgres()).then(|| settings.lake().join(SEED_SCHEMA));

        let path = self.csv.clone();
        let content_hash = tokio::task::spawn_blocking(move || seed::content_hash(&path)).await??;
        let before = store.seeds(&scope).await?.into_iter().find(|seed| seed.name == self.table);
        if let Some(before) = &before {
            let exported =
                |folder: &PathBuf| seed::exported_hash(folder, &self.table).is_some_and(|hash| hash == content_hash);
            let is_same = before.content_hash == content_hash && export.as_ref().is_none_or(exported);
            if is_same && store.restore_seed_reader(&scope, &self.table).await? {
                say(format_args!("{full_name} has these {} rows already; nothing changes.", before.rows));
                store.close().await;
                return Ok(());
            }
            let question = format!("Replace {full_name} ({} rows of {})?", before.rows, before.source);
            if before.content_hash != content_hash && !confirmed(&question, yes)? {
                return Ok(());
            }
        }

        let started = Instant::now();
        let path = self.csv.clone();
        let table = tokio::task::spawn_blocking(move || CsvTable::look(&path)).await??;
        let source = self.csv.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let new =
            NewSeed { name: self.table.clone(), content_hash: content_hash.clone(), source, columns: table.columns()? };
        let (sender, parts) = tokio::sync::mpsc::channel(2);
        let (chunks, name, expected) = (store.clone(), self.table.clone(), content_hash);
        let reading = tokio::task::spawn_blocking(move || {
            let export = export.map(|folder| seed::Export::begin(&folder, &name, &expected, &table)).transpose()?;
            table.send(|| chunks.seed_chunk(), &expected, export, &sender)
        });
        let loaded = store.seed(&scope, new, parts).await;
        // The reader knows better why its rows ended.
        let export = match (reading.await?, &loaded) {
            (Err(error), Ok(_)) => return Err(error),
            (Err(error), Err(loading)) if !seed::is_hung_up(&error) => {
                tracing::debug!(%loading, "nothing was loaded");
                return Err(error);
            }
            (outcome, _) => outcome.ok().flatten(),
        };
        let loaded = loaded.with_context(|| format!("{full_name} is as it was"))?;
        if let Some(export) = export {
            export.publish()?;
        }
        let seconds = started.elapsed().as_secs_f64();
        say(format_args!(
            "{full_name}: {} rows in {seconds:.1} s ({:.0} rows/s).",
            loaded.rows,
            loaded.rows as f64 / seconds
        ));
        // A running server looks anew when it sees this; whatever command comes next finds a new listing.
        let place = DataPlace { catalog: catalog.to_owned(), table: None };
        store.touch_data(&scope, &BTreeSet::from([place])).await?;
        store.close().await;
        let opened = app::open(&settings).await?;
        let listed = opened.queries.catalogs().refresh(catalog, None).await.map_err(told);
        listed.with_context(|| format!("{full_name} is loaded, and can't be read yet"))?;
        opened.store.close().await;
        Ok(())
    }
}
