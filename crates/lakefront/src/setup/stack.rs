//! The stack in the account: what a template would change, the change itself, its end, and its drift.

use std::collections::HashSet;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::bail;
use lakefront_query::aws::{
    Aws, ChangeSet, ChangeSetRequest, ResourceChange, ResourceDrift, Stack, StackEvent, missing_right,
};
use ulid::Ulid;

use super::template::LARGEST;
use super::{Tell, told};

/// Making a change set takes seconds.
const PLANNING: Duration = Duration::from_secs(300);
const CHANGING: Duration = Duration::from_secs(3600);
const EMPTY_STACK: Duration = Duration::from_secs(60);
/// A change that has begun is an event by then.
const FIRST_EVENT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);
const LONG_PAUSE: Duration = Duration::from_secs(3);

/// A change that can be made, not made yet.
pub struct Planned {
    pub stack: String,
    name: String,
    /// The stack is not there yet.
    pub creates: bool,
    pub changes: Vec<ResourceChange>,
}

impl Planned {
    /// One that does what the template says. Nothing is changed but the change set's own being there.
    pub async fn make(
        aws: &Aws,
        stack: &str,
        there: Option<&Stack>,
        template: &str,
        parameters: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        if template.len() > LARGEST {
            bail!(
                "the template has {} bytes and CloudFormation takes {LARGEST}: the CSV has too many columns, or its \
                 partition key too many values",
                template.len()
            );
        }
        if let Some(there) = there {
            check_idle(stack, there)?;
        }
        let creates = there.is_none_or(|there| there.stack_status == "REVIEW_IN_PROGRESS");
        let name = format!("lakefront-{}", Ulid::generate().to_string().to_lowercase());
        let request = ChangeSetRequest { stack, name: &name, template, creates, parameters };
        aws.create_change_set(&request).await.map_err(told)?;
        let mut planned = Self { stack: stack.to_owned(), name, creates, changes: Vec::new() };
        match planned.settled(aws).await {
            Ok(set) if set.is_empty() => {
                planned.discard(aws).await?;
                Ok(planned)
            }
            Ok(set) if set.status == "CREATE_COMPLETE" => {
                planned.changes = set.changes;
                Ok(planned)
            }
            Ok(set) => {
                let _ = planned.discard(aws).await;
                bail!("CloudFormation refuses the template: {}", set.reason.unwrap_or(set.status))
            }
            Err(error) => {
                let _ = planned.discard(aws).await;
                Err(error)
            }
        }
    }

    async fn settled(&self, aws: &Aws) -> anyhow::Result<ChangeSet> {
        let until = Instant::now() + PLANNING;
        let mut pause = PAUSE;
        loop {
            let set = aws.change_set(&self.stack, &self.name).await.map_err(told)?;
            if !set.is_pending() {
                return Ok(set);
            }
            if Instant::now() > until {
                bail!("CloudFormation has no change set after {} s; try again", PLANNING.as_secs());
            }
            wait(&mut pause).await;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Takes the change set away again, and the empty stack that came with it.
    pub async fn discard(&self, aws: &Aws) -> anyhow::Result<()> {
        aws.delete_change_set(&self.stack, &self.name).await.map_err(told)?;
        if self.creates
            && let Some(there) = aws.stack(&self.stack).await.map_err(told)?
            && there.stack_status == "REVIEW_IN_PROGRESS"
        {
            aws.delete_stack(&there.stack_id, &self.name).await.map_err(told)?;
            let until = Instant::now() + EMPTY_STACK;
            let mut pause = PAUSE;
            // The next plan finds nothing half gone.
            while Instant::now() < until
                && let Some(there) = aws.stack(&there.stack_id).await.map_err(told)?
                && there.stack_status != "DELETE_COMPLETE"
            {
                wait(&mut pause).await;
            }
        }
        Ok(())
    }

    /// Makes the change and tells of each resource.
    pub async fn execute(&self, aws: &Aws, tell: Tell<'_>) -> anyhow::Result<Stack> {
        let mut told_of = Telling::since_now(aws, &self.stack, tell).await?;
        aws.execute_change_set(&self.stack, &self.name).await.map_err(told)?;
        let done = if self.creates { "CREATE_COMPLETE" } else { "UPDATE_COMPLETE" };
        let ended = told_of.until_it_ends().await?;
        match ended {
            Some(stack) if stack.stack_status == done => Ok(stack),
            _ => Err(told_of.failure("the stack could not be brought to the template")),
        }
    }
}

/// Deletes a stack and tells of each resource.
pub async fn delete(aws: &Aws, stack: &Stack, tell: Tell<'_>) -> anyhow::Result<()> {
    let id = &stack.stack_id;
    let mut told_of = Telling::since_now(aws, id, tell).await?;
    aws.delete_stack(id, &format!("lakefront-{}", Ulid::generate())).await.map_err(told)?;
    match told_of.until_it_ends().await? {
        None => Ok(()),
        Some(stack) if stack.stack_status == "DELETE_COMPLETE" => Ok(()),
        Some(_) => Err(told_of.failure("the stack could not be deleted")),
    }
}

/// What differs from the template.
pub async fn drift(aws: &Aws, stack: &str) -> anyhow::Result<Vec<ResourceDrift>> {
    let detection = aws.detect_stack_drift(stack).await.map_err(told)?;
    let until = Instant::now() + PLANNING;
    let mut pause = PAUSE;
    loop {
        let status = aws.stack_drift_status(&detection).await.map_err(told)?;
        match status.detection_status.as_str() {
            "DETECTION_COMPLETE" => break,
            "DETECTION_IN_PROGRESS" if Instant::now() < until => wait(&mut pause).await,
            "DETECTION_IN_PROGRESS" => bail!("CloudFormation still compares after {} s; try again", PLANNING.as_secs()),
            _ => bail!(
                "CloudFormation could not compare all resources: {}",
                status.detection_status_reason.unwrap_or(status.detection_status)
            ),
        }
    }
    aws.stack_resource_drifts(stack).await.map_err(told)
}

fn check_idle(name: &str, stack: &Stack) -> anyhow::Result<()> {
    let status = stack.stack_status.as_str();
    if status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS" {
        bail!("the stack {name} is being changed ({status}); wait until that is done");
    }
    if matches!(status, "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED") {
        bail!("the stack {name} was never whole ({status}); take it away first: lakefront setup aws destroy");
    }
    Ok(())
}

/// Follows the events of a stack.
struct Telling<'a> {
    aws: &'a Aws,
    stack: &'a str,
    tell: Tell<'a>,
    seen: HashSet<String>,
    failures: Vec<StackEvent>,
    /// The stack's own last event has come.
    ended: bool,
    began: Instant,
}

impl<'a> Telling<'a> {
    async fn since_now(aws: &'a Aws, stack: &'a str, tell: Tell<'a>) -> anyhow::Result<Self> {
        let before = aws.stack_events(stack).await.map_err(told)?;
        let seen = before.into_iter().map(|event| event.event_id).collect();
        Ok(Self { aws, stack, tell, seen, failures: Vec::new(), ended: false, began: Instant::now() })
    }

    /// The stack at its end; `None` if it is gone.
    async fn until_it_ends(&mut self) -> anyhow::Result<Option<Stack>> {
        let mut pause = PAUSE;
        loop {
            wait(&mut pause).await;
            let stack = self.aws.stack(self.stack).await.map_err(told)?;
            if let Some(stack) = &stack {
                // A stack that has just gone has no events any more.
                let events = self.aws.stack_events(self.stack).await.unwrap_or_default();
                self.tell_of(events);
                // For a moment the status may still be that of the change before.
                let too_early = !self.ended && self.began.elapsed() < FIRST_EVENT;
                if stack.stack_status.ends_with("_IN_PROGRESS") || too_early {
                    if self.began.elapsed() > CHANGING {
                        bail!("the stack is still at {} after an hour; look at it in the console", stack.stack_status);
                    }
                    continue;
                }
            }
            return Ok(stack);
        }
    }

    fn tell_of(&mut self, events: Vec<StackEvent>) {
        for event in events.into_iter().rev() {
            if !self.seen.insert(event.event_id.clone()) {
                continue;
            }
            let seconds = self.began.elapsed().as_secs();
            let StackEvent { name, resource_type, status, reason, .. } = &event;
            let reason = reason.as_deref().filter(|reason| !reason.is_empty());
            let reason = reason.map(|reason| format!("  {reason}")).unwrap_or_default();
            (self.tell)(&format!("  {seconds:>4} s  {status:<20}  {name} ({resource_type}){reason}"));
            let is_own = event.resource_type == "AWS::CloudFormation::Stack";
            self.ended |= is_own && !event.status.ends_with("_IN_PROGRESS");
            if event.status.ends_with("_FAILED") {
                self.failures.push(event);
            }
        }
    }

    /// The first failure is the cause; others were cancelled for it. What a policy lacks is said as a line to add.
    fn failure(&self, what: &str) -> anyhow::Error {
        let mut text = what.to_owned();
        for event in &self.failures {
            let Some(reason) = event.reason.as_deref().filter(|reason| !reason.is_empty()) else { continue };
            if reason.contains("cancelled") {
                continue;
            }
            text += &format!("; {}: {reason}", event.name);
            if let Some(missing) = missing_right(reason) {
                text += &format!(" Add to the policy: {}", missing.policy);
            }
        }
        anyhow::anyhow!(text)
    }
}

async fn wait(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 3 / 2).min(LONG_PAUSE);
}

/// `+ Bucket (AWS::S3::Bucket)`
pub struct Shown<'a>(pub &'a ResourceChange);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change = self.0;
        let (mark, word) = match (change.action.as_str(), change.replacement.as_deref()) {
            ("Add", _) => ("+", "added"),
            ("Remove", _) => ("-", "removed"),
            ("Modify", Some("True")) => ("!", "replaced"),
            ("Modify", Some("Conditional")) => ("~", "modified, perhaps replaced"),
            ("Modify", _) => ("~", "modified"),
            (other, _) => ("?", other),
        };
        write!(f, "{mark} {} ({}): {word}", change.name, change.resource_type)?;
        let properties = change.properties();
        if !properties.is_empty() {
            write!(f, ": {}", properties.join(", "))?;
        }
        Ok(())
    }
}
