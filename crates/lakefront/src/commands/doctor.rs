//! `lakefront doctor`: tries everything the server needs and says what to do about what fails.

mod aws;

use std::path::Path;

use anyhow::bail;
use lakefront_query::Request;

use super::say;
use crate::app::{self, Opened, system, system_principal};
use crate::auth::key::MasterKey;
use crate::config::{self, Settings};
use crate::data_dir;

#[derive(clap::Args)]
pub(super) struct Doctor {
    #[command(subcommand)]
    of: Option<Of>,
}

#[derive(clap::Subcommand)]
enum Of {
    /// Check what AWS lets a connection do, and name what its policy lacks
    Aws(Box<aws::DoctorAws>),
}

impl Doctor {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        match self.of {
            Some(Of::Aws(doctor)) => doctor.run(settings).await,
            None => run(settings).await,
        }
    }
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let mut failures = 0;
    let mut told = |what: &str, outcome: anyhow::Result<String>| match outcome {
        Ok(detail) => say(format_args!("ok      {what}: {detail}")),
        Err(error) => {
            failures += 1;
            say(format_args!("FAILED  {what}: {error:#}"));
        }
    };
    for (name, near) in config::misspelt(config::variables()) {
        told(&format!("variable {name}"), Err(anyhow::anyhow!("it sets nothing; did you mean {near}?")));
    }
    told("data folder", data_folder(&settings.data_dir));
    told("master key", MasterKey::load(&settings.data_dir).map(|_| "usable".to_owned()));
    match app::open(&settings).await {
        Err(error) => told("app database, engine, catalogs", Err(error)),
        Ok(opened) => {
            told("app database", database(&opened).await);
            told("engine", engine(&opened).await);
            for (what, outcome) in crate::catalogs::check(&opened.queries).await {
                told(&what, outcome);
            }
        }
    }
    if failures > 0 {
        bail!("{failures} checks failed");
    }
    Ok(())
}

fn data_folder(path: &Path) -> anyhow::Result<String> {
    let was_there = path.exists();
    data_dir::create(path)?;
    tempfile::tempfile_in(path)?;
    let made = if was_there { "" } else { ", made now; --data-dir names another" };
    Ok(format!("{} can be written{made}", path.display()))
}

async fn database(opened: &Opened) -> anyhow::Result<String> {
    let scope = system("doctor");
    opened.store.ready(&scope).await?;
    let administrator =
        if opened.store.setup_required(&scope).await? { "no administrator yet" } else { "administrator exists" };
    Ok(format!("answers, {administrator}"))
}

async fn engine(opened: &Opened) -> anyhow::Result<String> {
    let request = Request { reuse_max_age_s: Some(0), ..Request::new(system_principal(), "select 1") };
    let execution = opened.queries.submit(request).await?;
    let result = execution.finished().await?;
    Ok(format!("a worker answered {} row", result.rows()))
}
