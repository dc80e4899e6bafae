//! Whether an account lets a connection do what it is for; where it does not, what its policy lacks.
//!
//! Each step makes the call that the product would make. Nothing is changed and nothing costs money, unless
//! [`AwsChecks::run`] or [`AwsChecks::write`] ask for it.

mod workgroup;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ulid::Ulid;

use super::error::Grant;
use super::glue::{Glue, GlueTable};
use super::{Athena, AthenaConfig, AthenaRequest, Aws, AwsError, AwsErrorKind, Identity, Queue};
use crate::aws::call::Service;
use crate::{ErrorKind, QueryError};

/// One step takes no longer.
const PATIENCE: Duration = Duration::from_secs(20);
const RUN: Duration = Duration::from_secs(60);
/// Databases that are looked through for a table to try.
const DATABASES: usize = 5;
/// What no database and no table is called.
const NOTHING: &str = "lakefront_check";

/// What a connection needs.
#[derive(Debug, Clone, Default)]
pub struct AwsChecks {
    /// Who AWS takes the caller for; what only imitates S3 does not know.
    pub identity: bool,
    pub glue: bool,
    /// Another account's Glue catalog.
    pub catalog_id: Option<String>,
    pub workgroup: Option<String>,
    /// The most bytes that one run may read here, which the workgroup's own limit should say, too.
    pub run_limit: Option<u64>,
    /// `s3://bucket/prefix` of the data, beside that of a table of the Glue catalog.
    pub data: Option<String>,
    /// `s3://bucket/prefix` of Athena's results, where the workgroup does not say it.
    pub output_location: Option<String>,
    /// A key's ARN or id.
    pub kms_key: Option<String>,
    /// The address of the queue that tells of new files.
    pub queue: Option<String>,
    /// Run `SELECT 1` on Athena.
    pub run: bool,
    /// Write an object where results go, and delete it.
    pub write: bool,
}

/// What came of one step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The action as IAM names it, or what was done.
    pub name: String,
    pub ok: bool,
    /// What was found, or what is wrong.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
    pub missing: Option<MissingRight>,
    /// What Lakefront can do about it when asked.
    pub mend: Option<Mend>,
}

/// What brings a step into order, by a call of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mend {
    /// [`Aws::limit_workgroup`], for all who use the workgroup.
    LimitWorkgroup,
}

/// A right that is not there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingRight {
    pub action: String,
    /// ARN.
    pub resource: String,
    /// The statement to add.
    pub policy: Value,
}

impl Check {
    pub fn passed(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), ok: true, detail: detail.into(), hint: None, missing: None, mend: None }
    }

    pub fn failed(name: impl Into<String>, error: QueryError) -> Self {
        Self { name: name.into(), ok: false, detail: error.message, hint: error.hint, missing: None, mend: None }
    }
}

/// One policy with everything that checks found missing; `None` if nothing is.
pub fn missing_policy(checks: &[Check]) -> Option<Value> {
    let mut statements: Vec<&Value> = Vec::new();
    for missing in checks.iter().filter_map(|check| check.missing.as_ref()) {
        if !statements.contains(&&missing.policy) {
            statements.push(&missing.policy);
        }
    }
    (!statements.is_empty()).then(|| json!({"Version": "2012-10-17", "Statement": statements}))
}

/// What a refusal in AWS's own words asks for; `None` if it names no action.
pub fn missing_right(refusal: &str) -> Option<MissingRight> {
    let Grant { action, resource } = Grant::asked_for(refusal)?;
    let resource = resource.unwrap_or_else(|| "*".to_owned());
    let policy = statement(&[&action], std::slice::from_ref(&resource));
    Some(MissingRight { action, resource, policy })
}

impl Aws {
    /// Tries what the connection needs, one step after the other.
    pub async fn check(&self, what: &AwsChecks) -> Vec<Check> {
        let mut steps = Steps { aws: self, checks: Vec::new(), account: "*".to_owned(), partition: "aws".to_owned() };
        // Without credentials that are good nothing else can go well.
        if what.identity && !steps.identity().await {
            return steps.checks;
        }
        let table = if what.glue { steps.glue(what.catalog_id.as_deref()).await } else { None };
        if let Some(location) = table.as_ref().and_then(|table| table.location.as_deref()) {
            steps.data(location).await;
        }
        if let Some(location) = &what.data {
            steps.data(location).await;
        }
        let mut output = what.output_location.clone();
        if let Some(workgroup) = &what.workgroup {
            output = steps.workgroup(workgroup, what.run_limit, what.output_location.is_some()).await.or(output);
        }
        if let Some(output) = output.as_deref() {
            steps.results(output, what.write).await;
        }
        if let Some(key) = &what.kms_key {
            steps.key(key).await;
        }
        if let Some(queue) = &what.queue {
            steps.queue(queue).await;
        }
        if let (Some(workgroup), true) = (&what.workgroup, what.run) {
            steps.run(workgroup, what.output_location.clone()).await;
        }
        steps.checks
    }
}

struct Steps<'a> {
    aws: &'a Aws,
    checks: Vec<Check>,
    account: String,
    partition: String,
}

impl Steps<'_> {
    async fn identity(&mut self) -> bool {
        match timed("sts:GetCallerIdentity", self.aws.identity()).await {
            Ok(identity) => {
                identity.partition().clone_into(&mut self.partition);
                let Identity { arn, account } = identity;
                self.passed("sts:GetCallerIdentity", format!("{arn}, account {account}"));
                self.account = account;
                true
            }
            Err(error) => {
                self.failed("sts:GetCallerIdentity", error, &[]);
                false
            }
        }
    }

    /// A table with files in S3, to try the files.
    async fn glue(&mut self, catalog_id: Option<&str>) -> Option<GlueTable> {
        let glue = Glue::new(self.aws.clone(), catalog_id.map(str::to_owned));
        let owner = catalog_id.unwrap_or(&self.account).to_owned();
        let arn = |what: String| format!("arn:{}:glue:{}:{owner}:{what}", self.partition, self.aws.region());
        let resources = [arn("catalog".to_owned()), arn("database/*".to_owned()), arn("table/*/*".to_owned())];
        let name = "glue:GetDatabases";
        let databases = match timed(name, glue.databases_page()).await {
            Ok(databases) => {
                self.passed(name, counted(databases.len(), "database"));
                databases.into_iter().map(|database| database.name).take(DATABASES).collect()
            }
            Err(error) => {
                self.failed(name, error, &resources[..2]);
                Vec::new()
            }
        };

        let name = "glue:GetTables";
        let mut found = Vec::new();
        let mut failure = None;
        // Rights are judged before existence: where there is nothing to look at, a name that nothing has will do.
        let looked_at = databases.len();
        for database in if databases.is_empty() { vec![NOTHING.to_owned()] } else { databases } {
            match timed(name, glue.tables_page(&database)).await {
                Ok(tables) => found.extend(tables),
                Err(error) if error.kind == AwsErrorKind::Missing => {}
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        match failure {
            Some(error) => self.failed(name, error, &resources),
            None => {
                let (tables, databases) = (counted(found.len(), "table"), counted(looked_at, "database"));
                self.passed(name, format!("{tables} in {databases} looked at"));
            }
        }

        let in_s3 = |table: &GlueTable| table.location.as_deref().is_some_and(|at| bucket_of(at).is_some());
        let example = found.into_iter().filter(in_s3).max_by_key(|table| !table.partition_keys.is_empty());
        let name = "glue:GetPartitions";
        let (database, table) = match &example {
            Some(table) => (table.database.as_str(), table.name.as_str()),
            None => (NOTHING, NOTHING),
        };
        match timed(name, glue.partitions_page(database, table)).await {
            Ok(partitions) => {
                self.passed(name, format!("{} of {database}.{table}", counted(partitions, "partition")));
            }
            Err(error) if error.kind == AwsErrorKind::Missing => self.passed(name, "allowed; no table to try it on"),
            Err(error) => self.failed(name, error, &resources),
        }
        example
    }

    /// Lists a place and reads the first byte of an object there.
    async fn data(&mut self, location: &str) {
        let Some((bucket, prefix)) = bucket_of(location) else {
            let message = format!("\"{location}\" is no place in S3: write s3://bucket/prefix.");
            return self.checks.push(Check::failed(LIST, QueryError::user("INVALID_LOCATION", message)));
        };
        let (of_bucket, of_objects) = self.arns(bucket, prefix);
        let objects = match timed(LIST, self.aws.first_objects(bucket, prefix)).await {
            Ok(objects) => objects,
            Err(error) => return self.failed(LIST, error, &[of_bucket]),
        };
        let shown =
            if objects.len() == 10 { "10 objects and more".to_owned() } else { counted(objects.len(), "object") };
        self.passed(LIST, format!("{shown} below {location}"));
        let Some((key, _)) = objects.iter().find(|(key, size)| *size > 0 && !key.ends_with('/')) else { return };
        let name = "s3:GetObject";
        match timed(name, self.aws.get_object(bucket, key, Some(0..1), None)).await {
            Ok(_) => self.passed(name, format!("s3://{bucket}/{key} can be read")),
            Err(error) => self.failed(name, error, &[of_objects]),
        }
    }

    async fn results(&mut self, output: &str, write: bool) {
        let name = "s3:GetBucketLocation";
        let Some((bucket, prefix)) = bucket_of(output) else {
            let message = format!("\"{output}\" is no place in S3: write s3://bucket/prefix/.");
            return self.checks.push(Check::failed(name, QueryError::user("INVALID_LOCATION", message)));
        };
        let (of_bucket, of_objects) = self.arns(bucket, prefix);
        match timed(name, self.aws.bucket_location(bucket)).await {
            Ok(()) => self.passed(name, format!("{bucket}, where results go")),
            Err(error) => self.failed(name, error, std::slice::from_ref(&of_bucket)),
        }
        if !write {
            return;
        }
        let key = format!("{}lakefront-check-{}", folder(prefix), Ulid::generate());
        let name = "s3:PutObject";
        match timed(name, self.aws.put_object(bucket, &key, b"written by lakefront doctor")).await {
            Ok(()) => self.passed(name, format!("s3://{bucket}/{key} was written")),
            Err(error) => self.failed(name, error, std::slice::from_ref(&of_objects)),
        }
        let name = "s3:GetObject";
        match timed(name, self.aws.get_object(bucket, &key, Some(0..1), None)).await {
            Ok(_) => self.passed(name, "it was read"),
            // It could not be written, and that is told.
            Err(error) if error.kind == AwsErrorKind::Missing => {}
            Err(error) => self.failed(name, error, std::slice::from_ref(&of_objects)),
        }
        let name = "s3:DeleteObject";
        match timed(name, self.aws.delete_object(bucket, &key)).await {
            Ok(()) => self.passed(name, "it was deleted"),
            Err(error) => self.failed(name, error, &[of_objects]),
        }
    }

    /// Looks for a message, which stays for others.
    async fn queue(&mut self, url: &str) {
        let name = "sqs:ReceiveMessage";
        // https://sqs.eu-central-1.amazonaws.com/123456789012/name
        let region = Queue::region_of(url).unwrap_or(self.aws.region());
        if region != self.aws.region() {
            return self.passed(name, format!("{url} is in another region than the connection, and is not tried here"));
        }
        let mut path = url.rsplit('/');
        let (name_of, account) = (path.next().unwrap_or_default(), path.next().unwrap_or(&self.account));
        let arn = format!("arn:{}:sqs:{region}:{account}:{name_of}", self.partition);
        match timed(name, Queue::of(self.aws.clone(), url).peek()).await {
            Ok(_) => self.passed(name, format!("{url} can be read; it takes sqs:DeleteMessage, too")),
            Err(error) => self.failed(name, error, &[arn]),
        }
    }

    /// A data key, made and opened again.
    async fn key(&mut self, key: &str) {
        let arn = if key.starts_with("arn:") {
            key.to_owned()
        } else {
            format!("arn:{}:kms:{}:{}:key/{key}", self.partition, self.aws.region(), self.account)
        };
        let name = "kms:GenerateDataKey";
        let call = json!({"KeyId": key, "KeySpec": "AES_256"});
        let made: Result<DataKey, _> = timed(name, self.aws.call(Service::Kms, "GenerateDataKey", &call)).await;
        let sealed = match made {
            Ok(made) => made.ciphertext_blob,
            Err(error) => return self.failed(name, error, &[arn]),
        };
        self.passed(name, "a data key was made");
        let name = "kms:Decrypt";
        let call = json!({"KeyId": key, "CiphertextBlob": sealed});
        match timed(name, self.aws.call::<serde::de::IgnoredAny>(Service::Kms, "Decrypt", &call)).await {
            Ok(_) => self.passed(name, "and opened"),
            Err(error) => self.failed(name, error, &[arn]),
        }
    }

    async fn run(&mut self, workgroup: &str, output_location: Option<String>) {
        let arn = self.workgroup_arn(workgroup);
        let athena = Athena::new(
            self.aws.clone(),
            AthenaConfig {
                workgroup: workgroup.to_owned(),
                catalog: "AwsDataCatalog".to_owned(),
                output_location,
                reuse_minutes: None,
            },
        );
        let request = AthenaRequest {
            sql: "SELECT 1".to_owned(),
            database: None,
            parameters: Vec::new(),
            principal: "doctor".to_owned(),
            deadline: Instant::now() + RUN,
            token_seed: Ulid::generate().to_string(),
            data: None,
            unload: false,
            progress: None,
            on_state: None,
        };
        let name = "athena:StartQueryExecution";
        let began = Instant::now();
        let outcome = async {
            let mut run = athena.run(request).await?;
            let mut rows = 0;
            while let Some(batch) = run.next().await {
                rows += batch?.num_rows();
            }
            Ok::<_, QueryError>(rows)
        };
        match outcome.await {
            Ok(rows) => {
                let took = began.elapsed().as_secs_f64();
                self.passed(name, format!("SELECT 1 answered {rows} row in {took:.1} s"));
            }
            Err(error) => {
                let mut check = Check::failed(name, error.clone());
                if error.kind == ErrorKind::Forbidden {
                    // The message names the action, whichever of the run's it was.
                    let action = error.message.split_whitespace().find(|word| word.contains(':')).unwrap_or(name);
                    let (action, resource) = (action.to_owned(), arn);
                    let policy = statement(
                        &[
                            "athena:StartQueryExecution",
                            "athena:StopQueryExecution",
                            "athena:BatchGetQueryExecution",
                            "athena:GetQueryResults",
                        ],
                        std::slice::from_ref(&resource),
                    );
                    let policy =
                        if action.starts_with("athena:") { policy } else { statement(&[&action], &["*".to_owned()]) };
                    check.hint = None;
                    check.missing = Some(MissingRight { action, resource, policy });
                }
                self.checks.push(check);
            }
        }
    }

    fn passed(&mut self, name: &str, detail: impl Into<String>) {
        self.checks.push(Check::passed(name, detail));
    }

    /// `resources` is what the product needs the action on; AWS itself names the first that it missed.
    fn failed(&mut self, name: &str, error: AwsError, resources: &[String]) {
        let told = Grant::asked_for(&error.message);
        let about_keys = error.kind == AwsErrorKind::Forbidden && told.is_none() && error.blames_keys();
        let missing = match (&told, error.kind) {
            _ if about_keys => None,
            (Some(told), _) if told.action != name => {
                let resource = told.resource.clone().unwrap_or_else(|| "*".to_owned());
                let policy = statement(&[&told.action], std::slice::from_ref(&resource));
                Some(MissingRight { action: told.action.clone(), resource, policy })
            }
            (told, AwsErrorKind::Forbidden) if !resources.is_empty() => {
                let named = told.as_ref().and_then(|told| told.resource.clone());
                Some(MissingRight {
                    action: name.to_owned(),
                    resource: named.unwrap_or_else(|| resources[0].clone()),
                    policy: statement(&[name], resources),
                })
            }
            _ => None,
        };
        let mut check = Check::failed(name, error.told());
        if let Some(missing) = missing {
            check.detail = match missing.action == name {
                true => format!("not allowed on {}", missing.resource),
                false => format!("{} is not allowed on {}", missing.action, missing.resource),
            };
            check.hint = (missing.action == "sts:AssumeRole" || missing.action == "sts:TagSession")
                .then(|| format!("The role's own trust policy must allow {} to this caller, too.", missing.action));
            check.missing = Some(missing);
        }
        self.checks.push(check);
    }

    fn workgroup_arn(&self, workgroup: &str) -> String {
        format!("arn:{}:athena:{}:{}:workgroup/{workgroup}", self.partition, self.aws.region(), self.account)
    }

    /// Of a bucket, and of the objects below a prefix in it.
    fn arns(&self, bucket: &str, prefix: &str) -> (String, String) {
        let of_bucket = format!("arn:{}:s3:::{bucket}", self.partition);
        let of_objects = format!("{of_bucket}/{}*", folder(prefix));
        (of_bucket, of_objects)
    }
}

const LIST: &str = "s3:ListBucket";
fn statement(actions: &[&str], resources: &[String]) -> Value {
    let one_or_list = |values: Vec<Value>| match <[Value; 1]>::try_from(values) {
        Ok([value]) => value,
        Err(values) => Value::Array(values),
    };
    json!({
        "Effect": "Allow",
        "Action": one_or_list(actions.iter().map(|&action| action.into()).collect()),
        "Resource": one_or_list(resources.iter().map(|resource| resource.as_str().into()).collect()),
    })
}

/// Bucket and prefix of `s3://bucket/prefix`.
fn bucket_of(location: &str) -> Option<(&str, &str)> {
    let rest = ["s3://", "s3a://", "s3n://"].iter().find_map(|scheme| location.strip_prefix(scheme))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then_some((bucket, prefix))
}

/// `1 table`, `2 tables`
fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn folder(prefix: &str) -> String {
    if prefix.is_empty() || prefix.ends_with('/') { prefix.to_owned() } else { format!("{prefix}/") }
}

async fn timed<T>(name: &str, call: impl Future<Output = Result<T, AwsError>>) -> Result<T, AwsError> {
    tokio::time::timeout(PATIENCE, call)
        .await
        .unwrap_or_else(|_| Err(AwsError::unavailable(name, format!("no answer within {} s", PATIENCE.as_secs()))))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataKey {
    ciphertext_blob: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_s3_have_a_bucket() {
        assert_eq!(bucket_of("s3://lake/sales/"), Some(("lake", "sales/")));
        assert_eq!(bucket_of("s3a://lake"), Some(("lake", "")));
        assert_eq!(bucket_of("s3:///x"), None);
        assert_eq!(bucket_of("/srv/lake"), None);
    }

    #[test]
    fn one_policy_has_each_statement_once() {
        let missing = |action: &str| {
            let policy = statement(&[action], &["arn:aws:s3:::lake".to_owned()]);
            let missing = MissingRight { action: action.to_owned(), resource: "arn:aws:s3:::lake".to_owned(), policy };
            Check { missing: Some(missing), ok: false, ..Check::passed(action, "") }
        };
        assert_eq!(missing_policy(&[Check::passed("a", "")]), None);
        assert_eq!(
            missing_policy(&[missing("s3:ListBucket"), missing("s3:GetObject"), missing("s3:ListBucket")]),
            Some(json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::lake"},
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake"},
            ]}))
        );
    }
}
