//! The door: the only place that sees generated messages and `tonic`.
//!
//! A handler accepts, calls and converts. May not: decide (no `if` in a handler), or read the database.

mod api_keys;
mod artifacts;
mod audit;
mod convert;
mod deployments;
mod exports;
mod guard;
pub mod imported;
mod imports;
mod kept;
mod metadata;
mod models;
mod page;
mod page_token;
mod recent;
pub mod reflection;
mod releases;
mod rules;
mod said;
pub mod status;
mod system;
pub mod told;
mod transfer;
mod transfers;
mod violations;
mod watch;

pub use convert::event::picture;
pub use metadata::{Deadline, min_revision};
pub use system::version;

use crate::cache::DependsOn;
use crate::domain::audit::Noted;
use crate::domain::{Caller, Context, Error, Limit, Quota, RequestId};
use crate::health::Health;
use crate::layer::CallLimits;
use crate::listener::Limits;
use crate::metrics::Metrics;
use crate::refusals::Refusals;
#[cfg(feature = "sabotage")]
use crate::sabotage::Fault;
use crate::service::Registry;
use crate::store::{UseCase, Written};
use exports::Places;
use imports::MAX_IMPORT_BYTES;
use kept::Kept;
use page_token::PageTokens;
use prost::Message;
use registry_proto::method::{Idempotency, Method};
use registry_proto::v1::api_key_service_server::ApiKeyServiceServer;
use registry_proto::v1::artifact_service_server::ArtifactServiceServer;
use registry_proto::v1::audit_service_server::AuditServiceServer;
use registry_proto::v1::deployment_service_server::DeploymentServiceServer;
use registry_proto::v1::model_service_server::ModelServiceServer;
use registry_proto::v1::release_service_server::ReleaseServiceServer;
use registry_proto::v1::system_service_server::SystemServiceServer;
use registry_proto::v1::transfer_service_server::TransferServiceServer;
use registry_proto::v1::watch_service_server::WatchServiceServer;
use registry_proto::validate::Collector;
use rules::Rules;
use said::Watched;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::Extensions;
use tonic::metadata::MetadataValue;
use tonic::service::Routes;
use tonic::{Request, Response, Status};
use transfers::Transfers;
use watch::Watches;

/// The largest request message, in bytes.
pub const MAX_REQUEST_BYTES: usize = 512 * 1024;
/// The largest message of an upload, in bytes: 1 MiB of the file, or what is known of it.
const MAX_UPLOAD_BYTES: usize = 1024 * 1024 + 1024;
/// The largest response message, in bytes.
pub const MAX_RESPONSE_BYTES: usize = 4 * 1024 * 1024;

/// The services of the contract, on a registry. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Api {
    registry: Registry,
    tokens: PageTokens,
    /// When the server stops, streams end.
    stop: CancellationToken,
    watches: Watches,
    transfers: Transfers,
    exports: Places,
    imports: Places,
    limits: AllLimits,
    health: Health,
}

/// What takes long, while it does.
#[derive(Debug, Clone)]
pub struct Running {
    transfers: Transfers,
    exports: Places,
    imports: Places,
}

impl Running {
    /// How many uploads and downloads are under way.
    #[must_use]
    pub fn transfers(&self) -> usize {
        self.transfers.taken()
    }

    /// How many exports are.
    #[must_use]
    pub fn exports(&self) -> usize {
        self.exports.taken()
    }

    /// How many imports are.
    #[must_use]
    pub fn imports(&self) -> usize {
        self.imports.taken()
    }
}

/// What connections and calls may take: to be told to whoever asks.
#[derive(Debug, Clone, Copy)]
pub struct AllLimits {
    /// Connections.
    pub connections: Limits,
    /// Calls.
    pub calls: CallLimits,
    /// Bytes of artifacts.
    pub quota: Quota,
    /// How long calls that have begun may take when the server stops.
    pub grace: Duration,
    /// Whether callers are told apart, so that one of them can be kept from taking everything.
    pub told_apart: bool,
}

impl Api {
    /// On a registry of this health, until `stop`, within the limits.
    #[must_use]
    pub fn new(
        registry: Registry,
        health: Health,
        stop: CancellationToken,
        limits: AllLimits,
        refusals: &Refusals,
        metrics: &Metrics,
    ) -> Self {
        let tokens = PageTokens::new(&registry.store().identity().page_token_key);
        let watches = Watches::new(&limits.calls, refusals, metrics.watchers.clone());
        let transfers = Transfers::new(&limits.calls, limits.told_apart, refusals, metrics.traffic.clone());
        let exports = Places::new(Limit::Exports, limits.calls.exports, refusals);
        let imports = Places::new(Limit::Imports, limits.calls.imports, refusals);
        Self { registry, tokens, stop, watches, transfers, exports, imports, limits, health }
    }

    /// What is under way, to be looked at.
    #[must_use]
    pub fn running(&self) -> Running {
        Running { transfers: self.transfers.clone(), exports: self.exports.clone(), imports: self.imports.clone() }
    }

    /// Adds every service of the contract to `routes`.
    #[must_use]
    pub fn routes(self, routes: Routes) -> Routes {
        macro_rules! limited {
            ($server:ident) => {
                $server::new(self.clone())
                    .max_decoding_message_size(MAX_REQUEST_BYTES)
                    .max_encoding_message_size(MAX_RESPONSE_BYTES)
            };
        }
        routes
            .add_service(limited!(ModelServiceServer))
            .add_service(limited!(ReleaseServiceServer))
            .add_service(limited!(ArtifactServiceServer).max_decoding_message_size(MAX_UPLOAD_BYTES))
            .add_service(limited!(DeploymentServiceServer))
            .add_service(Watched::new(self.clone(), limited!(WatchServiceServer)))
            .add_service(limited!(SystemServiceServer))
            .add_service(limited!(ApiKeyServiceServer))
            .add_service(limited!(AuditServiceServer))
            .add_service(limited!(TransferServiceServer).max_decoding_message_size(MAX_IMPORT_BYTES))
    }

    /// Serves one call that has no key: checks the message against the contract, waits until what is read is as new
    /// as the caller wants, runs `call`, and gives whatever went wrong its status.
    async fn serve<M, R, F, Fut>(&self, request: Request<M>, call: F) -> Result<Response<R>, Status>
    where
        M: Rules,
        R: Message + Default,
        F: FnOnce(Self, Context, M) -> Fut,
        Fut: Future<Output = Result<R, Error>>,
    {
        self.accept(request, async |api, context, message| fits(call(api, context, message).await?)).await
    }

    /// The same for a call that reads one thing: of its answer, `call` says whether it depends on one model and on nothing else, so that
    /// it can be kept.
    async fn read<M, R, F, Fut>(&self, request: Request<M>, call: F) -> Result<Response<R>, Status>
    where
        M: Rules,
        R: Message + Default,
        F: FnOnce(Self, Context, M) -> Fut,
        Fut: Future<Output = Result<(R, Option<DependsOn>), Error>>,
    {
        let read = self.accept(request, async |api, context, message| {
            let (answer, depends) = call(api, context, message).await?;
            Ok((fits(answer)?, depends))
        });
        let (metadata, (answer, depends), mut extensions) = read.await?.into_parts();
        if let Some(depends) = depends {
            extensions.insert(depends);
        }
        Ok(Response::from_parts(metadata, answer, extensions))
    }

    /// Serves one call that changes something: the message is parsed to a command, which the use case carries out in the
    /// writer; what is answered of its result is kept with the change, for whoever asks again with the same key.
    async fn change<M, C, T, R>(
        &self,
        request: Request<M>,
        parse: impl FnOnce(M) -> Result<C, Error>,
        use_case: impl UseCase<C, T>,
        answer: impl Fn(T, &Context) -> R + Send + Sync + 'static,
    ) -> Result<Response<R>, Status>
    where
        M: Rules,
        C: Send + Sync + 'static,
        T: Send + 'static,
        R: Message + Default + 'static,
    {
        let written = self.accept(request, async |api, context, mut message: M| {
            let context = context.dry_run(message.validate_only()).keyed(kept::key(&mut message)?);
            let command = parse(message)?;
            api.registry.write(&context, command, use_case, move |result, context| Kept(answer(result, context))).await
        });
        Ok(replayed(written.await?.into_inner()))
    }

    /// What is known of a call before its message is looked at.
    fn context(&self, extensions: &Extensions, method: Method, request_id: &RequestId) -> Result<Context, Error> {
        // Without a caller, the layer that authenticates was not passed.
        let caller: Arc<Caller> = extensions.get().cloned().ok_or_else(|| Error::bug("a call by nobody"))?;
        let audited = method.policy().audited.then(|| method.path().trim_start_matches('/'));
        Ok(self.registry.context(caller, request_id.clone()).audited(audited))
    }

    /// What every call begins and ends with.
    async fn accept<M, R>(
        &self,
        request: Request<M>,
        call: impl AsyncFnOnce(Self, Context, M) -> Result<R, Error>,
    ) -> Result<Response<R>, Status>
    where
        M: Rules,
    {
        let request_id = request.extensions().get().cloned().unwrap_or_else(RequestId::fresh);
        if let (Some(noted), Some(change)) = (request.extensions().get::<Noted>(), request.get_ref().request_id()) {
            noted.asked_for(change);
        }
        let answer = async {
            let context = self.context(request.extensions(), M::METHOD, &request_id)?;
            let least = min_revision(request.metadata().as_ref())?;
            let message = request.into_inner();
            check(&message)?;
            // A write begins where the last one ended, on whatever server that was.
            if let Some(least) = least.filter(|_| M::METHOD.idempotency() == Idempotency::NoSideEffects) {
                self.registry.at_least(least).await?;
            }
            #[cfg(feature = "sabotage")]
            self.registry.sabotage().strike(Fault::Handler, &request_id);
            let answer = call(self.clone(), context, message).await;
            #[cfg(feature = "sabotage")]
            self.registry.sabotage().strike(Fault::Answer, &request_id);
            answer
        };
        answer.await.map(Response::new).map_err(|error| status::of(&error, &request_id))
    }
}

/// The answer to a write, which says whether it is that of an earlier call.
fn replayed<R>(Written { answer: Kept(answer), replayed }: Written<Kept<R>>) -> Response<R> {
    let mut response = Response::new(answer);
    if replayed {
        response.metadata_mut().insert(metadata::REPLAYED, MetadataValue::from_static("true"));
    }
    response
}

/// Everything that is wrong with a message, at once. Of a field that breaks a rule of the contract, nothing else
/// is said.
fn check<M: Rules>(message: &M) -> Result<(), Error> {
    let (mut at, mut beyond) = (Collector::default(), Collector::default());
    message.validate(&mut at);
    message.rules(&mut beyond);
    violations::both(at.finish(), beyond.finish())
}

/// A response that no client of default settings could read is an error, said before it is sent.
fn fits<R: Message>(response: R) -> Result<R, Error> {
    match response.encoded_len() {
        bytes if bytes <= MAX_RESPONSE_BYTES => Ok(response),
        bytes => Err(Error::ResponseTooLarge { bytes, limit: MAX_RESPONSE_BYTES }),
    }
}
