//! `TransferService.Import`.
//!
//! The server is done with a message of items before it reads the next one, and holds no more than that. May not: decide what becomes
//! of an item.

use super::convert::item;
use super::convert::resolve::rpc_status;
use super::convert::stored::{self, Reading};
use super::exports::{ended, give};
use super::guard::Guard;
use super::transfers::IDLE;
use super::{Api, Deadline, MAX_RESPONSE_BYTES, status};
use crate::domain::transfer::{ImportOptions, Skipped};
use crate::domain::{Context, Error, Refused, RequestId};
use crate::service::imports::{Begun, Rehearsal, Run, Taken};
use crate::telemetry::carried;
use futures::stream::BoxStream;
use prost::Message as _;
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::import_request::{Items, Message, Options};
use registry_proto::v1::import_response::{Failure, Skip};
use registry_proto::validate::{Collector, Validate};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Code, Request, Response, Status, Streaming};

/// How many items a message has; the rules of the contract say the same.
pub(super) const MAX_ITEMS: usize = 500;
/// How many bytes the items of a message have, if they are several.
pub(super) const MAX_ITEM_BYTES: usize = 1024 * 1024;
/// The largest message: one item can be as large as an answer.
pub(super) const MAX_IMPORT_BYTES: usize = MAX_RESPONSE_BYTES;

/// What an import answers.
pub(super) type Imported = BoxStream<'static, Result<pb::ImportResponse, Status>>;

impl Api {
    /// Serves an import. What is wrong with its beginning is told before the answers begin.
    pub(super) async fn serve_import(
        &self,
        request: Request<Streaming<pb::ImportRequest>>,
    ) -> Result<Response<Imported>, Status> {
        let request_id = request.extensions().get().cloned().unwrap_or_else(RequestId::fresh);
        let answer = async {
            let context = self.context(request.extensions(), Method::Import, &request_id)?;
            let deadline = request.extensions().get().copied().unwrap_or(Deadline(None));
            let place = self.imports.one_more(&context)?;
            let mut guard = Guard::of(&self.registry, context.caller(), deadline, place);
            let begun = async {
                let mut messages = Incoming(request.into_inner());
                let options = messages.options().await?;
                let begun = self.registry.begin_import(&context, &options).await?;
                Ok((messages, options, begun))
            };
            let (messages, options, begun) = tokio::select! {
                biased;
                why = guard.lost() => Err(why),
                () = self.last_moment() => Err(Error::ShuttingDown),
                begun = begun => begun,
            }?;
            // One entry of the audit log stands for the whole stream.
            let context = context.audited(None);
            let import =
                Import { api: self.clone(), context, options: Arc::new(options), begun, rehearsal: Rehearsal::default() };
            Ok(import.answers(messages, guard, deadline))
        };
        answer.await.map(Response::new).map_err(|error| status::of(&error, &request_id))
    }
}

/// The messages of an import, one at a time, in the order they may have.
struct Incoming(Streaming<pb::ImportRequest>);

impl Incoming {
    async fn options(&mut self) -> Result<ImportOptions, Error> {
        match self.next().await? {
            Some(Message::Options(options)) => {
                valid("options", &options)?;
                item::options(&options)
            }
            Some(Message::Items(_)) | None => Err(refused("options", Refused::new("REQUIRED", "must be the first message"))),
        }
    }

    async fn items(&mut self) -> Result<Option<Items>, Error> {
        match self.next().await? {
            Some(Message::Items(items)) => Ok(Some(items)),
            None => Ok(None),
            Some(Message::Options(_)) => Err(refused("options", Refused::new("FIRST_ONLY", "can only be the first message"))),
        }
    }

    async fn next(&mut self) -> Result<Option<Message>, Error> {
        let next = timeout(IDLE, self.0.message()).await.map_err(|_| Error::Idle { seconds: IDLE.as_secs() })?;
        let next = next.map_err(|broken| match broken.code() {
            Code::OutOfRange | Code::ResourceExhausted => Error::RequestTooLarge { limit: MAX_IMPORT_BYTES },
            _ => Error::RequestBroken,
        })?;
        match next {
            None => Ok(None),
            Some(pb::ImportRequest { message: Some(message) }) => Ok(Some(message)),
            Some(pb::ImportRequest { message: None }) => Err(refused("message", Refused::new("REQUIRED", "must be set"))),
        }
    }
}

fn refused(field: &str, refused: Refused) -> Error {
    Error::invalid(refused.at(field))
}

/// A message that is part of another, checked against the rules of the contract.
fn valid(field: &'static str, message: &Options) -> Result<(), Error> {
    let mut at = Collector::default();
    at.field(field, |at| message.validate(at));
    super::violations::both(at.finish(), Ok(()))
}

/// An import under way.
struct Import {
    api: Api,
    context: Context,
    options: Arc<ImportOptions>,
    begun: Begun,
    rehearsal: Rehearsal,
}

impl Import {
    fn answers(mut self, messages: Incoming, mut guard: Guard, deadline: Deadline) -> Imported {
        let (sender, receiver) = mpsc::channel(1);
        let request_id = self.context.request_id().clone();
        let task = AbortOnDropHandle::new(tokio::spawn(carried(async move {
            let api = self.api.clone();
            tokio::select! {
                biased;
                () = deadline.passed() => Err(status::late("the deadline of the stream has passed")),
                why = guard.lost() => Err(status::of(&why, &request_id)),
                () = api.last_moment() => Err(status::of(&Error::ShuttingDown, &request_id)),
                ended = self.run(messages, &sender) => ended.map_err(|error| status::of(&error, &request_id)),
            }
        })));
        ended(receiver, task)
    }

    async fn run(&mut self, mut messages: Incoming, sender: &mpsc::Sender<pb::ImportResponse>) -> Result<(), Error> {
        give(sender, self.response(), IDLE).await?;
        let mut expected = None;
        while let Some(items) = messages.items().await? {
            self.check(&items, expected)?;
            expected = Some(items.first_sequence.saturating_add(count(items.items.len())));
            let (response, end) = self.take(items).await?;
            give(sender, response, IDLE).await?;
            if let Some(error) = end {
                return Err(error);
            }
        }
        Ok(())
    }

    /// How far the import has come, and nothing else.
    fn response(&self) -> pb::ImportResponse {
        pb::ImportResponse {
            acknowledged_sequence: self.begun.acknowledged,
            created_count: 0,
            replaced_count: 0,
            skipped_count: 0,
            failures: Vec::new(),
            revision: 0,
            skips: Vec::new(),
            keeps_revisions: self.begun.keeps_revisions,
            failed_count: self.begun.failed,
        }
    }

    /// What holds of a message as a whole. Its items answer for themselves.
    fn check(&self, items: &Items, expected: Option<i64>) -> Result<(), Error> {
        let first = items.first_sequence;
        let most = self.begun.acknowledged.saturating_add(1);
        let continues = expected.map_or(first >= 1 && first <= most, |expected| first == expected);
        if !continues {
            let why = format!("must be {}", expected.map_or_else(|| format!("1 to {most}"), |next| next.to_string()));
            return Err(refused("items.first_sequence", Refused::new("SEQUENCE_GAP", why)));
        }
        match items.items.len() {
            0 => Err(refused("items.items", Refused::new("REQUIRED", "must have at least 1 item"))),
            1 => Ok(()),
            several if several > MAX_ITEMS => {
                Err(refused("items.items", Refused::new("REPEATED_MAX_ITEMS", format!("must have at most {MAX_ITEMS} items"))))
            }
            _ => fits(items.encoded_len()),
        }
    }

    /// Takes a message of items. Tells what to answer, and what ends the import after that, if something does.
    async fn take(&mut self, items: Items) -> Result<(pb::ImportResponse, Option<Error>), Error> {
        let Items { first_sequence: first, items } = items;
        let last = first.saturating_add(count(items.len())).saturating_sub(1);
        self.settle().await?;
        let (mut items, mut unread) = self.read(first, items);
        let before = self.begun.acknowledged;
        items.retain(|(sequence, _)| *sequence > before);
        unread.retain(|(sequence, _)| *sequence > before);
        let fail_fast = self.options.fail_fast;
        let mut taken = if fail_fast && !unread.is_empty() {
            // Nothing of it is stored, so it need not be looked at.
            Taken { before, ..Taken::default() }
        } else {
            let unread = unread.iter().map(|(sequence, _)| *sequence).collect();
            let run = Run { options: Arc::clone(&self.options), first, last, items, unread };
            self.take_run(run).await?
        };
        taken.failed.extend(unread.into_iter().filter(|(sequence, _)| *sequence > taken.before));
        taken.failed.sort_by_key(|(sequence, _)| *sequence);
        if fail_fast && !taken.failed.is_empty() {
            return Ok(self.broken_off(taken));
        }
        self.begun.acknowledged = taken.before.max(last);
        self.begun.failed = taken.failed_in_all;
        Ok((self.told(taken), None))
    }

    /// Before the first items are read: whether they keep their revisions.
    async fn settle(&mut self) -> Result<(), Error> {
        if !self.options.validate_only && self.begun.acknowledged == 0 {
            self.begun.keeps_revisions = self.api.registry.settle_import(&self.context, &self.options).await?;
        }
        Ok(())
    }

    async fn take_run(&mut self, run: Run) -> Result<Taken, Error> {
        if self.options.validate_only {
            self.api.registry.rehearse_items(&self.context, (run, self.begun), &mut self.rehearsal).await
        } else {
            self.api.registry.take_items(&self.context, run).await
        }
    }

    /// The items that can be read, and those that cannot.
    #[expect(clippy::type_complexity, reason = "two lists of the same numbers")]
    fn read(
        &self,
        first: i64,
        items: Vec<pb::TransferItem>,
    ) -> (Vec<(i64, crate::store::transfers::Incoming)>, Vec<(i64, Error)>) {
        let reading = Reading {
            import: self.options.id,
            preserve: self.options.preserve_identity,
            revisions: self.options.source_revision.filter(|_| self.begun.keeps_revisions),
            actor: self.context.actor().clone(),
            now: self.context.clone().begun().now(),
        };
        let (mut read, mut unread) = (Vec::with_capacity(items.len()), Vec::new());
        for (sequence, item) in (first..).zip(items) {
            match stored::item(&reading, sequence, item) {
                Ok(item) => read.push((sequence, item)),
                Err(error) => unread.push((sequence, error)),
            }
        }
        (read, unread)
    }

    fn broken_off(&self, taken: Taken) -> (pb::ImportResponse, Option<Error>) {
        let mut failed = taken.failed.into_iter();
        let first = failed.next();
        let failures = first.iter().map(|(sequence, error)| self.failure(*sequence, error)).collect();
        (pb::ImportResponse { failures, ..self.response() }, first.map(|(_, error)| error))
    }

    fn told(&self, taken: Taken) -> pb::ImportResponse {
        let Taken { before: _, failed_in_all: _, created, replaced, skipped, failed, revision } = taken;
        pb::ImportResponse {
            created_count: created,
            replaced_count: replaced,
            skipped_count: count(skipped.len()),
            failures: failed.iter().map(|(sequence, error)| self.failure(*sequence, error)).collect(),
            revision: revision.map_or(0, |revision| revision.number()),
            skips: skipped.into_iter().map(skip).collect(),
            ..self.response()
        }
    }

    fn failure(&self, sequence: i64, error: &Error) -> Failure {
        let status = status::of(error, self.context.request_id());
        Failure { sequence, status: Some(rpc_status(&status)) }
    }
}

fn skip((sequence, skipped): (i64, Skipped)) -> Skip {
    Skip { sequence, reason: item::skip_reason(skipped).into() }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn fits(bytes: usize) -> Result<(), Error> {
    if bytes <= MAX_ITEM_BYTES {
        return Ok(());
    }
    let (limit, actual) = (u64::try_from(MAX_ITEM_BYTES).unwrap_or(u64::MAX), u64::try_from(bytes).unwrap_or(u64::MAX));
    Err(Error::LimitExceeded { subject: "bytes of the items of a message".to_owned(), limit, actual })
}
