//! `registryctl artifact register`.

use clap::Args;
use registry_client::pb;

use super::fields::{Fields, Parent};
use crate::arguments::DryRun;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Registers a file that lies elsewhere, without sending it
///
/// The registry never opens it: what is said here is what is known of it. `upload` gives the registry the file itself.
#[derive(Debug, Args)]
pub struct Register {
    #[command(flatten)]
    parent: Parent,

    /// The name of the file
    name: String,

    /// Where it is: a URI or an absolute path
    #[arg(long, value_name = "URI")]
    file_path: String,

    /// What kind of file it is, for example wheel, tarball or binary
    #[arg(long = "type", value_name = "TYPE", default_value = "file")]
    artifact_type: String,

    /// How many bytes it has
    #[arg(long, value_name = "BYTES")]
    size_bytes: i64,

    /// Its checksum: sha256:, sha512: or blake3:, and hexadecimal digits
    #[arg(long, value_name = "CHECKSUM")]
    checksum: String,

    #[command(flatten)]
    fields: Fields,

    #[command(flatten)]
    dry_run: DryRun,
}

impl Register {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { parent, name, file_path, artifact_type, size_bytes, checksum, fields, dry_run } = self;
        let size_bytes = Some(size_bytes);
        let mut artifact = pb::Artifact { name, artifact_type, file_path, size_bytes, checksum, ..Default::default() };
        fields.write(&mut artifact)?;
        let client = session.client().await?;
        let mut create = client.create_artifact_from(parent.find(&client).await?, artifact);
        if dry_run.dry_run {
            create = create.validate_only();
        }
        let artifact = create.send().await?;
        session.output.changed(&artifact)?;
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}
