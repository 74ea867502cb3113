//! Artifacts: the calls of the artifact service. Each builder is in a file of its own.

mod create;
mod delete;
mod download;
mod get;
mod list;
mod part;
mod save;
mod transfer;
mod update;
mod upload;

use registry_proto::v1 as pb;

pub use self::create::CreateArtifact;
pub use self::delete::DeleteArtifact;
pub use self::download::{Download, DownloadArtifact};
pub use self::get::GetArtifact;
pub use self::list::ListArtifacts;
pub use self::transfer::TransferProgress;
pub use self::update::UpdateArtifact;
pub use self::upload::UploadArtifact;
use crate::{ArtifactId, ArtifactParent, Client, fields};

impl Client {
    /// Registers a file that lies elsewhere as an artifact of a release, or of a model as a whole, with the name of the file. Type,
    /// path, size and checksum must be said too. Nothing is sent or opened but what is said here.
    ///
    /// ```no_run
    /// use registry_client::ReleaseRef;
    ///
    /// # async fn run(client: registry_client::Client, checksum: String) -> Result<(), registry_client::Error> {
    /// let artifact = client
    ///     .create_artifact(ReleaseRef::key("llama-3-7b", "1.0.0"), "llama-1.0-py3-none-any.whl")
    ///     .artifact_type("wheel")
    ///     .file_path("s3://builds/llama-1.0-py3-none-any.whl")
    ///     .size_bytes(1_048_576)
    ///     .checksum(checksum)
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_artifact(&self, parent: impl Into<ArtifactParent>, name: impl Into<String>) -> CreateArtifact {
        self.create_artifact_from(parent, pb::Artifact { name: name.into(), ..Default::default() })
    }

    /// Like [`create_artifact`](Self::create_artifact), with all fields at once, whatever they are.
    ///
    /// ```no_run
    /// use registry_client::{Artifact, ReleaseRef};
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let artifact = Artifact { name: "model.onnx".to_owned(), file_path: "s3://builds/model.onnx".to_owned(), ..Default::default() };
    /// client.create_artifact_from(ReleaseRef::key("llama-3-7b", "1.0.0"), artifact).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_artifact_from(&self, parent: impl Into<ArtifactParent>, artifact: pb::Artifact) -> CreateArtifact {
        let (parent, artifact) = (Some(parent.into().into()), Some(artifact));
        CreateArtifact { call: self.call(pb::CreateArtifactRequest { parent, artifact, ..Default::default() }) }
    }

    /// Uploads a file to the registry and registers it as an artifact of a release, or of a model as a whole, with the name of the
    /// file. Its type is "file" unless said otherwise.
    ///
    /// ```no_run
    /// use registry_client::ReleaseRef;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let artifact = client
    ///     .upload_artifact(ReleaseRef::key("llama-3-7b", "1.0.0"), "llama-1.0-py3-none-any.whl")
    ///     .artifact_type("wheel")
    ///     .progress(|progress| println!("{} bytes", progress.transferred_bytes))
    ///     .send_file("dist/llama-1.0-py3-none-any.whl")
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload_artifact(&self, parent: impl Into<ArtifactParent>, name: impl Into<String>) -> UploadArtifact {
        let artifact = pb::Artifact { name: name.into(), artifact_type: "file".to_owned(), ..Default::default() };
        self.upload_artifact_from(parent, artifact)
    }

    /// Like [`upload_artifact`](Self::upload_artifact), with all fields at once, whatever they are.
    ///
    /// ```no_run
    /// use registry_client::{Artifact, ReleaseRef};
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let artifact = Artifact { name: "model.onnx".to_owned(), artifact_type: "onnx".to_owned(), ..Default::default() };
    /// client.upload_artifact_from(ReleaseRef::key("llama-3-7b", "1.0.0"), artifact).send_file("out/model.onnx").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload_artifact_from(&self, parent: impl Into<ArtifactParent>, artifact: pb::Artifact) -> UploadArtifact {
        UploadArtifact::new(self.clone(), parent.into(), artifact)
    }

    /// Downloads an artifact that was uploaded, or a part of it: into a file, into memory, or as a stream.
    ///
    /// ```no_run
    /// use registry_client::ArtifactId;
    ///
    /// # async fn run(client: registry_client::Client, artifact: ArtifactId) -> Result<(), registry_client::Error> {
    /// client.download_artifact(artifact).save("/models/llama-1.0-py3-none-any.whl").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn download_artifact(&self, artifact: impl Into<ArtifactId>) -> DownloadArtifact {
        DownloadArtifact::new(self.clone(), artifact.into())
    }

    /// Gets one artifact, also a soft-deleted one.
    ///
    /// ```no_run
    /// use registry_client::ArtifactId;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let artifact = client.get_artifact(ArtifactId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11")).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_artifact(&self, artifact: impl Into<ArtifactId>) -> GetArtifact {
        GetArtifact { call: self.call(pb::GetArtifactRequest { artifact_id: artifact.into().into() }) }
    }

    /// Lists artifacts, the newest first, of all models and releases unless some are named: one page with `send`, or all with `pages` or
    /// `items`.
    ///
    /// ```no_run
    /// use futures::TryStreamExt as _;
    /// use registry_client::ReleaseRef;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let mut artifacts = client.list_artifacts().release(ReleaseRef::key("llama-3-7b", "1.0.0")).items();
    /// while let Some(artifact) = artifacts.try_next().await? {
    ///     println!("{} is at {}", artifact.name, artifact.file_path);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_artifacts(&self) -> ListArtifacts {
        ListArtifacts { call: self.call(pb::ListArtifactsRequest::default()) }
    }

    /// Sets or clears exactly the fields that the builder is told to, and leaves all others as they are.
    ///
    /// ```no_run
    /// use registry_client::ArtifactId;
    ///
    /// # async fn run(client: registry_client::Client, artifact: ArtifactId) -> Result<(), registry_client::Error> {
    /// client.update_artifact(artifact).python_version("3.12").clear_uploaded_by().send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_artifact(&self, artifact: impl Into<ArtifactId>) -> UpdateArtifact {
        self.updating_artifact(artifact.into(), pb::Artifact::default(), Some(prost_types::FieldMask::default()))
    }

    /// Like [`update_artifact`](Self::update_artifact), with the message and the names of its fields that are to be written: a field
    /// that is named and unset is cleared. No names (for example `None::<&str>`) means no mask, and thus every field that is set.
    ///
    /// ```no_run
    /// use registry_client::{Artifact, ArtifactId};
    ///
    /// # async fn run(client: registry_client::Client, artifact: Artifact) -> Result<(), registry_client::Error> {
    /// let id = ArtifactId::new(&artifact.id);
    /// client.update_artifact_from(id, artifact, ["python_version", "uploaded_by"]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_artifact_from(
        &self,
        artifact: impl Into<ArtifactId>,
        values: pb::Artifact,
        fields: impl IntoIterator<Item = impl Into<String>>,
    ) -> UpdateArtifact {
        self.updating_artifact(artifact.into(), values, fields::mask(fields))
    }

    fn updating_artifact(
        &self,
        artifact: ArtifactId,
        values: pb::Artifact,
        update_mask: Option<prost_types::FieldMask>,
    ) -> UpdateArtifact {
        let (artifact_id, artifact) = (artifact.into(), Some(values));
        UpdateArtifact { call: self.call(pb::UpdateArtifactRequest { artifact_id, artifact, update_mask, ..Default::default() }) }
    }

    /// Soft-deletes an artifact: it is hidden, its name and its path are free at once, and after a while the registry removes it for good.
    ///
    /// ```no_run
    /// use registry_client::ArtifactId;
    ///
    /// # async fn run(client: registry_client::Client, artifact: ArtifactId) -> Result<(), registry_client::Error> {
    /// client.delete_artifact(artifact).allow_missing().send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_artifact(&self, artifact: impl Into<ArtifactId>) -> DeleteArtifact {
        let artifact_id = artifact.into().into();
        DeleteArtifact { call: self.call(pb::DeleteArtifactRequest { artifact_id, ..Default::default() }) }
    }
}
