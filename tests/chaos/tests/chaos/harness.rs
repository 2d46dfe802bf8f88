//! A computer for a whole core, with recording ports.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use gloria_backend::TEST_TOKEN;
use gloria_chaos::DEADLINE;
use gloria_core::account::Account;
use gloria_core::item::InboxView;
use gloria_core::paths::Paths;
use gloria_core::ports::fakes::{FakeNotifications, FakeSecrets};
use gloria_core::protocol::{ConnectionState, InboxQuery, Snapshot};
use gloria_core::token::Token;
use gloria_core::{CoreHandle, Ports, start, testing};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The core's user agent.
pub(crate) const CORE: &str = "gloria-notify/0.0.0-test";

pub(crate) async fn within_deadline<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

/// A computer that outlives the core.
pub(crate) struct Harness {
    pub(crate) home: TempDir,
    pub(crate) api: String,
    pub(crate) notifications: Arc<FakeNotifications>,
}

impl Harness {
    pub(crate) fn at(server: SocketAddr) -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            api: format!("http://{server}/api/v1"),
            notifications: Arc::default(),
        }
    }

    /// Returns the inbox file.
    pub(crate) fn inbox(&self) -> PathBuf {
        Account::of(&self.api).inbox_file(&Paths::within(self.home.path()))
    }

    pub(crate) fn start(&self) -> Running {
        let environment = HashMap::from([
            ("GLORIA_API_URL", self.api.clone()),
            ("GLORIA_SSE_RECONNECT_INTERVAL", "100ms".into()),
        ]);
        let ports = Ports {
            notifications: self.notifications.clone(),
            secrets: Arc::new(FakeSecrets::with_token(
                &self.api,
                Token::parse(TEST_TOKEN).unwrap(),
            )),
            ..testing::ports()
        };
        let setup = testing::setup(Paths::within(self.home.path()), environment, ports);
        let (core, task) = start(setup).unwrap();
        Running { core, task }
    }

    pub(crate) fn notifications(&self) -> Vec<String> {
        self.notifications
            .shown
            .all()
            .into_iter()
            .map(|request| gloria_words::Words::english().phrase(&request.title))
            .collect()
    }
}

pub(crate) struct Running {
    pub(crate) core: CoreHandle,
    task: JoinHandle<()>,
}

impl Running {
    /// Follows the state until `wanted` returns true, and checks that no revision is missing.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        within_deadline(what, testing::follow(&self.core, wanted)).await
    }

    pub(crate) async fn connected(&self) {
        self.until("connected", |state| {
            state.connection.state == ConnectionState::Connected
        })
        .await;
    }

    pub(crate) async fn total(&self, count: u32) {
        self.until("the items", |state| {
            i64::from(state.counts.total) >= i64::from(count)
        })
        .await;
        let state = self.core.attach().await.unwrap().snapshot;
        assert_eq!(i64::from(state.counts.total), i64::from(count));
    }

    /// Returns the titles in the inbox, oldest first.
    pub(crate) async fn titles(&self) -> Vec<String> {
        let mut query = InboxQuery {
            filter: InboxView::Inbox.into(),
            after: None,
            limit: 100,
        };
        let mut titles = Vec::new();
        loop {
            let page = self.core.inbox_page(query.clone()).await.unwrap();
            let english = gloria_words::Words::english();
            titles.extend(
                page.items
                    .iter()
                    .map(|item| item.title_in(|words| english.say(words))),
            );
            query.after = page.next;
            if query.after.is_none() {
                titles.reverse();
                return titles;
            }
        }
    }

    pub(crate) async fn stop(self) {
        self.core.stop().await.unwrap();
        within_deadline("the core ends", self.task).await.unwrap();
    }
}
