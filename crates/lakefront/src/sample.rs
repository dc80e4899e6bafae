//! The sample lake: restaurant demand forecasts as a real forecast export writes them, and the small tables around them.
//!
//! Everything is a function of the seed: the same options give the same bytes on every machine.

mod dimensions;
mod forecast;
mod write;

use std::path::Path;

use anyhow::{Context, ensure};

pub use dimensions::Dimensions;
pub use forecast::Model;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SampleFormat {
    /// One `forecast.csv`.
    Csv,
    /// Hive partitions `state=XX/forecast.parquet`, zstd.
    Parquet,
}

/// What the generator makes; `restaurants × 5 items × days` rows.
#[derive(Clone, Debug, PartialEq, clap::Args)]
pub struct SampleOptions {
    /// Restaurants, at least 60, so that every distribution centre serves one.
    #[arg(long, default_value_t = 2_750, value_parser = clap::value_parser!(u32).range(60..=30_000))]
    pub restaurants: u32,
    /// Days from 2025-01-01.
    #[arg(long, default_value_t = 91, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Mean factor from one day's demand to the next; each item has its own near it.
    #[arg(long, default_value_t = 0.995)]
    pub decay: f64,
}

impl Default for SampleOptions {
    fn default() -> Self {
        Self { restaurants: 2_750, days: 91, seed: 42, decay: 0.995 }
    }
}

/// Writes the forecast alone: `out/forecast.csv`, or `out/state=XX/forecast.parquet`. Answers the number of rows.
pub fn forecast(options: &SampleOptions, format: SampleFormat, out: &Path) -> anyhow::Result<u64> {
    ensure!(options.decay > 0.5 && options.decay < 1.5, "--decay must lie between 0.5 and 1.5, such as 0.995");
    std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    let dimensions = Dimensions::generate(options);
    let model = Model::generate(options, &dimensions);
    match format {
        SampleFormat::Csv => write::csv(&model, &dimensions, &out.join("forecast.csv")),
        SampleFormat::Parquet => write::partitions(&model, &dimensions, out),
    }
}

/// Writes database `demo` of the sample lake below `lake`: `forecast` and its dimension tables.
///
/// A lake that is there already is left alone. Tables appear whole or not at all: they are written beside the lake and renamed.
pub fn demo_lake(options: &SampleOptions, lake: &Path) -> anyhow::Result<()> {
    let database = lake.join("demo");
    if database.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(lake).with_context(|| format!("cannot create {}", lake.display()))?;
    let unfinished = tempfile::Builder::new().prefix("_demo").tempdir_in(lake)?;
    let dimensions = Dimensions::generate(options);
    let model = Model::generate(options, &dimensions);
    write::partitions(&model, &dimensions, &unfinished.path().join("forecast"))?;
    for (name, batch) in dimensions.tables(&model)? {
        write::table(&batch, &unfinished.path().join(format!("{name}.parquet")))?;
    }
    std::fs::rename(unfinished.keep(), &database)
        .with_context(|| format!("cannot move the sample to {}", database.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests;
