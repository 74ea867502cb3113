//! Which client certificates stand for callers, and what those may do: as the operator says. Verifies none; the handshake has.

use crate::domain::Role;
use crate::domain::caller::{Caller, Credential, Origin};
use crate::domain::name::Actor;
use crate::domain::{Scope, Timestamp};
use crate::listener::ClientCertificate;
use std::collections::BTreeMap;
use std::str::FromStr;

/// How long the name of an actor may be, and what is put before that of a certificate.
const LONGEST: usize = 255 - "cert:".len();
const KINDS: [&str; 4] = ["CN", "DNS", "URI", "EMAIL"];

/// A name in a certificate, and what whoever has it may do: `URI=spiffe://example.org/trainer:operator`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRole {
    name: String,
    role: Role,
}

impl FromStr for CertificateRole {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected KIND=NAME:ROLE, such as URI=spiffe://example.org/trainer:operator".to_owned();
        let (name, role) = text.rsplit_once(':').ok_or_else(expected)?;
        let (kind, plain) = name.split_once('=').ok_or_else(expected)?;
        if !KINDS.contains(&kind) || plain.is_empty() {
            return Err(format!("`{kind}` is no kind of name: it is one of {}", KINDS.join(", ")));
        }
        if name.chars().count() > LONGEST {
            return Err(format!("the name is longer than {LONGEST} characters"));
        }
        let role =
            role.to_ascii_uppercase().parse().map_err(|_| format!("`{role}` is no role: it is viewer, operator or admin"))?;
        Ok(Self { name: name.to_owned(), role })
    }
}

/// What certificates may do, by the names in them.
#[derive(Debug, Clone, Default)]
pub struct CertificateRoles(BTreeMap<String, Role>);

impl FromIterator<CertificateRole> for CertificateRoles {
    fn from_iter<T: IntoIterator<Item = CertificateRole>>(roles: T) -> Self {
        let mut least = BTreeMap::new();
        for CertificateRole { name, role } in roles {
            let known: &mut Role = least.entry(name).or_insert(role);
            *known = lesser(*known, role);
        }
        Self(least)
    }
}

impl CertificateRoles {
    /// Whom a certificate is for, if any of its names is known. Of several that are, the one that may do least counts.
    pub(super) fn recognise(&self, certificate: &ClientCertificate, now: Timestamp, origin: &Origin) -> Option<Caller> {
        let names = certificate.names.iter().map(ToString::to_string);
        let known = names.filter_map(|name| Some((*self.0.get(&name)?, name)));
        let (role, name) = known.reduce(|one, other| if lesser(one.0, other.0) == one.0 { one } else { other })?;
        (now <= certificate.not_after).then(|| Caller {
            actor: Actor::certificate(&name),
            role: Some(role),
            scope: Scope::everything(),
            credential: Credential::Certificate { until: certificate.not_after },
            origin: origin.clone(),
        })
    }
}

const fn lesser(one: Role, other: Role) -> Role {
    if one.covers(other) { other } else { one }
}
