//! Models: the calls of the model service. Each builder is in a file of its own.

mod create;
mod delete;
mod get;
mod list;
mod rename;
mod update;

use registry_proto::v1 as pb;

pub use self::create::{BatchCreateModels, CreateModel};
pub use self::delete::{DeleteModel, DeletedModel, PurgeModel, UndeleteModel};
pub use self::get::{BatchGetModels, GetModel};
pub use self::list::ListModels;
pub use self::rename::RenameModel;
pub use self::update::UpdateModel;
use crate::{Call, Client, ModelRef, fields};

impl Client {
    /// Registers a model under a name, with the place where its files are.
    ///
    /// ```no_run
    /// use serde_json::json;
    ///
    /// # #[cfg(feature = "json")]
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let model = client
    ///     .create_model("llama-3-7b", "s3://models/llama-3-7b/")
    ///     .repository("docker.io/acme/llama")
    ///     .tag("chat")
    ///     .label("team", "nlp")
    ///     .metadata(json!({"license": "llama-3"}))
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_model(&self, name: impl Into<String>, storage_path: impl Into<String>) -> CreateModel {
        self.create_model_from(pb::Model { name: name.into(), storage_path: storage_path.into(), ..Default::default() })
    }

    /// Like [`create_model`](Self::create_model), with all fields at once, whatever they are.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use registry_client::Model;
    ///
    /// let model = Model { name: "llama-3-7b".to_owned(), storage_path: "s3://models/".to_owned(), ..Default::default() };
    /// client.create_model_from(model).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_model_from(&self, model: pb::Model) -> CreateModel {
        CreateModel { call: self.call(pb::CreateModelRequest { model: Some(model), ..Default::default() }) }
    }

    /// Registers several models, all or none, at one revision. Takes the builders of [`create_model`](Self::create_model); a request id, a
    /// deadline and so on belong to the batch, and not to what is in it.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let create = ["small", "large"].map(|size| client.create_model(size, format!("/models/{size}")).tag("chat"));
    /// let models = client.batch_create_models(create).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn batch_create_models(&self, models: impl IntoIterator<Item = CreateModel>) -> BatchCreateModels {
        let calls = models.into_iter().map(|create| create.call);
        let request = |requests| pb::BatchCreateModelsRequest { requests, ..Default::default() };
        BatchCreateModels { call: Call::batch(self.clone(), calls, request) }
    }

    /// Gets one model. By name it finds a live model only, by id also a soft-deleted one.
    ///
    /// ```no_run
    /// use registry_client::ModelId;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let model = client.get_model("llama-3-7b").send().await?;
    /// let again = client.get_model(ModelId::from(&model)).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_model(&self, model: impl Into<ModelRef>) -> GetModel {
        let model_ref = Some(model.into().into());
        GetModel { call: self.call(pb::GetModelRequest { model_ref, view: 0 }) }
    }

    /// Gets several models at one revision, in the order asked for. If one of them is not found, the call fails.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let models = client.batch_get_models(["llama-3-7b", "whisper-large"]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn batch_get_models(&self, models: impl IntoIterator<Item = impl Into<ModelRef>>) -> BatchGetModels {
        let model_refs = models.into_iter().map(|model| model.into().into()).collect();
        BatchGetModels { call: self.call(pb::BatchGetModelsRequest { model_refs, view: 0 }) }
    }

    /// Lists models: one page with `send`, or all with `pages` or `items`.
    ///
    /// ```no_run
    /// use futures::TryStreamExt as _;
    /// use registry_client::{ModelFilter, ModelOrder};
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let filter = ModelFilter { tags_all: vec!["chat".into()], ..Default::default() };
    /// let mut models = client.list_models().filter(filter).order(ModelOrder::NameAsc).items();
    /// while let Some(model) = models.try_next().await? {
    ///     println!("{}", model.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_models(&self) -> ListModels {
        ListModels { call: self.call(pb::ListModelsRequest::default()) }
    }

    /// Sets or clears exactly the fields that the builder is told to, and leaves all others as they are.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let model = client.get_model("llama-3-7b").send().await?;
    /// client
    ///     .update_model(&model)
    ///     .etag(&model.etag)
    ///     .description("Now with tools.")
    ///     .clear_repository()
    ///     .tags(["chat", "tools"])
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_model(&self, model: impl Into<ModelRef>) -> UpdateModel {
        self.updating_model(model.into(), pb::Model::default(), Some(prost_types::FieldMask::default()))
    }

    /// Like [`update_model`](Self::update_model), with the message and the names of its fields that are to be written: a field that is
    /// named and unset is cleared. No names (for example `None::<&str>`) means no mask, and thus every field that is set.
    ///
    /// ```no_run
    /// use registry_client::Model;
    ///
    /// # async fn run(client: registry_client::Client, model: Model) -> Result<(), registry_client::Error> {
    /// client.update_model_from("llama-3-7b", model, ["description", "training"]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_model_from(
        &self,
        model: impl Into<ModelRef>,
        values: pb::Model,
        fields: impl IntoIterator<Item = impl Into<String>>,
    ) -> UpdateModel {
        self.updating_model(model.into(), values, fields::mask(fields))
    }

    fn updating_model(&self, model: ModelRef, values: pb::Model, update_mask: Option<prost_types::FieldMask>) -> UpdateModel {
        let (model_ref, model) = (Some(model.into()), Some(values));
        UpdateModel { call: self.call(pb::UpdateModelRequest { model_ref, model, update_mask, ..Default::default() }) }
    }
    /// Gives a model another name. Its id, releases, aliases and history stay; the old name is free at once.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let model = client.rename_model("llama-3-7b", "acme/llama-3-7b").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn rename_model(&self, model: impl Into<ModelRef>, new_name: impl Into<String>) -> RenameModel {
        let (model_ref, new_name) = (Some(model.into().into()), new_name.into());
        RenameModel { call: self.call(pb::RenameModelRequest { model_ref, new_name, ..Default::default() }) }
    }

    /// Soft-deletes a model: it is hidden and keeps its name until it is [purged](Self::purge_model), by somebody or, after a while, by
    /// the registry.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let deleted = client.delete_model("llama-3-7b").force().send().await?;
    /// println!("gone with {} releases", deleted.deleted_release_count);
    /// if let Some(model) = &deleted.model {
    ///     client.undelete_model(model).send().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_model(&self, model: impl Into<ModelRef>) -> DeleteModel {
        let model_ref = Some(model.into().into());
        DeleteModel { call: self.call(pb::DeleteModelRequest { model_ref, ..Default::default() }) }
    }

    /// Brings a soft-deleted model back, with the releases that were deleted with it. Finds it by id and by name.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// client.delete_model("llama-3-7b").force().send().await?;
    /// client.undelete_model("llama-3-7b").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn undelete_model(&self, model: impl Into<ModelRef>) -> UndeleteModel {
        let model_ref = Some(model.into().into());
        UndeleteModel { call: self.call(pb::UndeleteModelRequest { model_ref, ..Default::default() }) }
    }

    /// Removes a soft-deleted model for good, with all that belongs to it, and frees its name. There is no way back.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let revision = client.purge_model("llama-3-7b").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn purge_model(&self, model: impl Into<ModelRef>) -> PurgeModel {
        let model_ref = Some(model.into().into());
        PurgeModel { call: self.call(pb::PurgeModelRequest { model_ref, ..Default::default() }) }
    }
}
