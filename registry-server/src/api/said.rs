//! What a stream of events says, and how it is written down: pages of events are encoded once, however many are told of them.
//!
//! May not: look at an event.

use super::{Api, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES};
use bytes::{BufMut, Bytes};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use http::Request;
use prost::Message;
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::watch_response;
use registry_proto::v1::watch_service_server::WatchServiceServer;
use std::convert::Infallible;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codec::{Codec, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::{Response, Status};
use tonic_prost::ProstDecoder;
use tower::Service;

/// How `WatchResponse.events` begins: field 2, with a length.
const EVENTS: u8 = 2 << 3 | 2;

/// One message.
#[derive(Debug)]
pub(super) enum Said {
    /// Something that is said to one watcher.
    Message(watch_response::Message),
    /// Events: encoded messages `Events`, one after the other, which together are one.
    Events(Vec<Bytes>),
}

/// Messages, until an error ends them.
pub(super) type Sayings = BoxStream<'static, Result<Said, Status>>;

impl Said {
    /// As the message that it is.
    pub(super) fn message(self) -> Result<pb::WatchResponse, Status> {
        let message = match self {
            Self::Message(message) => message,
            Self::Events(pages) => {
                let events = pb::watch_response::Events::decode(pages.concat().as_slice());
                watch_response::Message::Events(events.map_err(|error| Status::internal(error.to_string()))?)
            }
        };
        Ok(pb::WatchResponse { message: Some(message) })
    }

    fn encode(self, buffer: &mut impl BufMut) -> Result<(), prost::EncodeError> {
        match self {
            Self::Message(message) => pb::WatchResponse { message: Some(message) }.encode(buffer),
            Self::Events(pages) => {
                buffer.put_u8(EVENTS);
                prost::encode_length_delimiter(pages.iter().map(Bytes::len).sum(), buffer)?;
                pages.into_iter().for_each(|page| buffer.put(page));
                Ok(())
            }
        }
    }
}

/// The service of the contract, whose Watch answers with what is encoded already.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    api: Api,
    generated: WatchServiceServer<Api>,
}

impl Watched {
    pub(super) fn new(api: Api, generated: WatchServiceServer<Api>) -> Self {
        Self { api, generated }
    }
}

impl NamedService for Watched {
    const NAME: &'static str = WatchServiceServer::<Api>::NAME;
}

impl Service<Request<Body>> for Watched {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if request.uri().path() != Method::Watch.path() {
            return self.generated.call(request);
        }
        let method = Watching(self.api.clone());
        Box::pin(async move {
            let (requests, responses) = (Some(MAX_REQUEST_BYTES), Some(MAX_RESPONSE_BYTES));
            let mut grpc = Grpc::new(Writing).apply_max_message_size_config(requests, responses);
            Ok(grpc.server_streaming(method, request).await)
        })
    }
}

struct Watching(Api);

impl ServerStreamingService<pb::WatchRequest> for Watching {
    type Response = Said;
    type ResponseStream = Sayings;
    type Future = BoxFuture<'static, Result<Response<Sayings>, Status>>;

    fn call(&mut self, request: tonic::Request<pb::WatchRequest>) -> Self::Future {
        let api = self.0.clone();
        Box::pin(async move { api.sayings(request).await })
    }
}

/// How requests are read and what is said is written.
struct Writing;

impl Codec for Writing {
    type Encode = Said;
    type Decode = pb::WatchRequest;
    type Encoder = Self;
    type Decoder = ProstDecoder<pb::WatchRequest>;

    fn encoder(&mut self) -> Self::Encoder {
        Self
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstDecoder::default()
    }
}

impl Encoder for Writing {
    type Item = Said;
    type Error = Status;

    fn encode(&mut self, said: Said, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        said.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::Said;
    use bytes::Bytes;
    use prost::Message;
    use registry_proto::v1 as pb;
    use registry_proto::v1::watch_response::{Events, Message as Word, Progress};

    fn page(revisions: &[i64]) -> Bytes {
        let events = revisions.iter().map(|revision| pb::Event { revision: *revision, ..Default::default() }).collect();
        Events { events }.encode_to_vec().into()
    }

    #[test]
    fn pages_are_one_message_on_the_wire_and_off_it() {
        let said = || Said::Events(vec![page(&[1, 2]), page(&[]), page(&[300])]);
        let mut wire = Vec::new();
        said().encode(&mut wire).unwrap();
        let read = pb::WatchResponse::decode(wire.as_slice()).unwrap();
        assert_eq!(read, said().message().unwrap());
        let Some(Word::Events(Events { events })) = read.message else { panic!("no events") };
        assert_eq!(events.iter().map(|event| event.revision).collect::<Vec<_>>(), [1, 2, 300]);
    }

    #[test]
    fn anything_else_is_written_as_it_always_was() {
        let word = Word::Progress(Progress { revision: 7 });
        let mut wire = Vec::new();
        Said::Message(word.clone()).encode(&mut wire).unwrap();
        assert_eq!(wire, pb::WatchResponse { message: Some(word) }.encode_to_vec());
    }
}
