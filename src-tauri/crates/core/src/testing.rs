//! A core for tests, here and in other crates: its ports record calls, and its state is followed as by a reader.
//!
//! Only with the feature `fakes`. It uses all other modules, and none uses it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::actor::Setup;
use crate::handle::CoreHandle;
use crate::paths::Paths;
use crate::ports::Ports;
use crate::protocol::Snapshot;

pub use crate::ports::fakes::ports;

/// A setup with these paths, variables and ports.
pub fn setup(paths: Paths, environment: HashMap<&'static str, String>, ports: Ports) -> Setup {
    Setup {
        paths,
        environment: Arc::new(move |name| environment.get(name).cloned()),
        version: "0.0.0-test".into(),
        seed: 7,
        ports,
    }
}

/// Follows the state until it is as wanted.
///
/// # Panics
///
/// When a revision is missing, or the core has ended.
#[expect(clippy::unwrap_used, reason = "this fails the test")]
pub async fn follow(core: &CoreHandle, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let attached = core.attach().await.unwrap();
    let (mut state, mut updates) = (attached.snapshot, attached.updates);
    while !wanted(&state) {
        let revised = updates.recv().await.unwrap();
        assert_eq!(revised.revision, state.revision + 1, "no revision is missing");
        state.apply(revised);
    }
    state
}
