//! What the registry is about: values, rules, transitions, commands and errors.
//!
//! A value has a private field, is parsed once and is its own proof afterwards. Formats and sizes are the
//! contract's (checked from the generated rules before anything gets here); what lives here is what no
//! format can say.
//!
//! May not: know tokio, tonic, generated messages or queries. SeaORM appears only as derives on values.

pub mod alias;
pub mod api_key;
pub mod artifact;
pub mod audit;
pub mod caller;
pub mod content;
pub mod context;
pub mod deployment;
pub mod document;
pub mod error;
pub mod event;
pub mod filter;
pub mod id;
pub mod import;
pub mod legacy;
pub mod limit;
pub mod model;
pub mod name;
pub mod page;
pub mod patch;
pub mod quota;
pub mod release;
pub mod retention;
pub mod revision;
pub mod role;
pub mod scope;
pub mod secret;
pub mod time;
pub mod training;
pub mod transfer;
pub mod upload;
pub mod violation;

pub use caller::Caller;
pub use context::{ChangeKey, Context, RequestId};
pub use error::{Error, Kind};
pub use id::{ApiKeyId, ArtifactId, AuditEntryId, ContentId, DeploymentId, ImportId, ModelId, RegistryId, ReleaseId, UploadId};
pub use limit::Limit;
pub use patch::Patch;
pub use quota::Quota;
pub use retention::Retention;
pub use revision::{Etag, Revision};
pub use role::Role;
pub use scope::Scope;
pub use secret::Secret;
pub use time::{Clock, Timestamp};
pub use violation::{Refused, Violation, Violations};

/// A closed set of words that is stored as text: parses what the database holds, refuses the rest.
macro_rules! closed_set {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sea_orm::DeriveValueType)]
        #[sea_orm(value_type = "String")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// The word that is stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::Refused;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::domain::Refused::new("ENUM", format!("`{word}` is not a {}", stringify!($name)))),
                }
            }
        }
    };
}
pub(crate) use closed_set;
