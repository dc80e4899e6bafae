//! CloudFormation: change sets, what came of them, and what has drifted. Its protocol is forms and XML.
//!
//! Calls that change something carry a token, so that each is safe to repeat.

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::call::{Request, read_body};
use super::object::xml_error;
use super::{Aws, AwsError, AwsErrorKind};

const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);
const LARGEST_ANSWER: usize = 8 << 20;
const VERSION: &str = "2010-05-15";
/// Pages of one answer; a stack has 500 resources at most.
const MOST_PAGES: usize = 50;

/// All that a form takes as it is.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A stack as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Stack {
    /// ARN; it still finds the stack when it has been deleted.
    pub stack_id: String,
    /// `CREATE_COMPLETE`, `UPDATE_IN_PROGRESS`, …
    pub stack_status: String,
    pub stack_status_reason: Option<String>,
    #[serde(default)]
    outputs: Members<StackOutput>,
}

impl Stack {
    pub fn output(&self, key: &str) -> Option<&str> {
        self.outputs.member.iter().find(|output| output.output_key == key).map(|output| output.output_value.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StackOutput {
    output_key: String,
    #[serde(default)]
    output_value: String,
}

/// What a change set asks for.
#[derive(Debug)]
pub struct ChangeSetRequest<'a> {
    pub stack: &'a str,
    pub name: &'a str,
    /// JSON.
    pub template: &'a str,
    /// No stack of this name is there yet.
    pub creates: bool,
    /// Values that the template does not hold, such as secrets.
    pub parameters: &'a [(&'a str, &'a str)],
}

/// What executing it would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// `CREATE_IN_PROGRESS`, `CREATE_COMPLETE` or `FAILED`.
    pub status: String,
    pub reason: Option<String>,
    pub changes: Vec<ResourceChange>,
}

impl ChangeSet {
    pub fn is_pending(&self) -> bool {
        matches!(self.status.as_str(), "CREATE_PENDING" | "CREATE_IN_PROGRESS")
    }

    /// It failed for the good reason that there is nothing to change.
    pub fn is_empty(&self) -> bool {
        let says_so = |reason: &String| {
            reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
        };
        self.status == "FAILED" && self.reason.as_ref().is_some_and(says_so)
    }
}

/// What happens to one resource.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceChange {
    /// `Add`, `Modify`, `Remove`, …
    pub action: String,
    #[serde(rename = "LogicalResourceId")]
    pub name: String,
    pub resource_type: String,
    /// `True`, `False` or `Conditional`, where it is modified.
    pub replacement: Option<String>,
    #[serde(default)]
    details: Members<ChangeDetail>,
}

impl ResourceChange {
    /// The properties that the template changes itself, each once.
    pub fn properties(&self) -> Vec<&str> {
        let direct = self
            .details
            .member
            .iter()
            .filter(|detail| detail.change_source.as_deref().is_none_or(|source| source == "DirectModification"));
        let mut names: Vec<&str> = direct.filter_map(|detail| detail.target.name.as_deref()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeDetail {
    #[serde(default)]
    target: ChangeTarget,
    change_source: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ChangeTarget {
    name: Option<String>,
}

/// What happened to a resource or to the stack itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StackEvent {
    pub event_id: String,
    #[serde(rename = "LogicalResourceId")]
    pub name: String,
    pub resource_type: String,
    /// `CREATE_COMPLETE`, `DELETE_FAILED`, …
    #[serde(rename = "ResourceStatus")]
    pub status: String,
    /// For whoever has to mend it; AWS's own words.
    #[serde(rename = "ResourceStatusReason")]
    pub reason: Option<String>,
}

/// How far a look for drift is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DriftStatus {
    /// `DETECTION_IN_PROGRESS`, `DETECTION_COMPLETE` or `DETECTION_FAILED`.
    pub detection_status: String,
    pub detection_status_reason: Option<String>,
}

/// A resource beside what the template says of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceDrift {
    #[serde(rename = "LogicalResourceId")]
    pub name: String,
    pub resource_type: String,
    /// `IN_SYNC`, `MODIFIED`, `DELETED` or `NOT_CHECKED`.
    #[serde(rename = "StackResourceDriftStatus")]
    pub status: String,
    #[serde(default)]
    property_differences: Members<PropertyDifference>,
}

impl ResourceDrift {
    pub fn differences(&self) -> &[PropertyDifference] {
        &self.property_differences.member
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PropertyDifference {
    /// `/VersioningConfiguration/Status`
    pub property_path: String,
    #[serde(default)]
    pub expected_value: String,
    #[serde(default)]
    pub actual_value: String,
}

impl Aws {
    /// `None` if there is no stack of this name or id.
    pub async fn stack(&self, name: &str) -> Result<Option<Stack>, AwsError> {
        let answer: Result<Answer<Stacks>, _> = self.cloudformation("DescribeStacks", &[("StackName", name)]).await;
        match answer {
            Ok(answer) => Ok(answer.result.stacks.member.into_iter().next()),
            Err(error) if error.code == "ValidationError" && error.message.contains("does not exist") => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub async fn create_change_set(&self, request: &ChangeSetRequest<'_>) -> Result<(), AwsError> {
        let mut form = vec![
            ("StackName".to_owned(), request.stack),
            ("ChangeSetName".to_owned(), request.name),
            ("ClientToken".to_owned(), request.name),
            ("ChangeSetType".to_owned(), if request.creates { "CREATE" } else { "UPDATE" }),
            ("TemplateBody".to_owned(), request.template),
            ("Capabilities.member.1".to_owned(), "CAPABILITY_NAMED_IAM"),
        ];
        for (index, (key, value)) in request.parameters.iter().enumerate() {
            form.push((format!("Parameters.member.{}.ParameterKey", index + 1), key));
            form.push((format!("Parameters.member.{}.ParameterValue", index + 1), value));
        }
        let form: Vec<(&str, &str)> = form.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        self.cloudformation::<Ignored>("CreateChangeSet", &form).await.map(drop)
    }

    pub async fn change_set(&self, stack: &str, name: &str) -> Result<ChangeSet, AwsError> {
        let mut found: Option<ChangeSet> = None;
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut form = vec![("StackName", stack), ("ChangeSetName", name)];
            form.extend(token.as_deref().map(|token| ("NextToken", token)));
            let page: Answer<ChangeSetPage> = self.cloudformation("DescribeChangeSet", &form).await?;
            let ChangeSetPage { status, status_reason, changes, next_token } = page.result;
            let set = found.get_or_insert_with(|| ChangeSet { status, reason: status_reason, changes: Vec::new() });
            set.changes.extend(changes.member.into_iter().filter_map(|change| change.resource_change));
            token = next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        found.ok_or_else(|| AwsError::unavailable("cloudformation:DescribeChangeSet", "the answer is empty"))
    }

    pub async fn execute_change_set(&self, stack: &str, name: &str) -> Result<(), AwsError> {
        let form = [("StackName", stack), ("ChangeSetName", name), ("ClientRequestToken", name)];
        self.cloudformation::<Ignored>("ExecuteChangeSet", &form).await.map(drop)
    }

    pub async fn delete_change_set(&self, stack: &str, name: &str) -> Result<(), AwsError> {
        let form = [("StackName", stack), ("ChangeSetName", name)];
        self.cloudformation::<Ignored>("DeleteChangeSet", &form).await.map(drop)
    }

    /// `token` names this deletion: sent again it is the same.
    pub async fn delete_stack(&self, stack: &str, token: &str) -> Result<(), AwsError> {
        let form = [("StackName", stack), ("ClientRequestToken", token)];
        self.cloudformation::<Ignored>("DeleteStack", &form).await.map(drop)
    }

    /// The latest events, newest first, at most a page of them.
    pub async fn stack_events(&self, stack: &str) -> Result<Vec<StackEvent>, AwsError> {
        let answer: Answer<Events> = self.cloudformation("DescribeStackEvents", &[("StackName", stack)]).await?;
        Ok(answer.result.stack_events.member)
    }

    /// Begins to compare what is there with the template; the answer names the comparison.
    pub async fn detect_stack_drift(&self, stack: &str) -> Result<String, AwsError> {
        let answer: Answer<Detection> = self.cloudformation("DetectStackDrift", &[("StackName", stack)]).await?;
        Ok(answer.result.stack_drift_detection_id)
    }

    pub async fn stack_drift_status(&self, detection: &str) -> Result<DriftStatus, AwsError> {
        let form = [("StackDriftDetectionId", detection)];
        let answer: Answer<DriftStatus> = self.cloudformation("DescribeStackDriftDetectionStatus", &form).await?;
        Ok(answer.result)
    }

    /// Every resource that CloudFormation can compare.
    pub async fn stack_resource_drifts(&self, stack: &str) -> Result<Vec<ResourceDrift>, AwsError> {
        let mut drifts = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut form = vec![("StackName", stack), ("MaxResults", "100")];
            form.extend(token.as_deref().map(|token| ("NextToken", token)));
            let page: Answer<Drifts> = self.cloudformation("DescribeStackResourceDrifts", &form).await?;
            drifts.extend(page.result.stack_resource_drifts.member);
            token = page.result.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        Ok(drifts)
    }

    async fn cloudformation<T: DeserializeOwned>(&self, operation: &str, form: &[(&str, &str)]) -> Result<T, AwsError> {
        let action = format!("cloudformation:{operation}");
        let mut body = format!("Action={operation}&Version={VERSION}");
        for (name, value) in form {
            body.push_str(&format!("&{name}={}", utf8_percent_encode(value, FORM)));
        }
        let request = Request {
            action: &action,
            service: "cloudformation",
            method: Method::POST,
            address: format!("{}/", self.cloudformation_address()),
            headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
            body: body.into_bytes(),
            timeout: TIMEOUT,
            error: xml_error,
        };
        let response = self.patiently(|| self.exchange(&request)).await?;
        let body = read_body(response, LARGEST_ANSWER).await.map_err(|error| error.of(&action))?;
        xml(&action, &body)
    }
}

/// An answer of XML.
pub(super) fn xml<T: DeserializeOwned>(action: &str, body: &[u8]) -> Result<T, AwsError> {
    let unreadable = |detail: String| AwsError::new(AwsErrorKind::Unavailable, action, "UnreadableAnswer", detail);
    let text = std::str::from_utf8(body).map_err(|error| unreadable(error.to_string()))?;
    quick_xml::de::from_str(text).map_err(|error| unreadable(error.to_string()))
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Members<T> {
    #[serde(default = "Vec::new")]
    member: Vec<T>,
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self { member: Vec::new() }
    }
}

/// `<OperationResponse><OperationResult>…`
#[derive(Deserialize)]
struct Answer<T> {
    #[serde(
        alias = "DescribeStacksResult",
        alias = "DescribeChangeSetResult",
        alias = "DescribeStackEventsResult",
        alias = "DetectStackDriftResult",
        alias = "DescribeStackDriftDetectionStatusResult",
        alias = "DescribeStackResourceDriftsResult"
    )]
    result: T,
}

#[derive(Deserialize)]
struct Ignored {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stacks {
    #[serde(default)]
    stacks: Members<Stack>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeSetPage {
    status: String,
    status_reason: Option<String>,
    #[serde(default)]
    changes: Members<Change>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    resource_change: Option<ResourceChange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Events {
    #[serde(default)]
    stack_events: Members<StackEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detection {
    stack_drift_detection_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Drifts {
    #[serde(default)]
    stack_resource_drifts: Members<ResourceDrift>,
    next_token: Option<String>,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    #[test]
    fn a_change_set_tells_what_it_changes_itself() {
        let body = br#"<?xml version="1.0"?>
<DescribeChangeSetResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeChangeSetResult>
<ChangeSetName>c</ChangeSetName><Status>CREATE_COMPLETE</Status><Parameters/><Changes><member><Type>Resource</Type>
<ResourceChange><Action>Modify</Action><LogicalResourceId>Bucket</LogicalResourceId>
<ResourceType>AWS::S3::Bucket</ResourceType><Replacement>Conditional</Replacement><Scope><member>Properties</member></Scope>
<Details><member><Target><Attribute>Properties</Attribute><Name>Tags</Name></Target><Evaluation>Static</Evaluation>
<ChangeSource>DirectModification</ChangeSource></member><member><Target><Name>Policy</Name></Target>
<ChangeSource>ResourceAttribute</ChangeSource></member></Details></ResourceChange></member></Changes>
</DescribeChangeSetResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DescribeChangeSetResponse>"#;
        let page: Answer<ChangeSetPage> = xml("x", body).unwrap();
        let change = page.result.changes.member[0].resource_change.as_ref().unwrap();
        assert_eq!((change.name.as_str(), change.properties()), ("Bucket", vec!["Tags"]));
        assert_eq!(page.result.next_token, None);
    }

    #[test]
    fn nothing_to_change_is_no_failure() {
        let set = |status: &str, reason: &str| ChangeSet {
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            changes: Vec::new(),
        };
        assert!(set("FAILED", "The submitted information didn't contain changes. Submit different …").is_empty());
        assert!(set("FAILED", "No updates are to be performed.").is_empty());
        assert!(!set("FAILED", "Template error").is_empty());
        assert!(set("CREATE_PENDING", "").is_pending());
    }
}
