//! What goes with a statement: for whom it runs, and its settings.

use std::collections::BTreeMap;
use std::time::Instant;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::QueryError;

/// The session property that makes Trino itself end a run whose client has gone silent.
const RUN_TIME: &str = "query_max_run_time";
/// Header values are lists with `,` and `=` in them; what stands in them is percent-encoded.
const IN_LIST: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b',').add(b'=').add(b'"').add(b'+').add(b'&');
const IN_TEXT: &AsciiSet = &CONTROLS.add(b'%');

/// The circumstances of one statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrinoSession {
    /// Resolves names written without a schema.
    pub schema: Option<String>,
    /// The person who asked. Trino's query page, event log and resource groups see the name as client information and
    /// as the client tag `person:NAME`; rights stay those of the configured user.
    pub on_behalf_of: Option<String>,
    /// Session properties. `query_max_run_time` is the time to the deadline unless it is set here; set to nothing, it
    /// is not sent, for a Trino that lets nobody set it.
    pub properties: BTreeMap<String, String>,
}

impl TrinoSession {
    pub(super) fn headers(&self, catalog: &str, deadline: Instant) -> Result<HeaderMap, QueryError> {
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| {
            // A header takes other letters too, as bytes of no known encoding.
            let sendable = Some(value).filter(|value| value.is_ascii());
            let value =
                sendable.and_then(|value| HeaderValue::from_str(value).ok()).ok_or_else(|| unsendable(value))?;
            headers.append(HeaderName::from_static(name), value);
            Ok::<(), QueryError>(())
        };
        set("x-trino-source", "lakefront")?;
        set("x-trino-time-zone", "UTC")?;
        // Otherwise Trino cuts every time and timestamp to milliseconds.
        set("x-trino-client-capabilities", "PARAMETRIC_DATETIME")?;
        // Trino decodes neither of these.
        set("x-trino-catalog", catalog)?;
        if let Some(schema) = &self.schema {
            set("x-trino-schema", schema)?;
        }
        match &self.on_behalf_of {
            Some(person) => {
                set("x-trino-client-info", &encoded(person, IN_TEXT))?;
                set("x-trino-client-tags", &format!("lakefront,person:{}", encoded(person, IN_LIST)))?;
            }
            None => set("x-trino-client-tags", "lakefront")?,
        }
        let left = deadline.saturating_duration_since(Instant::now()).as_secs() + 1;
        let mut properties = self.properties.clone();
        properties.entry(RUN_TIME.to_owned()).or_insert_with(|| format!("{left}s"));
        for (name, value) in properties.iter().filter(|(name, value)| *name != RUN_TIME || !value.is_empty()) {
            set("x-trino-session", &format!("{}={}", encoded(name, IN_LIST), encoded(value, IN_LIST)))?;
        }
        Ok(headers)
    }
}

fn unsendable(name: &str) -> QueryError {
    QueryError::user("NOT_SUPPORTED", format!("The name \"{name}\" can't be sent to Trino as a default."))
        .with_hint("Write the names of tables out: catalog.schema.table.")
}

fn encoded(text: &str, set: &'static AsciiSet) -> String {
    utf8_percent_encode(text, set).to_string()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use std::time::Duration;

    use super::*;

    fn sent(session: &TrinoSession) -> Vec<String> {
        let headers = session.headers("lake", Instant::now() + Duration::from_secs(60)).unwrap();
        let mut sent: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        sent.sort_unstable();
        sent
    }

    #[test]
    fn a_name_stays_one_name_in_every_header() {
        let session = TrinoSession {
            schema: Some("sales".to_owned()),
            on_behalf_of: Some("Žofie O'Neil, Ops".to_owned()),
            properties: BTreeMap::from([("join_distribution_type".to_owned(), "A,B=1".to_owned())]),
        };
        assert_eq!(
            sent(&session),
            [
                "x-trino-catalog: lake",
                "x-trino-client-capabilities: PARAMETRIC_DATETIME",
                "x-trino-client-info: %C5%BDofie O'Neil, Ops",
                "x-trino-client-tags: lakefront,person:%C5%BDofie%20O'Neil%2C%20Ops",
                "x-trino-schema: sales",
                "x-trino-session: join_distribution_type=A%2CB%3D1",
                "x-trino-session: query_max_run_time=60s",
                "x-trino-source: lakefront",
                "x-trino-time-zone: UTC",
            ]
        );
    }

    #[test]
    fn a_schema_that_no_header_can_hold_is_refused() {
        for schema in ["žofie", "a\nb"] {
            let session = TrinoSession { schema: Some(schema.to_owned()), ..TrinoSession::default() };
            assert_eq!(session.headers("lake", Instant::now()).unwrap_err().code, "NOT_SUPPORTED", "{schema}");
        }
    }

    #[test]
    fn the_run_time_can_be_set_or_left_to_trino() {
        let with = |value: &str| TrinoSession {
            properties: BTreeMap::from([(RUN_TIME.to_owned(), value.to_owned())]),
            ..TrinoSession::default()
        };
        assert!(sent(&with("5m")).contains(&"x-trino-session: query_max_run_time=5m".to_owned()));
        assert!(!sent(&with("")).iter().any(|header| header.contains(RUN_TIME)));
    }
}
