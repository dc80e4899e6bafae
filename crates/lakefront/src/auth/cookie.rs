//! The session cookie.

use axum::http::{HeaderMap, HeaderValue, header};

/// `__Host-lakefront` with `Secure` where people come by https; a plain name where there is no TLS.
#[derive(Debug, Clone, Copy)]
pub struct SessionCookie {
    secure: bool,
}

impl SessionCookie {
    pub fn new(secure: bool) -> Self {
        Self { secure }
    }

    fn name(self) -> &'static str {
        if self.secure { "__Host-lakefront" } else { "lakefront" }
    }

    pub fn read(self, headers: &HeaderMap) -> Option<&str> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies
            .flat_map(|value| value.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(self.name())?.strip_prefix('='))
    }

    pub fn set(self, secret: &str) -> HeaderValue {
        self.header(&format!("{}={secret}; Path=/; HttpOnly; SameSite=Lax", self.name()))
    }

    pub fn clear(self) -> HeaderValue {
        self.header(&format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", self.name()))
    }

    fn header(self, text: &str) -> HeaderValue {
        let text = if self.secure { format!("{text}; Secure") } else { text.to_owned() };
        let mut value = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}
