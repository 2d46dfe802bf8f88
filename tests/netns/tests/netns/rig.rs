//! Hosts, their programs, and the network between them.

mod backend;
mod host;
mod lab;
mod process;
mod tail;

pub(crate) use backend::API_PORT;
pub(crate) use host::Host;
pub(crate) use lab::{CLIENT, GATEWAY, Lab, OTHER_CLIENT, OTHER_GATEWAY, SERVER, Setup, sleep};
pub(crate) use process::Process;
pub(crate) use tail::Line;

use std::time::Duration;

/// Longer than anything takes without a fault on a busy machine; a test that reaches it has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);
