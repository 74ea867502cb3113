//! What the server is told: flags, then environment, then defaults. Nothing else reads the environment.

mod place;
mod storage;

use crate::api::MAX_REQUEST_BYTES;
use crate::domain::{Clock, Quota, Retention, Secret};
use crate::first_key::FirstKey;
use crate::layer::{CallLimits, CertificateRole, Reflection};
use crate::listener::Limits;
use crate::serve::Settings;
use crate::store::backend::EXPORTERS;
use crate::tls::TlsFiles;
use bytesize::ByteSize;
use clap::Parser;
use clap::builder::BoolishValueParser;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use storage::StorageFlag;
use zeroize::Zeroizing;

pub use place::{DatabaseUrl, LogFlags, LogFormat, MigrationsFlag, Place};

/// A model registry: which models exist, which releases each has, and which is which, over gRPC.
#[derive(Clone, Parser)]
#[command(name = "registry-server", version, about, long_about = LONG, after_help = EXAMPLES)]
pub struct Config {
    /// Where to listen. Anything but a loopback address needs TLS, or --insecure-plaintext
    #[arg(long, env = "REGISTRY_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50051")]
    pub listen: SocketAddr,

    /// Where `GET /health` is answered over HTTP, or `off`. Anything but a loopback address needs --insecure-plaintext
    #[arg(long, env = "REGISTRY_ADMIN_LISTEN", value_name = "ADDRESS:PORT|off", default_value = "127.0.0.1:50052")]
    pub admin_listen: AdminListen,

    /// The database and the directory
    #[command(flatten)]
    pub place: Place,

    /// What is done about migrations that the database has not had. It is compared with what this server needs in any case
    ///
    /// `auto` applies them before anything is served; of several servers that start at once, one does. `check` refuses to start and
    /// names them: apply them with `registry-server migrate up`. `off` does not look for them.
    #[arg(long, env = "REGISTRY_MIGRATIONS", value_name = "WHAT", default_value = "auto")]
    pub migrations: MigrationsFlag,

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

    /// Where the secret of the first API key is, or is written to if there is no such file [default: the file admin.key in the data directory]
    ///
    /// The first start on an empty database makes one key, with which others can be made. Instead of the file, the
    /// secret itself can be given in the environment variable REGISTRY_BOOTSTRAP_ADMIN_KEY: `mrk_`, 32 hexadecimal
    /// digits, `_` and 64 random ones. Where there are keys already, neither is used.
    #[arg(long, env = "REGISTRY_BOOTSTRAP_ADMIN_KEY_FILE", value_name = "FILE")]
    pub bootstrap_admin_key_file: Option<PathBuf>,

    /// Ask nobody for credentials: whoever can connect may do everything. Only on a loopback address
    #[arg(long, env = "REGISTRY_INSECURE_NO_AUTH", value_parser = BoolishValueParser::new())]
    pub insecure_no_auth: bool,

    /// Serve addresses other than loopback without TLS, for example behind a proxy that has it: keys and data can be read on the way
    #[arg(long, env = "REGISTRY_INSECURE_PLAINTEXT", value_parser = BoolishValueParser::new())]
    pub insecure_plaintext: bool,

    /// Who may ask what the services look like (gRPC reflection)
    #[arg(long, env = "REGISTRY_REFLECTION", value_name = "WHO", default_value = "auth")]
    pub reflection: Reflection,

    /// The log
    #[command(flatten)]
    pub log: LogFlags,

    /// How many seconds calls that have begun may take when the server stops; a second signal ends at once
    #[arg(long, env = "REGISTRY_SHUTDOWN_GRACE", value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub shutdown_grace: Duration,

    /// How long the server goes on as before after SIGTERM or SIGINT, and only says NOT_SERVING, so that balancers send callers elsewhere
    ///
    /// As long as a balancer needs to notice; 0s if there is none. The server ends at most --shutdown-grace and a second after that.
    #[arg(long, env = "REGISTRY_SHUTDOWN_DELAY", value_name = "DURATION", default_value = "1s", value_parser = pause)]
    pub shutdown_delay: Duration,

    /// Let the kernel write the memory of the server to a file if it crashes, with all secrets in it, and let debuggers in
    ///
    /// Without it there are no core dumps, and no other process of the same user can read the memory or the environment.
    #[arg(long, env = "REGISTRY_ALLOW_CORE_DUMPS", value_parser = BoolishValueParser::new())]
    pub allow_core_dumps: bool,

    /// How long soft-deleted models and releases are kept before they are removed for good
    #[arg(long, env = "REGISTRY_DELETED_RETENTION", value_name = "DURATION", default_value = "30d", value_parser = length)]
    pub deleted_retention: Duration,

    /// How long events are kept for watchers to resume from; the history of aliases is kept for as long as its model
    #[arg(long, env = "REGISTRY_EVENT_RETENTION", value_name = "DURATION", default_value = "7d", value_parser = length)]
    pub event_retention: Duration,

    /// How long a request_id is remembered, with its answer
    #[arg(long, env = "REGISTRY_REQUEST_ID_RETENTION", value_name = "DURATION", default_value = "24h", value_parser = remembered)]
    pub request_id_retention: Duration,

    /// How long entries of the audit log are kept, 1d at least
    #[arg(long, env = "REGISTRY_AUDIT_RETENTION", value_name = "DURATION", default_value = "90d", value_parser = audited)]
    pub audit_retention: Duration,

    /// How often the registry looks for what is to be removed
    #[arg(long, env = "REGISTRY_HOUSEKEEPING_INTERVAL", value_name = "DURATION", default_value = "1m", value_parser = length)]
    pub housekeeping_interval: Duration,

    /// How many streams of events are served at once; one more is refused with RESOURCE_EXHAUSTED
    #[arg(long, env = "REGISTRY_MAX_WATCHES", value_name = "COUNT", default_value = "1000")]
    pub max_watches: usize,

    /// How many of them one caller has (an API key, the name in a client certificate, or an address where nobody is asked who he is)
    #[arg(long, env = "REGISTRY_MAX_WATCHES_PER_CALLER", value_name = "COUNT", default_value = "100")]
    pub max_watches_per_caller: usize,

    /// How many artifacts are uploaded and downloaded at once; one caller has half of them at most. One more is refused with RESOURCE_EXHAUSTED
    ///
    /// An upload can hold 10 MiB of memory, a download 4 MiB.
    #[arg(long, env = "REGISTRY_MAX_TRANSFERS", value_name = "COUNT", default_value = "128", value_parser = at_least_one)]
    pub max_transfers: usize,

    /// How many exports are served at once, each from a snapshot of the database. One more is refused with RESOURCE_EXHAUSTED
    #[arg(long, env = "REGISTRY_MAX_EXPORTS", value_name = "COUNT", default_value = "2", value_parser = exports)]
    pub max_exports: usize,

    /// How many imports are served at once. One more is refused with RESOURCE_EXHAUSTED
    #[arg(long, env = "REGISTRY_MAX_IMPORTS", value_name = "COUNT", default_value = "4", value_parser = at_least_one)]
    pub max_imports: usize,

    /// How large an uploaded artifact may be
    #[arg(long, env = "REGISTRY_MAX_ARTIFACT_SIZE", value_name = "SIZE", default_value = "50GiB", value_parser = size)]
    pub max_artifact_size: u64,

    /// How large all uploaded artifacts may be together, equal bytes counted once [default: no limit]
    #[arg(long, env = "REGISTRY_MAX_STORED_SIZE", value_name = "SIZE", value_parser = size)]
    pub max_stored_size: Option<u64>,

    /// How long bytes are kept that belong to no artifact any more, or to an upload that was broken off
    #[arg(long, env = "REGISTRY_ORPHAN_RETENTION", value_name = "DURATION", default_value = "1h", value_parser = length)]
    pub orphan_retention: Duration,

    /// How many calls the server works on at once; one more is refused with RESOURCE_EXHAUSTED. One caller takes half of them at most
    #[arg(long, env = "REGISTRY_MAX_CALLS_IN_FLIGHT", value_name = "COUNT", default_value = "512", value_parser = at_least_one)]
    pub max_calls_in_flight: usize,

    /// How many bytes the requests of those calls have in all; one caller takes half of them at most
    ///
    /// The largest request has 524288. In memory, a request of nothing but tiny objects is 80 times as large as on the wire.
    #[arg(long, env = "REGISTRY_MAX_REQUEST_BYTES_IN_FLIGHT", value_name = "BYTES", default_value = "8388608", value_parser = bytes)]
    pub max_request_bytes_in_flight: usize,

    /// How many calls one caller makes in a second, on this server, and at once after a pause; 0 is no limit
    #[arg(long, env = "REGISTRY_MAX_CALLS_PER_SECOND", value_name = "COUNT", default_value = "1000")]
    pub max_calls_per_second: u32,

    /// How many calls from one address (of IPv6, from one /64) fail to authenticate in ten seconds; more are told to wait. 0 is no limit
    ///
    /// Whoever has valid credentials is served all the same, wherever he is.
    #[arg(long, env = "REGISTRY_MAX_FAILED_AUTHENTICATIONS", value_name = "COUNT", default_value = "10")]
    pub max_failed_authentications: u32,

    /// How many connections are open at once; one more is closed before anything is read from it
    #[arg(long, env = "REGISTRY_MAX_CONNECTIONS", value_name = "COUNT", default_value = "1000", value_parser = at_least_one)]
    pub max_connections: usize,

    /// How many of them come from one address (of IPv6, from one /64): higher if all callers come through one proxy
    #[arg(long, env = "REGISTRY_MAX_CONNECTIONS_PER_ADDRESS", value_name = "COUNT", default_value = "100", value_parser = at_least_one)]
    pub max_connections_per_address: usize,

    /// The certificate of this server and what leads to its authority, PEM: turns TLS on. SIGHUP makes the server read it again
    #[arg(long, env = "REGISTRY_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,

    /// The key of that certificate, PEM, not encrypted. Nobody but the owner should be able to read the file
    #[arg(long, env = "REGISTRY_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// The authorities of client certificates, PEM. Clients may show one; whoever shows one that is not theirs is refused
    #[arg(long, env = "REGISTRY_TLS_CLIENT_CA", value_name = "FILE")]
    pub tls_client_ca: Option<PathBuf>,

    /// What a client with such a name in its certificate may do without an API key; can be repeated, or separated by `;`
    ///
    /// KIND is CN (the common name of the subject), DNS, URI or EMAIL (alternative names); ROLE is viewer, operator or admin.
    /// Names are compared exactly. Of several names of one certificate, the one that may do least counts.
    #[arg(
        long,
        env = "REGISTRY_TLS_CLIENT_ROLE",
        value_name = "KIND=NAME:ROLE",
        requires = "tls_client_ca",
        value_delimiter = ';'
    )]
    pub tls_client_role: Vec<CertificateRole>,
}

/// How long a request id is remembered at the least.
const LEAST_REMEMBERED: Duration = Duration::from_secs(600);

/// How many bytes of requests there is room for at the least.
const LEAST_BYTES: usize = 2 * (MAX_REQUEST_BYTES + 5);

/// How long an entry of the audit log is kept at the least.
const LEAST_AUDITED: Duration = Duration::from_secs(24 * 60 * 60);

const LONG: &str = "A model registry: which models exist, which releases each has, and which is which, over gRPC.

Without arguments it listens on 127.0.0.1:50051 and keeps everything in one SQLite file in ./registry-data, \
which it creates and migrates. Callers need an API key; the first one is made at the first start, and its secret \
is in ./registry-data/admin.key. Several servers share one PostgreSQL. Every write is on disk before it is answered.";

const EXAMPLES: &str = "Examples:
  registry-server
  registry-server --listen 127.0.0.1:0 --data-dir /var/lib/registry --log-format json
  REGISTRY_DATABASE_URL=postgres://registry:secret@db/registry registry-server
  registry-server --tls-certificate server.pem --tls-key server.key --tls-client-ca clients.pem

Then:
  grpcurl -plaintext -H \"authorization: Bearer $(cat registry-data/admin.key)\" 127.0.0.1:50051 list

Limits without a flag, all of them in GetServerInfo: requests of 512 KiB (without a key 4 KiB), answers of 4 MiB, headers of 16 KiB, \
100 calls at once on a connection, 10 s for a handshake, 30 s for a call (uploads and downloads: 60 s in which nothing moves), a ping every 30 s whose answer may take 10 s, pages of 1000, \
batches of 250, metadata of 64 KiB and 16 levels.";

/// The secret of the first key. Not a flag, which everybody on the machine could read.
const FIRST_KEY: &str = "REGISTRY_BOOTSTRAP_ADMIN_KEY";

/// What Catapult salted its secrets with. Not a flag, for the same reason.
const LEGACY_SALT: &str = "REGISTRY_LEGACY_API_KEY_SALT";

/// What another system salted the secrets of its API keys with, if the environment says so.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the file that reads the environment")]
pub fn legacy_api_key_salt() -> Option<Zeroizing<String>> {
    std::env::var(LEGACY_SALT).ok().map(Zeroizing::new)
}

/// Where HTTP is served, if anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminListen(pub Option<SocketAddr>);

impl std::str::FromStr for AdminListen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "off" => Ok(Self(None)),
            address => address.parse().map(|address| Self(Some(address))).map_err(|_| "expected ADDRESS:PORT or `off`"),
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).map_err(|_| "expected a whole number of seconds".to_owned())
}

/// A length of time in words, such as `30d` or `1h 30m`.
fn length(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(length) if length.is_zero() => Err("must be longer than nothing".to_owned()),
        Ok(length) => Ok(length),
        Err(error) => Err(format!("expected a length of time such as 30d, 12h or 90s: {error}")),
    }
}

/// The same, and nothing at all.
fn pause(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("expected a length of time such as 1s, 500ms or 0s: {error}"))
}

/// Retries must find their answer: those of a client go on for as long as a deadline, those of people for longer.
fn remembered(text: &str) -> Result<Duration, String> {
    match length(text)? {
        length if length < LEAST_REMEMBERED => Err("must be at least 10m: a retry must find its answer".to_owned()),
        length => Ok(length),
    }
}

/// Who was there must be told for longer than it takes to notice that somebody was.
fn audited(text: &str) -> Result<Duration, String> {
    match length(text)? {
        length if length < LEAST_AUDITED => Err("must be at least 1d: nobody looks sooner".to_owned()),
        length => Ok(length),
    }
}

/// A number of bytes in words, such as `50GiB`.
fn size(text: &str) -> Result<u64, String> {
    match text.parse::<ByteSize>() {
        Ok(ByteSize(bytes)) if bytes > 0 && i64::try_from(bytes).is_ok() => Ok(bytes),
        _ => Err("expected a size such as 50GiB, 500MB or 1048576".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number, 1 or more".to_owned()),
        Ok(count) => Ok(count),
    }
}

/// Each has a connection to the database of its own.
fn exports(text: &str) -> Result<usize, String> {
    match at_least_one(text) {
        Ok(count) if count <= usize::from(EXPORTERS) => Ok(count),
        Ok(_) | Err(_) => Err(format!("expected a whole number, 1 to {EXPORTERS}")),
    }
}

/// Half of them must hold the largest request, behind its prefix: that is what one caller gets.
fn bytes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bytes) if bytes >= LEAST_BYTES => Ok(bytes),
        _ => Err(format!("expected a whole number of bytes, {LEAST_BYTES} or more: room for two of the largest requests")),
    }
}

impl Config {
    /// What the server is told, apart from its database.
    ///
    /// # Errors
    /// A sentence that names the flag or variable.
    pub fn settings(&self) -> Result<Settings, String> {
        Ok(Settings {
            listen: self.listen,
            admin_listen: self.admin_listen.0,
            migrating: self.migrations.into(),
            storage: storage::target(self.storage_url.as_ref(), &self.place.data_dir, self.insecure_s3_http)?,
            clock: Clock::System,
            retention: Retention {
                deleted: self.deleted_retention,
                events: self.event_retention,
                answers: self.request_id_retention,
                audit: self.audit_retention,
                orphans: self.orphan_retention,
            },
            housekeeping: self.housekeeping_interval,
            grace: self.shutdown_grace,
            first_key: self.first_key()?,
            certificate_roles: self.tls_client_role.clone(),
            reflection: self.reflection,
            limits: Limits {
                connections: self.max_connections,
                connections_per_address: self.max_connections_per_address,
                ..Limits::default()
            },
            calls: CallLimits {
                calls_in_flight: self.max_calls_in_flight,
                request_bytes_in_flight: self.max_request_bytes_in_flight,
                calls_per_second: self.max_calls_per_second,
                failed_authentications: self.max_failed_authentications,
                watches: self.max_watches,
                watches_per_caller: self.max_watches_per_caller,
                transfers: self.max_transfers,
                exports: self.max_exports,
                imports: self.max_imports,
            },
            quota: Quota { artifact: self.max_artifact_size, total: self.max_stored_size },
            tls: self.tls()?,
            #[cfg(feature = "sabotage")]
            sabotage: crate::sabotage::Sabotage::default(),
        })
    }

    /// The files of TLS, which are of use only together.
    fn tls(&self) -> Result<Option<TlsFiles>, String> {
        let missing =
            |given: &str, missing: &str| Err(format!("--tls-{given} is given, and --tls-{missing} is not: TLS needs both"));
        match (&self.tls_certificate, &self.tls_key, &self.tls_client_ca) {
            (Some(certificate), Some(key), client_ca) => {
                Ok(Some(TlsFiles { certificate: certificate.clone(), key: key.clone(), client_ca: client_ca.clone() }))
            }
            (Some(_), None, _) => missing("certificate", "key"),
            (None, Some(_), _) => missing("key", "certificate"),
            (None, None, Some(_)) => {
                Err("--tls-client-ca is given, and TLS is not on: it needs --tls-certificate and --tls-key".to_owned())
            }
            (None, None, None) => Ok(None),
        }
    }

    /// Where the first key comes from; `None` if nobody is asked for one.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    fn first_key(&self) -> Result<Option<FirstKey>, String> {
        if self.insecure_no_auth {
            return Ok(None);
        }
        if let Some(secret) = std::env::var_os(FIRST_KEY).filter(|_| self.bootstrap_admin_key_file.is_none()) {
            let secret = secret.to_str().and_then(Secret::parse);
            let why = format!("{FIRST_KEY}: expected `mrk_`, 32 hexadecimal digits, `_` and 64 more");
            return secret.map(|secret| Some(FirstKey::Given(secret))).ok_or(why);
        }
        let file = self.bootstrap_admin_key_file.clone();
        Ok(Some(FirstKey::File(file.unwrap_or_else(|| self.place.data_dir.join("admin.key")))))
    }

    /// What may not be read on the way does not go there, and whoever is not asked who he is must be on this machine.
    ///
    /// # Errors
    /// A sentence that names the flag.
    pub fn check(&self) -> Result<(), String> {
        if let Some(address) = self.admin_listen.0.filter(|address| !address.ip().is_loopback() && !self.insecure_plaintext) {
            return Err(format!(
                "--admin-listen {address}: it has no TLS and asks nobody who he is: name a loopback address, or say --insecure-plaintext"
            ));
        }
        if self.listen.ip().is_loopback() {
            return Ok(());
        }
        if self.insecure_no_auth {
            return Err(format!("--insecure-no-auth: only with a loopback address, and --listen is {}", self.listen));
        }
        if self.insecure_plaintext || self.tls_certificate.is_some() {
            return Ok(());
        }
        Err(format!(
            "--listen {}: other machines could read keys and data on the way: give --tls-certificate and --tls-key, or say --insecure-plaintext",
            self.listen
        ))
    }
}
