//! `ArtifactService`: the two methods that move bytes.
//!
//! An upload is taken a message at a time, and a download is read by a task of its own, a chunk ahead of its client: neither holds
//! more than that, however large the artifact is. May not: know where bytes are kept.

use super::convert::{artifact, upload};
use super::guard::Guard;
use super::kept::{self, Kept};
use super::{Api, Deadline, MAX_UPLOAD_BYTES, replayed, status};
use crate::domain::audit::Noted;
use crate::domain::model::View;
use crate::domain::{ArtifactId, Caller, ChangeKey, Context, Error, Limit, Refused, RequestId};
use crate::layer::{CallLimits, Who};
use crate::metrics::Traffic;
use crate::refusals::Refusals;
use crate::service::downloads::Download;
use crate::service::uploads::Received;
use crate::shares::{Share, Shares};
use crate::store::Written;
use crate::telemetry::carried;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use prost::Message as _;
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::upload_artifact_request::{Message, Start};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Code, Request, Response, Status, Streaming};

/// How long an upload may send nothing, and a download have nothing taken.
pub(super) const IDLE: Duration = Duration::from_secs(60);

/// Which part of the grace period uploads and downloads have when a server stops.
const LAST: f64 = 0.8;

/// When there may be room for another one.
const SOON: Duration = Duration::from_secs(1);

/// The room that a server has for uploads and downloads.
#[derive(Debug, Clone)]
pub(super) struct Transfers {
    open: Shares<Who>,
    refusals: Refusals,
    traffic: Traffic,
}

impl Transfers {
    /// One caller may have half of it, where callers are told apart.
    pub(super) fn new(limits: &CallLimits, told_apart: bool, refusals: &Refusals, traffic: Traffic) -> Self {
        let each = if told_apart { limits.transfers.div_ceil(2) } else { limits.transfers };
        Self { open: Shares::new(limits.transfers, each), refusals: refusals.clone(), traffic }
    }

    /// How many of them are under way.
    pub(super) fn taken(&self) -> usize {
        self.open.taken()
    }

    fn one_more(&self, caller: &Caller) -> Result<Share<Who>, Error> {
        self.open.take(Who::holds(caller)).map_err(|_| {
            self.refusals.happened(Limit::Transfers);
            Error::RateLimited { limit: Limit::Transfers, retry: SOON }
        })
    }
}

/// What a download sends.
pub(super) type Chunks = BoxStream<'static, Result<pb::DownloadArtifactResponse, Status>>;

impl Api {
    /// Serves an upload.
    pub(super) async fn upload(
        &self,
        request: Request<Streaming<pb::UploadArtifactRequest>>,
    ) -> Result<Response<pb::UploadArtifactResponse>, Status> {
        let request_id = request.extensions().get().cloned().unwrap_or_else(RequestId::fresh);
        let answer = async {
            let context = self.context(request.extensions(), Method::UploadArtifact, &request_id)?;
            let deadline = request.extensions().get().copied().unwrap_or(Deadline(None));
            let noted = request.extensions().get().cloned().unwrap_or_default();
            let place = self.transfers.one_more(context.caller())?;
            let mut guard = Guard::of(&self.registry, context.caller(), deadline, place);
            tokio::select! {
                biased;
                why = guard.lost() => Err(why),
                () = self.last_moment() => Err(Error::ShuttingDown),
                answer = self.take_in(context, noted, Incoming(request.into_inner())) => answer,
            }
        };
        answer.await.map(replayed).map_err(|error| status::of(&error, &request_id))
    }

    async fn take_in(
        &self,
        context: Context,
        noted: Noted,
        mut messages: Incoming,
    ) -> Result<Written<Kept<pb::UploadArtifactResponse>>, Error> {
        let mut start = messages.start().await?;
        noted.asked_for(&start.request_id);
        let change = kept::change(&std::mem::take(&mut start.request_id), "start.request_id")?;
        let payload = Sha256::new_with_prefix(start.encode_to_vec());
        let (new, announced) = upload::start(start)?;
        self.registry.may_upload(&context, &new, change).await?;
        let mut receiving = self.registry.receive(announced).await?;
        while let Some(chunk) = messages.chunk().await? {
            self.transfers.traffic.received(chunk.len());
            receiving.take(chunk).await?;
        }
        // A caller who goes away looks as if he had sent all there is, until the connection is asked: it is, before anything else.
        tokio::task::yield_now().await;
        let received = receiving.finish().await?;
        let payload = payload.chain_update(received.content.sha256.as_str()).finalize().into();
        let key = change.map(|id| ChangeKey { id, method: Method::UploadArtifact.path(), payload });
        let context = context.keyed(key);
        let id: ArtifactId = context.new_id();
        let Received { content, checksum, .. } = &received;
        let new = new.received(id, content.size_bytes, checksum.clone());
        let answer = |stored, ctx: &Context| Kept(pb::UploadArtifactResponse { artifact: Some(artifact::written(stored, ctx)) });
        self.registry.store_artifact(&context, (id, new), received, answer).await
    }

    /// Comes shortly before a server that stops ends what is still open: whoever is told can go on elsewhere.
    pub(super) async fn last_moment(&self) {
        self.stop.cancelled().await;
        sleep(self.limits.grace.mul_f64(LAST)).await;
    }

    /// Serves a download.
    pub(super) async fn download(&self, request: Request<pb::DownloadArtifactRequest>) -> Result<Response<Chunks>, Status> {
        let deadline = request.extensions().get().copied().unwrap_or(Deadline(None));
        let wanted = async |api: Self, context: Context, message| {
            let pb::DownloadArtifactRequest { artifact_id, offset_bytes, limit_bytes } = message;
            let place = api.transfers.one_more(context.caller())?;
            let guard = Guard::of(&api.registry, context.caller(), deadline, place);
            let id = artifact::id(&artifact_id)?;
            // The contract allows nothing negative.
            let (offset, limit) = (offset_bytes.unsigned_abs(), limit_bytes.unsigned_abs());
            let download = api.registry.download(&context, id, offset, Some(limit).filter(|limit| *limit > 0)).await?;
            Ok(messages(download, guard, deadline, api.clone(), context.request_id().clone()))
        };
        self.accept(request, wanted).await
    }
}

/// The messages of an upload, one at a time, in the order they may have.
struct Incoming(Streaming<pb::UploadArtifactRequest>);

impl Incoming {
    async fn start(&mut self) -> Result<Start, Error> {
        match self.next().await? {
            Some(Message::Start(start)) => Ok(start),
            Some(Message::Chunk(_)) | None => {
                Err(Error::invalid(Refused::new("REQUIRED", "must be the first message").at("start")))
            }
        }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        match self.next().await? {
            Some(Message::Chunk(chunk)) => Ok(Some(chunk)),
            None => Ok(None),
            Some(Message::Start(_)) => {
                Err(Error::invalid(Refused::new("FIRST_ONLY", "can only be the first message").at("start")))
            }
        }
    }

    async fn next(&mut self) -> Result<Option<Message>, Error> {
        let next = timeout(IDLE, self.0.message()).await.map_err(|_| Error::Idle { seconds: IDLE.as_secs() })?;
        let Some(message) = next.map_err(|broken| of_stream(&broken))? else { return Ok(None) };
        super::check(&message)?;
        Ok(message.message)
    }
}

/// What tonic says of a message that it cannot read.
fn of_stream(broken: &Status) -> Error {
    match broken.code() {
        Code::OutOfRange | Code::ResourceExhausted => Error::RequestTooLarge { limit: MAX_UPLOAD_BYTES },
        _ => Error::RequestBroken,
    }
}

/// The artifact, then its bytes. They are read by a task of its own: a stream whose client takes nothing is not polled, and could
/// not notice that.
fn messages(download: Download, mut guard: Guard, deadline: Deadline, api: Api, request_id: RequestId) -> Chunks {
    let (sender, receiver) = mpsc::channel(1);
    let task = AbortOnDropHandle::new(tokio::spawn(carried(async move {
        tokio::select! {
            biased;
            () = deadline.passed() => Err(status::late("the deadline of the stream has passed")),
            why = guard.lost() => Err(status::of(&why, &request_id)),
            () = api.last_moment() => Err(status::of(&Error::ShuttingDown, &request_id)),
            sent = send(download, &sender, &api.transfers.traffic) => sent.map_err(|error| status::of(&error, &request_id)),
        }
    })));
    let chunks = stream::unfold(receiver, async |mut receiver| receiver.recv().await.map(|message| (Ok(message), receiver)));
    let end = stream::once(task).filter_map(async |ended| match ended {
        Ok(Ok(())) => None,
        Ok(Err(status)) => Some(Err(status)),
        Err(panic) => Some(Err(status::of(&Error::Internal(panic.into()), &RequestId::fresh()))),
    });
    chunks.chain(end).boxed()
}

async fn send(
    mut download: Download,
    sender: &mpsc::Sender<pb::DownloadArtifactResponse>,
    traffic: &Traffic,
) -> Result<(), Error> {
    let first = artifact::message(download.artifact().clone(), View::Full);
    give(sender, pb::DownloadArtifactResponse { artifact: Some(first), chunk: Bytes::new() }).await?;
    while let Some(chunk) = download.next().await? {
        let bytes = chunk.len();
        give(sender, pb::DownloadArtifactResponse { artifact: None, chunk }).await?;
        traffic.sent(bytes);
    }
    Ok(())
}

/// Waits until there is room for a message. A stream that is gone takes everything: its task goes with it.
async fn give(sender: &mpsc::Sender<pb::DownloadArtifactResponse>, message: pb::DownloadArtifactResponse) -> Result<(), Error> {
    match timeout(IDLE, sender.send(message)).await {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Idle { seconds: IDLE.as_secs() }),
    }
}
