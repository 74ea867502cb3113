//! Where the bytes of artifacts are: the flag, and what everybody sets for S3 in the environment.
//!
//! May not: repeat a value in a sentence; there may be a secret in it.

use crate::storage::{BadStorageUrl, Endpoint, S3Credentials, S3Location, S3Settings, StorageTarget, StorageUrl};
use std::path::Path;
use zeroize::Zeroizing;

/// The URL of a storage, refused by [`Config::settings`](super::Config::settings) and not while the arguments are read, because
/// what refuses it there repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageFlag(Result<StorageUrl, BadStorageUrl>);

impl From<&str> for StorageFlag {
    fn from(url: &str) -> Self {
        Self(url.parse())
    }
}

/// Where the storage is; in the data directory if nobody says.
pub(super) fn target(flag: Option<&StorageFlag>, data_dir: &Path, insecure_s3_http: bool) -> Result<StorageTarget, String> {
    match flag {
        Some(StorageFlag(Ok(StorageUrl::Directory(path)))) => Ok(StorageTarget::Directory(path.clone())),
        Some(StorageFlag(Ok(StorageUrl::S3(location)))) => s3(location, insecure_s3_http).map(StorageTarget::S3),
        Some(StorageFlag(Err(why))) => Err(format!("--storage-url (or REGISTRY_STORAGE_URL): {why}")),
        None => Ok(StorageTarget::Directory(data_dir.join("artifacts"))),
    }
}

fn s3(location: &S3Location, insecure_s3_http: bool) -> Result<S3Settings, String> {
    let endpoint = endpoint(insecure_s3_http)?;
    let region = match one_of(["AWS_REGION", "AWS_DEFAULT_REGION"])? {
        Some((_, region)) => region,
        // Who speaks S3 elsewhere seldom has regions, and this is what they call theirs.
        None if endpoint.is_some() => "us-east-1".to_owned(),
        None => return Err("--storage-url s3://…: AWS_REGION is not set, and AWS_ENDPOINT_URL neither".to_owned()),
    };
    let region_letter = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
    if !region.bytes().all(region_letter) {
        return Err("AWS_REGION: expected a name such as eu-central-1".to_owned());
    }
    Ok(S3Settings {
        location: location.clone(),
        endpoint,
        region,
        credentials: credentials()?,
        deadline: S3Settings::DEADLINE,
        copy_limit: S3Settings::COPY_LIMIT,
    })
}

fn endpoint(insecure_s3_http: bool) -> Result<Option<Endpoint>, String> {
    let Some((name, url)) = one_of(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])? else { return Ok(None) };
    let endpoint: Endpoint = url.parse().map_err(|why| format!("{name}: {why}"))?;
    if !endpoint.is_secure() && !insecure_s3_http {
        return Err(format!(
            "{name}: artifacts could be read and changed on the way: expected https://…, or say --insecure-s3-http"
        ));
    }
    Ok(Some(endpoint))
}

fn credentials() -> Result<S3Credentials, String> {
    let missing = |given: &str, missing: &str| format!("{given} is set, and {missing} is not: S3 needs both");
    match (set("AWS_ACCESS_KEY_ID")?, set("AWS_SECRET_ACCESS_KEY")?) {
        (Some(id), Some(secret)) => {
            let session_token = set("AWS_SESSION_TOKEN")?.map(Zeroizing::new);
            return Ok(S3Credentials::Key { id, secret: Zeroizing::new(secret), session_token });
        }
        (Some(_), None) => return Err(missing("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")),
        (None, Some(_)) => return Err(missing("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")),
        (None, None) => {}
    }
    match (set("AWS_WEB_IDENTITY_TOKEN_FILE")?, set("AWS_ROLE_ARN")?) {
        (Some(token_file), Some(role)) => {
            Ok(S3Credentials::WebIdentity { token_file, role, session: set("AWS_ROLE_SESSION_NAME")? })
        }
        (Some(_), None) => Err(missing("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")),
        (None, _) => Err("--storage-url s3://…: no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, \
            or AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN"
            .to_owned()),
    }
}

fn one_of(names: [&'static str; 2]) -> Result<Option<(&'static str, String)>, String> {
    for name in names {
        if let Some(value) = set(name)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// A variable that is set, and to more than nothing.
#[expect(clippy::disallowed_methods, reason = "the room that reads the environment")]
fn set(name: &str) -> Result<Option<String>, String> {
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    value.into_string().map(Some).map_err(|_| format!("{name}: expected text"))
}
