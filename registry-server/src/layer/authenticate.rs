//! Who calls, and whether he may: decided on headers and path alone, before anything of the body is read.
//!
//! May not: look at resources. What a role may do is the contract's; which models there are for a key is the store's.

use super::Next;
use super::certificates::CertificateRoles;
use super::limits::Failures;
use super::method::{Infrastructure, infrastructure};
use crate::api::status;
use crate::domain::audit::Noted;
use crate::domain::caller::{Caller, Origin};
use crate::domain::legacy::LegacySecret;
use crate::domain::{Error, RequestId, Role, Secret};
use crate::listener::{ClientCertificate, Peer};
use crate::metrics::{self, Failure};
use crate::service::keyring::Keyring;
use axum::extract::Request;
use axum::response::Response;
use clap::ValueEnum;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use std::sync::Arc;

/// Who is let in.
#[derive(Debug, Clone)]
pub struct Access {
    /// To the methods of the contract.
    pub admission: Admission,
    /// To reflection.
    pub reflection: Reflection,
    /// What those are told who are not let in, and try again and again.
    pub failures: Failures,
    /// Where it is counted who was not let in.
    pub metrics: metrics::Access,
}

/// How callers are recognised.
#[derive(Debug, Clone)]
pub enum Admission {
    /// They are not: everybody who can connect may do everything.
    Everybody,
    /// By an API key or, without one, by a client certificate.
    Recognised(Keyring, Arc<CertificateRoles>),
}

/// Who may ask what the services look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Reflection {
    /// Everybody.
    Open,
    /// Whoever has credentials.
    Auth,
    /// Nobody: there is no such service.
    Off,
}

/// Headers that could be meant as credentials, and are not read.
const NOT_READ: [&str; 2] = ["authorization-bin", "x-api-key-bin"];

pub(super) async fn check(access: &Access, mut request: Request, next: impl Next) -> Response {
    let request_id = request.extensions().get().cloned().unwrap_or_else(RequestId::fresh);
    let asked = Asked::by(&request);
    let address = asked.origin.address;
    match access.admit(asked).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next(request).await
        }
        Err(error) => status::of(&access.failures.told(address, error), &request_id).into_http(),
    }
}

/// A secret that was sent.
enum Presented {
    /// In the form that this registry gives to secrets.
    Own(Secret),
    /// In any other: it can be one that another system made.
    Legacy(LegacySecret),
}

impl Presented {
    fn parse(text: &str) -> Option<Self> {
        Secret::parse(text).map(Self::Own).or_else(|| LegacySecret::parse(text).map(Self::Legacy))
    }
}

/// What is looked at of a request.
struct Asked {
    method: Option<Method>,
    infrastructure: Option<Infrastructure>,
    secret: Result<Option<Presented>, Error>,
    origin: Origin,
    certificate: Option<Arc<ClientCertificate>>,
    /// For the log and the audit log, also if he may not.
    noted: Option<Noted>,
}

impl Asked {
    fn by(request: &Request) -> Self {
        let path = request.uri().path();
        let (method, infrastructure) = (Method::from_path(path), infrastructure(path));
        let peer = request.extensions().get::<Peer>();
        Self {
            method,
            infrastructure,
            secret: secret(request.headers()),
            origin: origin(request),
            certificate: peer.and_then(|peer| peer.certificate.clone()),
            noted: request.extensions().get().cloned(),
        }
    }
}

impl Access {
    /// Who calls, if he may.
    async fn admit(&self, asked: Asked) -> Result<Arc<Caller>, Error> {
        let Asked { method, infrastructure, secret, origin, certificate, noted } = asked;
        let secret = secret.inspect_err(|_| self.metrics.failed(Failure::Malformed))?;
        let recognised = self.recognise(secret, certificate.as_deref(), origin).await;
        let caller = Arc::new(recognised.inspect_err(|error| self.count(error))?);
        if let Some(noted) = noted {
            noted.recognised(&caller);
        }
        let Some(method) = method else {
            return match infrastructure {
                Some(Infrastructure::Health) => Ok(caller),
                Some(Infrastructure::Reflection) if caller.role.is_some() || self.reflection == Reflection::Open => Ok(caller),
                Some(Infrastructure::Reflection) | None => {
                    self.metrics.failed(Failure::Missing);
                    Err(Error::Unauthenticated)
                }
            };
        };
        match (needed(method), caller.role) {
            (None, _) => Ok(caller),
            (Some(_), None) => {
                self.metrics.failed(Failure::Missing);
                Err(Error::Unauthenticated)
            }
            (Some(needed), Some(role)) if role.covers(needed) => Ok(caller),
            (Some(required), Some(_)) => {
                self.metrics.failed(Failure::Role);
                Err(Error::RoleRequired { required, method: method.name() })
            }
        }
    }

    /// A database that is away, and a caller who is told to wait, are no failure of credentials.
    fn count(&self, error: &Error) {
        if matches!(error, Error::Unauthenticated) {
            self.metrics.failed(Failure::Invalid);
        }
    }

    async fn recognise(
        &self,
        secret: Option<Presented>,
        certificate: Option<&ClientCertificate>,
        origin: Origin,
    ) -> Result<Caller, Error> {
        match &self.admission {
            Admission::Everybody => Ok(Caller::unchecked(origin)),
            Admission::Recognised(keyring, certificates) => match (secret, certificate) {
                (Some(Presented::Own(secret)), _) => keyring.recognise(&secret, origin).await,
                (Some(Presented::Legacy(secret)), _) => {
                    let address = origin.address;
                    keyring.recognise_legacy(&secret, origin, || self.failures.may_try(address)).await
                }
                (None, Some(certificate)) => {
                    let known = certificates.recognise(certificate, keyring.now(), &origin);
                    Ok(known.unwrap_or_else(|| Caller::nobody(origin)))
                }
                (None, None) => Ok(Caller::nobody(origin)),
            },
        }
    }
}

/// The role that a method needs; `None` if everybody may call it.
fn needed(method: Method) -> Option<Role> {
    match method.policy().min_role {
        pb::Role::Unspecified if method.policy().public => None,
        pb::Role::Viewer => Some(Role::Viewer),
        pb::Role::Operator => Some(Role::Operator),
        // A method that is neither public nor of a role does not get through the generator.
        pb::Role::Admin | pb::Role::Unspecified => Some(Role::Admin),
    }
}

/// Where a call comes from: the peer of the connection, whatever headers say of proxies before it.
pub(super) fn origin(request: &Request) -> Origin {
    let user_agent = request.headers().get(USER_AGENT).and_then(text);
    let address = request.extensions().get::<Peer>().map(|peer| peer.address.ip());
    Origin::new(address, user_agent)
}

/// The one secret in the headers, if there is one. More than one, or one that cannot be read, is a refusal: another reader
/// might choose differently.
fn secret(headers: &HeaderMap) -> Result<Option<Presented>, Error> {
    if NOT_READ.iter().any(|name| headers.contains_key(*name)) {
        return Err(Error::Unauthenticated);
    }
    let bearer = headers.get_all(AUTHORIZATION).iter().map(|value| text(value)?.strip_prefix("Bearer "));
    let key = headers.get_all("x-api-key").iter().map(text);
    let mut given = bearer.chain(key);
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(Some(only)), None) => Presented::parse(only).map(Some).ok_or(Error::Unauthenticated),
        _ => Err(Error::Unauthenticated),
    }
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}
