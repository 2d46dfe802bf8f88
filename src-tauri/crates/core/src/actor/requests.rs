//! Requests of the window, the tray and the command line.

use gloria_stream::Command;
use tokio::time::Instant;

use super::link::Intent;
use super::{Actor, Report};
use crate::handle::{CoreError, Reply, Request};
use crate::inbox::{Inbox, InboxError};
use crate::item::{Counts, Item, Mark};
use crate::metrics::status::{self, StatusReport};
use crate::protocol::{
    ConnectionState, FollowRequest, InboxPage, InboxQuery, MarkRequest, Marked, NoticeKind,
};

/// Queries of the inbox.
#[derive(Debug)]
pub(super) enum Query {
    Page(InboxQuery, Reply<InboxPage>),
    Search(InboxQuery, Reply<InboxPage>),
    Item(String, Reply<Option<Item>>),
    Named(String, Reply<Vec<String>>),
}

impl Actor {
    pub(super) async fn handle_request(&mut self, request: Request) {
        match request {
            Request::Attach(reply) => {
                self.publish_connection();
                reply.answer(Ok(self.readers.attach()));
            }
            Request::EventTally(reply) => reply.answer(Ok(self.meters.tally())),
            Request::Status(reply) => reply.answer(Ok(self.report())),
            Request::Metrics(reply) => reply.answer(Ok(self.meters.view())),
            Request::InboxPage(query, reply) => {
                let asked = query.clone();
                self.read(
                    move |inbox| inbox.page(&asked),
                    reply,
                    |reply| Query::Page(query, reply),
                );
            }
            Request::InboxSearch(query, reply) => self.search(query, reply),
            Request::InboxItem(key, reply) => {
                let asked = key.clone();
                self.read(
                    move |inbox| inbox.item(&asked),
                    reply,
                    |reply| Query::Item(key, reply),
                );
            }
            Request::InboxNamed(text, reply) => {
                let asked = text.clone();
                self.read(
                    move |inbox| inbox.named(&asked),
                    reply,
                    |reply| Query::Named(text, reply),
                );
            }
            Request::InboxMark(request, reply) => reply.answer(self.mark(request).await),
            Request::InboxSnooze(request, reply) => reply.answer(self.snooze(request).await),
            Request::InboxMarkAllRead(reply) => reply.answer(self.mark_all_read().await),
            Request::ActionsSend(reply) => self.send_actions(reply),
            Request::InboxMarkAllSeen(reply) => reply.answer(self.mark_all_seen().await),
            Request::ItemFollow(request, reply) => reply.answer(self.follow(request).await),
            Request::Replay(request, reply) => self.replay(&request, reply),
            Request::ItemShow(key, reply) => {
                if key.is_some() {
                    self.readers.publish_requested_item(key);
                }
                reply.answer(Ok(()));
            }
            Request::ViewShow(view, reply) => {
                self.readers.publish_requested_view(Some(view));
                reply.answer(Ok(()));
            }
            Request::ViewShown(reply) => {
                self.readers.publish_requested_view(None);
                reply.answer(Ok(()));
            }
            Request::ConnectionRetry(reply) => {
                self.retry().await;
                reply.answer(Ok(()));
            }
            Request::ConnectionDisconnect(reply) => {
                self.disconnect();
                reply.answer(Ok(()));
            }
            Request::ConnectionTest(form, reply) => self.test_connection(form, reply),
            Request::AccountSave(form, reply) => self.save_account(form, reply).await,
            Request::SignInOffer(query, reply) => self.sign_in_offer(query, reply),
            Request::SignInBegin(form, reply) => reply.answer(self.begin_sign_in(&form)),
            Request::SignInOpen(reply) => reply.answer(self.open_sign_in()),
            Request::SignInCancel(reply) => {
                self.end_sign_in();
                reply.answer(Ok(()));
            }
            Request::SignInPaste(page, reply) => reply.answer(self.paste_sign_in(&page)),
            Request::AccountSignOut(form, reply) => self.sign_out(form, reply).await,
            Request::SignOutAt(request, reply) => self.sign_out_at(&request, reply).await,
            Request::AccountSwitch(choice, reply) => reply.answer(self.choose_account(&choice.id).await),
            Request::AccountConfirm(answer, reply) => reply.answer(self.confirm_person(answer).await),
            Request::CredentialsChanged(address, reply) => {
                self.on_credentials_changed(&address);
                reply.answer(Ok(()));
            }
            Request::AccessToken(address, reply) => self.give_access(&address, reply),
            Request::PreferencesSave(form, reply) => {
                reply.answer(self.save_preferences(&form));
            }
            Request::Autostart(reply) => reply.answer(Ok(self.setup.ports.autostart.is_on())),
            Request::AutostartSet(on, reply) => reply.answer(self.set_start_at_login(on)),
            Request::NotificationTest(reply) => self.test_notification(reply),
            Request::DoctorCheck(reply) => self.check(reply),
            Request::SupportReportPreview(reply) => self.preview_report(reply),
            Request::SupportReportSave(reply) => self.save_report(reply),
            Request::SoundPreview(sound, reply) => {
                self.play(sound);
                reply.answer(Ok(()));
            }
            Request::SoundsPause(request, reply) => {
                self.sounds_pause
                    .begin(request.minutes, self.now().epoch_millis());
                self.publish_preferences();
                reply.answer(Ok(()));
            }
            Request::DebugLog(on, reply) => {
                reply.answer(self.request_debug_log(on));
            }
            Request::ReleaseNotes(reply) => reply.answer(self.open_release_notes()),
            Request::WindowShows(view, reply) => {
                self.on_window_shows(view);
                reply.answer(Ok(()));
            }
            Request::WindowPresence(presence, reply) => {
                self.on_window_presence(presence);
                reply.answer(Ok(()));
            }
            Request::Signal(signal, reply) => {
                self.handle_signal(signal);
                reply.answer(Ok(()));
            }
        }
    }

    /// Answers a query from the stored inbox without blocking the loop. If the file fails, the request is reported
    /// back, to be answered from its replacement.
    fn read<T: Send + 'static>(
        &self,
        read: impl Fn(&Inbox) -> Result<T, InboxError> + Send + Sync + Clone + 'static,
        reply: Reply<T>,
        again: impl FnOnce(Reply<T>) -> Query + Send + 'static,
    ) {
        let (inbox, reports) = (self.store.inbox().clone(), self.reports.0.clone());
        tokio::spawn(async move {
            match inbox.read(read).await {
                Err(error) if error.is_storage_failure() => {
                    // The actor may have ended meanwhile.
                    let _ = reports.send(Report::QueryFailed(again(reply)));
                }
                answer => reply.answer(answer.map_err(CoreError::from)),
            }
        });
    }

    /// Answers a search of a text that is still being typed, likewise.
    fn search(&self, query: InboxQuery, reply: Reply<InboxPage>) {
        let (inbox, reports) = (self.store.inbox().clone(), self.reports.0.clone());
        tokio::spawn(async move {
            match inbox.search(query.clone()).await {
                Err(error) if error.is_storage_failure() => {
                    // The actor may have ended meanwhile.
                    let _ = reports.send(Report::QueryFailed(Query::Search(query, reply)));
                }
                Ok(Some(page)) => reply.answer(Ok(page)),
                Ok(None) => reply.answer(Err(CoreError::Superseded)),
                Err(error) => reply.answer(Err(error.into())),
            }
        });
    }

    /// Answers a query that the file could not answer, from memory if necessary.
    pub(super) async fn on_query_failed(&mut self, read: Query) {
        match read {
            Query::Page(query, reply) | Query::Search(query, reply) => {
                let page = self.with_inbox(move |inbox| inbox.page(&query)).await;
                reply.answer(page.map_err(CoreError::from));
            }
            Query::Item(key, reply) => {
                let item = self.with_inbox(move |inbox| inbox.item(&key)).await;
                reply.answer(item.map_err(CoreError::from));
            }
            Query::Named(text, reply) => {
                let keys = self.with_inbox(move |inbox| inbox.named(&text)).await;
                reply.answer(keys.map_err(CoreError::from));
            }
        }
    }

    pub(super) fn report(&mut self) -> StatusReport {
        self.publish_connection();
        let metrics = self.meters.view();
        StatusReport {
            version: self.setup.version.clone(),
            since: metrics.since,
            health: status::health(&self.readers.state().connection),
            connection: self.readers.state().connection.clone(),
            counts: self.readers.state().counts,
            metrics,
            notices: self.readers.state().notices.clone(),
            updates: self.releases.report(),
            set_by_policy: self.readers.state().preferences.set_by_policy(),
            kept_here: self.outgoing.kept().fields().collect(),
            metrics_listen: self.exports.served_at(),
        }
    }

    async fn retry(&mut self) {
        if let Some(session) = self.tokens.session() {
            session.allow_prompt();
        }
        if self.store.is_in_trouble() {
            self.retry_storage().await;
        }
        if self.link.is_open() {
            // After "sign in" the keyring may contain another token than the rejected one.
            let command = match self.readers.state().connection.state {
                ConnectionState::Halted => Command::CredentialsChanged,
                ConnectionState::Idle
                | ConnectionState::Disconnected
                | ConnectionState::Connecting
                | ConnectionState::Connected
                | ConnectionState::Waiting
                | ConnectionState::CircuitOpen => Command::RetryNow,
            };
            self.link.send(command);
        } else {
            self.link.set_intent(Intent::Connection);
            self.identity.on_retry();
            self.open_stream();
        }
    }

    /// An action of the user was stored.
    fn on_action(&mut self) {
        self.outgoing.on_stored();
        self.readers.set_notice(NoticeKind::Action, None);
    }

    pub(super) async fn mark(&mut self, request: MarkRequest) -> Result<Marked, CoreError> {
        let now = self.now().epoch_millis();
        let mark = request.mark;
        if matches!(mark, Mark::Read | Mark::Archived)
            && self
                .readers
                .state()
                .requested_item
                .as_ref()
                .is_some_and(|key| request.keys.contains(key))
        {
            // The window has shown it.
            self.readers.publish_requested_item(None);
        }
        let changed = self
            .with_inbox(move |inbox| inbox.mark(&request.keys, mark, now))
            .await?;
        self.snoozes.on_stored(&changed);
        if !changed.is_empty() {
            self.on_action();
            self.poll_alerts().await;
            // The result of a user's action is published at once, after earlier pending updates.
            self.publish_items().await;
            self.readers.publish_stored(changed);
        }
        self.publish_counts().await;
        let state = self.readers.state();
        Ok(Marked {
            revision: state.revision,
            counts: state.counts,
        })
    }

    async fn mark_all_read(&mut self) -> Result<Counts, CoreError> {
        let now = self.now().epoch_millis();
        if self.with_inbox(move |inbox| inbox.mark_all_read(now)).await? > 0 {
            self.on_action();
            self.poll_alerts().await;
            self.publish_items().await;
            self.readers.publish_inbox_changed();
        }
        self.publish_counts().await;
        Ok(self.readers.state().counts)
    }

    async fn mark_all_seen(&mut self) -> Result<Counts, CoreError> {
        let now = self.now().epoch_millis();
        // The page's report is not enough, because the screen may be locked.
        if self.readers.in_view(Instant::now())
            && self.with_inbox(move |inbox| inbox.mark_all_seen(now)).await? > 0
        {
            self.outgoing.on_stored();
        }
        self.publish_counts().await;
        Ok(self.readers.state().counts)
    }

    async fn follow(&mut self, request: FollowRequest) -> Result<(), CoreError> {
        let key = request.key.clone();
        let item = self
            .with_inbox(move |inbox| inbox.item(&key))
            .await?
            .ok_or(CoreError::Gone)?;
        let link = match request.action {
            None => item.link.as_deref(),
            Some(place) => item
                .actions
                .get(place as usize)
                .map(|action| action.link.as_str()),
        };
        self.setup.ports.opener.open(link.ok_or(CoreError::Gone)?)?;
        self.mark(MarkRequest {
            keys: vec![request.key],
            mark: Mark::Read,
        })
        .await
        .map(drop)
    }
}
