//! A bucket for one test, in what `REGISTRY_TEST_S3_URL` names, and what is in it.

use crate::http::Answer;
use registry_server::storage::{S3Credentials, S3Location, S3Settings, StorageTarget, StorageUrl};
use std::net::SocketAddr;
use std::time::Duration;
use uuid::Uuid;

/// A fresh, empty bucket. It goes with its throw-away server.
#[derive(Debug)]
pub struct Bucket {
    name: String,
}

impl Bucket {
    /// A new one.
    pub async fn fresh() -> Self {
        let bucket = Self { name: format!("t-{}", Uuid::now_v7().simple()) };
        assert_eq!(bucket.ask("PUT", "").await.0, 200, "a bucket is made");
        bucket
    }

    /// What a server is told to use it: a place in it.
    #[must_use]
    pub fn target(&self) -> StorageTarget {
        StorageTarget::S3(self.settings())
    }

    /// The same, to be changed.
    #[must_use]
    pub fn settings(&self) -> S3Settings {
        settings(&self.name, &url())
    }

    /// The URL for `--storage-url`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("s3://{}/some/where", self.name)
    }

    /// The names of all objects and unfinished uploads.
    pub async fn everything(&self) -> Vec<String> {
        let (status, objects) = self.ask("GET", "").await;
        let (also, uploads) = self.ask("GET", "?uploads=").await;
        assert_eq!((status, also), (200, 200), "{objects} {uploads}");
        let keys = |text: &str| text.split("<Key>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect();
        let objects: Vec<String> = keys(&objects);
        let uploads: Vec<String> = keys(&uploads);
        objects.into_iter().chain(uploads.into_iter().map(|name| format!("unfinished {name}"))).collect()
    }

    /// Begins an upload to a key behind the back of whoever uses the bucket; its ticket.
    pub async fn begin(&self, key: &str) -> String {
        let (status, answer) = ask("POST", &format!("/{}/some/where/{key}?uploads=", self.name), "").await;
        assert_eq!(status, 200, "{answer}");
        let ticket = answer.split_once("<UploadId>").and_then(|(_, rest)| rest.split_once("</UploadId>"));
        ticket.expect("a ticket").0.to_owned()
    }

    /// Puts something at a key behind the back of whoever uses the bucket.
    pub async fn tamper(&self, key: &str, content: &str) {
        let (status, answer) = ask("PUT", &format!("/{}/some/where/{key}", self.name), content).await;
        assert_eq!(status, 200, "{answer}");
    }

    async fn ask(&self, method: &str, query: &str) -> (u16, String) {
        ask(method, &format!("/{}{query}", self.name), "").await
    }
}

/// What is needed to use a bucket of whoever is at this URL.
#[must_use]
pub fn settings(bucket: &str, endpoint: &str) -> S3Settings {
    S3Settings {
        location: location(&format!("s3://{bucket}/some/where")),
        endpoint: Some(endpoint.parse().expect("a URL")),
        region: "us-east-1".to_owned(),
        credentials: S3Credentials::Key { id: "AKIDTEST".to_owned(), secret: "no secret".to_owned().into(), session_token: None },
        deadline: Duration::from_secs(30),
        copy_limit: S3Settings::COPY_LIMIT,
    }
}

fn location(url: &str) -> S3Location {
    match url.parse().expect("a URL") {
        StorageUrl::S3(location) => location,
        StorageUrl::Directory(path) => panic!("{} is a directory", path.display()),
    }
}

/// Who speaks S3 for the tests.
#[must_use]
pub fn url() -> String {
    std::env::var("REGISTRY_TEST_S3_URL")
        .expect("REGISTRY_TEST_S3_URL is not set: `tests/run` starts somebody who speaks S3 and sets it; without the feature `s3` only directories are tested")
}

/// Its address.
#[must_use]
pub fn address() -> SocketAddr {
    url().strip_prefix("http://").and_then(|address| address.parse().ok()).expect("http://ADDRESS:PORT")
}

async fn ask(method: &str, path: &str, content: &str) -> (u16, String) {
    let Answer { status, body, .. } = crate::http::ask(address(), method, path, content).await.expect("somebody who speaks S3");
    (status, body)
}
