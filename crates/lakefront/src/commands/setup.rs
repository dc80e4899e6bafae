//! `lakefront setup`: a lake in an account of AWS, from a CSV to the first query.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use axum::http::StatusCode;
use lakefront_query::aws::{Aws, Stack, per_tb_usd};
use lakefront_query::{EngineChoice, Request};

use super::query::told as query_error;
use super::{confirmed, needed, print, say, told as refused};
use crate::app::{self, Opened, system};
use crate::catalogs::{self, Glue, Source};
use crate::config::Settings;
use crate::connections::{self, AwsIdentity, Change, Door, Draft};
use crate::setup::columns::{Column, Profile};
use crate::setup::cost::Cost;
use crate::setup::csv::Csv;
use crate::setup::data::{self, Places};
use crate::setup::stack::{self, Planned, Shown};
use crate::setup::template::{self, Lake, OWNS_BUCKET, PartitionKey, WEBHOOK_TOKEN};
use crate::setup::{bytes, told};

/// A role that was made a moment ago is not known everywhere yet.
const NEW_ROLE: Duration = Duration::from_secs(60);

#[derive(clap::Subcommand)]
pub(super) enum SetupCommand {
    /// A CSV in S3 as partitioned Parquet, with Athena, Glue, roles and events over it
    #[command(subcommand)]
    Aws(SetupAws),
}

#[derive(clap::Subcommand)]
pub(super) enum SetupAws {
    /// Say what apply would add, change, remove or replace, and what it costs; change nothing
    Plan(Box<Wanted>),
    /// Bring the account to the plan, upload the data, add the catalog, run a first query. Safe to repeat
    Apply(Box<Wanted>),
    /// Delete the stack; its data stays unless --delete-data
    Destroy(Destroy),
    /// Say what in the account differs from the stack's template; exit code 1 if anything does
    Drift(Place),
}

#[derive(clap::Args)]
pub(super) struct Place {
    /// What everything is called: bucket, workgroup, roles, catalog; one per account
    #[arg(long, value_parser = name)]
    name: String,
    #[arg(long, env = "AWS_REGION")]
    region: String,
    /// A profile of this machine's AWS configuration
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

#[derive(clap::Args)]
pub(super) struct Wanted {
    #[command(flatten)]
    place: Place,
    /// .csv or .tsv, plain, .gz or .zst
    #[arg(long, value_name = "FILE")]
    csv: PathBuf,
    /// The partition key; chosen from the data without it
    #[arg(long, value_name = "COLUMN")]
    partition_by: Option<String>,
    /// Athena ends a statement that reads more
    #[arg(long, value_name = "BYTES", default_value_t = 10_000_000_000, value_parser = clap::value_parser!(u64).range(10_000_000..))]
    scan_limit: u64,
    /// Who may take on the roles, an ARN; several times for several. Without it whoever this account lets
    #[arg(long, value_name = "ARN")]
    trust: Vec<String>,
    /// Also tell this address of new files: https://lakefront.example.com/api/v1/events/s3. The token that it is called
    /// with is read from LAKEFRONT_WEBHOOK_TOKEN
    #[arg(long, value_name = "URL", value_parser = webhook)]
    webhook: Option<String>,
    /// Print the CloudFormation template and do nothing
    #[arg(long)]
    print_template: bool,
}

#[derive(clap::Args)]
pub(super) struct Destroy {
    #[command(flatten)]
    place: Place,
    /// Delete the bucket, too, with every version of all that is in it
    #[arg(long)]
    delete_data: bool,
}

fn name(text: &str) -> Result<String, String> {
    let fits = (3..=32).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    if fits {
        Ok(text.to_owned())
    } else {
        Err("3 to 32 lower-case letters, digits and hyphens, a letter first".to_owned())
    }
}

fn webhook(text: &str) -> Result<String, String> {
    let fits =
        text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
    if fits { Ok(text.to_owned()) } else { Err("an address that begins with https://".to_owned()) }
}

impl SetupCommand {
    pub(super) async fn run(self, settings: Settings, yes: bool) -> anyhow::Result<()> {
        let Self::Aws(command) = self;
        match command {
            SetupAws::Plan(wanted) => wanted.plan().await,
            SetupAws::Apply(wanted) if wanted.print_template => wanted.plan().await,
            SetupAws::Apply(wanted) => wanted.apply(&settings).await,
            SetupAws::Destroy(destroy) => destroy.run(&settings, yes).await,
            SetupAws::Drift(place) => place.drift().await,
        }
    }
}

/// The account, and the stack in it.
struct Account {
    aws: Aws,
    bucket: String,
    stack: Option<Stack>,
}

impl Place {
    fn identity(&self) -> AwsIdentity {
        AwsIdentity { profile: self.profile.clone(), ..AwsIdentity::default() }
    }

    async fn account(&self) -> anyhow::Result<Account> {
        let aws = Aws::new(self.identity().config(&self.region, None, None)).await.map_err(query_error)?;
        let identity = aws.identity().await.map_err(told)?;
        let bucket = template::bucket_of(&self.name, &identity.account, &self.region);
        let stack = aws.stack(&template::stack_of(&self.name)).await.map_err(told)?;
        say(format_args!("Account {} ({}), region {}.", identity.account, identity.arn, self.region));
        Ok(Account { aws, bucket, stack })
    }

    fn catalog(&self) -> String {
        self.name.replace('-', "_")
    }

    async fn drift(self) -> anyhow::Result<()> {
        let account = self.account().await?;
        let stack = template::stack_of(&self.name);
        if account.stack.is_none() {
            bail!("there is no stack {stack} in {}", self.region);
        }
        let drifts = stack::drift(&account.aws, &stack).await?;
        let mut differing = 0;
        for drift in drifts.iter().filter(|drift| matches!(drift.status.as_str(), "MODIFIED" | "DELETED")) {
            differing += 1;
            print(format_args!("{} ({}): {}", drift.name, drift.resource_type, drift.status.to_lowercase()))?;
            for difference in drift.differences() {
                print(format_args!(
                    "  {}: {} where the template says {}",
                    difference.property_path, difference.actual_value, difference.expected_value
                ))?;
            }
        }
        let compared = drifts.iter().filter(|drift| drift.status != "NOT_CHECKED").count();
        if differing > 0 {
            bail!(
                "{differing} of {compared} resources compared differ; apply does not undo that where the template is the same: mend it by hand"
            );
        }
        say(format_args!("The {compared} resources that CloudFormation compares are as the template says."));
        Ok(())
    }
}

/// What the CSV and the flags ask for.
struct Asked {
    csv: Csv,
    profile: Profile,
}

/// That, against what there is.
struct Considered {
    asked: Asked,
    account: Account,
    has_bucket: bool,
    planned: Planned,
}

impl Wanted {
    /// `spill` is a folder for what does not stay.
    async fn asked(&self, spill: PathBuf) -> anyhow::Result<Asked> {
        let began = Instant::now();
        let csv = Csv::open(&self.csv, spill).await?;
        csv.inferred.notes.iter().for_each(say);
        let profile = Profile::of(&csv, self.partition_by.as_deref()).await?;
        let seconds = began.elapsed().as_secs_f64();
        say(format_args!(
            "{}: {} rows, {}, read in {seconds:.1} s.\n{profile}",
            csv.path.display(),
            profile.rows,
            bytes(csv.size)
        ));
        match profile.key_column() {
            Some(column) => say(format_args!("Partition key: {} ({}).", column.name, profile.reason)),
            None => say(format_args!("No partitions ({}).", profile.reason)),
        }
        Ok(Asked { csv, profile })
    }

    fn lake(&self, asked: &Asked, owns_bucket: bool) -> Lake {
        let Profile { columns, key, .. } = &asked.profile;
        let is_key = |index: usize| *key == Some(index);
        let projected = |column: &Column| {
            let projection = column.key.as_ref().ok()?.projection(&column.name);
            Some(PartitionKey { name: column.name.clone(), hive_type: column.hive_type(), projection })
        };
        Lake {
            name: self.place.name.clone(),
            table: asked.csv.table.clone(),
            columns: columns
                .iter()
                .enumerate()
                .filter(|(index, _)| !is_key(*index))
                .map(|(_, column)| (column.name.clone(), column.hive_type()))
                .collect(),
            key: asked.profile.key_column().and_then(projected),
            scan_limit: self.scan_limit,
            trusted: self.trust.clone(),
            webhook: self.webhook.clone(),
            owns_bucket,
        }
    }

    /// Prints the template if that is all that is asked for.
    fn printed(&self, asked: &Asked) -> anyhow::Result<bool> {
        if self.print_template {
            print(format_args!("{:#}", self.lake(asked, true).template()))?;
        }
        Ok(self.print_template)
    }

    async fn planned(&self, asked: &Asked, account: &Account, has_bucket: bool) -> anyhow::Result<Planned> {
        let Account { aws, bucket, stack } = account;
        let owns_bucket = match stack.as_ref().and_then(|stack| stack.output(OWNS_BUCKET)) {
            Some(owns) => owns == "true",
            // One that an earlier stack left is used as it is.
            None => !has_bucket,
        };
        match stack {
            Some(_) if !owns_bucket => say(format_args!("The bucket {bucket} is not of the stack and stays as it is.")),
            None if !owns_bucket => say(format_args!(
                "There is no stack, but the bucket {bucket} is there already, as an earlier one left it: apply takes it \
                 over as it is, and destroy leaves it again."
            )),
            _ => {}
        }
        let lake = self.lake(asked, owns_bucket);
        let token = lake.webhook.is_some().then(|| needed("LAKEFRONT_WEBHOOK_TOKEN")).transpose()?;
        let parameters: Vec<(&str, &str)> = token.iter().map(|token| (WEBHOOK_TOKEN, token.as_str())).collect();
        Planned::make(aws, &lake.stack(), stack.as_ref(), &lake.template().to_string(), &parameters).await
    }

    fn places(&self, asked: &Asked, account: &Account) -> Places {
        Places { bucket: account.bucket.clone(), table: asked.csv.table.clone() }
    }

    /// What there is and what would change, shown; `None` where only the template is wanted.
    async fn considered(&self, spill: PathBuf) -> anyhow::Result<Option<Considered>> {
        let asked = self.asked(spill).await?;
        if self.printed(&asked)? {
            return Ok(None);
        }
        let account = self.place.account().await?;
        let has_bucket = account.stack.is_some() || account.aws.has_bucket(&account.bucket).await.map_err(told)?;
        let planned = self.planned(&asked, &account, has_bucket).await?;
        show(&planned)?;
        Ok(Some(Considered { asked, account, has_bucket, planned }))
    }

    /// Leaves nothing behind: neither in the account nor here.
    async fn plan(self) -> anyhow::Result<()> {
        let aside = tempfile::tempdir().context("there is no folder for what is read")?;
        let considered = self.considered(aside.path().to_owned()).await?;
        let Some(Considered { asked, account, has_bucket, planned }) = considered else { return Ok(()) };
        let places = self.places(&asked, &account);
        let there = if has_bucket { data::manifest(&account.aws, &places).await? } else { None };
        let same = match &there {
            Some(there) => data::is_same(there, &asked.csv, &asked.profile).await?,
            None => false,
        };
        let (rows, partitions) = (asked.profile.rows, asked.profile.partitions());
        let place = format!("s3://{}/{}", places.bucket, places.data());
        match &there {
            Some(there) if same => say(format_args!(
                "The bucket holds the data of this CSV already: {} rows in {} files below {place} stay as they are.",
                there.rows, there.files
            )),
            Some(there) => print(format_args!(
                "~ {place}: {rows} rows in {partitions} partitions, in the place of {} rows of another CSV or by another \
                 partition key",
                there.rows
            ))?,
            None => print(format_args!("+ {place}: {rows} rows in {partitions} partitions"))?,
        }
        let parquet = there.filter(|_| same).map(|there| there.bytes);
        let cost = Cost::of(asked.csv.size, parquet, asked.profile.partitions(), per_tb_usd(&self.place.region));
        say(format_args!("{cost}."));
        if !planned.is_empty() {
            planned.discard(&account.aws).await?;
        }
        Ok(())
    }

    async fn apply(self, settings: &Settings) -> anyhow::Result<()> {
        crate::data_dir::create(&settings.data_dir)?;
        let considered = self.considered(settings.data_dir.join("spill")).await?;
        let Some(Considered { asked, account, planned, .. }) = considered else { return Ok(()) };
        let tell = |line: &str| say(line);
        let changes = !planned.is_empty();
        let stack = match (changes, account.stack.clone()) {
            (false, Some(stack)) => stack,
            _ => planned.execute(&account.aws, &tell).await?,
        };
        say("Data:");
        let places = self.places(&asked, &account);
        let is_written = data::bring(&account.aws, &places, &asked.csv, &asked.profile, &tell).await?.is_some();
        if !is_written {
            say("  no change");
        }
        let role = stack.output("LakefrontRoleArn").context("the stack tells no role for Lakefront")?;
        let opened = app::open(settings).await?;
        let patience = if changes { NEW_ROLE } else { Duration::ZERO };
        let ended = async {
            self.add_catalog(settings, &opened, role, stack.output("QueueUrl"), patience).await?;
            self.first_query(&opened, &asked, is_written, patience).await
        };
        let ended = ended.await;
        opened.books.close().await;
        ended
    }

    async fn add_catalog(
        &self,
        settings: &Settings,
        opened: &Opened,
        role: &str,
        queue: Option<&str>,
        patience: Duration,
    ) -> anyhow::Result<()> {
        let name = self.place.catalog();
        let source = Source::Glue(Glue {
            region: self.place.region.clone(),
            workgroup: Some(self.place.name.clone()),
            output: None,
            profile: self.place.profile.clone(),
            access_key_id: None,
            web_identity: None,
            role_arn: Some(role.to_owned()),
            external_id: None,
            session_name: None,
            per_person: false,
            catalog_id: None,
            athena_catalog: None,
            result_reuse: None,
            engine: None,
            embedded_max_bytes: None,
            groups: BTreeMap::new(),
            unload_min_bytes: None,
            price_per_tb_usd: None,
            events_queue_url: queue.map(str::to_owned),
        });
        let scope = system("setup command");
        if let Some(known) = catalogs::known(settings, &opened.store).await?.remove(&name) {
            let known_queue = match known.source {
                Source::Glue(there) if there.region == self.place.region && there.role_arn.as_deref() == Some(role) => {
                    there.events_queue_url
                }
                _ => bail!(
                    "there is another catalog {name} in {}; remove it (lakefront catalog remove {name}), or choose another --name",
                    settings.data_dir.display()
                ),
            };
            if known_queue.as_deref() != queue {
                let settings_of = serde_json::Map::from_iter([("events_queue_url".to_owned(), queue.into())]);
                let change = Change { settings: Some(settings_of), secret: None };
                let changed = connections::change(opened, settings, &scope, &name, None, change, Door::Command).await;
                changed.map_err(|problem| refused(problem).context(format!("the catalog {name} is not changed")))?;
                say(format_args!("Catalog {name}: its queue of events is another one now."));
                return Ok(());
            }
            opened.queries.catalogs().refresh(&name, None).await.map_err(query_error)?;
            say(format_args!("Catalog {name}: no change."));
            return Ok(());
        }
        let until = Instant::now() + patience;
        loop {
            let draft = Draft { name: name.clone(), source: source.clone(), secret: None };
            match connections::add(opened, settings, &scope, draft, Door::Command).await {
                Ok(()) => break,
                Err(problem) if problem.status == StatusCode::UNPROCESSABLE_ENTITY && Instant::now() < until => {
                    tokio::time::sleep(Duration::from_secs(3)).await;
                }
                Err(problem) => return Err(refused(problem).context(format!("the catalog {name} is not added"))),
            }
        }
        opened.queries.catalogs().refresh(&name, None).await.map_err(query_error)?;
        say(format_args!("Catalog {name}: added. It hears of new files by its queue."));
        Ok(())
    }

    async fn first_query(
        &self,
        opened: &Opened,
        asked: &Asked,
        is_written: bool,
        patience: Duration,
    ) -> anyhow::Result<()> {
        let (catalog, table) = (self.place.catalog(), &asked.csv.table);
        let sql = format!("SELECT count(*) FROM \"{catalog}\".\"{catalog}\".\"{table}\"");
        let request = || Request::new(app::system_principal(), sql.clone());
        let until = Instant::now() + patience;
        let report = loop {
            match opened.queries.estimate(request()).await {
                Ok(report) => break report,
                Err(error) if error.status() == 403 && Instant::now() < until => {
                    tokio::time::sleep(Duration::from_secs(3)).await;
                }
                Err(error) => return Err(query_error(error)),
            }
        };
        let execution = opened.queries.submit(request()).await.map_err(query_error)?;
        let result = execution.finished().await.map_err(query_error)?;
        let batch = result.batches(0, Some(1)).next().context("the first query gave no row")?.map_err(query_error)?;
        let rows = batch.column(0).as_primitive_opt::<Int64Type>().context("a count is a number")?.value(0);
        let price = match (&report.estimate, report.engine) {
            (Some(estimate), EngineChoice::Athena) => format!("${} by its estimate", estimate.usd),
            (None, EngineChoice::Athena) => "a price that is known after it".to_owned(),
            _ => "the requests to S3 alone".to_owned(),
        };
        let on_athena = Cost::of(0, None, 0, per_tb_usd(&self.place.region)).statement;
        say(format_args!(
            "First query, run by {} for {price} (Athena takes ${on_athena:.5} at least): {sql}",
            report.engine
        ));
        print(format_args!("{rows}"))?;
        if u64::try_from(rows).ok() != Some(asked.profile.rows) {
            if is_written {
                bail!("the CSV has {} rows and the table {rows}", asked.profile.rows);
            }
            // It lives: files come and go beside those of the CSV.
            say(format_args!("The CSV has {} rows; other files than its own are below data/.", asked.profile.rows));
        }
        say(format_args!("Next: lakefront query --catalog {catalog} \"SELECT * FROM {catalog}.{table} LIMIT 10\""));
        Ok(())
    }
}

fn show(planned: &Planned) -> anyhow::Result<()> {
    let stack = &planned.stack;
    if planned.is_empty() {
        say(format_args!("Stack {stack}: no change."));
        return Ok(());
    }
    let (word, number) = (if planned.creates { "new" } else { "changed" }, planned.changes.len());
    say(format_args!("Stack {stack}: {word}, {number} resources."));
    for change in &planned.changes {
        print(Shown(change))?;
    }
    Ok(())
}

impl Destroy {
    async fn run(self, settings: &Settings, yes: bool) -> anyhow::Result<()> {
        let Self { place, delete_data } = self;
        let account = place.account().await?;
        let Account { aws, bucket, stack } = &account;
        let has_bucket = aws.has_bucket(bucket).await.map_err(told)?;
        let (stack_name, bucket_goes) = (template::stack_of(&place.name), delete_data && has_bucket);
        let what = match (stack, bucket_goes) {
            (None, false) => {
                say(format_args!("There is no stack {stack_name}; nothing to delete."));
                return Ok(());
            }
            (None, true) => format!("the bucket {bucket} with every version of all that is in it"),
            (Some(_), true) => {
                format!("the stack {stack_name}, and the bucket {bucket} with every version of all that is in it")
            }
            (Some(_), false) => format!("the stack {stack_name}; the bucket {bucket} stays with its data"),
        };
        if !confirmed(&format!("Delete {what}?"), yes)? {
            return Ok(());
        }
        // First: without its role the catalog can't be opened any more. Apply adds it again.
        forget(&place, settings).await?;
        if let Some(stack) = stack {
            stack::delete(aws, stack, &|line| say(line)).await?;
        }
        if bucket_goes {
            let versions = aws.delete_bucket_with_all(bucket).await.map_err(told)?;
            say(format_args!("The bucket {bucket} is deleted with {versions} versions of objects."));
        } else if has_bucket {
            say(format_args!("The bucket {bucket} stays; destroy --delete-data deletes it, apply uses it again."));
        }
        Ok(())
    }
}

/// Takes the catalog of the lake away, if it is known here.
async fn forget(place: &Place, settings: &Settings) -> anyhow::Result<()> {
    let name = place.catalog();
    let opened = app::open(settings).await?;
    let ours = match catalogs::known(settings, &opened.store).await?.remove(&name) {
        Some(known) => matches!(known.source, Source::Glue(glue)
            if glue.region == place.region && glue.workgroup.as_deref() == Some(place.name.as_str())),
        None => false,
    };
    if ours {
        connections::remove(&opened, settings, &system("setup command"), &name, None).await.map_err(refused)?;
        say(format_args!("Catalog {name}: forgotten."));
    }
    opened.books.close().await;
    Ok(())
}
