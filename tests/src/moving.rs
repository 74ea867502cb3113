//! Exports and imports, message by message, as the stubs have them.

use crate::{Harness, keys, raw};
use futures::stream;
use registry_client::{ErrorReason, pb};
use registry_proto::v1::import_request::{Items, Message, Options};
use registry_proto::v1::transfer_item::Resource;
use registry_proto::v1::transfer_service_client::TransferServiceClient;
use registry_proto::v1::{ExportRequest, ExportResponse, ImportRequest, ImportResponse, TransferItem};
use tokio::sync::mpsc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

/// Says who calls.
#[derive(Clone, Debug)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// The stub.
pub type Stub = TransferServiceClient<InterceptedService<Channel, Bearer>>;

/// The service at an address, called by the first key, on a connection of its own.
///
/// # Panics
/// If there is no connection.
pub async fn stub_at(endpoint: String) -> Stub {
    let channel = Endpoint::from_shared(endpoint).expect("an address").connect().await.expect("a connection");
    let bearer = Bearer(format!("Bearer {}", keys::ADMIN).parse().expect("a header"));
    TransferServiceClient::with_interceptor(channel, bearer).max_decoding_message_size(8 << 20).max_encoding_message_size(8 << 20)
}

/// The service of a registry.
pub async fn stub(registry: &Harness) -> Stub {
    stub_at(registry.endpoint()).await
}

/// All that an export sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// The items.
    pub items: Vec<TransferItem>,
    /// The revision of the registry.
    pub revision: i64,
    /// The greatest revision of an item.
    pub source_revision: i64,
}

/// Everything, also what is soft-deleted.
#[must_use]
pub fn everything() -> ExportRequest {
    ExportRequest { include_deleted: true, ..Default::default() }
}

/// Exports.
///
/// # Panics
/// If the export fails.
pub async fn export(registry: &Harness, request: ExportRequest) -> Exported {
    let messages = messages(registry, request).await.expect("an export");
    let first = messages.first().expect("a first message");
    assert!(first.items.is_empty(), "the first message has no items");
    assert!(messages.iter().skip(1).all(|message| !message.items.is_empty()));
    let (revision, source_revision) = (first.revision, first.source_revision);
    assert!(messages.iter().all(|message| (message.revision, message.source_revision) == (revision, source_revision)));
    Exported { items: messages.into_iter().flat_map(|message| message.items).collect(), revision, source_revision }
}

/// The messages of an export.
///
/// # Errors
/// Those of the export.
pub async fn messages(registry: &Harness, request: ExportRequest) -> Result<Vec<ExportResponse>, Status> {
    let mut stream = stub(registry).await.export(request).await?.into_inner();
    let mut messages = Vec::new();
    while let Some(message) = stream.message().await? {
        messages.push(message);
    }
    Ok(messages)
}

/// Options of an import of its own.
#[must_use]
pub fn options() -> Options {
    Options { import_id: uuid::Uuid::new_v4().to_string(), ..Default::default() }
}

/// Of one that moves what was exported.
#[must_use]
pub fn restoring(exported: &Exported) -> Options {
    Options { preserve_identity: true, source_revision: exported.source_revision, ..options() }
}

/// The first message of an import.
#[must_use]
pub fn begin(options: Options) -> ImportRequest {
    ImportRequest { message: Some(Message::Options(options)) }
}

/// A message with items.
#[must_use]
pub fn run(first_sequence: i64, items: &[TransferItem]) -> ImportRequest {
    ImportRequest { message: Some(Message::Items(Items { first_sequence, items: items.to_vec() })) }
}

/// An item of a resource.
#[must_use]
pub fn item(resource: Resource) -> TransferItem {
    TransferItem { resource: Some(resource), ..Default::default() }
}

/// Sends messages; what was answered, and how it ended.
pub async fn send(registry: &Harness, messages: Vec<ImportRequest>) -> (Vec<ImportResponse>, Result<(), Status>) {
    let answers = match stub(registry).await.import(stream::iter(messages)).await {
        Ok(answers) => answers.into_inner(),
        Err(status) => return (Vec::new(), Err(status)),
    };
    rest(answers).await
}

/// All answers that are still to come.
pub async fn rest(mut answers: Streaming<ImportResponse>) -> (Vec<ImportResponse>, Result<(), Status>) {
    let mut told = Vec::new();
    loop {
        match answers.message().await {
            Ok(Some(answer)) => told.push(answer),
            Ok(None) => return (told, Ok(())),
            Err(status) => return (told, Err(status)),
        }
    }
}

/// Imports everything, in messages of so many items; the answers to them.
///
/// # Panics
/// If the import ends with an error.
pub async fn import_by(registry: &Harness, options: Options, items: &[TransferItem], size: usize) -> Vec<ImportResponse> {
    let mut messages = vec![begin(options)];
    let mut first = 1;
    for some in items.chunks(size) {
        messages.push(run(first, some));
        first += i64::try_from(some.len()).expect("a few");
    }
    let (mut answers, ended) = send(registry, messages).await;
    ended.expect("an import");
    answers.remove(0);
    answers
}

/// The same, in messages of 100.
pub async fn import(registry: &Harness, options: Options, items: &[TransferItem]) -> Vec<ImportResponse> {
    import_by(registry, options, items, 100).await
}

/// Created, replaced, skipped and failed, in all.
#[must_use]
pub fn counts(answers: &[ImportResponse]) -> [i64; 4] {
    let sum = |count: fn(&ImportResponse) -> i64| answers.iter().map(count).sum();
    [
        sum(|answer| answer.created_count),
        sum(|answer| answer.replaced_count),
        sum(|answer| answer.skipped_count),
        sum(|answer| i64::try_from(answer.failures.len()).expect("a few")),
    ]
}

/// The failures: number, and why.
#[must_use]
pub fn failures(answers: &[ImportResponse]) -> Vec<(i64, Option<ErrorReason>)> {
    let reason = |status: &registry_proto::RpcStatus| {
        let details = prost::Message::encode_to_vec(status).into();
        raw::reason(&Status::with_details(tonic::Code::from_i32(status.code), status.message.clone(), details))
    };
    let failures = answers.iter().flat_map(|answer| &answer.failures);
    failures.map(|failure| (failure.sequence, failure.status.as_ref().and_then(reason))).collect()
}

/// An import under way, a message at a time.
#[derive(Debug)]
pub struct Under {
    sender: mpsc::Sender<ImportRequest>,
    answers: Streaming<ImportResponse>,
    /// The first answer.
    pub begun: ImportResponse,
}

impl Under {
    /// Begins one.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn way(registry: &Harness, options: Options) -> Self {
        let (sender, receiver) = mpsc::channel(16);
        sender.send(begin(options)).await.expect("a stream");
        let requests = tokio_stream::wrappers::ReceiverStream::new(receiver);
        let mut answers = stub(registry).await.import(requests).await.expect("an import").into_inner();
        let begun = answers.message().await.expect("an answer").expect("a first answer");
        Self { sender, answers, begun }
    }

    /// Sends items and waits for the answer.
    ///
    /// # Errors
    /// How the stream ended.
    pub async fn take(&mut self, first: i64, items: &[TransferItem]) -> Result<ImportResponse, Status> {
        // If the stream is over, it says why.
        let _ = self.sender.send(run(first, items)).await;
        self.answers.message().await.and_then(|answer| answer.ok_or_else(|| Status::unknown("the stream is over")))
    }

    /// Sends items and waits for nothing.
    pub async fn send(&self, first: i64, items: &[TransferItem]) {
        let _ = self.sender.send(run(first, items)).await;
    }
}

/// A model as an item.
#[must_use]
pub fn model(name: &str) -> TransferItem {
    let id = uuid::Uuid::new_v5(&uuid::Uuid::nil(), name.as_bytes()).to_string();
    let message = pb::Model { id, name: name.to_owned(), storage_path: "/m".to_owned(), ..Default::default() };
    item(Resource::Model(Box::new(stamped_model(message))))
}

fn stamped_model(message: pb::Model) -> pb::Model {
    let (now, who) = (Some(crate::given::time(0)), "somebody".to_owned());
    pb::Model { create_time: now, update_time: now, created_by: who.clone(), updated_by: who, ..message }
}

/// An active release of a model as an item, with that number.
#[must_use]
pub fn release(model: &str, number: i64) -> TransferItem {
    let id = |name: &str| uuid::Uuid::new_v5(&uuid::Uuid::nil(), name.as_bytes()).to_string();
    let (now, who) = (Some(crate::given::time(0)), "somebody".to_owned());
    let message = pb::Release {
        id: id(&format!("{model}:{number}")),
        model_id: id(model),
        version: format!("{number}.0.0"),
        digest: Some(crate::given::digest(number.unsigned_abs())),
        state: pb::ReleaseState::Active.into(),
        number,
        create_time: now,
        update_time: now,
        created_by: who.clone(),
        updated_by: who,
        ..Default::default()
    };
    item(Resource::Release(Box::new(message)))
}
