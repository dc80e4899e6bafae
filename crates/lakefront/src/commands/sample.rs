//! `lakefront sample`.

use std::path::PathBuf;

use super::say;
use crate::sample::{self, SampleFormat, SampleOptions};

#[derive(clap::Subcommand)]
pub(super) enum Sample {
    /// Demand by restaurant, item and day, as a forecast export writes it
    Forecast {
        /// Folder to write to
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        #[arg(long, value_enum, default_value = "csv")]
        format: SampleFormat,
        #[command(flatten)]
        options: SampleOptions,
    },
}

impl Sample {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Self::Forecast { out, format, options } = self;
        let rows = sample::forecast(&options, format, &out)?;
        say(format_args!("{rows} rows in {}", out.display()));
        Ok(())
    }
}
