//! Who calls, and what they may. A handler asks for [`Can<RunSql>`] and the like in its signature; one that forgot
//! has no [`Actor`], and without an actor's scope the store answers nothing.

mod attempts;
mod cookie;
pub mod key;
pub mod password;

use std::convert::Infallible;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;

use axum::extract::{ConnectInfo, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use lakefront_query::{Origin, Principal, Request};
use lakefront_store::{Access, AuditRecord, Outcome, Role, Scope, TokenScope, User};
use serde_json::json;

use crate::app::{App, system};
use crate::config::Network;
use crate::error::Problem;

pub use attempts::Attempts;
pub use cookie::SessionCookie;

/// Someone who is signed in, or a program with their token.
#[derive(Debug, Clone)]
pub struct Actor {
    pub user: User,
    pub scope: Scope,
    /// The session's id; `None` for a token.
    pub session: Option<ulid::Ulid>,
    /// The API token's id; `None` for a session.
    pub token: Option<ulid::Ulid>,
}

impl Actor {
    /// Someone on whose behalf the product acts while they are away.
    pub fn absent(user: User) -> Self {
        let scope = Scope::User { id: user.id, role: user.role, access: Access::Session, address: None };
        Self { user, scope, session: None, token: None }
    }

    /// Whoever reads a public dashboard. It passes no [`Permission`]: only what asks for nobody acts as it.
    pub fn public() -> Self {
        Self { user: User::public(), scope: Scope::Public, session: None, token: None }
    }

    pub fn principal(&self) -> Principal {
        principal(&self.user)
    }

    /// A statement of the caller.
    pub fn request(&self, sql: String) -> Request {
        let origin = Origin { token: self.token.map(|id| id.to_string()), ..Origin::default() };
        let may_prepare = self.holds(TokenScope::Write);
        Request { origin, may_prepare, ..Request::new(self.principal(), sql) }
    }

    /// Whether the caller holds `scope`; a session holds all that its role allows.
    fn holds(&self, scope: TokenScope) -> bool {
        match &self.scope {
            Scope::User { access, .. } => access.allows(scope),
            Scope::Public => false,
            Scope::System(_) => true,
        }
    }
}

/// On behalf of whom the store is asked for what a statement needs.
pub fn scope_of(principal: &Principal) -> Scope {
    match principal.id.parse() {
        Ok(User::PUBLIC) => Scope::Public,
        Ok(id) => Scope::User { id, role: role_of(principal), access: Access::Session, address: None },
        Err(_) => system("statement"),
    }
}

pub fn role_of(principal: &Principal) -> Role {
    match principal.role {
        lakefront_query::Role::Viewer => Role::Viewer,
        lakefront_query::Role::Editor => Role::Editor,
        lakefront_query::Role::Admin => Role::Admin,
    }
}

/// Who statements of `user` run as.
pub fn principal(user: &User) -> Principal {
    let role = match user.role {
        Role::Viewer => lakefront_query::Role::Viewer,
        Role::Editor => lakefront_query::Role::Editor,
        Role::Admin => lakefront_query::Role::Admin,
    };
    Principal { id: user.id.to_string(), name: user.name.clone(), role, groups: user.groups.clone() }
}

/// Something a role and a token's scopes may allow. `NAME` stands as `x-permission` in the OpenAPI document.
pub trait Permission: Send + Sync + 'static {
    const NAME: &'static str;
    fn allows(actor: &Actor) -> bool;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $role:ident, $scope:ident;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl Permission for $name {
            const NAME: &'static str = $text;

            fn allows(actor: &Actor) -> bool {
                actor.user.role >= Role::$role && actor.holds(TokenScope::$scope)
            }
        }
    )*};
}

permissions! {
    /// Looks at catalogs, saved objects and one's own things.
    Read = "read", Viewer, Read;
    /// Runs statements.
    RunSql = "run_sql", Viewer, Read;
    /// Changes one's own stars and preferences.
    Personalise = "personalise", Viewer, Write;
    /// Changes saved objects.
    EditSaved = "edit_saved", Editor, Write;
    /// Manages people and catalogs, reads audit and metrics.
    Administer = "administer", Admin, Admin;
}

/// Manages one's own access: tokens, sessions, password. In a session only; a token can't make itself stronger.
pub struct ManageAccess;

impl Permission for ManageAccess {
    const NAME: &'static str = "manage_access";

    fn allows(actor: &Actor) -> bool {
        matches!(actor.scope, Scope::User { access: Access::Session, .. })
    }
}

/// Lets someone in by a link. For administrators in a session only: a link is a way to become somebody.
pub struct Invite;

impl Permission for Invite {
    const NAME: &'static str = "invite";

    fn allows(actor: &Actor) -> bool {
        ManageAccess::allows(actor) && Administer::allows(actor)
    }
}

/// An actor who may do `P`.
pub struct Can<P>(pub Actor, PhantomData<P>);

impl<P> Deref for Can<P> {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl<P: Permission> FromRequestParts<App> for Can<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let actor = <Actor as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        if P::allows(&actor) {
            return Ok(Self(actor, PhantomData));
        }
        let record = AuditRecord {
            action: format!("{}.refused", P::NAME),
            target: parts.uri.path().to_owned(),
            outcome: Outcome::Refused,
            detail: json!({"method": parts.method.as_str()}),
            address: None,
        };
        if let Err(error) = app.store.record_audit(&actor.scope, record).await {
            tracing::error!(%error, "a refusal could not be recorded: {error}");
        }
        Err(Problem::forbidden("You may not do this.")
            .with_hint("An administrator can give you a role or a token that allows it."))
    }
}

impl FromRequestParts<App> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        <Self as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?.ok_or_else(Problem::unauthorized)
    }
}

impl OptionalFromRequestParts<App> for Actor {
    type Rejection = Problem;

    /// `None` without credentials, and with a cookie that is no longer good; a bad token is an error.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Problem> {
        let address = client_address(parts, app);
        let system = Scope::System("sign-in");
        if parts.headers.contains_key(header::AUTHORIZATION) {
            let secret = bearer(&parts.headers).ok_or_else(Problem::unauthorized)?;
            return match app.store.api_token(&system, secret).await {
                Ok((user, token)) => {
                    let scope = token.scope(&user, Some(address.to_string()));
                    Ok(Some(Self { user, scope, session: None, token: Some(token.id) }))
                }
                Err(lakefront_store::StoreError::NotFound(_)) => {
                    Err(app.attempts.failed(address).err().unwrap_or_else(Problem::unauthorized))
                }
                Err(error) => Err(error.into()),
            };
        }
        let Some(secret) = app.cookie.read(&parts.headers) else { return Ok(None) };
        match app.store.session(&system, secret).await {
            Ok(session) => {
                let scope = session.scope(Some(address.to_string()));
                Ok(Some(Self { user: session.user, scope, session: Some(session.id), token: None }))
            }
            Err(lakefront_store::StoreError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The token of `Authorization: Bearer lf_…`. Query strings and other schemes are never looked at.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let secret = secret.trim();
    (scheme.eq_ignore_ascii_case("bearer") && secret.starts_with("lf_")).then_some(secret)
}

/// The caller's address.
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self(client_address(parts, app)))
    }
}

/// The caller's address. What `X-Forwarded-For` says counts only as far as trusted proxies wrote it.
pub fn client_address(parts: &Parts, app: &App) -> IpAddr {
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from([127, 0, 0, 1]), |info| info.0.ip().to_canonical());
    behind(&app.settings.server.trusted_proxies, peer, &parts.headers)
}

/// Who spoke to the proxies in a row before `peer`. Where one of them wrote no address, what stands before is anybody's.
fn behind(proxies: &[Network], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let trusted = |address: &IpAddr| proxies.iter().any(|network| network.contains(*address));
    if !trusted(&peer) {
        return peer;
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().rev();
    let hops = forwarded.flat_map(|value| value.to_str().unwrap_or("?").rsplit(','));
    hops.map_while(|hop| address(hop.trim())).find(|hop| !trusted(hop)).unwrap_or(peer)
}

/// Some proxies write the port too: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.parse().or_else(|_| hop.parse().map(|socket: SocketAddr| socket.ip()));
    bare.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    #[test]
    fn an_address_counts_as_far_as_proxies_wrote_it() {
        let proxies = ["10.0.0.0/8", "::1"].map(|text| Network::try_from(text.to_owned()).unwrap());
        for (peer, forwarded, caller) in [
            ("203.0.113.1", &["192.0.2.1"][..], "203.0.113.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("::1", &["1.1.1.1, 192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            ("10.0.0.1", &["1.1.1.1", "192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["1.1.1.1, 192.0.2.1:4711"], "192.0.2.1"),
            ("10.0.0.1", &["[2001:db8::1]:4711, ::ffff:10.0.0.2"], "2001:db8::1"),
            // The proxy wrote something; what its client wrote before does not stand in for that.
            ("10.0.0.1", &["1.1.1.1, 192.0.2.1:"], "10.0.0.1"),
            ("10.0.0.1", &["1.1.1.1, unknown, 10.0.0.2"], "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            assert_eq!(behind(&proxies, peer.parse().unwrap(), &headers).to_string(), caller, "{forwarded:?}");
        }
    }
}
