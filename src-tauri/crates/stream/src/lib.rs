//! An event stream that stays alive for months: through sleep, network changes, proxies, expired tokens and server
//! restarts.
//!
//! | module | does | does not |
//! | --- | --- | --- |
//! | [`parser`] | parses bytes into events (WHATWG HTML 9.2), in linear time and bounded memory | read or wait |
//! | [`machine`] | decides when to connect, wait, resume and give up | touch a socket, a clock or randomness |
//! | [`driver`] | carries out the machine's decisions, on tokio and over a [`Transport`] | decide |
//! | [`http`] | makes requests: of streams (server-sent events, WebSocket) and others | know events |
//!
//! The caller interprets the events and stores the cursor: [`Command::Start`] names the event to resume after. A caller
//! that stores each event's id together with the event's effect gets every event once, even if the program is killed in
//! between.
//!
//! # Use
//!
//! Spawn a stream, send it its start position, and receive deliveries until the handle is dropped. The channel is
//! bounded: while it is full, nothing is read, and the server cannot send more. In this example a transport in memory
//! replaces the network; `examples/follow.rs` follows a real server with [`StreamHandle::spawn`].
//!
//! ```
//! use std::sync::Arc;
//! use std::task::{Context, Poll};
//!
//! use futures_util::future::BoxFuture;
//! use gloria_stream::machine::{Chunk, Head};
//! use gloria_stream::{
//!     Answer, Command, Credential, CredentialError, CredentialProvider, Delivery, DialError, Heard,
//!     Incoming, Item, Limits, Parser, Request, StreamHandle, Timing, Transport,
//! };
//! use tokio::sync::mpsc;
//!
//! /// A server that sends these bytes and then nothing.
//! struct Memory(&'static [u8]);
//!
//! impl Transport for Memory {
//!     fn dial(&mut self, request: Request) -> BoxFuture<'static, Result<Answer, DialError>> {
//!         assert_eq!(&**request.cursor(), "41", "what the server is asked to go on after");
//!         let incoming = Box::new(Memory(self.0));
//!         let answer = Answer { head: Head::accepted(), date: None, peer: None, incoming };
//!         Box::pin(async { Ok(answer) })
//!     }
//! }
//!
//! impl Incoming for Memory {
//!     fn poll_heard(&mut self, _: &mut Context<'_>) -> Poll<Option<Heard>> {
//!         let bytes = std::mem::take(&mut self.0);
//!         if bytes.is_empty() {
//!             return Poll::Pending;
//!         }
//!         let mut parser = Parser::new(Limits::default(), "");
//!         let mut chunk = Chunk::default();
//!         let fed = parser.feed(bytes, |item| match item {
//!             Item::Frame(frame) => chunk.frames.push(frame),
//!             Item::Retry(after) => chunk.retry = Some(after),
//!             Item::Skipped { .. } => {}
//!         });
//!         fed.expect("within the limits");
//!         chunk.last_id = Arc::clone(parser.last_event_id());
//!         Poll::Ready(Some(Heard { bytes: bytes.len(), chunks: vec![chunk], ..Heard::default() }))
//!     }
//! }
//!
//! struct Anonymous;
//!
//! impl CredentialProvider for Anonymous {
//!     fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
//!         Box::pin(async { Ok(Credential::ANONYMOUS) })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let server = Memory(b"id: 42\ndata: Release is out\n\nid: 43\ndata: Lunch\n\n");
//! let (deliveries, mut delivered) = mpsc::channel(16);
//! let seed = 7;
//! let stream = StreamHandle::spawn_over(
//!     Box::new(server),
//!     Timing::default(),
//!     seed,
//!     Arc::new(Anonymous),
//!     deliveries,
//! );
//! stream.send(Command::Start { cursor: Some("41".to_owned()) });
//!
//! let mut printed = Vec::new();
//! while let Some(delivery) = delivered.recv().await {
//!     match delivery {
//!         Delivery::Frames(frames) => {
//!             printed.extend(frames.iter().map(|frame| format!("{}: {}", frame.id, frame.data)));
//!             break;
//!         }
//!         other => println!("{other:?}"),
//!     }
//! }
//! assert_eq!(printed, ["42: Release is out", "43: Lunch"]);
//! # }
//! ```

pub mod driver;
pub mod http;
pub mod machine;
pub mod parser;

pub use self::http::{
    ClientCertificate, Credential, CredentialError, CredentialProvider, DialLimits, Generation,
    NetworkOptions, Proof, ProviderError, ProxyAddress, ProxyAddressError, ProxyChoice, ProxyResolver,
    ProxyRoute, SystemProxies,
};
pub use driver::{
    Answer, Command, Delivery, Frames, Heard, Incoming, Observer, Request, Step, StreamHandle, StreamOptions,
    Transport,
};
pub use machine::{Cause, DialError, EndCause, HaltReason, IdleReason, Reachability, Status, Timing};
pub use parser::{Frame, Item, Limits, Overflow, Parser};
