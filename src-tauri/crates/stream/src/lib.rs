//! A server-sent event stream that stays alive.
//!
//! [`parser`] turns bytes into frames (WHATWG HTML 9.2), [`machine`] decides when to dial, wait and give up without
//! touching a socket or a clock, and [`driver`] does what it says on tokio. [`http`] makes the requests, those of the
//! stream and any other. The crate knows nothing of what the events mean.

pub mod driver;
pub mod http;
pub mod machine;
pub mod parser;

pub use self::http::{
    ClientCertificate, Credential, CredentialError, CredentialProvider, DialLimits, Generation,
    NetworkOptions, Proof, ProxyAddress, ProxyAddressError, ProxyChoice, ProxyResolver, ProxyRoute,
    SystemProxies,
};
pub use driver::{
    Answer, Command, Delivery, Frames, Heard, Incoming, Observer, Request, Step, StreamHandle, StreamOptions,
    Transport,
};
pub use machine::{Cause, DialError, EndCause, HaltReason, IdleReason, Reachability, Status, Timing};
pub use parser::{Frame, Item, Limits, Overflow, Parser};
