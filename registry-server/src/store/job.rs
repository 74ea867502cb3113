//! A queued write: a use case, whom to answer, and how.
//!
//! May not: begin or end a transaction.

use super::Tx;
use crate::domain::{Context, Error};
use crate::telemetry::TRACES;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;
use tokio::sync::oneshot;
use tracing::{Span, info_span};

/// An answer that can be kept, so that a retry is answered the same.
pub trait Answer: Send + Sync + 'static {
    /// As bytes.
    fn keep(&self) -> Vec<u8>;
    /// From those bytes. `None` if they are not of such an answer.
    fn recall(bytes: &[u8]) -> Option<Self>
    where
        Self: Sized;
}

/// The answer to a call that has no key and is not retried: never kept.
#[derive(Debug)]
pub struct Unkeyed<T>(pub T);

impl<T: Send + Sync + 'static> Answer for Unkeyed<T> {
    fn keep(&self) -> Vec<u8> {
        Vec::new()
    }

    fn recall(_: &[u8]) -> Option<Self> {
        None
    }
}

/// A use case that writes: what to do with the right to write and a command. It may be run more than once.
pub trait UseCase<C, T>: Send + Sync + 'static {
    /// One run of it.
    type Running: Future<Output = Result<T, Error>> + Send + 'static;

    /// Runs it.
    fn run(&self, tx: Tx, command: Arc<C>) -> Self::Running;

    /// How it is run for several callers at once, if it can be.
    fn together(&self) -> Option<Together<C, T>> {
        None
    }
}

/// Carries out the commands of several callers who see the same, by as many statements as those of one take: all of them, or none. Gives
/// the results in order. Each changes something, which is recorded with his own right to write.
pub type Together<C, T> = fn(Vec<(Tx, Arc<C>)>) -> BoxFuture<'static, Result<Vec<T>, Error>>;

impl<C, T, F, Fut> UseCase<C, T> for F
where
    F: Fn(Tx, Arc<C>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    type Running = Fut;

    fn run(&self, tx: Tx, command: Arc<C>) -> Fut {
        self(tx, command)
    }
}

/// A use case that can be run for several callers at once.
#[derive(Debug)]
pub struct Shared<F, C, T> {
    /// For one.
    pub alone: F,
    /// For several.
    pub together: Together<C, T>,
}

impl<C, T, F, Fut> UseCase<C, T> for Shared<F, C, T>
where
    C: 'static,
    T: 'static,
    F: Fn(Tx, Arc<C>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    type Running = Fut;

    fn run(&self, tx: Tx, command: Arc<C>) -> Fut {
        (self.alone)(tx, command)
    }

    fn together(&self) -> Option<Together<C, T>> {
        Some(self.together)
    }
}

/// The outcome of a write.
#[derive(Debug)]
pub struct Written<R> {
    /// The answer.
    pub answer: R,
    /// Whether it is the answer to an earlier call with the same key: nothing was done this time.
    pub replayed: bool,
}

/// A queued write.
pub(super) trait Job: Any + Send + Sync {
    fn ctx(&self) -> &Context;
    /// In the trace of whoever queued it, from then until its answer.
    fn span(&self) -> &Span;
    /// Its turn has come: the time of the call is now.
    fn begin(&mut self);
    /// Nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Runs the use case; remembers its answer.
    fn run(&mut self, tx: Tx) -> BoxFuture<'_, Result<(), Error>>;
    /// Whether it and another one can be run at once.
    fn goes_with(&self, other: &dyn Job) -> bool;
    /// Runs the use case for this call and others that go with it, each with a right to write of its own; each remembers its answer.
    fn run_with<'a>(&'a mut self, others: Vec<&'a mut dyn Job>, each: Vec<Tx>) -> BoxFuture<'a, Result<(), Error>>;
    /// The answer of the last run, to be kept.
    fn kept(&self) -> Vec<u8>;
    /// Gives the answer, or what went wrong.
    fn answer(self: Box<Self>, outcome: Result<Reply, Error>);
}

/// What a caller is given who is not given an error.
#[derive(Debug)]
pub(super) enum Reply {
    /// The answer of the last run.
    Own,
    /// One that was kept.
    Kept(Vec<u8>),
}

struct Call<C, T, R, F, A> {
    ctx: Context,
    span: Span,
    command: Arc<C>,
    run: F,
    convert: A,
    result: Option<R>,
    made_of: PhantomData<fn() -> T>,
    reply: oneshot::Sender<Result<Written<R>, Error>>,
}

/// Where the outcome of a write will be.
pub(super) type Outcome<R> = oneshot::Receiver<Result<Written<R>, Error>>;

pub(super) fn job<C, T, R>(
    ctx: Context,
    command: C,
    run: impl UseCase<C, T>,
    convert: impl Fn(T, &Context) -> R + Send + Sync + 'static,
) -> (Box<dyn Job>, Outcome<R>)
where
    C: Send + Sync + 'static,
    T: Send + 'static,
    R: Answer,
{
    let (reply, outcome) = oneshot::channel();
    let command = Arc::new(command);
    let span = info_span!(target: TRACES, "write");
    (Box::new(Call { ctx, span, command, run, convert, result: None, made_of: PhantomData, reply }), outcome)
}

impl<C, T, R, F, A> Job for Call<C, T, R, F, A>
where
    C: Send + Sync + 'static,
    T: Send + 'static,
    R: Answer,
    F: UseCase<C, T>,
    A: Fn(T, &Context) -> R + Send + Sync + 'static,
{
    fn ctx(&self) -> &Context {
        &self.ctx
    }

    fn span(&self) -> &Span {
        &self.span
    }

    fn begin(&mut self) {
        self.ctx = self.ctx.clone().begun();
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: Tx) -> BoxFuture<'_, Result<(), Error>> {
        let work = self.run.run(tx, Arc::clone(&self.command));
        async move {
            self.result = Some((self.convert)(work.await?, &self.ctx));
            Ok(())
        }
        .boxed()
    }

    fn goes_with(&self, other: &dyn Job) -> bool {
        let other: &dyn Any = other;
        // A type is made for each place at which a write is asked for.
        self.run.together().is_some() && other.is::<Self>()
    }

    fn run_with<'a>(&'a mut self, others: Vec<&'a mut dyn Job>, each: Vec<Tx>) -> BoxFuture<'a, Result<(), Error>> {
        let together = self.run.together();
        let mut calls = vec![self];
        for other in others {
            let other: &mut dyn Any = other;
            calls.extend(other.downcast_mut::<Self>());
        }
        let commands: Vec<_> = each.into_iter().zip(&calls).map(|(tx, call)| (tx, Arc::clone(&call.command))).collect();
        async move {
            let together = together.ok_or_else(|| Error::bug("a use case for one was run for several"))?;
            let results = together(commands).await?;
            if results.len() != calls.len() {
                return Err(Error::bug("a use case for several has not a result for each"));
            }
            for (call, result) in calls.into_iter().zip(results) {
                call.result = Some((call.convert)(result, &call.ctx));
            }
            Ok(())
        }
        .boxed()
    }

    fn kept(&self) -> Vec<u8> {
        self.result.as_ref().map(Answer::keep).unwrap_or_default()
    }

    fn answer(self: Box<Self>, outcome: Result<Reply, Error>) {
        let Self { result, reply, .. } = *self;
        let written = outcome.and_then(|given| match given {
            Reply::Own => {
                let answer = result.ok_or_else(|| Error::bug("a write was committed without a result"))?;
                Ok(Written { answer, replayed: false })
            }
            Reply::Kept(bytes) => {
                let answer = R::recall(&bytes).ok_or_else(|| Error::bug("a kept answer cannot be read"))?;
                Ok(Written { answer, replayed: true })
            }
        });
        let _ = reply.send(written); // the caller may be gone; the write stands
    }
}
