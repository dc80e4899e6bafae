//! The stack as a CloudFormation template. It names no account: one template is the same everywhere.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::policies;

/// What CloudFormation takes in a call.
pub const LARGEST: usize = 51_200;
/// Results of Athena are copies; nobody looks at them later.
const RESULT_DAYS: u32 = 30;
/// Old versions are for mistakes that somebody notices.
const VERSION_DAYS: u32 = 30;

/// Output of a stack that made its bucket, and may change it.
pub const OWNS_BUCKET: &str = "OwnsBucket";
/// Parameter with what the API destination proves itself by.
pub const WEBHOOK_TOKEN: &str = "WebhookToken";

/// What the stack is for.
#[derive(Debug, Clone)]
pub struct Lake {
    /// Prefix of all names.
    pub name: String,
    pub table: String,
    /// Name and Hive's type, without the partition key.
    pub columns: Vec<(String, &'static str)>,
    pub key: Option<PartitionKey>,
    /// Athena ends a statement that reads more, in bytes.
    pub scan_limit: u64,
    /// ARNs that may take on the roles; the account itself if there are none.
    pub trusted: Vec<String>,
    /// Told of new files, beside the queue.
    pub webhook: Option<String>,
    /// The bucket is part of the stack; one that an earlier stack left is not.
    pub owns_bucket: bool,
}

#[derive(Debug, Clone)]
pub struct PartitionKey {
    pub name: String,
    pub hive_type: &'static str,
    /// Glue's table parameters.
    pub projection: BTreeMap<String, String>,
}

impl Lake {
    /// Glue and Athena take no hyphens without quotes.
    pub fn database(&self) -> String {
        self.name.replace('-', "_")
    }

    pub fn stack(&self) -> String {
        stack_of(&self.name)
    }

    /// `arn:aws:s3:::BUCKET` and what is below it.
    pub(super) fn bucket_arn(&self, below: &str) -> Value {
        sub(&format!("arn:${{AWS::Partition}}:s3:::{}-${{AWS::AccountId}}-${{AWS::Region}}{below}", self.name))
    }

    pub(super) fn arn(&self, service: &str, rest: &str) -> Value {
        sub(&format!("arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"))
    }

    fn bucket_uri(&self, below: &str) -> Value {
        sub(&format!("s3://{}-${{AWS::AccountId}}-${{AWS::Region}}/{below}", self.name))
    }

    fn bucket_name(&self) -> Value {
        sub(&format!("{}-${{AWS::AccountId}}-${{AWS::Region}}", self.name))
    }

    pub fn template(&self) -> Value {
        let mut resources = Map::new();
        let mut put = |name: &str, resource: Value| drop(resources.insert(name.to_owned(), resource));
        if self.owns_bucket {
            put("Bucket", self.data_bucket());
        }
        put("BucketPolicy", self.bucket_policy());
        put("Database", self.glue_database());
        put("Table", self.glue_table());
        put("Workgroup", self.workgroup());
        put("Queue", self.queue());
        put("QueuePolicy", self.queue_policy());
        put("ObjectsRule", self.rule());
        for (role, statements) in [
            ("Reader", policies::reader(self)),
            ("Analyst", policies::analyst(self)),
            ("Lakefront", policies::lakefront(self)),
        ] {
            put(&format!("{role}Policy"), self.managed_policy(role, statements));
            put(&format!("{role}Role"), self.role(role));
        }
        let mut template = json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": format!("Lakefront: the lake {} with its catalog, workgroup, roles and events.", self.name),
        });
        if let Some(url) = &self.webhook {
            template["Parameters"] = json!({WEBHOOK_TOKEN: {
                "Type": "String", "NoEcho": true, "Description": "Sent with each call of the webhook as a bearer token."}});
            put("WebhookConnection", self.connection());
            put("WebhookDestination", self.destination(url));
            put("WebhookRole", self.webhook_role());
        }
        template["Resources"] = Value::Object(resources);
        let output = |value: Value| json!({"Value": value});
        template["Outputs"] = json!({
            "BucketName": output(self.bucket_name()),
            "DatabaseName": output(self.database().into()),
            "TableName": output(self.table.clone().into()),
            "WorkgroupName": output(self.name.clone().into()),
            "QueueUrl": output(reference("Queue")),
            "ReaderRoleArn": output(attribute("ReaderRole", "Arn")),
            "AnalystRoleArn": output(attribute("AnalystRole", "Arn")),
            "LakefrontRoleArn": output(attribute("LakefrontRole", "Arn")),
            OWNS_BUCKET: output(self.owns_bucket.to_string().into()),
        });
        template
    }

    fn data_bucket(&self) -> Value {
        let rule = |id: &str, more: Value| {
            let mut rule = json!({"Id": id, "Status": "Enabled"});
            if let (Value::Object(rule), Value::Object(more)) = (&mut rule, more) {
                rule.extend(more);
            }
            rule
        };
        json!({
            "Type": "AWS::S3::Bucket",
            // The data outlives the stack unless somebody says otherwise.
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "BucketName": self.bucket_name(),
                "BucketEncryption": {"ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
                "VersioningConfiguration": {"Status": "Enabled"},
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": true, "BlockPublicPolicy": true,
                    "IgnorePublicAcls": true, "RestrictPublicBuckets": true},
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "LifecycleConfiguration": {"Rules": [
                    rule("results", json!({"Prefix": "results/", "ExpirationInDays": RESULT_DAYS})),
                    rule("versions", json!({"NoncurrentVersionExpiration": {"NoncurrentDays": VERSION_DAYS}})),
                    rule("uploads", json!({"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}})),
                ]},
                "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": true}},
            },
        })
    }

    fn bucket_policy(&self) -> Value {
        let mut policy = json!({
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": self.bucket_name(), "PolicyDocument": policies::document(vec![json!({
                "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": [self.bucket_arn(""), self.bucket_arn("/*")],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            })])},
        });
        if self.owns_bucket {
            policy["DependsOn"] = "Bucket".into();
        }
        policy
    }

    fn glue_database(&self) -> Value {
        json!({"Type": "AWS::Glue::Database", "Properties": {
            "CatalogId": reference("AWS::AccountId"), "DatabaseInput": {"Name": self.database()}}})
    }

    fn glue_table(&self) -> Value {
        let columns: Vec<Value> = self.columns.iter().map(|(name, hive)| json!({"Name": name, "Type": hive})).collect();
        let location = format!("data/{}/", self.table);
        // The table follows its files: Lakefront may change what it made.
        let mut parameters =
            json!({"classification": "parquet", "parquet.compression": "ZSTD", "lakefront.owner": "lakefront"});
        let mut keys = Vec::new();
        if let Some(key) = &self.key {
            keys.push(json!({"Name": key.name, "Type": key.hive_type}));
            parameters["projection.enabled"] = "true".into();
            for (name, value) in &key.projection {
                parameters[name.as_str()] = value.clone().into();
            }
        }
        json!({
            "Type": "AWS::Glue::Table",
            "DependsOn": "Database",
            "Properties": {
                "CatalogId": reference("AWS::AccountId"),
                "DatabaseName": self.database(),
                "TableInput": {
                    "Name": self.table,
                    "TableType": "EXTERNAL_TABLE",
                    "Parameters": parameters,
                    "PartitionKeys": keys,
                    "StorageDescriptor": {
                        "Columns": columns,
                        "Location": self.bucket_uri(&location),
                        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                        "SerdeInfo": {
                            "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
                    },
                },
            },
        })
    }

    fn workgroup(&self) -> Value {
        json!({"Type": "AWS::Athena::WorkGroup", "Properties": {
            "Name": self.name,
            "State": "ENABLED",
            // Its history of statements goes with it.
            "RecursiveDeleteOption": true,
            "WorkGroupConfiguration": {
                "EnforceWorkGroupConfiguration": true,
                "PublishCloudWatchMetricsEnabled": true,
                "BytesScannedCutoffPerQuery": self.scan_limit,
                "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
                "ResultConfiguration": {
                    "OutputLocation": self.bucket_uri("results/"),
                    "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"}},
            },
        }})
    }

    fn queue(&self) -> Value {
        json!({"Type": "AWS::SQS::Queue", "Properties": {
            "QueueName": self.queue_name(),
            "SqsManagedSseEnabled": true,
            "ReceiveMessageWaitTimeSeconds": 20,
            "VisibilityTimeout": 60,
            // What is older, a listing has found.
            "MessageRetentionPeriod": 345_600,
        }})
    }

    pub(super) fn queue_name(&self) -> String {
        format!("{}-objects", self.name)
    }

    fn rule_arn(&self) -> Value {
        self.arn("events", &format!("rule/{}", self.queue_name()))
    }

    fn queue_policy(&self) -> Value {
        let queue = self.arn("sqs", &self.queue_name());
        json!({
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [reference("Queue")], "PolicyDocument": policies::document(vec![
                json!({"Sid": "Events", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sqs:SendMessage", "Resource": queue,
                    "Condition": {"ArnEquals": {"aws:SourceArn": self.rule_arn()}}}),
                json!({"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": queue,
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}}}),
            ])},
        })
    }

    fn rule(&self) -> Value {
        let mut targets = vec![json!({"Id": "queue", "Arn": attribute("Queue", "Arn")})];
        if self.webhook.is_some() {
            targets.push(json!({
                "Id": "webhook",
                "Arn": attribute("WebhookDestination", "Arn"),
                "RoleArn": attribute("WebhookRole", "Arn"),
                // The queue and the next listing are there for what stays undelivered.
                "RetryPolicy": {"MaximumRetryAttempts": 8, "MaximumEventAgeInSeconds": 3600},
            }));
        }
        json!({"Type": "AWS::Events::Rule", "Properties": {
            "Name": self.queue_name(),
            "Description": format!("New and deleted files of the lake {}.", self.name),
            "State": "ENABLED",
            "EventPattern": {
                "source": ["aws.s3"],
                "detail-type": ["Object Created", "Object Deleted"],
                "detail": {"bucket": {"name": [self.bucket_name()]}, "object": {"key": [{"prefix": "data/"}]}},
            },
            "Targets": targets,
        }})
    }

    fn role_name(&self, role: &str) -> String {
        format!("{}-{}", self.name, role.to_lowercase())
    }

    fn managed_policy(&self, role: &str, statements: Vec<Value>) -> Value {
        json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": {
            "ManagedPolicyName": self.role_name(role), "PolicyDocument": policies::document(statements)}})
    }

    fn role(&self, role: &str) -> Value {
        let trusted: Vec<Value> = match self.trusted.as_slice() {
            // Whoever the account's own policies let.
            [] => vec![sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")],
            arns => arns.iter().map(|arn| arn.clone().into()).collect(),
        };
        json!({"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": self.role_name(role),
            "AssumeRolePolicyDocument": policies::document(vec![json!({
                "Effect": "Allow", "Principal": {"AWS": trusted}, "Action": ["sts:AssumeRole", "sts:TagSession"]})]),
            "ManagedPolicyArns": [reference(&format!("{role}Policy"))],
        }})
    }

    fn connection(&self) -> Value {
        json!({"Type": "AWS::Events::Connection", "Properties": {
            "Name": self.queue_name(),
            "AuthorizationType": "API_KEY",
            "AuthParameters": {"ApiKeyAuthParameters": {
                "ApiKeyName": "Authorization", "ApiKeyValue": sub(&format!("Bearer ${{{WEBHOOK_TOKEN}}}"))}},
        }})
    }

    fn destination(&self, url: &str) -> Value {
        json!({"Type": "AWS::Events::ApiDestination", "Properties": {
            "Name": self.queue_name(),
            "ConnectionArn": attribute("WebhookConnection", "Arn"),
            "HttpMethod": "POST",
            "InvocationEndpoint": url,
            "InvocationRateLimitPerSecond": 50,
        }})
    }

    fn webhook_role(&self) -> Value {
        json!({"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": self.role_name("webhook"),
            "AssumeRolePolicyDocument": policies::document(vec![json!({
                "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"})]),
            "Policies": [{"PolicyName": "call", "PolicyDocument": policies::document(vec![json!({
                "Effect": "Allow", "Action": "events:InvokeApiDestination",
                "Resource": attribute("WebhookDestination", "Arn")})])}],
        }})
    }
}

pub fn stack_of(name: &str) -> String {
    format!("lakefront-{name}")
}

pub fn bucket_of(name: &str, account: &str, region: &str) -> String {
    format!("{name}-{account}-{region}")
}

/// `Ref`.
fn reference(name: &str) -> Value {
    json!({"Ref": name})
}

fn attribute(name: &str, attribute: &str) -> Value {
    json!({"Fn::GetAtt": [name, attribute]})
}

/// `Fn::Sub`: what stands in `${…}` is filled in.
fn sub(text: &str) -> Value {
    json!({"Fn::Sub": text})
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    fn lake(owns_bucket: bool, webhook: Option<&str>) -> Lake {
        Lake {
            name: "demo-lake".to_owned(),
            table: "sales".to_owned(),
            columns: vec![("x".to_owned(), "bigint")],
            key: None,
            scan_limit: 10_000_000,
            trusted: Vec::new(),
            webhook: webhook.map(str::to_owned),
            owns_bucket,
        }
    }

    /// What a value refers to by `Ref`, `Fn::GetAtt` and `DependsOn`.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match (key.as_str(), value) {
                        ("Ref" | "DependsOn", Value::String(name)) => found.push(name.clone()),
                        ("Fn::GetAtt", Value::Array(parts)) => found.push(parts[0].as_str().unwrap().to_owned()),
                        _ => references(value, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn all_that_is_referred_to_is_there() {
        for (owns_bucket, webhook) in [(true, None), (false, None), (true, Some("https://l.example.com/"))] {
            let template = lake(owns_bucket, webhook).template();
            let mut found = Vec::new();
            references(&template, &mut found);
            for name in found.iter().filter(|name| !name.starts_with("AWS::")) {
                assert!(template["Resources"].get(name).is_some(), "{name}");
            }
            assert_eq!(template["Resources"].get("Bucket").is_some(), owns_bucket);
            assert_eq!(template.get("Parameters").is_some(), webhook.is_some());
        }
    }
}
