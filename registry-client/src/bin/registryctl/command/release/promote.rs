//! `registryctl release promote`.

use clap::Args;
use registry_client::{Client, Error, Release, ReleaseAlias, ReleaseState};

use crate::arguments::{Build, DryRun, ReleaseArgument, belongs, within};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Makes a release the one to use
///
/// Its state becomes ACTIVE, if it is not: it was a candidate, or is to be used again after all. With --alias, the alias points to it afterwards,
/// and is moved only from where it was when this began, or from --expected: of two who move it at once, one is told (exit code 5). Then nobody
/// has moved it, but the release may have become ACTIVE. To move an alias alone, as for a rollback, there is `alias set`.
#[derive(Debug, Args)]
pub struct Promote {
    #[command(flatten)]
    release: ReleaseArgument,

    /// The alias that is to point to it, for example production
    #[arg(long, value_name = "ALIAS")]
    alias: Option<String>,

    /// Only if the alias points to this release: its version, @ALIAS or id:UUID
    #[arg(long, visible_alias = "from", value_name = "RELEASE", requires = "alias")]
    expected: Option<String>,

    /// Why; kept with the release and in the history of the alias
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    #[command(flatten)]
    dry_run: DryRun,
}

impl Promote {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let client = session.client().await?;
        let release = self.release.resolve(&client).await?;
        // Before anything is changed.
        let from = match &self.alias {
            Some(alias) => self.from(&client, &release, alias).await?,
            None => None,
        };
        let promoted = self.activate(&client, &release).await?;
        if let Some(alias) = &self.alias
            && self.point(&client, &release, alias, from.as_ref()).await?.is_some()
        {
            let before = from.map_or_else(|| "nothing".to_owned(), |before| before.version);
            session.output.say(&format!("{}@{alias}: {before} -> {}", release.model_name, release.version));
        }
        // As it is now, with its aliases.
        let shown = if self.dry_run.dry_run {
            promoted
        } else {
            client.get_release(&promoted).min_revision(promoted.revision).send().await?
        };
        session.output.changed(&shown)?;
        self.dry_run.remind(session);
        Ok(Exit::Done)
    }

    /// Where the alias is to be when it is moved: at a release, or nowhere.
    async fn from(&self, client: &Client, release: &Release, alias: &str) -> Result<Option<Release>, Failure> {
        let model = &release.model_name;
        let now = match client.resolve_release(model).alias(alias).send().await {
            Ok(now) => Some(now),
            Err(Error::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let Some(expected) = &self.expected else { return Ok(now) };
        let expected = Build::default().resolve(client, within(model, expected)?).await?;
        belongs(&expected, model)?;
        match &now {
            Some(now) if now.id == expected.id => Ok(Some(expected)),
            // The registry says so in its own words, and changes nothing.
            _ => {
                let refused = client.set_release_alias(release, alias).expected_release(&expected).validate_only();
                refused.send().await.map(|_| Some(expected)).map_err(Failure::from)
            }
        }
    }

    async fn activate(&self, client: &Client, release: &Release) -> Result<Release, Failure> {
        if release.state() == ReleaseState::Active {
            return Ok(release.clone());
        }
        let mut promote = client.promote_release(release).etag(&release.etag);
        if let Some(reason) = &self.reason {
            promote = promote.reason(reason);
        }
        if self.dry_run.dry_run {
            promote = promote.validate_only();
        }
        Ok(promote.send().await?)
    }

    /// Moves the alias, unless it is there already.
    async fn point(
        &self,
        client: &Client,
        release: &Release,
        alias: &str,
        from: Option<&Release>,
    ) -> Result<Option<ReleaseAlias>, Failure> {
        if from.is_some_and(|from| from.id == release.id) {
            return Ok(None);
        }
        let set = client.set_release_alias(release, alias);
        let mut set = match from {
            Some(from) => set.expected_release(from),
            None => set.expected_absent(),
        };
        if let Some(reason) = &self.reason {
            set = set.reason(reason);
        }
        if self.dry_run.dry_run {
            set = set.validate_only();
        }
        Ok(Some(set.send().await?))
    }
}
