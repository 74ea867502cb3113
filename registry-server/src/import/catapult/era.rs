//! Which of the three eras of Catapult a database is of: told by its tables and their columns, because the versions that its
//! migrations noted have been rewritten.
//!
//! May not: read rows.

use crate::import::Trouble;
use crate::import::source::Source;
use crate::store::legacy::Table;

/// The tables of a Catapult.
#[derive(Debug, Clone)]
pub struct Era {
    /// What it is called in the report.
    pub name: &'static str,
    /// Where models are, and what that table is called.
    pub models: (&'static str, Table),
    /// Where releases are.
    pub releases: (&'static str, Table),
    pub artifacts: Option<Table>,
    pub deployments: Option<Table>,
    pub api_keys: Option<Table>,
    pub audit_logs: Option<Table>,
    /// What there is no place for here.
    pub others: Vec<(&'static str, Table)>,
}

/// The eras, the newest first: what it is called, where models are, where releases are.
const ERAS: [(&str, &str, &str); 3] = [
    ("models and versions, since 2026-01", "models", "versions"),
    ("models and releases, since 2025-11", "models", "releases"),
    ("images and releases, until 2025-11", "images", "releases"),
];

const OF_MODELS: [&str; 5] = ["id", "name", "repository", "created_at", "updated_at"];
const OF_RELEASES: [&str; 6] = ["id", "image_id", "version", "tag", "digest", "created_at"];
const OF_ARTIFACTS: [&str; 8] =
    ["id", "release_id", "name", "artifact_type", "file_path", "size_bytes", "checksum", "created_at"];
const OF_DEPLOYMENTS: [&str; 4] = ["id", "release_id", "environment", "deployed_at"];
const OF_API_KEYS: [&str; 5] = ["id", "name", "key_hash", "is_active", "created_at"];
const OF_AUDIT_LOGS: [&str; 5] = ["id", "action", "resource_type", "details", "created_at"];

/// The tables that nothing here is made of.
const OTHERS: [&str; 4] = ["docker_builds", "docker_build_artifacts", "benchmarks", "evaluations"];

impl Era {
    /// That of a database.
    ///
    /// # Errors
    /// A sentence that says what was expected and what was found.
    pub fn of(source: &Source) -> Result<Self, Trouble> {
        // Where the newest releases of Catapult are comes first: what they left in `public` is older.
        let mut schemas: Vec<&str> = source.tables().iter().map(|table| table.schema.as_str()).collect();
        schemas.sort_by_key(|schema| *schema != "model_registry");
        schemas.dedup();
        for era in ERAS {
            for schema in &schemas {
                if let Some(found) = Self::in_schema(source, schema, era)? {
                    return Ok(found);
                }
            }
        }
        Err(Trouble(format!(
            "--from: this is not the database of a Catapult: expected the tables models and versions, models and releases, or images and releases, with the columns {} and {}; found {}",
            OF_MODELS.join(", "),
            OF_RELEASES.join(", "),
            source.found()
        )))
    }

    fn in_schema(
        source: &Source,
        schema: &str,
        (name, models, releases): (&'static str, &'static str, &'static str),
    ) -> Result<Option<Self>, Trouble> {
        // These two tell the era by their columns, and so may be of another one; what is beside them may not be of anything else.
        let known = |table: &str, columns: &[&str]| source.table(Some(schema), table, columns).cloned();
        let (Some(of_models), Some(of_releases)) = (known(models, &OF_MODELS), known(releases, &OF_RELEASES)) else {
            return Ok(None);
        };
        let beside = |table: &str, columns: &[&str]| Ok::<_, Trouble>(source.known(Some(schema), table, columns)?.cloned());
        let mut others = Vec::new();
        for name in OTHERS {
            others.extend(beside(name, &["id"])?.map(|found| (name, found)));
        }
        Ok(Some(Self {
            name,
            models: (models, of_models),
            releases: (releases, of_releases),
            artifacts: beside("artifacts", &OF_ARTIFACTS)?,
            deployments: beside("deployments", &OF_DEPLOYMENTS)?,
            api_keys: beside("api_keys", &OF_API_KEYS)?,
            audit_logs: beside("audit_logs", &OF_AUDIT_LOGS)?,
            others,
        }))
    }

    /// The tables that are read, by name.
    #[must_use]
    pub fn tables(&self) -> Vec<(&'static str, &Table)> {
        let optional = [
            ("artifacts", &self.artifacts),
            ("deployments", &self.deployments),
            ("api_keys", &self.api_keys),
            ("audit_logs", &self.audit_logs),
        ];
        let mut tables = vec![(self.models.0, &self.models.1), (self.releases.0, &self.releases.1)];
        tables.extend(optional.into_iter().filter_map(|(name, table)| table.as_ref().map(|table| (name, table))));
        tables.extend(self.others.iter().map(|(name, table)| (*name, table)));
        tables
    }
}
