//! Faults that are built in on purpose, to show that the tests find them. Nothing of it is in a build without the feature
//! `sabotage`, and no flag of the binary reaches it.

use crate::domain::{Error, RequestId};
use crate::store::{Together, Tx, UseCase};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Which safety is off. By default none is.
#[derive(Debug, Clone, Default)]
pub struct Sabotage {
    stale: bool,
    panics: Option<Fault>,
}

/// How many statements of migrations this process may still carry out; none of its own business by default.
static STATEMENTS: AtomicI64 = AtomicI64::new(i64::MAX);

/// Ends this process by SIGKILL when it has carried out that many statements of migrations.
pub fn die_after_statements(count: i64) {
    STATEMENTS.store(count, Ordering::SeqCst);
}

/// A statement of a migration was carried out.
pub(crate) fn said() {
    if STATEMENTS.fetch_sub(1, Ordering::SeqCst) == 1 {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// How many statements of migrations this process has carried out, if it is not to die of one.
#[must_use]
pub fn statements_said() -> i64 {
    i64::MAX - STATEMENTS.load(Ordering::SeqCst)
}

/// Where a call panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// In a handler that has done nothing yet.
    Handler,
    /// In a handler that has done everything, before it answers.
    Answer,
    /// In a use case, in the writer, that has written everything.
    UseCase,
    /// While a stream of events is polled.
    Stream,
    /// In the task that reads for a stream of events.
    Read,
}

/// What a panic says: nobody but the operator is to read it.
pub const PANIC: &str = "a fault that was built in";
/// With what the id of a request begins that panics. The others do not.
pub const STRUCK: &str = "struck-";

impl Sabotage {
    /// Gives an answer that is kept for as long as it is kept, whatever has changed since.
    #[must_use]
    pub fn stale_answers() -> Self {
        Self { stale: true, ..Self::default() }
    }

    /// Whether it does.
    pub(crate) const fn gives_stale_answers(&self) -> bool {
        self.stale
    }

    /// Panics there, in every call whose request id begins with [`STRUCK`].
    #[must_use]
    pub fn panic_at(fault: Fault) -> Self {
        Self { panics: Some(fault), ..Self::default() }
    }

    /// The place where it may panic.
    #[expect(clippy::panic, reason = "the fault that was asked for")]
    pub(crate) fn strike(&self, here: Fault, request_id: &RequestId) {
        if self.panics == Some(here) && request_id.as_str().starts_with(STRUCK) {
            panic!("{PANIC}");
        }
    }

    /// A use case that may panic when it has written everything.
    pub(crate) fn of_use_case<U>(&self, use_case: U) -> Sabotaged<U> {
        Sabotaged { sabotage: self.clone(), use_case }
    }
}

/// A use case that may panic when it has written everything.
pub(crate) struct Sabotaged<U> {
    sabotage: Sabotage,
    use_case: U,
}

impl<C, T, U> UseCase<C, T> for Sabotaged<U>
where
    C: Send + Sync + 'static,
    T: Send + 'static,
    U: UseCase<C, T>,
{
    type Running = BoxFuture<'static, Result<T, Error>>;

    fn run(&self, tx: Tx, command: Arc<C>) -> Self::Running {
        let (sabotage, request_id) = (self.sabotage.clone(), tx.ctx().request_id().clone());
        let work = self.use_case.run(tx, command);
        async move {
            let done = work.await;
            sabotage.strike(Fault::UseCase, &request_id);
            done
        }
        .boxed()
    }

    fn together(&self) -> Option<Together<C, T>> {
        // Who panics is told by his own right to write.
        self.use_case.together().filter(|_| self.sabotage.panics.is_none())
    }
}
