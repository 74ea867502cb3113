//! `TransferService.Export`.
//!
//! What is sent is read by a task of its own, a message ahead of its client, because it holds a snapshot of the database: a client that
//! takes nothing loses it. May not: know how things are stored.

use super::convert::item;
use super::guard::Guard;
use super::page_token::{Fingerprint, PageTokens, fingerprint};
use super::{Api, Deadline, status};
use crate::domain::page::{Cursor, Resume, SortKey};
use crate::domain::transfer::{Key, Place, Section};
use crate::domain::{Context, Error, Limit, RequestId, Revision};
use crate::layer::Who;
use crate::refusals::Refusals;
use crate::service::exports::{BEGINNING, Exporting};
use crate::shares::{Share, Shares};
use crate::telemetry::carried;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use prost::Message;
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status};

/// How long nothing may be taken. The connection to PostgreSQL may be idle for longer.
pub(super) const IDLE: Duration = Duration::from_secs(30);
/// How large a message of several items is at the most, in encoded bytes.
const FULL: usize = 1024 * 1024;
/// When there may be room for another one.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// The room that a server has for something that few do at once.
#[derive(Debug, Clone)]
pub(super) struct Places {
    limit: Limit,
    open: Shares<Who>,
    refusals: Refusals,
}

impl Places {
    pub(super) fn new(limit: Limit, most: usize, refusals: &Refusals) -> Self {
        Self { limit, open: Shares::new(most, most), refusals: refusals.clone() }
    }

    /// How many of them are under way.
    pub(super) fn taken(&self) -> usize {
        self.open.taken()
    }

    pub(super) fn one_more(&self, ctx: &Context) -> Result<Share<Who>, Error> {
        self.open.take(Who::holds(ctx.caller())).map_err(|_| {
            self.refusals.happened(self.limit);
            Error::RateLimited { limit: self.limit, retry: SOON }
        })
    }
}

/// What an export sends.
pub(super) type Exported = BoxStream<'static, Result<pb::ExportResponse, Status>>;

impl Api {
    /// Serves an export.
    pub(super) async fn serve_export(&self, request: Request<pb::ExportRequest>) -> Result<Response<Exported>, Status> {
        let deadline = request.extensions().get().copied().unwrap_or(Deadline(None));
        let wanted = async |api: Self, context: Context, mut message: pb::ExportRequest| {
            let place = api.exports.one_more(&context)?;
            let guard = Guard::of(&api.registry, context.caller(), deadline, place);
            let cursor = std::mem::take(&mut message.after_cursor);
            let fingerprint = fingerprint(&context, Method::Export.path(), &message);
            let after = opened(&api.tokens, &cursor, &fingerprint)?;
            let exporting = api.registry.export(&context, item::wanted(message), after.clone().unwrap_or(BEGINNING)).await?;
            let sealed = Sealed { tokens: api.tokens.clone(), fingerprint };
            Ok(messages(
                exporting,
                after.unwrap_or(BEGINNING),
                sealed,
                guard,
                deadline,
                api.clone(),
                context.request_id().clone(),
            ))
        };
        self.accept(request, wanted).await
    }
}

/// Makes cursors.
struct Sealed {
    tokens: PageTokens,
    fingerprint: Fingerprint,
}

fn messages(
    exporting: Exporting,
    from: Place,
    sealed: Sealed,
    mut guard: Guard,
    deadline: Deadline,
    api: Api,
    request_id: RequestId,
) -> Exported {
    let (sender, receiver) = mpsc::channel(1);
    let task = AbortOnDropHandle::new(tokio::spawn(carried(async move {
        tokio::select! {
            biased;
            () = deadline.passed() => Err(status::late("the deadline of the stream has passed")),
            why = guard.lost() => Err(status::of(&why, &request_id)),
            () = api.last_moment() => Err(status::of(&Error::ShuttingDown, &request_id)),
            sent = send(exporting, from, &sealed, &sender) => sent.map_err(|error| status::of(&error, &request_id)),
        }
    })));
    ended(receiver, task)
}

/// What comes from a task, and how that ended.
pub(super) fn ended<M: Send + 'static>(
    receiver: mpsc::Receiver<M>,
    task: AbortOnDropHandle<Result<(), Status>>,
) -> BoxStream<'static, Result<M, Status>> {
    let messages = stream::unfold(receiver, async |mut receiver| receiver.recv().await.map(|message| (Ok(message), receiver)));
    let end = stream::once(task).filter_map(async |ended| match ended {
        Ok(Ok(())) => None,
        Ok(Err(status)) => Some(Err(status)),
        Err(panic) => Some(Err(status::of(&Error::Internal(panic.into()), &RequestId::fresh()))),
    });
    messages.chain(end).boxed()
}

/// Waits until there is room for a message. A stream that is gone takes everything: its task goes with it.
pub(super) async fn give<M>(sender: &mpsc::Sender<M>, message: M, idle: Duration) -> Result<(), Error> {
    match timeout(idle, sender.send(message)).await {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Idle { seconds: idle.as_secs() }),
    }
}

async fn send(
    mut exporting: Exporting,
    from: Place,
    sealed: &Sealed,
    sender: &mpsc::Sender<pb::ExportResponse>,
) -> Result<(), Error> {
    let (revision, source_revision) = (exporting.revision, exporting.source_revision);
    let response = |items, behind: &Place| pb::ExportResponse {
        items,
        cursor: sealed.cursor(behind, revision),
        revision: revision.number(),
        source_revision: source_revision.number(),
    };
    give(sender, response(Vec::new(), &from), IDLE).await?;
    loop {
        let page = exporting.next().await?;
        if page.is_empty() {
            return Ok(());
        }
        let (mut items, mut bytes, mut behind) = (Vec::new(), 0, from.clone());
        for (place, stored) in page {
            let item = item::message(stored);
            let more = item.encoded_len();
            if bytes + more > FULL && !items.is_empty() {
                give(sender, response(std::mem::take(&mut items), &behind), IDLE).await?;
                // A page can be several messages, and each can take so long.
                exporting.stay().await?;
                bytes = 0;
            }
            bytes += more;
            items.push(item);
            behind = place;
        }
        give(sender, response(items, &behind), IDLE).await?;
    }
}

impl Sealed {
    fn cursor(&self, Place { section, after }: &Place, revision: Revision) -> String {
        let Some(Key { depth, id, alias, revision: of_item }) = after else { return String::new() };
        let key = format!("{}/{depth}/{of_item}/{alias}", section.word());
        self.tokens.seal(&self.fingerprint, &Resume { after: Cursor { key: SortKey::Text(key), id: *id }, revision })
    }
}

/// Where a cursor leads. The empty one is the beginning.
fn opened(tokens: &PageTokens, cursor: &str, fingerprint: &Fingerprint) -> Result<Option<Place>, Error> {
    let Some(Resume { after: Cursor { key, id }, revision: _ }) = tokens.open(cursor, fingerprint)? else { return Ok(None) };
    let SortKey::Text(text) = key else { return Err(Error::InvalidPageToken) };
    let mut parts = text.splitn(4, '/');
    let place = || {
        let word = parts.next()?;
        let section = Section::ALL.into_iter().find(|section| section.word() == word)?;
        let depth = parts.next()?.parse().ok()?;
        let revision = Revision::new(parts.next()?.parse().ok()?);
        let alias = parts.next()?.to_owned();
        Some(Place { section, after: Some(Key { depth, id, alias, revision }) })
    };
    let mut place = place;
    place().map(Some).ok_or(Error::InvalidPageToken)
}
