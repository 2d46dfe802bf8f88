//! A core in this process, served over the socket like by the app.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use gloria_backend::{Backend, TEST_TOKEN};
use gloria_core::paths::Paths;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::token::Token;
use gloria_core::{CoreHandle, Ports, testing};
use gloria_desktop::Instance;
use gloria_desktop::socket::{AppRequest, AppSocket, WindowPlace};
use gloria_words::{Words, Zone};
use tokio::task::JoinHandle;

/// Returns a core in this folder, configured with this server, if any.
pub(crate) fn core(home: &Path, backend: Option<&Backend>) -> CoreHandle {
    let address = backend.map(Backend::api_url);
    let secrets = match &address {
        Some(address) => FakeSecrets::with_token(address, Token::parse(TEST_TOKEN).unwrap()),
        None => FakeSecrets::default(),
    };
    core_with(home, address, Arc::new(secrets))
}

/// Returns a core in this folder, configured with this server, if any, and with this keyring.
pub(crate) fn core_with(home: &Path, address: Option<String>, secrets: Arc<FakeSecrets>) -> CoreHandle {
    let environment: HashMap<_, _> = address
        .map(|address| ("GLORIA_API_URL", address))
        .into_iter()
        .collect();
    let ports = Ports {
        secrets,
        ..testing::ports()
    };
    let setup = testing::setup(Paths::within(home), environment, ports);
    gloria_core::start(setup).unwrap().0
}

/// Serves the core like the app, once this returns.
pub(crate) fn serve(
    home: &Path,
    core: &CoreHandle,
    windows: Option<WindowPlace>,
    app: impl Fn(AppRequest) + Send + Sync + 'static,
) -> JoinHandle<()> {
    let instance = Instance::try_claim(&Paths::within(home)).unwrap();
    let socket = AppSocket::open(&instance).unwrap();
    let core = core.clone();
    tokio::spawn(async move {
        // Keeps the folder claimed as long as the socket is served.
        let _instance = instance;
        let words = Arc::new(Words::load(["en"], Zone::utc()));
        socket.serve(core, words, windows, app).await;
    })
}
