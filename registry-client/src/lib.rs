//! A typed client of the model registry.
//!
//! # Quick start
//!
//! ```no_run
//! use registry_client::Client;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), registry_client::Error> {
//!     let key = std::fs::read_to_string("registry-data/admin.key").expect("the first key of the server");
//!     let client = Client::builder("http://127.0.0.1:50051").api_key(key.trim_end()).connect().await?;
//!
//!     let model = client.create_model("llama-3-7b", "s3://models/llama-3-7b/").tag("chat").send().await?;
//!     client.create_release(&model, "1.0.0").digest(format!("sha256:{:064x}", 1)).send().await?;
//!
//!     let newest = client.resolve_release("llama-3-7b").latest().send().await?;
//!     println!("deploy {} {}", newest.model_name, newest.version);
//!     Ok(())
//! }
//! ```
//!
//! A [`Client`] has one method for each RPC. It takes what the RPC cannot do without and gives a builder for the rest, which does nothing
//! until its `send` is awaited. The answers are the generated messages themselves: [`Model`], [`Release`] and so on. `send_with_meta`
//! also tells what the headers of an answer say, see [`Answer`].
//!
//! # Names and ids
//!
//! Text is always a name, but for artifacts, which are known by their ids only. An id is a [`ModelId`], a [`ReleaseId`] or a
//! [`DeploymentId`], and a [`Model`], [`Release`] or [`Deployment`] that was read stands for its id:
//! `client.update_model(&model)` still finds it when another model has taken its name. A release is otherwise known by its
//! [key](ReleaseRef::key); aliases, tags, "latest" and version requirements must be [resolved](Client::resolve_release) first, because they may
//! stand for something else tomorrow.
//!
//! # Updates
//!
//! An update sends the fields it is told and the mask that names them. `clear_…` names a field and leaves it unset, which clears it.
//! [`etag`](UpdateModel::etag) makes the update depend on nobody else having been there in between.
//!
//! # Aliases
//!
//! [`set_release_alias`](Client::set_release_alias) moves a name such as "production" from one release to another in one step and, with
//! [`expected_release`](SetReleaseAlias::expected_release), only from where it is believed to be. Where it points, and pointed at an
//! earlier time, [`resolve_release`](Client::resolve_release) tells.
//!
//! # Artifacts
//!
//! [`create_artifact`](Client::create_artifact) registers a file of a release, or of a model as a whole: where it is, how large it is and
//! what its checksum is. Only who made the file knows that: neither the client nor the registry opens it.
//!
//! [`upload_artifact`](Client::upload_artifact) gives the registry the file itself: a path, bytes, or whatever can be read.
//! [`download_artifact`](Client::download_artifact) gets it back: into a [file](DownloadArtifact::save), which appears under its name only
//! when it is complete and its checksum is right, into [memory](DownloadArtifact::bytes), or as a [stream](DownloadArtifact::stream).
//! Both tell their [progress](TransferProgress), and hold no more than a few MiB of a file at a time, unless it is in memory anyway.
//!
//! ```no_run
//! use registry_client::ReleaseRef;
//!
//! # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
//! let release = ReleaseRef::key("llama-3-7b", "1.0.0");
//! let artifact = client.upload_artifact(release, "weights.safetensors").send_file("out/weights.safetensors").await?;
//! client.download_artifact(&artifact.id).save("/models/weights.safetensors").await?;
//! # Ok(())
//! # }
//! ```
//!
//! The deadline of the client is not for them: a transfer takes as long as it takes, unless it is given a
//! [`timeout`](DownloadArtifact::timeout). An upload that can be read again is repeated like other calls that write, from its beginning and
//! with the same request id; a download into a file goes on where it stopped. Another call with the same path does so, too.
//!
//! # Deployments
//!
//! The registry keeps a record of where releases run: [`create_deployment`](Client::create_deployment) and
//! [`transition_deployment`](Client::transition_deployment) write it, and [`list_deployments`](Client::list_deployments) tells in one call
//! what runs in production, or where a release runs. [`environment`](ReleaseQuery::environment) asks for a release that runs there.
//!
//! # Pages
//!
//! The lists end in `send` for one [`Page`], in `pages` for a stream of them, or in `items` for a stream of what
//! is on them. The streams ask for a page when they get there, and end after the first error.
//!
//! # Errors
//!
//! Every failure is an [`Error`]: its variant is the kind, [`Error::reason`] the exact reason in the words of the contract,
//! [`Error::violations`] what is wrong with which field. A call has failed with certainty unless [`Error::outcome_unknown`].
//!
//! # Deadlines and retries
//!
//! Each call has a deadline, 30 s unless the [client](Builder::timeout) or the call says otherwise. The server is told, and the client
//! gives up by itself as well; both are [`Error::DeadlineExceeded`]. Until then, a call is repeated when the failure is a passing one
//! or the answer got lost: see [`RetryPolicy`]. That is safe for writes too. Each carries a request id, the same on every attempt, by
//! which the registry makes the change once and [answers again](Answer::replayed) what it answered first. Only
//! [`create_api_key`](Client::create_api_key) and [`rotate_api_key`](Client::rotate_api_key) have none, because nobody keeps their answers,
//! which are secrets: they are not repeated once they may have arrived.
//!
//! When the last attempt has failed as well, it can still be [unknown](Error::outcome_unknown) whether a write has happened. A program
//! that wants to find out makes up the id by itself, passes it to `request_id` of the builder, and makes the call again with the same
//! one.
//!
//! # Reading what was written
//!
//! A read may be answered by another server than the write before it, if there are several behind a balancer. If it must see that write,
//! it says so:
//!
//! ```no_run
//! # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
//! let model = client.create_model("llama-3-7b", "s3://models/llama-3-7b/").send().await?;
//! let same = client.get_model("llama-3-7b").min_revision(model.revision).send().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Changes
//!
//! [`Client::watch`] streams what changes, exactly once and in order, also across broken connections. A [`CachedResolver`] builds on it:
//! it answers what an alias stands for from memory, for programs that ask with every request of their own.
//!
//! # Moving a registry
//!
//! [`Client::export`] streams everything that a registry holds, as of one revision; [`Client::import`] brings it into another one, and goes on
//! where it was when it is cut off. The program `registryctl` puts a file between the two.
//!
//! # TLS and API keys
//!
//! An `https://` endpoint is trusted if an authority that the machine trusts vouches for it, or one that [`Tls`] names, which also holds the
//! certificate of the client if it has one. An [API key](Builder::api_key) goes with every call, and never over a network in the clear.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let key = std::fs::read_to_string("/run/secrets/registry-key")?;
//! let client = registry_client::Client::builder("https://registry.internal:50051").api_key(key.trim_end()).connect().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Settings from the environment
//!
//! [`Client::from_env`] connects as the environment says, by the names that `registryctl` has as well: `REGISTRY_ENDPOINT`,
//! `REGISTRY_API_KEY` or `REGISTRY_API_KEY_FILE`, and so on, see [`Builder::from_env`].
//!
//! # Testing
//!
//! Code that takes a [`Client`] can be tested without a registry: [`Registry`] is a trait with one method for each RPC, and
//! [`Client::over`] makes a client of whatever implements it. The crate `registry-testing` runs the real server inside of a test.
//!
//! # Tracing
//!
//! Each call is a span of `tracing`, `registry_call`, on the level INFO: its method, how often it was sent, how it ended, and what the
//! registry calls it; no names, no values. With the feature `opentelemetry`, the registry is told which trace it is a part of, in the form
//! of the program's global propagator (`opentelemetry::global::set_text_map_propagator`, for W3C the `TraceContextPropagator` of the SDK):
//! from the current span if it is one that `tracing-opentelemetry` knows, or else from the current context of OpenTelemetry. Without the
//! feature, [`header`](Call::header) says it.
//!
//! # What is not covered
//!
//! [`Client::call`] sends any request message, with the same deadlines, retries and errors. Below that there are the generated stubs,
//! such as [`Client::model_service`], and the [connection](Client::connection). The messages are in [`pb`].
//!
//! # Features
//!
//! - `tls` (default): `https://` endpoints, see [`Tls`].
//! - `json` (default): JSON objects can be given as `serde_json` values, and [`to_json`] gives them back.
//! - `opentelemetry`: the registry is told which trace a call is part of, see [Tracing](#tracing).
//! - `cli`: the program `registryctl`, and nothing in the library.
#![cfg_attr(
    not(all(feature = "json", feature = "tls")),
    allow(rustdoc::broken_intra_doc_links, reason = "they lead to what the feature adds")
)]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod aliases;
mod api_keys;
mod artifacts;
mod audit;
mod call;
mod client;
mod connect;
mod connection;
mod credentials;
mod deployments;
mod environment;
mod error;
mod failure;
mod fields;
mod json;
mod local;
mod models;
mod options;
mod page;
mod reference;
mod refs;
mod refusal;
mod registry;
mod releases;
mod resolver;
mod retry;
mod rpc;
mod system;
#[cfg(feature = "tls")]
mod tls;
mod trace;
mod transfer;
mod watch;

/// The guide, so that what it shows is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/CLIENT.md")]
struct Guide;

/// What is shown first, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

pub use registry_proto::method::{Idempotency, Method};
pub use registry_proto::v1 as pb;
pub use registry_proto::v1::event::Resource as EventResource;
pub use registry_proto::v1::get_server_info_response::{Capabilities, Limits};
pub use registry_proto::v1::import_request::OnConflict;
pub use registry_proto::v1::import_response::SkipReason;
pub use registry_proto::v1::list_deployments_request::Order as DeploymentOrder;
pub use registry_proto::v1::list_models_request::Order as ModelOrder;
pub use registry_proto::v1::list_releases_request::Order as ReleaseOrder;
pub use registry_proto::v1::{
    ApiKey, ApiKeyState, Artifact, ArtifactContentState, ArtifactFilter, AuditEntry, AuditFilter,
    CompactEventsResponse as CompactedEvents, Deployment, DeploymentFilter, DeploymentKind, DeploymentState, ErrorReason, Event,
    EventFilter, EventType, GetServerInfoResponse as ServerInfo, HealthState, LabelSelector, Model, ModelFilter, ModelSource,
    ModelView, Release, ReleaseAlias, ReleaseAliasMove, ReleaseFilter, ReleaseState, ReleaseView, ResourceKind, Role,
    TrainingMetadata, TransferItem,
};
pub use tonic::{Code, async_trait};

pub use aliases::{DeleteReleaseAlias, ListReleaseAliasHistory, ListReleaseAliases, SetReleaseAlias};
pub use api_keys::{
    ApiKeySecret, CreateApiKey, GetApiKey, GetCallerApiKey, ListApiKeys, NewSecret, RotateApiKey, TransitionApiKey, UpdateApiKey,
};
pub use artifacts::{
    CreateArtifact, DeleteArtifact, Download, DownloadArtifact, GetArtifact, ListArtifacts, TransferProgress, UpdateArtifact,
    UploadArtifact,
};
pub use audit::ListAuditEntries;
pub use call::{Answer, Call};
pub use client::Client;
pub use connect::Builder;
pub use connection::Connection;
pub use deployments::{CreateDeployment, GetDeployment, ListDeployments, TransitionDeployment, UpdateDeployment};
pub use error::Error;
pub use failure::{Failure, FieldViolation, ResourceInfo};
pub use json::IntoStruct;
#[cfg(feature = "json")]
pub use json::to_json;
pub use models::{
    BatchCreateModels, BatchGetModels, CreateModel, DeleteModel, DeletedModel, GetModel, ListModels, PurgeModel, RenameModel,
    UndeleteModel, UpdateModel,
};
pub use page::Page;
pub use reference::{Reference, ReferenceError, ReleaseSelector};
pub use refs::{ArtifactId, ArtifactParent, DeploymentId, ModelId, ModelRef, ReleaseId, ReleaseKey, ReleaseRef};
pub use refusal::Refusal;
pub use registry::{MessageStream, Registry};
pub use releases::{
    BatchCreateReleases, BatchGetReleases, BatchResolveReleases, CreateRelease, DeleteRelease, GetRelease, ListReleases,
    PurgeRelease, ReleaseQuery, Resolution, ResolveReference, ResolveRelease, ResolveReleaseOf, Resolved, SelectRelease,
    TransitionRelease, UndeleteRelease, UpdateRelease,
};
pub use resolver::{CachedRelease, CachedResolver, CachedResolverBuilder, Freshness, ResolverState};
pub use retry::RetryPolicy;
pub use rpc::Rpc;
pub use system::{CompactEvents, GetServerInfo};
#[cfg(feature = "tls")]
pub use tls::Tls;
pub use transfer::{BegunImport, Export, Exporting, Import, ImportFailure, ImportSkip, ImportSummary, ImportedChunk, Importing};
pub use watch::{EventPage, ListEvents, StartOverReason, Watch, WatchItem, Watching};
