//! Where a Trino is and as whom it is called.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::QueryError;

/// Sent where neither the address nor a token names a user.
const DEFAULT_USER: &str = "lakefront";

/// One catalog of one Trino.
#[derive(Debug, Clone)]
pub struct TrinoConfig {
    /// `http(s)://host:port`; everything goes there and nowhere else.
    pub url: String,
    pub catalog: String,
    /// Whom statements run as. Empty, with a token: whom the token names.
    pub user: String,
    pub auth: TrinoAuth,
    /// Certificates (PEM) of authorities to trust besides the machine's.
    pub ca_pem: Option<Vec<u8>>,
    /// Session properties of every statement, as in [`TrinoSession::properties`](super::TrinoSession::properties).
    pub session: BTreeMap<String, String>,
}

/// How the user is proven. A password or token goes over https only.
#[derive(Clone, PartialEq, Eq)]
pub enum TrinoAuth {
    None,
    Password(String),
    Jwt(String),
}

impl fmt::Debug for TrinoAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrinoAuth::None => "None",
            TrinoAuth::Password(_) => "Password(…)",
            TrinoAuth::Jwt(_) => "Jwt(…)",
        })
    }
}

impl TrinoConfig {
    /// Reads `http(s)://[user@]host[:port]/catalog`; the user percent-encoded where it holds `:`, `/` or `@`. The secret
    /// comes beside the address: with a token and no user, statements run as whom the token names. `INVALID_LOCATION`
    /// says what to change, without repeating the address.
    pub fn parse(url: &str, auth: TrinoAuth, ca_pem: Option<Vec<u8>>) -> Result<Self, QueryError> {
        let parsed = Url::parse(url.trim()).map_err(|_| invalid("The address of a Trino is no URL.", FORM))?;
        if parsed.password().is_some() {
            return Err(invalid(
                "The address of a Trino holds a password, which would not stay secret there.",
                "Leave it out of the address, and add the catalog with the password in TRINO_PASSWORD: \
                 `lakefront catalog add NAME --trino URL` seals it.",
            ));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(invalid("The address of a Trino has no `?` and no `#`.", FORM));
        }
        let catalog = decoded(parsed.path().trim_matches('/'))?;
        if catalog.is_empty() || catalog.contains('/') {
            return Err(invalid("The address of a Trino ends with the name of one catalog.", FORM));
        }
        let auth = match auth {
            TrinoAuth::Jwt(token) => TrinoAuth::Jwt(token.trim().to_owned()),
            other => other,
        };
        let mut user = decoded(parsed.username())?;
        if user.is_empty() && !matches!(auth, TrinoAuth::Jwt(_)) {
            DEFAULT_USER.clone_into(&mut user);
        }
        let config = Self { url: origin(&parsed)?, catalog, user, auth, ca_pem, session: BTreeMap::new() };
        config.checked_url()?;
        Ok(config)
    }

    /// Whom its answers are for, without secrets: another user may see other rows.
    pub(crate) fn identity(&self) -> String {
        match (&self.auth, self.user.as_str()) {
            // Only the token says who it is.
            (TrinoAuth::Jwt(token), "") => format!("token {}", blake3::hash(token.as_bytes()).to_hex()),
            (auth, user) => format!("{auth:?} {user}"),
        }
    }

    /// The address, once everything fits together.
    pub(super) fn checked_url(&self) -> Result<Url, QueryError> {
        let url = Url::parse(&self.url).map_err(|_| invalid("The address of a Trino is no URL.", FORM))?;
        origin(&url)?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || !url.username().is_empty() {
            return Err(invalid("The address of a Trino's host has more than a host and a port.", FORM));
        }
        if self.catalog.is_empty() {
            return Err(invalid("A Trino has no catalog named.", FORM));
        }
        match &self.auth {
            TrinoAuth::None => {}
            TrinoAuth::Password(_) | TrinoAuth::Jwt(_) if url.scheme() != "https" => {
                return Err(invalid(
                    "A password or token for Trino would travel in the clear over http.",
                    "Write https:// and Trino's TLS port (often 8443), or leave the password and token out.",
                ));
            }
            TrinoAuth::Password(_) if self.user.is_empty() => {
                return Err(invalid("A password for Trino comes without a user.", FORM));
            }
            TrinoAuth::Password(_) | TrinoAuth::Jwt(_) => {}
        }
        if self.user.is_empty() && self.auth == TrinoAuth::None {
            return Err(invalid("A Trino is called without a user.", FORM));
        }
        Ok(url)
    }
}

const FORM: &str = "Write it as http(s)://[user@]host[:port]/catalog.";

pub(super) fn invalid(message: &str, hint: &str) -> QueryError {
    QueryError::user("INVALID_LOCATION", message).with_hint(hint)
}

fn origin(url: &Url) -> Result<String, QueryError> {
    let (scheme @ ("http" | "https"), Some(host), Some(port)) =
        (url.scheme(), url.host_str(), url.port_or_known_default())
    else {
        return Err(invalid("The address of a Trino begins with http:// or https:// and a host.", FORM));
    };
    Ok(format!("{scheme}://{host}:{port}"))
}

fn decoded(text: &str) -> Result<String, QueryError> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) if !text.chars().any(char::is_control) => Ok(text.into_owned()),
        _ => Err(invalid("The address of a Trino holds characters that no name has.", FORM)),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    fn parse(url: &str, auth: TrinoAuth) -> Result<TrinoConfig, QueryError> {
        TrinoConfig::parse(url, auth, None)
    }

    fn password() -> TrinoAuth {
        TrinoAuth::Password("hunter2".to_owned())
    }

    fn token() -> TrinoAuth {
        TrinoAuth::Jwt("a.b.c\n".to_owned())
    }

    #[test]
    fn an_address_names_host_catalog_and_user() {
        let config = parse("https://Ana%40x@Trino.example/lake", password()).unwrap();
        assert_eq!((config.url.as_str(), config.catalog.as_str()), ("https://trino.example:443", "lake"));
        assert_eq!((config.user.as_str(), &config.auth), ("Ana@x", &password()));

        let config = parse("http://[::1]:8080/lake/", TrinoAuth::None).unwrap();
        assert_eq!((config.url.as_str(), config.user.as_str()), ("http://[::1]:8080", "lakefront"));

        let config = parse("https://trino.example/lake", token()).unwrap();
        assert_eq!((config.user.as_str(), config.auth), ("", TrinoAuth::Jwt("a.b.c".to_owned())));
    }

    #[test]
    fn what_cannot_work_is_refused_without_repeating_the_password() {
        for url in [
            "trino.example/lake",
            "ftp://trino.example/lake",
            "https://trino.example",
            "https://trino.example/lake/sales",
            "https://trino.example/lake?ssl=false",
            "https://:hunter2@trino.example/",
            "https://ana:hunter2@trino.example/lake",
            "http://ana:hunter2@127.0.0.1:8080/lake",
            "https://ana%0a:hunter2@trino.example/lake",
        ] {
            for auth in [TrinoAuth::None, password(), token()] {
                let error = parse(url, auth).unwrap_err();
                assert_eq!(error.code, "INVALID_LOCATION", "{url}");
                assert!(error.hint.is_some(), "{url}");
                assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            }
        }
        for auth in [password(), token()] {
            assert_eq!(parse("http://ana@trino.example/lake", auth).unwrap_err().code, "INVALID_LOCATION");
        }
        let error = parse("https://ana:hunter2@trino.example/lake", TrinoAuth::None).unwrap_err();
        assert!(error.hint.unwrap().contains("TRINO_PASSWORD"));
    }

    #[test]
    fn who_asks_is_part_of_what_is_asked() {
        let asks = [
            parse("https://trino.example/lake", TrinoAuth::None),
            parse("https://ana@trino.example/lake", TrinoAuth::None),
            parse("https://ana@trino.example/lake", password()),
            parse("https://ana@trino.example/lake", token()),
            parse("https://trino.example/lake", token()),
            parse("https://trino.example/lake", TrinoAuth::Jwt("d.e.f".to_owned())),
        ];
        let identities: std::collections::BTreeSet<String> =
            asks.iter().map(|config| config.as_ref().unwrap().identity()).collect();
        assert_eq!(identities.len(), asks.len(), "{identities:?}");
        assert!(identities.iter().all(|identity| !identity.contains("hunter2") && !identity.contains("a.b.c")));
    }

    #[test]
    fn secrets_are_not_printed() {
        let config = parse("https://ana@trino.example/lake", password()).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(!format!("{:?}", TrinoAuth::Jwt("hunter2".to_owned())).contains("hunter2"));
    }
}
