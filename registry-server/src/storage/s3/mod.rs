//! Content in a bucket: `sha256/ab/<digest>-<id>`, and `uploads/<id>` until it is finished, below the prefix.
//!
//! May not: wait without a deadline; follow a redirect; list; show what was sent or answered.

mod connector;
mod content;
mod failure;
mod moving;

pub(super) use content::{Reader, Upload};

use super::{ContentKey, PART, S3Credentials, S3Settings, StorageError};
use bytes::Bytes;
use connector::Connector;
use failure::failed;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{ClientOptions, GetOptions, GetRange, GetResult, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// How often a request is repeated that was answered by a fault of the server, or not at all.
const RETRIES: usize = 3;

/// So many bytes have a second more for what the server does with them by itself.
const PER_SECOND: u64 = 32 * 1024 * 1024;

const PROBE: Bytes = Bytes::from_static(b"A probe of the registry. It may be removed at any time.\n");

/// A bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    s3: AmazonS3,
    prefix: String,
    deadline: Duration,
    copy_limit: u64,
    /// The name of what this server probes with: a probe that was left behind is removed by the next one.
    probe: Uuid,
}

impl Bucket {
    /// Without a word to the bucket, which may be out of reach for now.
    #[expect(clippy::disallowed_methods, reason = "the name of an object of this process, and the id of nothing")]
    pub(super) fn open(settings: &S3Settings) -> Result<Arc<Self>, StorageError> {
        let S3Settings { location, endpoint, region, credentials, deadline, copy_limit } = settings;
        let retry = RetryConfig { max_retries: RETRIES, retry_timeout: *deadline, ..RetryConfig::default() };
        let http = endpoint.as_ref().is_some_and(|endpoint| !endpoint.is_secure());
        let builder = AmazonS3Builder::new()
            .with_bucket_name(location.bucket())
            .with_region(region)
            .with_retry(retry)
            .with_http_connector(Connector)
            .with_client_options(ClientOptions::new().with_allow_http(http))
            // A name with dots in it is in no certificate.
            .with_virtual_hosted_style_request(endpoint.is_none() && !location.bucket().contains('.'))
            .with_disable_bulk_delete(true);
        let builder = match endpoint {
            Some(endpoint) => builder.with_endpoint(endpoint.url()),
            None => builder,
        };
        let s3 = identified(builder, credentials).build().map_err(failed)?;
        Ok(Arc::new(Self {
            s3,
            prefix: location.prefix().to_owned(),
            deadline: *deadline,
            copy_limit: *copy_limit,
            probe: Uuid::new_v4(),
        }))
    }

    pub(super) async fn put(&self, key: &ContentKey, content: Bytes) -> Result<(), StorageError> {
        let put = async { self.s3.put(&self.at(key), PutPayload::from(content)).await };
        self.within(put).await.map(drop).map_err(StorageError::while_writing)
    }

    pub(super) async fn begin(self: &Arc<Self>, id: Uuid) -> Result<Upload, StorageError> {
        let path = self.upload(id);
        let ticket = self.within(self.s3.create_multipart(&path)).await.map_err(StorageError::while_writing)?;
        Ok(Upload::new(Arc::clone(self), id, ticket))
    }

    pub(super) async fn abandon(&self, id: Uuid, ticket: Option<&str>, made: Option<&ContentKey>) -> Result<(), StorageError> {
        let path = self.upload(id);
        if let Some(ticket) = ticket {
            self.abort(&path, ticket).await?;
        }
        if let Some(key) = made {
            self.abandon_move(id, key).await?;
            self.delete(&self.at(key)).await?;
        }
        self.delete(&path).await
    }

    pub(super) async fn remove(&self, key: &ContentKey) -> Result<(), StorageError> {
        self.delete(&self.at(key)).await
    }

    pub(super) async fn read(&self, key: &ContentKey, offset: u64, size: u64) -> Result<Reader, StorageError> {
        let path = self.at(key);
        let damaged = |found| StorageError::Damaged(format!("{key} has {found} bytes, and {size} were put there"));
        // What begins behind the end is no range, and nothing to read.
        if offset > 0 || size == 0 {
            let found = self.size(&path).await?;
            if found != size || offset >= size {
                return if found == size { Ok(Reader::empty(*key, self.deadline)) } else { Err(damaged(found)) };
            }
        }
        let range = (offset > 0).then_some(GetRange::Offset(offset));
        let GetResult { payload, meta, .. } =
            self.within(self.s3.get_opts(&path, GetOptions { range, ..GetOptions::default() })).await?;
        if meta.size == size { Ok(Reader::new(*key, payload, self.deadline)) } else { Err(damaged(meta.size)) }
    }

    pub(super) async fn probe(&self) -> Result<(), StorageError> {
        let path = self.path(&format!("probes/{}", self.probe));
        let probe = async {
            self.within(self.s3.put(&path, PutPayload::from(PROBE))).await?;
            let read = self.get(&path).await;
            self.delete(&path).await?;
            if read? == PROBE { Ok(()) } else { Err(StorageError::unavailable("what was written is not what is read")) }
        };
        probe.await.map_err(StorageError::while_writing)
    }

    /// A small object as a whole.
    async fn get(&self, path: &Path) -> Result<Bytes, StorageError> {
        self.within(async { self.s3.get(path).await?.bytes().await }).await
    }

    /// How large an object is. The answer to HEAD has no words: whether it is the object that is missing or the bucket is told by
    /// the answer to GET.
    async fn size(&self, path: &Path) -> Result<u64, StorageError> {
        match self.within(self.s3.head(path)).await {
            Err(StorageError::Missing) => Ok(self.within(self.s3.get(path)).await?.meta.size),
            found => Ok(found?.size),
        }
    }

    async fn delete(&self, path: &Path) -> Result<(), StorageError> {
        gone_is_good(self.within(self.s3.delete(path)).await)
    }

    async fn abort(&self, path: &Path, ticket: &str) -> Result<(), StorageError> {
        gone_is_good(self.within(self.s3.abort_multipart(path, &ticket.to_owned())).await)
    }

    fn at(&self, key: &ContentKey) -> Path {
        self.path(&key.to_string())
    }

    fn upload(&self, id: Uuid) -> Path {
        self.path(&format!("uploads/{id}"))
    }

    fn path(&self, name: &str) -> Path {
        if self.prefix.is_empty() { Path::from(name) } else { Path::from(format!("{}/{name}", self.prefix)) }
    }

    /// One request, with everything that is tried again.
    async fn within<T>(&self, request: impl Future<Output = object_store::Result<T>>) -> Result<T, StorageError> {
        patiently(self.deadline, request).await
    }

    /// One about so many bytes, which the server copies or puts together before it answers.
    async fn within_for<T>(&self, size: u64, request: impl Future<Output = object_store::Result<T>>) -> Result<T, StorageError> {
        patiently(self.deadline + Duration::from_secs(size / PER_SECOND), request).await
    }
}

async fn patiently<T>(deadline: Duration, request: impl Future<Output = object_store::Result<T>>) -> Result<T, StorageError> {
    match timeout(deadline, request).await {
        Ok(answered) => answered.map_err(failed),
        Err(_) => Err(StorageError::unavailable(format!("no answer within {deadline:?}"))),
    }
}

/// Two that remove the same thing are both content.
fn gone_is_good(removed: Result<(), StorageError>) -> Result<(), StorageError> {
    match removed {
        Err(StorageError::Missing) => Ok(()),
        other => other.map_err(StorageError::while_writing),
    }
}

fn identified(builder: AmazonS3Builder, credentials: &S3Credentials) -> AmazonS3Builder {
    use object_store::aws::AmazonS3ConfigKey::{RoleArn, RoleSessionName, WebIdentityTokenFile};
    match credentials {
        S3Credentials::Key { id, secret, session_token } => {
            let builder = builder.with_access_key_id(id).with_secret_access_key(secret.as_str());
            match session_token {
                Some(token) => builder.with_token(token.as_str()),
                None => builder,
            }
        }
        S3Credentials::WebIdentity { token_file, role, session } => {
            let builder = builder.with_config(WebIdentityTokenFile, token_file).with_config(RoleArn, role);
            match session {
                Some(session) => builder.with_config(RoleSessionName, session),
                None => builder,
            }
        }
    }
}
