//! What uploads and downloads have in common: how far they are, how long they may take, and what their bytes must be. Moves none.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use registry_proto::method::Method;
use sha2::{Digest as _, Sha256, Sha512};
use tokio::time::Instant;

use crate::options::Options;
use crate::{Client, Error, RetryPolicy};

/// How many bytes a message holds at the most.
pub(super) const CHUNK: usize = 1024 * 1024;

/// How far an upload or download is.
///
/// ```
/// use registry_client::TransferProgress;
///
/// fn show(progress: TransferProgress) {
///     match progress.total_bytes {
///         Some(total) => println!("{} of {total} bytes", progress.transferred_bytes),
///         None => println!("{} bytes", progress.transferred_bytes),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferProgress {
    /// How many bytes have been handed over to the network, or have come from it. Begins anew when an upload is repeated; a download
    /// that goes on where it stopped counts what was there already.
    pub transferred_bytes: u64,
    /// How many there are in all, if that is known.
    pub total_bytes: Option<u64>,
}

/// Called with the progress.
type Report = Arc<dyn Fn(TransferProgress) + Send + Sync>;

/// How a transfer is made, whatever is transferred.
#[derive(Clone)]
pub(super) struct Transfer {
    pub(super) client: Client,
    method: Method,
    pub(super) options: Options,
    report: Option<Report>,
}

impl Transfer {
    pub(super) fn new(client: Client, method: Method) -> Self {
        Self { client, method, options: Options::default(), report: None }
    }

    /// Remembers that it cannot be made, to say so when it is. The first reason stays.
    pub(super) fn refuse(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.options.refuse(field, why);
    }

    pub(super) fn allowed(&self) -> Result<(), Error> {
        self.options.allowed(self.method)
    }

    /// How it is repeated.
    pub(super) fn policy(&self) -> &RetryPolicy {
        self.options.retry(&self.client)
    }

    pub(super) fn set_report(&mut self, report: impl Fn(TransferProgress) + Send + Sync + 'static) {
        self.report = Some(Arc::new(report));
    }

    /// When it must be over. Without a timeout it takes as long as it takes.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.options.timeout().map(|timeout| Instant::now() + timeout.min(FOREVER))
    }

    /// Waits for something, until the deadline.
    pub(super) async fn until<T>(
        &self,
        deadline: Option<Instant>,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let Some(deadline) = deadline else { return work.await };
        tokio::time::timeout_at(deadline, work).await.map_err(|_| self.late())?
    }

    /// That the deadline has passed.
    pub(super) fn late(&self) -> Error {
        Error::deadline(self.method, self.options.timeout().unwrap_or_default())
    }

    pub(super) fn request<M>(&self, message: M, deadline: Option<Instant>) -> tonic::Request<M> {
        let mut request = self.options.request(message);
        if let Some(deadline) = deadline {
            request.set_timeout(left(Some(deadline)));
        }
        request
    }

    pub(super) fn report(&self, transferred_bytes: u64, total_bytes: Option<u64>) {
        if let Some(report) = &self.report {
            report(TransferProgress { transferred_bytes, total_bytes });
        }
    }
}

/// How long is left; without a deadline, longer than anybody waits.
pub(super) fn left(deadline: Option<Instant>) -> Duration {
    deadline.map_or(FOREVER, |deadline| deadline.saturating_duration_since(Instant::now()))
}

/// Longer than anybody waits, and not more than the wire format of deadlines can carry.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client: _, method, options, report } = self;
        f.debug_struct("Transfer")
            .field("method", method)
            .field("options", options)
            .field("reports", &report.is_some())
            .finish_non_exhaustive()
    }
}

/// A checksum that is computed as the bytes come.
pub(super) enum Checksum {
    Sha256(Sha256),
    Sha512(Sha512),
    Blake3(Box<blake3::Hasher>),
}

impl Checksum {
    /// By the algorithm that another checksum names. `None` if it names none that there is code for.
    pub(super) fn like(text: &str) -> Option<Self> {
        match text.split_once(':')?.0 {
            "sha256" => Some(Self::Sha256(Sha256::new())),
            "sha512" => Some(Self::Sha512(Sha512::new())),
            "blake3" => Some(Self::Blake3(Box::default())),
            _ => None,
        }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
            Self::Blake3(hasher) => drop(hasher.update(bytes)),
        }
    }

    /// As the contract writes it.
    pub(super) fn finish(self) -> String {
        match self {
            Self::Sha256(hasher) => format!("sha256:{}", hex(&hasher.finalize())),
            Self::Sha512(hasher) => format!("sha512:{}", hex(&hasher.finalize())),
            Self::Blake3(hasher) => format!("blake3:{}", hasher.finalize().to_hex()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The end of the builder of a transfer: what is common to both.
macro_rules! transfers {
    ($Builder:ident) => {
        crate::options::per_call!($Builder: call.options);

        impl $Builder {
            /// How long it may take, attempts and pauses together. Without this it takes as long as it takes: the deadline of the client
            /// is not for transfers.
            pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
                self.call.options.set_timeout(timeout);
                self
            }

            /// Is told how far it is, after every MiB or less. It should be quick: the bytes wait for it.
            pub fn progress(mut self, report: impl Fn(crate::TransferProgress) + Send + Sync + 'static) -> Self {
                self.call.set_report(report);
                self
            }
        }
    };
}

pub(super) use transfers;
