//! Athena, over the tables of a Glue catalog.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use lakefront_engine::{Limits, Progress, Statistics, Table};
use tokio::sync::watch;
use ulid::Ulid;

use super::linked::{self, Run};
use super::{Beginning, Engine, Plan};
use crate::aws::{Athena, AthenaRequest, AthenaRun, AthenaState, Aws, AwsErrorKind, Glue, LEAST, STEP, per_tb_usd};
use crate::catalog::{
    Condition, GlueSource, GroupRules, Infer, Link, LinkedTable, Lister, Rules, Snapshots, TableState, Unfollowed,
    glue_table, with_credentials,
};
use crate::estimate::Price;
use crate::execution::{Waiting, WaitsAt};
use crate::policy::Authorized;
use crate::result::Key;
use crate::{EngineChoice, ErrorKind, Principal, QueryError};

/// Databases whose tables are asked for at the same time.
const SIDE_BY_SIDE: usize = 4;
/// Tables of one catalog.
const MOST_TABLES: usize = 100_000;
/// How long a query of a killed process runs on until someone asks for it again: open pages and people are back within
/// seconds of the start.
const LEFT_FOR: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct AthenaLink {
    athena: Athena,
    aws: Aws,
    glue: Glue,
    lister: Lister,
    snapshots: Snapshots,
    location: String,
    identity: String,
    /// As Athena calls the catalog.
    catalog: String,
    price: Price,
    rules: Rules,
    /// By the group's name in lower case.
    group_rules: BTreeMap<String, GroupRules>,
    unload_min_bytes: Option<u64>,
}

impl AthenaLink {
    /// `journal` is the folder for what is to be taken up or stopped after a kill; listings of files are good for `fresh`.
    pub(crate) async fn open(source: GlueSource, journal: &Path, fresh: Duration) -> Result<Self, QueryError> {
        let (region, endpoint) = (source.aws.region.clone(), source.aws.endpoints.s3.clone());
        let identity = source.aws.identity();
        let aws = Aws::new(source.aws).await?;
        let glue = Glue::new(aws.clone(), source.catalog_id.clone());
        let lister = Lister::new(aws.clone(), glue.clone(), region.clone(), endpoint, fresh);
        let snapshots = Snapshots::new(aws.clone(), glue.clone(), fresh);
        let location = match &source.catalog_id {
            Some(id) => format!("glue://{region}/{id}"),
            None => format!("glue://{region}"),
        };
        Ok(Self {
            // Names are in lower case once they are quoted.
            catalog: source.athena.catalog.to_lowercase(),
            athena: Athena::with_journal(aws.clone(), source.athena, journal, LEFT_FOR)?,
            aws,
            glue,
            lister,
            snapshots,
            location,
            identity,
            price: Price {
                per_tb_usd: source.price_per_tb_usd.unwrap_or_else(|| per_tb_usd(&region)),
                step: STEP,
                least: LEAST,
            },
            unload_min_bytes: source.unload_min_bytes,
            rules: Rules { engine: source.engine, embedded_max_bytes: source.embedded_max_bytes, group: None },
            group_rules: source.groups.into_iter().map(|(name, rules)| (name.to_lowercase(), rules)).collect(),
        })
    }
}

impl Engine for AthenaLink {
    fn choice(&self) -> EngineChoice {
        EngineChoice::Athena
    }

    fn price(&self) -> Price {
        self.price
    }

    fn plan(
        &self,
        statement: Arc<Authorized>,
        limits: Limits,
        foreseen: Option<u64>,
    ) -> BoxFuture<'static, Result<Plan, QueryError>> {
        let athena = self.athena.clone();
        let deadline = Instant::now() + limits.deadline;
        let sent = statement.clone();
        let unload = self.unload_min_bytes.zip(foreseen).is_some_and(|(least, bytes)| bytes >= least);
        let progress = watch::Sender::new(Progress::default());
        let (waits, waiting) = watch::channel(None);
        let beginning = Beginning { waiting, progress: progress.subscribe() };
        let plan = linked::plan(statement, limits, async move {
            let tell = move |state| {
                waits.send_replace(match state {
                    AthenaState::Queued { before } => Some(Waiting { at: WaitsAt::Athena, before }),
                    AthenaState::Running => None,
                });
            };
            let request = AthenaRequest {
                sql: sent.linked_sql().to_owned(),
                database: None,
                parameters: Vec::new(),
                principal: sent.principal().id.clone(),
                deadline,
                // Tries of this run are one query to Athena; another run of the same statement is another query, since
                // the first one may have been stopped.
                token_seed: Ulid::generate().to_string(),
                data: sent.is_repeatable().then(|| Key::of(&sent, EngineChoice::Athena, 0, 0).to_string()),
                unload,
                progress: Some(progress.clone()),
                on_state: Some(Box::new(tell)),
            };
            let run = athena.acting_for(sent.principal()).await?.run(request).await?;
            Ok(Watched { run, progress })
        });
        async { Ok(Plan { beginning, ..plan.await? }) }.boxed()
    }
}

impl Link for AthenaLink {
    fn kind(&self) -> &'static str {
        "glue"
    }

    fn location(&self) -> String {
        self.location.clone()
    }

    fn own_name(&self) -> Option<&str> {
        Some(&self.catalog)
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn tables(&self) -> BoxFuture<'_, Result<Vec<LinkedTable>, QueryError>> {
        async move {
            let databases = self.glue.databases().await?;
            let tables = stream::iter(databases).map(|database| async move {
                match self.glue.tables(&database.name).await {
                    // It went between the two questions.
                    Err(error) if error.kind == AwsErrorKind::Missing => Ok(Ok(Vec::new())),
                    Err(error) if error.kind == AwsErrorKind::Forbidden => Ok(Err(error)),
                    tables => tables.map(Ok),
                }
            });
            let mut tables = std::pin::pin!(tables.buffered(SIDE_BY_SIDE));
            let mut all = Vec::new();
            // Rights on one database of many are enough; where there is none at all, that is told.
            let (mut may_list, mut refusal) = (false, None);
            while let Some(tables) = tables.try_next().await? {
                let tables = match tables {
                    Ok(tables) => tables,
                    Err(error) => {
                        refusal.get_or_insert(error);
                        continue;
                    }
                };
                may_list = true;
                all.extend(tables.iter().map(glue_table));
                if all.len() > MOST_TABLES {
                    let message = format!("The Glue catalog has more than {MOST_TABLES} tables.");
                    return Err(QueryError::new("RESOURCE_LIMIT", ErrorKind::Limit, message));
                }
            }
            match refusal {
                Some(refusal) if !may_list => Err(refusal.into()),
                _ => Ok(all),
            }
        }
        .boxed()
    }

    fn files<'a>(
        &'a self,
        catalog: &'a str,
        table: &'a LinkedTable,
        conditions: &'a [Vec<Condition>],
        person: &'a Principal,
    ) -> BoxFuture<'a, Result<Arc<Table>, Option<String>>> {
        async move {
            let declared = table.files.as_ref().map_err(Clone::clone)?;
            let listed = self.lister.files(catalog, declared, conditions).await.map_err(Some)?;
            if !self.aws.is_per_person() {
                return Ok(listed);
            }
            // Names are the same for all; what is in the files each reads in their own name.
            let why = |error: QueryError| Some(format!("its files can't be read as {}: {error}", person.name));
            let aws = self.aws.acting_for(person).await.map_err(why)?;
            Ok(with_credentials(&listed, aws.credentials().await.map_err(why)?))
        }
        .boxed()
    }

    fn state<'a>(&'a self, table: &'a LinkedTable) -> BoxFuture<'a, Option<TableState>> {
        async {
            // Glue tells the content's version of Iceberg tables alone, and of one that Lake Formation governs not when
            // somebody's rights change.
            table.content.as_ref().filter(|_| !table.is_governed)?;
            self.snapshots.state(&table.database, &table.name).await
        }
        .boxed()
    }

    fn is_per_person(&self) -> bool {
        self.aws.is_per_person()
    }

    fn rules(&self, principal: &Principal) -> Rules {
        let of_group =
            principal.groups.iter().find_map(|name| Some((name, self.group_rules.get(&name.to_lowercase())?)));
        let Some((name, rules)) = of_group else { return self.rules.clone() };
        Rules {
            engine: rules.engine.unwrap_or(self.rules.engine),
            embedded_max_bytes: rules.embedded_max_bytes.or(self.rules.embedded_max_bytes),
            group: Some(name.clone()),
        }
    }

    fn follow<'a>(&'a self, table: &'a LinkedTable, infer: &'a Infer) -> BoxFuture<'a, Result<bool, Unfollowed>> {
        async move {
            match &table.files {
                Ok(declared) => self.lister.follow(declared, infer).await,
                Err(_) => Ok(false),
            }
        }
        .boxed()
    }

    fn forget_files(&self, is_outdated: &dyn Fn(&(String, String)) -> bool) {
        self.lister.forget(is_outdated);
        self.snapshots.forget(is_outdated);
    }
}

/// A run, and what is said of its progress from before there is one.
struct Watched {
    run: AthenaRun,
    progress: watch::Sender<Progress>,
}

impl Run for Watched {
    fn schema(&self) -> &SchemaRef {
        self.run.schema()
    }

    fn next(&mut self) -> BoxFuture<'_, Option<Result<RecordBatch, QueryError>>> {
        self.run.next().boxed()
    }

    fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    fn statistics(&self) -> Statistics {
        self.run.statistics()
    }

    fn is_charged(&self) -> bool {
        !self.run.reused()
    }
}
