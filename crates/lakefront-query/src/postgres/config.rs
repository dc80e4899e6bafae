//! Where a database is, as whom it is read, and how the line to it is kept safe.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::QueryError;

const DEFAULT_PORT: u16 = 5432;

/// One database of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresConfig {
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    pub password: Option<PostgresPassword>,
    /// With a certificate that is checked, name included. Without it everything travels in the clear.
    pub tls: bool,
    pub channel_binding: ChannelBinding,
    /// Certificates (PEM) of authorities to trust besides the machine's.
    pub ca_pem: Option<Vec<u8>>,
    /// Where there is more in the database than may be read.
    pub confined: Option<Confined>,
}

/// What alone may be read: the tables, but no views, of one schema, as a role that can read nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confined {
    pub schema: String,
    pub role: String,
}

/// Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresPassword(pub String);

/// Whether signing in proves that the certificate is the server's own (SCRAM-SHA-256-PLUS).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ChannelBinding {
    Disable,
    #[default]
    Prefer,
    Require,
}

impl fmt::Debug for PostgresPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresPassword(…)")
    }
}

impl PostgresConfig {
    /// Reads `postgres://user[:password]@host[:port]/database[?sslmode=…&channel_binding=…]`; user and password
    /// percent-encoded where they hold `:`, `/` or `@`. `INVALID_LOCATION` says what to change, without repeating the
    /// address: it may hold a password.
    pub fn parse(url: &str, ca_pem: Option<Vec<u8>>) -> Result<Self, QueryError> {
        let parsed = Url::parse(url.trim()).map_err(|_| invalid("The address of a PostgreSQL is no URL.", FORM))?;
        if !matches!(parsed.scheme(), "postgres" | "postgresql") {
            return Err(invalid("The address of a PostgreSQL begins with postgres://.", FORM));
        }
        let host = decoded(parsed.host_str().unwrap_or_default())?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() || host.contains('/') {
            return Err(invalid("The address of a PostgreSQL names no host.", FORM));
        }
        let user = decoded(parsed.username())?;
        if user.is_empty() {
            return Err(invalid("The address of a PostgreSQL names no user.", FORM));
        }
        let database = decoded(parsed.path().trim_start_matches('/'))?;
        if database.is_empty() || parsed.fragment().is_some() {
            return Err(invalid("The address of a PostgreSQL ends with the name of one database.", FORM));
        }
        let password = parsed.password().map(decoded).transpose()?.filter(|password| !password.is_empty());
        let mut config = Self {
            tls: !is_loopback(&host),
            host,
            port: parsed.port().unwrap_or(DEFAULT_PORT),
            database,
            user,
            password: password.map(PostgresPassword),
            channel_binding: ChannelBinding::default(),
            ca_pem,
            confined: None,
        };
        if config.ca_pem.is_some() {
            config.tls = true;
        }
        for (name, value) in parsed.query_pairs() {
            config.option(&name, &value)?;
        }
        config.check()?;
        Ok(config)
    }

    fn option(&mut self, name: &str, value: &str) -> Result<(), QueryError> {
        match (name, value) {
            ("sslmode", "disable") => self.tls = false,
            // One kind of TLS: a line whose other end nobody checked is as open as one without.
            ("sslmode", "require" | "verify-ca" | "verify-full") => self.tls = true,
            ("sslmode", _) => {
                return Err(invalid(
                    "This sslmode would let somebody on the way decide whether there is TLS.",
                    "Write sslmode=verify-full, or sslmode=disable where the line is safe as it is.",
                ));
            }
            ("channel_binding", "disable") => self.channel_binding = ChannelBinding::Disable,
            ("channel_binding", "prefer") => self.channel_binding = ChannelBinding::Prefer,
            ("channel_binding", "require") => self.channel_binding = ChannelBinding::Require,
            ("channel_binding", _) => {
                return Err(invalid("This channel_binding is unknown.", "It is disable, prefer or require."));
            }
            ("application_name" | "connect_timeout", _) => {}
            _ => {
                return Err(invalid(
                    &format!("The address of a PostgreSQL has the option `{name}`, which is not known here."),
                    "Options are sslmode and channel_binding.",
                ));
            }
        }
        Ok(())
    }

    /// `INVALID_LOCATION` where the settings contradict each other.
    pub(super) fn check(&self) -> Result<(), QueryError> {
        if !self.tls && self.channel_binding == ChannelBinding::Require {
            return Err(invalid(
                "Channel binding binds to a TLS line, and there is none.",
                "Write sslmode=verify-full, or leave channel_binding out.",
            ));
        }
        if !self.tls && self.ca_pem.is_some() {
            return Err(invalid("An authority is given for a line without TLS.", "Leave sslmode=disable out."));
        }
        Ok(())
    }

    /// Where it is, without user and secrets.
    pub fn location(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("postgres://{host}:{}/{}", self.port, self.database)
    }

    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

/// An address without its password.
pub fn without_password(url: &str) -> Result<String, QueryError> {
    let mut url = Url::parse(url.trim()).map_err(|_| invalid("The address of a PostgreSQL is no URL.", FORM))?;
    url.set_password(None).map_err(|()| invalid("The address of a PostgreSQL names no host.", FORM))?;
    Ok(url.into())
}

const FORM: &str =
    "Write it as postgres://user[:password]@host[:port]/database[?sslmode=verify-full&channel_binding=require].";

pub(super) fn invalid(message: &str, hint: &str) -> QueryError {
    QueryError::user("INVALID_LOCATION", message).with_hint(hint)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn decoded(text: &str) -> Result<String, QueryError> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) if !text.chars().any(char::is_control) => Ok(text.into_owned()),
        _ => Err(invalid("The address of a PostgreSQL holds characters that no name has.", FORM)),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    fn parse(url: &str) -> Result<PostgresConfig, QueryError> {
        PostgresConfig::parse(url, None)
    }

    #[test]
    fn an_address_names_host_database_and_user() {
        let config = parse("postgres://ana%40x:p%3Aw@db.example/shop?sslmode=require&channel_binding=require").unwrap();
        assert_eq!((config.host.as_str(), config.port, config.database.as_str()), ("db.example", 5432, "shop"));
        assert_eq!((config.user.as_str(), config.password), ("ana@x", Some(PostgresPassword("p:w".to_owned()))));
        assert_eq!((config.tls, config.channel_binding), (true, ChannelBinding::Require));

        let config = parse("postgresql://ana@[::1]:6432/shop").unwrap();
        assert_eq!((config.host.as_str(), config.tls), ("::1", false));
        assert_eq!(config.location(), "postgres://[::1]:6432/shop");
        assert!(parse("postgres://ana@db.example/shop").unwrap().tls);
        assert!(!parse("postgres://ana@db.example/shop?sslmode=disable").unwrap().tls);
    }

    #[test]
    fn what_cannot_work_is_refused_without_repeating_the_password() {
        for url in [
            "db.example/shop",
            "mysql://ana:hunter2@db.example/shop",
            "postgres://ana:hunter2@db.example",
            "postgres://:hunter2@db.example/shop",
            "postgres:///shop?user=hunter2",
            "postgres://ana:hunter2@db.example/shop?sslmode=prefer",
            "postgres://ana:hunter2@db.example/shop?sslmode=disable&channel_binding=require",
            "postgres://ana:hunter2@db.example/shop?options=-csearch_path%3Dx",
            "postgres://ana%0a:hunter2@db.example/shop",
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.code, "INVALID_LOCATION", "{url}");
            assert!(error.hint.is_some(), "{url}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn passwords_are_not_printed_and_not_kept_in_the_address() {
        let config = parse("postgres://ana:hunter2@db.example/shop").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        let kept = without_password("postgres://ana:hunter2@db.example/shop?sslmode=require").unwrap();
        assert_eq!(kept, "postgres://ana@db.example/shop?sslmode=require");
    }
}
