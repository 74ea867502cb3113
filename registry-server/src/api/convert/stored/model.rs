//! A model that comes with an import.

use super::Read;
use crate::api::convert::model::source;
use crate::api::convert::{document, training};
use crate::domain::Error;
use crate::domain::model::ModelSource;
use crate::store::entity::model::Model as Row;
use crate::store::models::Model;
use registry_proto::v1 as pb;

pub(super) fn read(mut read: Read<'_>, message: pb::Model, last_release_number: Option<i64>) -> Result<Model, Error> {
    let pb::Model {
        id,
        name,
        storage_path,
        repository,
        company,
        base_model,
        parameter_count,
        description,
        tags,
        metadata,
        requires_gpu,
        server_type,
        source,
        is_custom_base_model,
        training,
        create_time,
        update_time,
        delete_time,
        purge_time,
        etag: _,
        revision,
        created_by,
        updated_by,
        release_count: _,
        display_name,
        task,
        labels,
    } = message;
    let id = read.id("model.id", &id);
    let name = read.at.field("model.name", name.parse());
    let storage_path = read.at.field("model.storage_path", storage_path.parse());
    let create_time = read.time("model.create_time", create_time);
    let update_time = read.time("model.update_time", update_time);
    let deletion = read.deletion("model", delete_time, purge_time);
    let revision = read.revision("model.revision", revision);
    let created_by = read.author("model.created_by", &created_by);
    let updated_by = read.author("model.updated_by", &updated_by);
    let counted = last_release_number.filter(|_| read.by.preserve);
    read.at.finish(|| {
        let (delete_time, purge_time) = deletion?;
        let row = Row {
            id: id?,
            name: name?,
            storage_path: storage_path?,
            repository,
            company,
            base_model,
            parameter_count,
            description,
            metadata: metadata.map(document::parse).unwrap_or_default(),
            requires_gpu,
            server_type,
            source: self::source(source).unwrap_or(ModelSource::Manual),
            is_custom_base_model,
            training: training.map(training::parse),
            display_name,
            task,
            last_release_number: counted.unwrap_or(0),
            create_time: create_time?,
            update_time: update_time?,
            delete_time,
            purge_time,
            revision: revision?,
            created_by: created_by?,
            updated_by: updated_by?,
        };
        Some(Model { row, tags: tags.into_iter().collect(), labels, release_count: None })
    })
}
