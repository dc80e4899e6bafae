//! An Athena workgroup: where its results go, and what it lets a query read.

use serde::Deserialize;
use serde_json::json;

use super::{Check, Mend, Steps, timed};
use crate::aws::{Aws, AwsError};
use crate::estimate::human;
use crate::{ErrorKind, QueryError};

const CUTOFF: &str = "Limit per query";
/// Athena takes no smaller one.
const LEAST_CUTOFF: u64 = 10_000_000;

impl Aws {
    /// Lets a workgroup end each query after so many bytes, whoever runs it; ten megabytes at least. Answers the limit.
    pub async fn limit_workgroup(&self, workgroup: &str, bytes: u64) -> Result<u64, AwsError> {
        let bytes = bytes.max(LEAST_CUTOFF);
        let updates = json!({"BytesScannedCutoffPerQuery": bytes});
        let call = json!({"WorkGroup": workgroup, "ConfigurationUpdates": updates});
        self.athena::<serde::de::IgnoredAny>("UpdateWorkGroup", &call).await?;
        Ok(bytes)
    }
}

impl Steps<'_> {
    /// The place that the workgroup writes results to.
    pub(super) async fn workgroup(
        &mut self,
        workgroup: &str,
        run_limit: Option<u64>,
        has_output: bool,
    ) -> Option<String> {
        let name = "athena:GetWorkGroup";
        let arn = self.workgroup_arn(workgroup);
        let call = json!({"WorkGroup": workgroup});
        let answer: Result<WorkGroupAnswer, _> = timed(name, self.aws.athena("GetWorkGroup", &call)).await;
        let WorkGroup { state, configuration } = match answer {
            Ok(answer) => answer.work_group,
            Err(error) => {
                self.failed(name, error, &[arn]);
                return None;
            }
        };
        let configuration = configuration.unwrap_or_default();
        if state.as_deref() == Some("DISABLED") {
            let message = format!("The workgroup {workgroup} is disabled.");
            let error = QueryError::new("FORBIDDEN", ErrorKind::Forbidden, message)
                .with_hint("Enable it in Athena, or name another one.");
            self.checks.push(Check::failed(name, error));
            return None;
        }
        let output = configuration.result_configuration.and_then(|results| results.output_location);
        let managed = configuration.managed_query_results_configuration.is_some_and(|managed| managed.enabled);
        let mut detail = format!("{workgroup} is enabled");
        let mut say = |text: String| {
            detail.push_str(", ");
            detail.push_str(&text);
        };
        if let Some(engine) = configuration.engine_version.and_then(|engine| engine.effective_engine_version) {
            say(engine);
        }
        match (&output, managed) {
            (_, true) => say("Athena keeps the results".to_owned()),
            (Some(output), _) => say(format!("results go to {output}")),
            (None, _) => say("it names no place for results".to_owned()),
        }
        let enforced = configuration.enforce_work_group_configuration.unwrap_or(false);
        if enforced {
            say("its settings are enforced".to_owned());
        }
        match configuration.bytes_scanned_cutoff_per_query {
            Some(bytes) => say(format!("a query ends after {bytes} bytes")),
            None => say("no limit per query".to_owned()),
        }
        if output.is_none() && !managed && !has_output {
            let message = format!("{detail}.");
            let error = QueryError::user("INVALID_PARAMETER", message)
                .with_hint("Give the connection a place for results (--output s3://bucket/prefix/), or the workgroup.");
            self.checks.push(Check::failed(name, error));
            return None;
        }
        self.passed(name, detail);
        self.cutoff(workgroup, configuration.bytes_scanned_cutoff_per_query, run_limit);
        if managed { None } else { output.filter(|_| enforced || !has_output) }
    }

    /// Whether the workgroup ends what Lakefront would not begin. Others who use it may want another limit, so this is
    /// no failure.
    fn cutoff(&mut self, workgroup: &str, cutoff: Option<u64>, run_limit: Option<u64>) {
        let said = match cutoff {
            Some(bytes) => format!("the workgroup ends a query after {}", human(bytes)),
            None => "the workgroup ends no query".to_owned(),
        };
        let Some(limit) = run_limit else {
            if cutoff.is_none() {
                let hint =
                    "Nothing limits what one query reads. Set query.max_scan_bytes, or a budget for single runs.";
                let check = Check::passed(CUTOFF, format!("{said}, and one run here may read what it likes"));
                self.checks.push(Check { hint: Some(hint.to_owned()), ..check });
            }
            return;
        };
        let wanted = limit.max(LEAST_CUTOFF);
        let in_step = cutoff.is_some_and(|cutoff| cutoff <= wanted);
        let hint = (!in_step).then(|| {
            format!(
                "It holds whatever a client does. Bring it into step: lakefront catalog limit-workgroup NAME, or with the \
                 right athena:UpdateWorkGroup on {}: aws athena update-work-group --region {} --work-group {workgroup} \
                 --configuration-updates BytesScannedCutoffPerQuery={wanted}",
                self.workgroup_arn(workgroup),
                self.aws.region(),
            )
        });
        let check = Check::passed(CUTOFF, format!("{said}; one run here may read {}", human(limit)));
        self.checks.push(Check { hint, mend: (!in_step).then_some(Mend::LimitWorkgroup), ..check });
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WorkGroupAnswer {
    work_group: WorkGroup,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WorkGroup {
    state: Option<String>,
    configuration: Option<WorkGroupConfiguration>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WorkGroupConfiguration {
    enforce_work_group_configuration: Option<bool>,
    bytes_scanned_cutoff_per_query: Option<u64>,
    result_configuration: Option<ResultConfiguration>,
    engine_version: Option<EngineVersion>,
    managed_query_results_configuration: Option<ManagedResults>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResultConfiguration {
    output_location: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EngineVersion {
    effective_engine_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ManagedResults {
    #[serde(default)]
    enabled: bool,
}
