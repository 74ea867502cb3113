//! `registryctl release create`.

use clap::Args;
use registry_client::{Reference, ReleaseSelector, ReleaseState, pb};

use super::fields::Fields;
use crate::arguments::{Build, DryRun};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Registers a release of a model
///
/// It is ACTIVE at once, for everybody to use, which takes a digest; as a candidate, it waits for `promote`.
#[derive(Debug, Args)]
pub struct Create {
    /// The model and the version, for example llama-3-8b:1.2.0
    #[arg(value_name = "MODEL:VERSION")]
    release: Reference,

    /// Begin as a CANDIDATE, which "latest" never means
    #[arg(long)]
    candidate: bool,

    /// The release whose weights it was trained or quantized from, for example llama-3-8b:1.0.0
    #[arg(long, value_name = "RELEASE")]
    base_release: Option<Reference>,

    #[command(flatten)]
    build: Build,

    #[command(flatten)]
    fields: Fields,

    #[command(flatten)]
    dry_run: DryRun,
}

impl Create {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { release, candidate, base_release, build: Build { quantization, platform }, fields, dry_run } = self;
        let Reference::Release { model, selector: ReleaseSelector::Version(version) } = release else {
            return Err(Failure::Usage(format!("{release}: says no version: it is written MODEL:VERSION")));
        };
        let platform = platform.unwrap_or_default();
        let mut values = pb::Release { version, quantization, platform, ..Default::default() };
        fields.write(&mut values)?;
        let client = session.client().await?;
        if let Some(base) = base_release {
            values.base_release_id = Some(Build::default().resolve(&client, base).await?.id);
        }
        let mut create = client.create_release_from(model, values);
        if candidate {
            create = create.initial_state(ReleaseState::Candidate);
        }
        if dry_run.dry_run {
            create = create.validate_only();
        }
        session.output.changed(&create.send().await?)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}
