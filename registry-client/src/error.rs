//! Why a call failed: the one error of this crate, and what can be asked of it. May not: decide whether to repeat a call.

use std::collections::BTreeMap;
use std::time::Duration;

use registry_proto::method::{Idempotency, Method};
use registry_proto::v1::ErrorReason;
use tonic::{Code, Status};

use crate::ReleaseId;
use crate::failure::{Facts, Failure, FieldViolation, ResourceInfo};

/// Why a call failed.
///
/// The variant says what kind of failure it is; everything else is asked of the error itself. [`reason`](Self::reason) is the finest
/// distinction, and the one to branch on where a kind has several. The text is one line for people and may change at any time.
///
/// ```no_run
/// use registry_client::{Error, ErrorReason};
///
/// # async fn run(client: registry_client::Client) -> Result<(), Error> {
/// match client.create_model("llama-3-7b", "s3://models/llama/").send().await {
///     Ok(model) => println!("created {}", model.id),
///     Err(Error::AlreadyExists(_)) => println!("somebody was faster"),
///     Err(error) if error.reason() == Some(ErrorReason::ReadOnly) => println!("not now"),
///     Err(error) => {
///         for violation in error.violations() {
///             eprintln!("{}: {}", violation.field, violation.description);
///         }
///         return Err(error);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
#[non_exhaustive]
pub enum Error {
    /// INVALID_ARGUMENT: the request is wrong whatever the state of the registry; see [`violations`](Self::violations).
    Invalid(Failure),
    /// NOT_FOUND: what the request refers to does not exist; see [`resource`](Self::resource).
    NotFound(Failure),
    /// ALREADY_EXISTS: something else has the name; see [`resource`](Self::resource).
    AlreadyExists(Failure),
    /// ABORTED: somebody else was faster. With [`ErrorReason::EtagMismatch`], read again and decide again.
    Aborted(Failure),
    /// FAILED_PRECONDITION: the registry or the resource is not in a state in which this can be done.
    FailedPrecondition(Failure),
    /// OUT_OF_RANGE: the request goes beyond what there is. Also an answer larger than this client accepts.
    OutOfRange(Failure),
    /// UNAUTHENTICATED: the registry does not know who is calling.
    Unauthenticated(Failure),
    /// PERMISSION_DENIED: the registry knows who is calling, and it is not allowed.
    PermissionDenied(Failure),
    /// RESOURCE_EXHAUSTED: too much was asked for; see [`retry_delay`](Self::retry_delay).
    ResourceExhausted(Failure),
    /// UNAVAILABLE: the registry, or something in front of it, cannot answer at present.
    Unavailable(Failure),
    /// DEADLINE_EXCEEDED: there was no answer in time, whether the server or this client noticed.
    DeadlineExceeded(Failure),
    /// CANCELLED: something between here and the registry gave the call up.
    Cancelled(Failure),
    /// UNIMPLEMENTED: the server does not know the method; it may be an older one, or no registry.
    Unimplemented(Failure),
    /// DATA_LOSS: bytes that the registry held are gone or not what they were, or what arrived here is not.
    DataLoss(Failure),
    /// A file of this machine could not be read or written. What the system said is the [source](std::error::Error::source).
    File(Failure),
    /// INTERNAL or UNKNOWN: a bug; [`request_id`](Self::request_id) finds it in the log of the server.
    Internal(Failure),
    /// No connection could be made, or it broke. What the network said is the [source](std::error::Error::source).
    Transport(Failure),
    /// The server answered something that the contract does not allow.
    Protocol(Failure),
    /// The endpoint, or another setting of the client, cannot be used, see [`Client::builder`](crate::Client::builder) and
    /// [`Builder::from_env`](crate::Builder::from_env).
    Endpoint(Failure),
}

/// The same for each kind of error.
macro_rules! each {
    ($error:ident, $failure:ident => $do:expr) => {
        match $error {
            Self::Invalid($failure)
            | Self::NotFound($failure)
            | Self::AlreadyExists($failure)
            | Self::Aborted($failure)
            | Self::FailedPrecondition($failure)
            | Self::OutOfRange($failure)
            | Self::Unauthenticated($failure)
            | Self::PermissionDenied($failure)
            | Self::ResourceExhausted($failure)
            | Self::Unavailable($failure)
            | Self::DeadlineExceeded($failure)
            | Self::Cancelled($failure)
            | Self::Unimplemented($failure)
            | Self::DataLoss($failure)
            | Self::File($failure)
            | Self::Internal($failure)
            | Self::Transport($failure)
            | Self::Protocol($failure)
            | Self::Endpoint($failure) => $do,
        }
    };
}

impl Error {
    /// What a server said, or what tonic says when it could not.
    pub(crate) fn from_status(method: impl Into<Option<Method>>, status: Status) -> Self {
        let method = method.into();
        let local = std::error::Error::source(&status).is_some();
        let failure = Failure::from_status(method, status);
        match failure.0.code {
            Code::DeadlineExceeded => Self::DeadlineExceeded(failure),
            _ if local => Self::Transport(failure),
            Code::InvalidArgument => Self::Invalid(failure),
            Code::NotFound => Self::NotFound(failure),
            Code::AlreadyExists => Self::AlreadyExists(failure),
            Code::Aborted => Self::Aborted(failure),
            Code::FailedPrecondition => Self::FailedPrecondition(failure),
            Code::OutOfRange => Self::OutOfRange(failure),
            Code::Unauthenticated => Self::Unauthenticated(failure),
            Code::PermissionDenied => Self::PermissionDenied(failure),
            Code::ResourceExhausted => Self::ResourceExhausted(failure),
            Code::Unavailable => Self::Unavailable(failure),
            Code::Cancelled => Self::Cancelled(failure),
            Code::Unimplemented => Self::Unimplemented(failure),
            Code::DataLoss => Self::DataLoss(failure),
            Code::Internal | Code::Unknown => Self::Internal(failure),
            Code::Ok => Self::Protocol(Failure::new(method, Code::Internal, "a failure has the code OK".to_owned())),
        }
    }

    /// The outcome of one item of a batch: a status that came in a message.
    pub(crate) fn from_message(method: Method, status: tonic_types::Status) -> Self {
        let details = prost::Message::encode_to_vec(&status).into();
        Self::from_status(method, Status::with_details(Code::from_i32(status.code), status.message, details))
    }

    pub(crate) fn deadline(method: Method, timeout: Duration) -> Self {
        Self::DeadlineExceeded(Failure::new(Some(method), Code::DeadlineExceeded, format!("no answer within {timeout:?}")))
    }

    pub(crate) fn protocol(method: Method, what: &str) -> Self {
        Self::Protocol(Failure::new(Some(method), Code::Internal, what.to_owned()))
    }

    /// The request was not sent, because it could not have been what the caller meant.
    pub(crate) fn refused(method: Method, field: &str, why: &str) -> Self {
        Self::Invalid(Failure::refused(method, field, why))
    }

    pub(crate) fn endpoint(why: impl Into<String>) -> Self {
        Self::Endpoint(Failure::new(None, Code::InvalidArgument, why.into()))
    }

    pub(crate) fn file(method: Method, path: Option<&std::path::Path>, error: std::io::Error) -> Self {
        Self::File(Failure::file(method, path, error))
    }

    pub(crate) fn connect(error: tonic::transport::Error) -> Self {
        Self::Transport(Failure::connect(error))
    }

    /// The gRPC code. [`Transport`](Self::Transport) has UNAVAILABLE, [`Protocol`](Self::Protocol) INTERNAL,
    /// [`File`](Self::File) UNKNOWN, and [`Endpoint`](Self::Endpoint) INVALID_ARGUMENT.
    #[must_use]
    pub fn code(&self) -> Code {
        self.failure().code
    }

    /// The method that was called. Unset if connecting failed before any was.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        self.failure().method
    }

    /// What the server said, without the details, or what this client noticed.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.failure().message
    }

    /// The reason the registry gives. Unset if it was not the registry that failed the call, and for a reason that is newer than this
    /// client, see [`reason_name`](Self::reason_name).
    #[must_use]
    pub fn reason(&self) -> Option<ErrorReason> {
        ErrorReason::from_str_name(self.reason_name()?)
    }

    /// The reason the registry gives as it was sent, for example "ERROR_REASON_MODEL_NOT_FOUND".
    #[must_use]
    pub fn reason_name(&self) -> Option<&str> {
        self.failure().reason.as_deref()
    }

    /// The particulars of the [`reason`](Self::reason), which says what keys there are. Empty if there are none.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.failure().metadata
    }

    /// What is wrong with the fields of the request. Empty if it is not the fields.
    #[must_use]
    pub fn violations(&self) -> &[FieldViolation] {
        &self.failure().violations
    }

    /// What was not found, or is in the way.
    #[must_use]
    pub fn resource(&self) -> Option<&ResourceInfo> {
        self.failure().resource.as_ref()
    }

    /// What stands in the way of a step, as the registry names it: with [`ErrorReason::ResourceInUse`], up to ten things that still need
    /// the resource. Empty if that is not why the call failed.
    #[must_use]
    pub fn blockers(&self) -> &[String] {
        &self.failure().blockers
    }

    /// With [`ErrorReason::AliasMoved`]: the release that the alias points to, none if there is no such alias. Unset for other reasons.
    #[must_use]
    pub fn current_release_id(&self) -> Option<ReleaseId> {
        let id = self.metadata().get("currentReleaseId").filter(|id| !id.is_empty())?;
        (self.reason() == Some(ErrorReason::AliasMoved)).then(|| ReleaseId::new(id))
    }

    /// The name of the call in the log of the server.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.failure().request_id.as_deref()
    }

    /// How long the registry asks to wait before the call is repeated.
    #[must_use]
    pub fn retry_delay(&self) -> Option<Duration> {
        self.failure().retry_delay
    }

    /// The status as it was received, for details that have no accessor here (`tonic_types::StatusExt` takes them apart). Unset if the
    /// failure was noticed by this client.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        self.failure().status.as_ref()
    }

    /// Whether the call has certainly done nothing and may succeed when it is made once more. The client has already repeated it as often
    /// as its [`RetryPolicy`](crate::RetryPolicy) allows. A change whose [outcome is unknown](Self::outcome_unknown) is not meant: a new
    /// call makes it a second time, unless both have the same `request_id`.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.is_transient() && !self.outcome_unknown()
    }

    /// Whether the change that was asked for may have happened although the call failed, as when the answer got lost and the registry
    /// could not be asked for it again in time. Counts all attempts and not only the last. Always false for methods without side effects
    /// and with `validate_only`. If true, read before you make the call again. Only a call that was given its own `request_id`, such as
    /// [`CreateModel::request_id`](crate::CreateModel::request_id), can be made again as it is: it makes the change or, if that has
    /// happened, gets the first answer.
    ///
    /// ```no_run
    /// use registry_client::{Client, Error, Model};
    ///
    /// /// Creates the model once, however often this is called with the same id.
    /// async fn create(client: &Client, request_id: &str) -> Result<Model, Error> {
    ///     loop {
    ///         match client.create_model("llama-3-7b", "s3://models/llama/").request_id(request_id).send().await {
    ///             Err(error) if error.outcome_unknown() => eprintln!("not yet: {error}"),
    ///             outcome => return outcome,
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        let failure = self.failure();
        let writes = failure.method.is_some_and(|method| method.idempotency() != Idempotency::NoSideEffects);
        writes && !failure.validate_only && (failure.in_doubt || self.leaves_doubt())
    }

    /// Whether the last attempt may have made the change.
    fn leaves_doubt(&self) -> bool {
        !self.never_sent()
            && match self {
                Self::Transport(_) | Self::Protocol(_) | Self::DeadlineExceeded(_) => true,
                // The registry says so itself if it lost the answer to a commit; whoever else says it knows nothing of commits.
                Self::Unavailable(failure) => {
                    failure.0.reason.is_none() || failure.0.metadata.get("outcome").is_some_and(|outcome| outcome == "unknown")
                }
                Self::Cancelled(_) | Self::Internal(_) => true,
                // Said by the registry, it is a refusal. Otherwise the answer was there, and too large to be read.
                Self::OutOfRange(failure) | Self::DataLoss(failure) => failure.0.reason.is_none(),
                Self::Invalid(_) | Self::NotFound(_) | Self::AlreadyExists(_) | Self::Aborted(_) => false,
                Self::FailedPrecondition(_) | Self::Unauthenticated(_) | Self::PermissionDenied(_) => false,
                Self::ResourceExhausted(_) | Self::Unimplemented(_) | Self::Endpoint(_) => false,
                // The call was given up in the middle of its bytes.
                Self::File(_) => false,
            }
    }

    /// Whether the cause is one that passes.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Transport(_) | Self::Unavailable(_) => true,
            Self::ResourceExhausted(failure) => failure.0.retry_delay.is_some(),
            Self::Aborted(_) => self.reason() == Some(ErrorReason::TransactionConflict),
            _ => false,
        }
    }

    /// Whether nobody who knows has answered: the call was given up on the way or here, or broke in a way that the registry never does.
    /// (A connection that broke is a [passing failure](Self::is_transient) in any case.)
    pub(crate) fn is_unanswered(&self) -> bool {
        match self {
            Self::Cancelled(failure) | Self::Internal(failure) => failure.0.reason.is_none(),
            // Noticed here, it is the bytes.
            Self::DataLoss(failure) => failure.0.status.is_some() && failure.0.reason.is_none(),
            // Noticed here; whoever else says so speaks of the deadline of the call.
            Self::DeadlineExceeded(failure) => failure.0.status.is_none(),
            _ => false,
        }
    }

    /// Whether the request certainly never left this process, on the last attempt.
    pub(crate) fn never_sent(&self) -> bool {
        self.failure().never_sent
    }

    /// What only the whole call knows of its last error: whether it would have stored anything at all, and whether an attempt before
    /// the last one may have made the change.
    pub(crate) fn of_call(mut self, validate_only: bool, in_doubt: bool) -> Self {
        let failure = self.failure_mut();
        (failure.validate_only, failure.in_doubt) = (validate_only, in_doubt);
        self
    }

    fn failure(&self) -> &Facts {
        each!(self, failure => &failure.0)
    }

    fn failure_mut(&mut self) -> &mut Facts {
        each!(self, failure => &mut failure.0)
    }
}

/// As a registry, or a fake of one, said it. For fakes with a reason there is [`Refusal`](crate::Refusal).
impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::from_status(None, status)
    }
}

/// As a registry would say it.
impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error.status() {
            Some(status) if std::error::Error::source(status).is_none() => status.clone(),
            _ => Self::new(error.code(), error.message()),
        }
    }
}
