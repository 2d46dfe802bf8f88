//! A server-sent event stream that stays alive.
//!
//! [`parser`] turns bytes into frames (WHATWG HTML 9.2), [`machine`] decides when to dial, wait and give up without
//! touching a socket or a clock, and [`driver`] does what it says on tokio and reqwest. The crate knows nothing of
//! what the events mean.

pub mod driver;
pub mod machine;
pub mod parser;

pub use driver::{
    Answer, ClientCertificate, Command, Credential, CredentialError, CredentialProvider, Delivery,
    DialLimits, Frames, Heard, Incoming, NetworkOptions, Observer, ProxyAddress, ProxyAddressError,
    ProxyChoice, ProxyResolver, ProxyRoute, Request, Step, StreamHandle, StreamOptions, SystemProxies,
    Transport,
};
pub use machine::{Cause, DialError, EndCause, HaltReason, IdleReason, Reachability, Status, Timing};
pub use parser::{Frame, Item, Limits, Overflow, Parser};
