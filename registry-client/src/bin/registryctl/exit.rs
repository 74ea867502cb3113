//! What the shell is told: one number for each kind of ending. May not: say anything.

use std::process::ExitCode;

use registry_client::{Code, Error};

use crate::failure::Failure;

/// For `--help` and the reference.
pub const EXIT_CODES: &str = "\
Exit codes:
    0  done
    1  another failure, such as a file that cannot be read or an error of the server
    2  the arguments, the configuration or the endpoint cannot be used
    3  partly: some items of an import or of an apply failed, and the others did not
    4  not found
    5  conflict: it exists already, or somebody else was faster
    6  invalid: the registry refuses what was said, whatever its state
    7  not now: something is in the state or in use in a way that does not allow it
    8  not allowed: no key, a key that is not known, or one that may not do this
    9  try again: nobody answers, it took too long, or it is too much at present
   10  unknown: the answer was lost, and the change may have been made or not
   11  bytes are not what their checksum says
   12  declined: it was asked for, and not answered with yes
   13  they differ: of `diff` with --exit-code
  130  interrupted";

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is done.
    Done,
    /// It could not be done, or not to its end.
    Failed,
    /// Of things that clap does not know of; for others it ends the program by itself, in the same way.
    Usage,
    /// It came to its end, and some of it failed.
    Partly,
    /// There is no such thing.
    NotFound,
    /// It is there already, or is not what it was.
    Conflict,
    /// It can never be done as it was said.
    Invalid,
    /// It cannot be done in this state.
    NotNow,
    /// Somebody else may.
    NotAllowed,
    /// It may be done later.
    TryAgain,
    /// It may have been done.
    Unknown,
    /// Something is not what its checksum says.
    Damaged,
    /// Somebody was asked, and did not say yes.
    Declined,
    /// Two things were compared, and are not the same.
    Different,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Partly => 3,
            Self::NotFound => 4,
            Self::Conflict => 5,
            Self::Invalid => 6,
            Self::NotNow => 7,
            Self::NotAllowed => 8,
            Self::TryAgain => 9,
            Self::Unknown => 10,
            Self::Damaged => 11,
            Self::Declined => 12,
            Self::Different => 13,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Registry(error) | Failure::Unreachable { error, .. } => error.into(),
            Failure::File { .. } | Failure::Refused(_) => Self::Failed,
            Failure::Missing(_) => Self::NotFound,
            Failure::Damaged(_) => Self::Damaged,
            Failure::Usage(_) => Self::Usage,
            Failure::Declined(_) => Self::Declined,
            // Whoever reads it has seen enough, and nothing else was to be done.
            Failure::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Self::Done,
            Failure::Output(_) | Failure::Untold(_) => Self::Failed,
            Failure::Interrupted => Self::Interrupted,
        }
    }
}

impl From<&Error> for Exit {
    fn from(error: &Error) -> Self {
        match error {
            Error::Endpoint(_) => Self::Usage,
            Error::File(_) => Self::Failed,
            error if error.outcome_unknown() => Self::Unknown,
            error => error.code().into(),
        }
    }
}

impl From<Code> for Exit {
    fn from(code: Code) -> Self {
        match code {
            Code::Ok => Self::Done,
            Code::NotFound => Self::NotFound,
            Code::AlreadyExists | Code::Aborted => Self::Conflict,
            Code::InvalidArgument | Code::OutOfRange => Self::Invalid,
            Code::FailedPrecondition => Self::NotNow,
            Code::Unauthenticated | Code::PermissionDenied => Self::NotAllowed,
            Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled => Self::TryAgain,
            Code::DataLoss => Self::Damaged,
            Code::Unknown | Code::Internal | Code::Unimplemented => Self::Failed,
        }
    }
}
