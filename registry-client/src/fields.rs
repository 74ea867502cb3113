//! The fields of models, releases, artifacts and deployments that callers write, said once, and what the builders that write them make of each. Every such
//! builder has a method `write`, which is told the name of the field and gives the message to write it to.

/// The fields of a model that CreateModel and UpdateModel both write, apart from those that hold many values.
macro_rules! model_fields {
    ($each:ident for $Builder:ident) => {
        $each! { $Builder;
            /// The container repository that images of the releases are pushed to, without a tag or digest.
            text repository, clear_repository;
            /// The customer or company the model is for.
            text company, clear_company;
            /// The base model or architecture, for example "llama-3".
            text base_model, clear_base_model;
            /// The number of parameters the way people say it, for example "7B".
            text parameter_count, clear_parameter_count;
            /// What a reader should know about the model, in Markdown.
            text description, clear_description;
            /// Any JSON object.
            object metadata, clear_metadata;
            /// Whether serving the model needs a GPU. When unset on create, it does.
            flag requires_gpu, clear_requires_gpu;
            /// The kind of server that can serve the model, for example "vllm".
            text server_type, clear_server_type;
            /// How the model was trained or fine-tuned.
            training training, clear_training;
            /// A name for people, in any script.
            text display_name, clear_display_name;
            /// What the model does, for example "text-generation".
            text task, clear_task;
        }
    };
}

/// The fields of a release that CreateRelease and UpdateRelease both write, apart from those that hold many values.
macro_rules! release_fields {
    ($each:ident for $Builder:ident) => {
        $each! { $Builder;
            /// The size of the image, in bytes.
            number size_bytes, clear_size_bytes;
            /// What changed, in Markdown.
            text release_notes, clear_release_notes;
            /// Any JSON object.
            object metadata, clear_metadata;
            /// Where the files of this release are, if they are not at the storage path of the model.
            text storage_path, clear_storage_path;
            /// The MLflow run, experiment or model version it comes from.
            text mlflow_url, clear_mlflow_url;
            /// How the weights of this release were trained, if otherwise than the model says.
            training training, clear_training;
        }
    };
}

/// The fields of an artifact that CreateArtifact and UpdateArtifact both write and that can be unset.
macro_rules! artifact_fields {
    ($each:ident for $Builder:ident) => {
        $each! { $Builder;
            /// What it runs on, for example "linux_x86_64" or "any".
            text platform, clear_platform;
            /// The version of Python that it is for, for example "3.11".
            text python_version, clear_python_version;
            /// Any JSON object.
            object metadata, clear_metadata;
            /// Who or what put the file where it is, if that was not the caller.
            text uploaded_by, clear_uploaded_by;
        }
    };
}

/// The fields of a deployment that CreateDeployment and UpdateDeployment both write.
macro_rules! deployment_fields {
    ($each:ident for $Builder:ident) => {
        $each! { $Builder;
            /// The cluster.
            text cluster, clear_cluster;
            /// The namespace in Kubernetes.
            text k8s_namespace, clear_k8s_namespace;
            /// Where callers of the model reach it.
            text endpoint_url, clear_endpoint_url;
            /// How many replicas there are, or are meant to be.
            small replicas, clear_replicas;
            /// The tag of the image it was started from.
            text image_tag, clear_image_tag;
            /// The id of the container.
            text container_id, clear_container_id;
            /// The port on the host, 1 to 65535.
            small host_port, clear_host_port;
            /// Who deployed it. When unset on create: the caller.
            text deployed_by, clear_deployed_by;
            /// Any JSON object.
            object metadata, clear_metadata;
        }
    };
}

/// A method for each field that sets it.
macro_rules! setters {
    ($Builder:ident; $($(#[$doc:meta])* $kind:ident $field:ident, $clear:ident;)*) => {
        impl $Builder {
            $(crate::fields::setter!($(#[$doc])* $kind $field);)*
        }
    };
}

/// A method for each field that sets it, and one that clears it.
macro_rules! setters_and_clearers {
    ($Builder:ident; $($(#[$doc:meta])* $kind:ident $field:ident, $clear:ident;)*) => {
        impl $Builder {
            $(
                crate::fields::setter!($(#[$doc])* $kind $field);

                #[doc = concat!("Clears [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                pub fn $clear(mut self) -> Self {
                    self.write(stringify!($field)).$field = None;
                    self
                }
            )*
        }
    };
}

macro_rules! setter {
    ($(#[$doc:meta])* text $field:ident) => { crate::fields::setter!($(#[$doc])* impl Into<String> => $field); };
    ($(#[$doc:meta])* flag $field:ident) => { crate::fields::setter!($(#[$doc])* bool => $field); };
    ($(#[$doc:meta])* number $field:ident) => { crate::fields::setter!($(#[$doc])* i64 => $field); };
    ($(#[$doc:meta])* small $field:ident) => { crate::fields::setter!($(#[$doc])* i32 => $field); };
    ($(#[$doc:meta])* training $field:ident) => { crate::fields::setter!($(#[$doc])* crate::TrainingMetadata => $field); };
    ($(#[$doc:meta])* object $field:ident) => {
        $(#[$doc])*
        pub fn $field(mut self, value: impl crate::IntoStruct) -> Self {
            match value.into_struct() {
                Ok(value) => self.write(stringify!($field)).$field = Some(value),
                Err(why) => self.call.refuse(format!("{}.{}", Self::RESOURCE, stringify!($field)), why),
            }
            self
        }
    };
    ($(#[$doc:meta])* $type:ty => $field:ident) => {
        $(#[$doc])*
        pub fn $field(mut self, value: $type) -> Self {
            self.write(stringify!($field)).$field = Some(value.into());
            self
        }
    };
}

/// The end of every builder of an update: the mask, which names exactly what was set or cleared.
macro_rules! masked {
    ($Builder:ident, $resource:ident: $Resource:ident) => {
        impl $Builder {
            /// Names the field in the mask, and gives the message whose value for it will be written.
            fn write(&mut self, field: &str) -> &mut $Resource {
                // Without a mask the server takes the fields that are set, and so it also takes this one.
                if let Some(mask) = &mut self.call.request.update_mask
                    && !mask.paths.iter().any(|path| path == field)
                {
                    mask.paths.push(field.to_owned());
                }
                self.call.request.$resource.get_or_insert_default()
            }

            /// Updates only if nobody changed it since this `etag` was read. Otherwise the call fails with
            /// [`Error::Aborted`](crate::Error::Aborted) and
            /// [`ErrorReason::EtagMismatch`](crate::ErrorReason::EtagMismatch). Without this: in any case.
            pub fn etag(mut self, etag: impl Into<String>) -> Self {
                self.call.request.$resource.get_or_insert_default().etag = etag.into();
                self
            }

            /// Only checks everything and stores nothing. The answer is what would have been, with an empty `id` and revision 0.
            pub fn validate_only(mut self) -> Self {
                self.call.request.validate_only = true;
                self
            }
        }
    };
}

/// What several changes have in common that are no updates.
macro_rules! options {
    ($Builder:ident: $($option:ident),+) => {
        impl $Builder {
            $(crate::fields::option!($option);)+
        }
    };
}

macro_rules! option {
    (etag) => {
        /// Does it only if nobody changed it since this `etag` was read. Otherwise the call fails with
        /// [`Error::Aborted`](crate::Error::Aborted) and [`ErrorReason::EtagMismatch`](crate::ErrorReason::EtagMismatch). Without this: in
        /// any case.
        pub fn etag(mut self, etag: impl Into<String>) -> Self {
            self.call.request.etag = etag.into();
            self
        }
    };
    (validate_only) => {
        /// Only checks everything and stores nothing. The answer is what would have been, with revision 0, and an empty `id` if it would
        /// be something new.
        pub fn validate_only(mut self) -> Self {
            self.call.request.validate_only = true;
            self
        }
    };
}

/// The mask of an update that names these fields; none at all if there are none.
pub(crate) fn mask(fields: impl IntoIterator<Item = impl Into<String>>) -> Option<prost_types::FieldMask> {
    let paths: Vec<_> = fields.into_iter().map(Into::into).collect();
    (!paths.is_empty()).then_some(prost_types::FieldMask { paths })
}

pub(crate) use {
    artifact_fields, deployment_fields, masked, model_fields, option, options, release_fields, setter, setters,
    setters_and_clearers,
};
