//! Where the bytes of artifacts are: the flags, and what everybody sets for S3 in the environment.
//!
//! May not: repeat a value in a sentence; there may be a secret in it.

use super::environment;
use super::words::size;
use crate::domain::Quota;
use crate::storage::{BadStorageUrl, Endpoint, S3Credentials, S3Location, S3Settings, StorageTarget, StorageUrl};
use clap::Args;
use clap::builder::BoolishValueParser;
use std::path::Path;
use zeroize::Zeroizing;

/// Where the bytes of artifacts are, and how many there may be.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Storage")]
pub struct Storage {
    /// Where the bytes of artifacts are kept: a path, `file:PATH` or `s3://BUCKET/PREFIX` [default: the directory artifacts in the data directory]
    ///
    /// A directory is created if it is missing. Several servers with one PostgreSQL need a bucket, or a directory that all of them
    /// share. For S3 and what speaks it, the environment says the rest, as everywhere: AWS_REGION, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID,
    /// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME.
    #[arg(long, env = "REGISTRY_STORAGE_URL", value_name = "URL", hide_env_values = true)]
    pub storage_url: Option<StorageFlag>,

    /// Allow http:// in AWS_ENDPOINT_URL: artifacts can be read and changed on the way
    #[arg(long, env = "REGISTRY_INSECURE_S3_HTTP", value_parser = BoolishValueParser::new())]
    pub insecure_s3_http: bool,

    /// How large an uploaded artifact may be
    #[arg(long, env = "REGISTRY_MAX_ARTIFACT_SIZE", value_name = "SIZE", default_value = "50GiB", value_parser = size)]
    pub max_artifact_size: u64,

    /// How large all uploaded artifacts may be together, equal bytes counted once [default: no limit]
    #[arg(long, env = "REGISTRY_MAX_STORED_SIZE", value_name = "SIZE", value_parser = size)]
    pub max_stored_size: Option<u64>,
}

impl Storage {
    /// How many bytes there may be.
    pub(super) const fn quota(&self) -> Quota {
        Quota { artifact: self.max_artifact_size, total: self.max_stored_size }
    }

    /// Where they are; in the data directory if nobody says.
    pub(super) fn target(&self, data_dir: &Path) -> Result<StorageTarget, String> {
        match &self.storage_url {
            Some(StorageFlag(Ok(StorageUrl::Directory(path)))) => Ok(StorageTarget::Directory(path.clone())),
            Some(StorageFlag(Ok(StorageUrl::S3(location)))) => s3(location, self.insecure_s3_http).map(StorageTarget::S3),
            Some(StorageFlag(Err(why))) => Err(format!("--storage-url (or REGISTRY_STORAGE_URL): {why}")),
            None => Ok(StorageTarget::Directory(data_dir.join("artifacts"))),
        }
    }
}

/// The URL of a storage, refused by [`Config::settings`](super::Config::settings) and not while the arguments are read, because
/// what refuses it there repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageFlag(Result<StorageUrl, BadStorageUrl>);

impl StorageFlag {
    /// As it can be shown, if it is a URL at all. There is no secret in one that is good.
    pub(super) fn shown(&self) -> Option<String> {
        self.0.as_ref().ok().map(|url| match url {
            StorageUrl::Directory(path) => path.display().to_string(),
            StorageUrl::S3(location) => location.to_string(),
        })
    }
}

impl From<&str> for StorageFlag {
    fn from(url: &str) -> Self {
        Self(url.parse())
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
fn set(name: &str) -> Result<Option<String>, String> {
    let Some(value) = environment::raw(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    value.into_string().map(Some).map_err(|_| format!("{name}: expected text"))
}
