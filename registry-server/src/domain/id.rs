//! Identifiers: UUIDs that cannot be mistaken for one another.

use super::violation::Refused;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sea_orm::DeriveValueType)]
        pub struct $name(Uuid);

        impl $name {
            /// The id as a UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = Refused;
            fn from_str(text: &str) -> Result<Self, Refused> {
                Uuid::try_parse(text).map(Self).map_err(|_| Refused::new("STRING_UUID", "is not a UUID"))
            }
        }
    };
}

id! {
    /// Identifies a model for ever.
    ModelId
}
id! {
    /// Identifies a release for ever.
    ReleaseId
}
id! {
    /// Identifies an artifact for ever.
    ArtifactId
}
id! {
    /// Identifies bytes that the registry holds.
    ContentId
}
id! {
    /// Identifies bytes on their way to the registry.
    UploadId
}
id! {
    /// Identifies an import, so that it can go on.
    ImportId
}
id! {
    /// Identifies a deployment for ever.
    DeploymentId
}
id! {
    /// Identifies an API key for ever. It is the public part of the secret.
    ApiKeyId
}
id! {
    /// Identifies an entry of the audit log.
    AuditEntryId
}
id! {
    /// Identifies a registry: drawn once, when its database is created.
    RegistryId
}
