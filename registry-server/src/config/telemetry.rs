//! Where traces are sent, by the variables that every program has for it. They are no flags of ours, and most of them are read by the
//! library: here is only what decides whether it is asked at all.

/// The variables, the narrower one first.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const DISABLED: &str = "OTEL_SDK_DISABLED";
const QUEUE: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
const EXPORTER: &str = "OTEL_TRACES_EXPORTER";

/// A collector of traces. Where it is stays in the environment: there may be a secret in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collector {
    /// The variable that says where it is.
    pub variable: &'static str,
    /// Whether it is spoken to by TLS.
    pub tls: bool,
    /// How many spans wait for it at the most.
    pub queue: usize,
}

impl Collector {
    /// The one that the environment names, if it names one.
    ///
    /// # Errors
    /// A sentence that names the variable.
    pub fn named() -> Result<Option<Self>, String> {
        let named = |variable: &'static str| value(variable).map(|value| (variable, value));
        let Some((variable, endpoint)) = ENDPOINTS.into_iter().find_map(named) else { return Ok(None) };
        let disabled = value(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if disabled || value(EXPORTER).is_some_and(|value| value == "none") {
            return Ok(None);
        }
        if let Some((variable, _)) = PROTOCOLS.into_iter().find_map(named).filter(|(_, protocol)| protocol != "grpc") {
            return Err(format!(
                "{variable}: there are no traces, because they are sent by grpc only: say grpc, or leave it out"
            ));
        }
        let scheme = endpoint.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("http") => Ok(Some(Self { variable, tls: false, queue: queue() })),
            Some("https") => Ok(Some(Self { variable, tls: true, queue: queue() })),
            Some(_) | None => Err(format!("{variable}: there are no traces: expected http://HOST:PORT or https://HOST:PORT")),
        }
    }
}

/// As the library reads it.
fn queue() -> usize {
    value(QUEUE).and_then(|size| size.trim().parse().ok()).filter(|size| *size > 0).unwrap_or(2048)
}

/// An empty variable is none, as everywhere.
#[expect(clippy::disallowed_methods, reason = "part of the configuration: the standard variables of traces")]
fn value(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}
