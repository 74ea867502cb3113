//! `registryctl artifact upload`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use registry_client::{UploadArtifact, pb};

use super::fields::{Fields, Parent};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::session::Session;
use crate::standard_input::StandardInput;

/// Gives the registry a file
///
/// It is read twice: first for its SHA-256, by which the registry knows that what arrives is what was there. If the connection breaks, the
/// upload begins anew by itself. --timeout is not for it: it takes as long as it takes.
#[derive(Debug, Args)]
pub struct Upload {
    #[command(flatten)]
    parent: Parent,

    /// The file; `-` is standard input, which is read once and sent once
    file: PathBuf,

    /// The name to register it under, if not its own
    #[arg(long)]
    name: Option<String>,

    /// What kind of file it is, for example wheel, tarball or binary
    #[arg(long = "type", value_name = "TYPE", default_value = "file")]
    artifact_type: String,

    /// Where it comes from, as a label that no other artifact has
    #[arg(long, value_name = "URI")]
    file_path: Option<String>,

    /// The checksum that it must have: sha256:, sha512: or blake3:, and hexadecimal digits
    #[arg(long, value_name = "CHECKSUM")]
    checksum: Option<String>,

    #[command(flatten)]
    fields: Fields,
}

impl Upload {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { parent, file, name, artifact_type, file_path, checksum, fields } = self;
        let name = match name {
            Some(name) => name,
            None => own_name(&file)?,
        };
        let (file_path, checksum) = (file_path.unwrap_or_default(), checksum.unwrap_or_default());
        let mut artifact = pb::Artifact { name, artifact_type, file_path, checksum, ..Default::default() };
        fields.write(&mut artifact)?;
        let client = session.client().await?;
        let upload = client.upload_artifact_from(parent.find(&client).await?, artifact);
        let artifact = send(upload, &file, session).await?;
        session.output.changed(&artifact)?;
        Ok(Exit::Done)
    }
}

fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

fn own_name(file: &Path) -> Result<String, Failure> {
    let name = file.file_name().and_then(|name| name.to_str()).filter(|_| !is_standard_input(file));
    name.map(str::to_owned).ok_or_else(|| Failure::Usage("say --name: the file has none that can be used".to_owned()))
}

async fn send(upload: UploadArtifact, file: &Path, session: &Session) -> Result<pb::Artifact, Failure> {
    let bar = Arc::new(Progress::bytes("uploading", session.output.is_quiet()));
    let upload = upload.progress({
        let bar = Arc::clone(&bar);
        move |progress| bar.bytes_at(progress.transferred_bytes, progress.total_bytes)
    });
    let sent =
        if is_standard_input(file) { upload.send_reader(StandardInput::read()).await } else { upload.send_file(file).await };
    Ok(sent?)
}
