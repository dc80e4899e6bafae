//! `lakefront doctor aws`: what AWS lets a connection do, and what to add to its policy.

use anyhow::{Context, bail};
use lakefront_query::aws::{Aws, AwsChecks, AwsConfig, Check, missing_policy};
use serde_json::json;

use super::super::aws_flags::{AwsFlags, aws_secret};
use super::super::query::told;
use super::super::{print, say};
use crate::app;
use crate::config::Settings;
use crate::connections::{self, AwsIdentity};

#[derive(clap::Args)]
pub(super) struct DoctorAws {
    /// A catalog of Lakefront's: its region, its place and its credentials
    #[arg(long, conflicts_with_all = ["profile", "access_key_id", "web_identity", "role_arn"])]
    catalog: Option<String>,
    #[arg(long, env = "AWS_REGION")]
    region: Option<String>,
    #[command(flatten)]
    aws: AwsFlags,
    /// Another account's Glue catalog
    #[arg(long, value_name = "ACCOUNT")]
    catalog_id: Option<String>,
    /// Leave the Glue catalog out
    #[arg(long)]
    no_glue: bool,
    /// Athena's workgroup
    #[arg(long, value_name = "NAME")]
    workgroup: Option<String>,
    /// Where Athena's results go, if the workgroup does not say it: s3://bucket/prefix/
    #[arg(long, value_name = "URI")]
    output: Option<String>,
    /// Files to read: s3://bucket/prefix
    #[arg(long, value_name = "URI")]
    data: Option<String>,
    /// The key that data or results are encrypted with
    #[arg(long, value_name = "ARN")]
    kms_key: Option<String>,
    /// Run SELECT 1 on Athena (scans nothing)
    #[arg(long, requires = "workgroup")]
    run: bool,
    /// Write a small object where results go, and delete it
    #[arg(long)]
    write: bool,
    /// The report as JSON on standard output
    #[arg(long)]
    json: bool,
}

impl DoctorAws {
    pub(super) async fn run(mut self, settings: Settings) -> anyhow::Result<()> {
        let (config, checks) = match self.catalog.take() {
            Some(catalog) => self.of_catalog(&catalog, &settings).await?,
            None => self.of_flags(&settings)?,
        };
        let (run, write, as_json) = (self.run, self.write, self.json);
        let checks = AwsChecks { run, write, ..checks };
        let aws = Aws::new(config).await.map_err(told)?;
        let report = aws.check(&checks).await;
        let policy = missing_policy(&report);
        let failures = report.iter().filter(|check| !check.ok).count();
        if as_json {
            print(json!({"ok": failures == 0, "checks": report, "policy": policy}))?;
        }
        report.iter().for_each(show);
        let untried: Vec<&str> =
            [(checks.workgroup.is_some() && !run, "a statement (--run)"), (!write, "writing a result (--write)")]
                .into_iter()
                .filter_map(|(untried, what)| untried.then_some(what))
                .collect();
        if checks.workgroup.is_some() && !untried.is_empty() {
            say(format_args!("Not tried: {}.", untried.join(", ")));
        }
        if let Some(policy) = &policy {
            say(format_args!("\nThis policy has all that is missing:\n{policy:#}"));
        }
        if failures > 0 {
            bail!("{failures} of {} checks failed", report.len());
        }
        Ok(())
    }

    async fn of_catalog(&self, catalog: &str, settings: &Settings) -> anyhow::Result<(AwsConfig, AwsChecks)> {
        let opened = app::open(settings).await?;
        let kept = connections::as_kept(&opened, settings, catalog).await;
        let kept = kept.map_err(|_| anyhow::anyhow!("there is no catalog {catalog}"))?;
        let asked = connections::aws_checks(&opened, settings, catalog, &kept.source, kept.secret.as_deref()).await;
        let asked = asked.map_err(told)?;
        let (config, checks) = asked.with_context(|| format!("{catalog} is no catalog of AWS"))?;
        opened.store.close().await;
        Ok((config, checks))
    }

    fn of_flags(&mut self, settings: &Settings) -> anyhow::Result<(AwsConfig, AwsChecks)> {
        let region = self.region.take().context("give --region, or --catalog")?;
        let identity = AwsIdentity::from(std::mem::take(&mut self.aws));
        let secret = identity.access_key_id.is_some().then(aws_secret).transpose()?;
        identity.check(secret.is_some()).map_err(told)?;
        let checks = AwsChecks {
            identity: true,
            glue: !self.no_glue,
            catalog_id: self.catalog_id.take(),
            workgroup: self.workgroup.take(),
            run_limit: Some(settings.query.max_scan_bytes).filter(|bytes| *bytes > 0),
            data: self.data.take(),
            output_location: self.output.take(),
            kms_key: self.kms_key.take(),
            queue: None,
            run: false,
            write: false,
        };
        Ok((identity.config(&region, None, secret), checks))
    }
}

fn show(check: &Check) {
    let outcome = if check.ok { "ok    " } else { "FAILED" };
    say(format_args!("{outcome}  {}: {}", check.name, check.detail));
    if let Some(hint) = &check.hint {
        say(format_args!("        {hint}"));
    }
    if let Some(missing) = &check.missing {
        say(format_args!("        Add to the policy: {}", missing.policy));
    }
}
