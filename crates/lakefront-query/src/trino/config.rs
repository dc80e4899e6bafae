//! Where a Trino is and as whom it is called.

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
    /// Reads `http(s)://[user[:password]@]host[:port]/catalog`; user and password percent-encoded where they hold
    /// `:`, `/` or `@`. `INVALID_LOCATION` says what to change, without repeating the address: it may hold a password.
    pub fn parse(url: &str, jwt: Option<String>, ca_pem: Option<Vec<u8>>) -> Result<Self, QueryError> {
        let parsed = Url::parse(url.trim()).map_err(|_| invalid("The address of a Trino is no URL.", FORM))?;
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(invalid("The address of a Trino has no `?` and no `#`.", FORM));
        }
        let catalog = decoded(parsed.path().trim_matches('/'))?;
        if catalog.is_empty() || catalog.contains('/') {
            return Err(invalid("The address of a Trino ends with the name of one catalog.", FORM));
        }
        let password = parsed.password().map(decoded).transpose()?;
        let auth = match (password, jwt) {
            (None, None) => TrinoAuth::None,
            (Some(password), None) => TrinoAuth::Password(password),
            (None, Some(token)) => TrinoAuth::Jwt(token.trim().to_owned()),
            (Some(_), Some(_)) => {
                return Err(invalid("A Trino is given both a password and a token.", "Leave one of them out."));
            }
        };
        let mut user = decoded(parsed.username())?;
        if user.is_empty() && !matches!(auth, TrinoAuth::Jwt(_)) {
            DEFAULT_USER.clone_into(&mut user);
        }
        let config = Self { url: origin(&parsed)?, catalog, user, auth, ca_pem };
        config.checked_url()?;
        Ok(config)
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

const FORM: &str = "Write it as http(s)://[user[:password]@]host[:port]/catalog.";

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

    fn parse(url: &str) -> Result<TrinoConfig, QueryError> {
        TrinoConfig::parse(url, None, None)
    }

    #[test]
    fn an_address_names_host_catalog_and_user() {
        let config = parse("https://Ana%40x:p%3Aw@Trino.example/lake").unwrap();
        assert_eq!((config.url.as_str(), config.catalog.as_str()), ("https://trino.example:443", "lake"));
        assert_eq!((config.user.as_str(), &config.auth), ("Ana@x", &TrinoAuth::Password("p:w".to_owned())));

        let config = parse("http://[::1]:8080/lake/").unwrap();
        assert_eq!((config.url.as_str(), config.user.as_str()), ("http://[::1]:8080", "lakefront"));

        let config = TrinoConfig::parse("https://trino.example/lake", Some("a.b.c\n".to_owned()), None).unwrap();
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
            "http://ana:hunter2@trino.example/lake",
            "http://ana:hunter2@127.0.0.1:8080/lake",
            "https://ana%0a:hunter2@trino.example/lake",
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.code, "INVALID_LOCATION", "{url}");
            assert!(error.hint.is_some(), "{url}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        let both = TrinoConfig::parse("https://ana:hunter2@trino.example/lake", Some("a.b.c".to_owned()), None);
        assert_eq!(both.unwrap_err().code, "INVALID_LOCATION");
        let clear = TrinoConfig::parse("http://trino.example/lake", Some("a.b.c".to_owned()), None);
        assert_eq!(clear.unwrap_err().code, "INVALID_LOCATION");
    }

    #[test]
    fn secrets_are_not_printed() {
        let config = parse("https://ana:hunter2@trino.example/lake").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(!format!("{:?}", TrinoAuth::Jwt("hunter2".to_owned())).contains("hunter2"));
    }
}
