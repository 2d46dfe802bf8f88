//! The state of the session's notification service. Its input are messages and the time; its output are messages,
//! answers and events.
//!
//! Every call is sent to the service's unique name, and only answers and signals from that name are used: a well-known
//! name may change its owner at any time, and any program on the bus can send a signal.

mod calls;
mod incoming;

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use gloria_core::ports::{
    NotificationError, NotificationEvent, NotificationHandle, NotificationRequest, ServiceState, send_reply,
};
use tokio::time::Instant;
use zbus::Message;
use zbus::message::Flags;
use zbus::zvariant::DynamicType;

use super::Identity;
use super::request::{self, Abilities};
use calls::{BUS, BUS_PATH, Call, Method, PROPERTIES, Pending, Reply, UNSENDABLE, build};
pub(super) use calls::{NAME, PATH, Pause};

/// A service that has not answered by then counts as hanging.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// A service that recovers answers in order, except for requests for which it looks something up first, such as the
/// sender.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// How often starting the service is tried again. It may depend on something that is started later during a login.
const START_INTERVAL: Duration = Duration::from_secs(30);

/// Activation tokens that wait for their click, which follows at once.
const TOKEN_CAPACITY: usize = 16;

/// Abandoned notifications that may still be answered, and then have to be withdrawn.
const ABANDONED_CAPACITY: usize = 64;

/// Withdrawals of notifications of earlier runs, which may be requested before the service is known.
const WITHDRAWAL_CAPACITY: usize = 1000;

/// The owner of the service's name.
#[derive(Debug, Default)]
enum Owner {
    #[default]
    Unknown,
    /// None, but the bus can start a service.
    Startable,
    /// None.
    Absent {
        /// When the bus, which failed to start a service, is asked again.
        retry_at: Option<Instant>,
    },
    Present(Present),
}

#[derive(Debug)]
struct Present {
    /// Its unique name.
    name: String,
    capabilities: Option<Vec<String>>,
    /// The name that it reports.
    title: Option<String>,
}

impl Present {
    /// Its capabilities, once it has reported all of them.
    fn abilities(&self) -> Option<Abilities> {
        Some(Abilities::new(self.capabilities.as_ref()?, self.title.as_ref()?))
    }
}

/// The service on one connection to the bus.
#[derive(Debug)]
pub(super) struct Service {
    /// Messages to send.
    pub(super) outgoing: Vec<Message>,
    /// Events to publish.
    pub(super) events: Vec<NotificationEvent>,
    identity: Arc<Identity>,
    owner: Owner,
    pending: HashMap<NonZeroU32, Pending>,
    /// The number of calls so far.
    asked: u64,
    /// Requests that wait until the service and its capabilities are known.
    waiting: VecDeque<(NotificationRequest, Reply)>,
    /// Withdrawals that wait until the service is known.
    withdrawals: VecDeque<NotificationHandle>,
    abandoned: VecDeque<NonZeroU32>,
    tokens: VecDeque<(u32, String)>,
    inhibited: bool,
    dunst_paused: bool,
    published: Option<ServiceState>,
}

impl Service {
    /// For a new connection.
    pub(super) fn new(identity: Arc<Identity>, now: Instant) -> Self {
        let mut service = Self {
            outgoing: Vec::new(),
            events: Vec::new(),
            identity,
            owner: Owner::Unknown,
            pending: HashMap::new(),
            asked: 0,
            waiting: VecDeque::new(),
            withdrawals: VecDeque::new(),
            abandoned: VecDeque::new(),
            tokens: VecDeque::new(),
            inhibited: false,
            dunst_paused: false,
            published: None,
        };
        match calls::subscriptions() {
            Ok(subscriptions) => service.outgoing.extend(subscriptions),
            Err(error) => tracing::warn!(%error, "notifications cannot be followed"),
        }
        service.call(Call::Owner, BUS, (BUS_PATH, BUS, "GetNameOwner"), &NAME, now);
        service
    }

    /// Requests a notification, now or once the service is known.
    pub(super) fn show(&mut self, request: NotificationRequest, reply: Reply, now: Instant) {
        match &self.owner {
            Owner::Absent { .. } => {
                send_reply(reply, Err(NotificationError::NoService));
            }
            Owner::Unknown => self.waiting.push_back((request, reply)),
            Owner::Startable => {
                self.waiting.push_back((request, reply));
                self.start(now);
            }
            Owner::Present(present) => match present.abilities() {
                Some(abilities) => {
                    let to = present.name.clone();
                    self.notify(&to, abilities, &request, reply, now);
                }
                None => self.waiting.push_back((request, reply)),
            },
        }
    }

    /// Withdraws a notification if it belongs to the present service, or to one that is not known yet.
    pub(super) fn withdraw(&mut self, handle: NotificationHandle) {
        match &self.owner {
            Owner::Unknown => {
                self.withdrawals.push_back(handle);
                if self.withdrawals.len() > WITHDRAWAL_CAPACITY {
                    self.withdrawals.pop_front();
                }
            }
            Owner::Present(present) if present.name == handle.service => self.close(&handle),
            // Notifications of another service disappeared with it.
            Owner::Present(_) | Owner::Startable | Owner::Absent { .. } => {}
        }
    }

    /// Whether nothing is to be sent or answered.
    pub(super) fn is_quiet(&self) -> bool {
        self.pending.is_empty() && self.waiting.is_empty() && self.outgoing.is_empty()
    }

    /// When [`Service::on_time`] is due.
    pub(super) fn due(&self) -> Option<Instant> {
        let pending = self
            .pending
            .values()
            .filter_map(|pending| match pending.abandoned_at {
                Some(at) => Some(at),
                None if pending.overdue => None,
                None => Some(pending.sent + ANSWER_TIMEOUT),
            });
        let retry = match self.owner {
            Owner::Absent { retry_at } => retry_at,
            Owner::Unknown | Owner::Startable | Owner::Present(_) => None,
        };
        pending.chain(retry).min()
    }

    /// Does everything that is due.
    pub(super) fn on_time(&mut self, now: Instant) {
        let (mut lost, owner) = (Vec::new(), self.owner_name());
        for (serial, pending) in &mut self.pending {
            let answerable = pending.to == BUS || Some(&pending.to) == owner.as_ref();
            match pending.abandoned_at {
                Some(at) if at <= now => lost.push(*serial),
                // It was sent to a service whose name has another owner now, and which is about to end.
                None if pending.sent + ANSWER_TIMEOUT <= now && !answerable => lost.push(*serial),
                None if pending.sent + ANSWER_TIMEOUT <= now => pending.overdue = true,
                Some(_) | None => {}
            }
        }
        for serial in lost {
            if let Some(pending) = self.pending.remove(&serial) {
                self.abandoned.push_back(serial);
                if self.abandoned.len() > ABANDONED_CAPACITY {
                    self.abandoned.pop_front();
                }
                self.on_error(pending.call, &NotificationError::Lost, now);
            }
        }
        if matches!(self.owner, Owner::Absent { retry_at: Some(at) } if at <= now) {
            self.owner = Owner::Absent { retry_at: None };
            self.start(now);
        }
        self.ping(now);
        self.publish_state();
    }

    fn set_owner(&mut self, owner: Option<String>, now: Instant) {
        if owner.is_some() && self.owner_name() == owner {
            return;
        }
        if matches!(self.owner, Owner::Present(_)) {
            self.publish(ServiceState::Absent);
            self.forget_inquiries();
        }
        self.tokens.clear();
        (self.inhibited, self.dunst_paused) = (false, false);
        let Some(name) = owner else {
            self.owner = Owner::Unknown;
            self.withdrawals.clear();
            let method = (BUS_PATH, BUS, "ListActivatableNames");
            self.call(Call::Activatable, BUS, method, &(), now);
            return;
        };
        for handle in std::mem::take(&mut self.withdrawals) {
            if handle.service == name {
                self.close(&handle);
            }
        }
        self.call(
            Call::Capabilities,
            &name,
            (PATH, NAME, "GetCapabilities"),
            &(),
            now,
        );
        self.call(
            Call::Information,
            &name,
            (PATH, NAME, "GetServerInformation"),
            &(),
            now,
        );
        for pause in Pause::ALL {
            self.ask_paused(pause, &name, now);
        }
        self.owner = Owner::Present(Present {
            name,
            capabilities: None,
            title: None,
        });
    }

    /// Answers of the previous service about itself are not needed any more. Its answers to notifications are, as long
    /// as they can come.
    fn forget_inquiries(&mut self) {
        for (_, pending) in self.pending.extract_if(|_, pending| pending.unawaited) {
            if let Call::Notify(reply) = pending.call {
                send_reply(reply, Err(NotificationError::Lost));
            }
        }
        self.pending.retain(|_, pending| match pending.call {
            Call::Notify(_) | Call::Owner | Call::Activatable | Call::Start => true,
            Call::Capabilities | Call::Information | Call::Paused(_) | Call::Ping => false,
        });
    }

    fn on_startable(&mut self, startable: bool, now: Instant) {
        if matches!(self.owner, Owner::Present(_)) {
            return;
        }
        if !startable {
            self.owner = Owner::Absent { retry_at: None };
            self.refuse_waiting();
            return;
        }
        self.owner = Owner::Startable;
        if !self.waiting.is_empty() {
            self.start(now);
        }
    }

    fn start(&mut self, now: Instant) {
        let starts = |pending: &Pending| matches!(pending.call, Call::Start);
        if !self.pending.values().any(starts) {
            let method = (BUS_PATH, BUS, "StartServiceByName");
            self.call(Call::Start, BUS, method, &(NAME, 0_u32), now);
        }
    }

    fn refuse_waiting(&mut self) {
        for (_, reply) in self.waiting.drain(..) {
            send_reply(reply, Err(NotificationError::NoService));
        }
    }

    fn on_capabilities(&mut self, of: &str, capabilities: Vec<String>, now: Instant) {
        if let Owner::Present(present) = &mut self.owner
            && present.name == of
        {
            present.capabilities = Some(capabilities);
            self.notify_waiting(now);
        }
    }

    fn on_title(&mut self, of: &str, title: String, now: Instant) {
        if let Owner::Present(present) = &mut self.owner
            && present.name == of
        {
            present.title = Some(title);
            self.notify_waiting(now);
        }
    }

    fn notify_waiting(&mut self, now: Instant) {
        let Owner::Present(present) = &self.owner else {
            return;
        };
        let Some(abilities) = present.abilities() else {
            return;
        };
        let to = present.name.clone();
        for (request, reply) in std::mem::take(&mut self.waiting) {
            self.notify(&to, abilities, &request, reply, now);
        }
    }

    fn notify(
        &mut self,
        to: &str,
        abilities: Abilities,
        request: &NotificationRequest,
        reply: Reply,
        now: Instant,
    ) {
        let replaced = request.replaces.as_ref().filter(|handle| handle.service == to);
        let replaces = replaced.map_or(0, |handle| handle.id);
        let identity = self.identity.clone();
        let arguments = request::arguments(request, replaces, abilities, &identity);
        self.call(Call::Notify(reply), to, (PATH, NAME, "Notify"), &arguments, now);
    }

    fn close(&mut self, handle: &NotificationHandle) {
        let method = (PATH, NAME, "CloseNotification");
        match build(&handle.service, method, Some(Flags::NoReplyExpected), &handle.id) {
            Ok(message) => self.outgoing.push(message),
            Err(error) => tracing::debug!(%error, "a notification was not taken back"),
        }
    }

    fn ask_paused(&mut self, pause: Pause, of: &str, now: Instant) {
        let method = (PATH, PROPERTIES, "Get");
        self.call(Call::Paused(pause), of, method, &pause.property(), now);
    }

    fn set_paused(&mut self, pause: Pause, paused: bool) {
        match pause {
            Pause::Inhibited => self.inhibited = paused,
            Pause::Dunst => self.dunst_paused = paused,
        }
    }

    fn is_paused(&self) -> bool {
        self.inhibited || self.dunst_paused
    }

    /// Makes a call that a hanging service answers as soon as it recovers.
    fn ping(&mut self, now: Instant) {
        let Some(name) = self.owner_name() else { return };
        let hangs = |pending: &Pending| pending.overdue && pending.abandoned_at.is_none();
        let pinged = |pending: &Pending| matches!(pending.call, Call::Ping) && pending.to == name;
        if self.pending.values().any(hangs) && !self.pending.values().any(pinged) {
            self.call(Call::Ping, &name, (PATH, NAME, "GetServerInformation"), &(), now);
        }
    }

    /// The service recovered: earlier calls without an answer are abandoned soon.
    fn on_ping_answered(&mut self, order: u64, by: &str, now: Instant) {
        for pending in self.pending.values_mut() {
            if pending.order < order && pending.to == by && pending.abandoned_at.is_none() {
                pending.abandoned_at = Some(now + LOOKUP_TIMEOUT);
            }
        }
        self.ping(now);
    }

    fn take_token(&mut self, id: u32) -> Option<String> {
        let place = self.tokens.iter().position(|(of, _)| *of == id)?;
        self.tokens.remove(place).map(|(_, token)| token)
    }

    fn owner_name(&self) -> Option<String> {
        match &self.owner {
            Owner::Present(present) => Some(present.name.clone()),
            Owner::Unknown | Owner::Startable | Owner::Absent { .. } => None,
        }
    }

    /// `None` while it is not known yet.
    fn state(&self) -> Option<ServiceState> {
        // Includes calls that are about to be abandoned: their loss has to be reported before the service counts as
        // ready again, so that they are repeated.
        if self.pending.values().any(|pending| pending.overdue) {
            return Some(ServiceState::Hanging);
        }
        match &self.owner {
            Owner::Unknown => None,
            Owner::Startable => Some(ServiceState::Ready),
            Owner::Absent { .. } => Some(ServiceState::Absent),
            Owner::Present(present) if present.abilities().is_none() => None,
            Owner::Present(_) if self.is_paused() => Some(ServiceState::Paused),
            Owner::Present(_) => Some(ServiceState::Ready),
        }
    }

    fn publish_state(&mut self) {
        if let Some(state) = self.state() {
            self.publish(state);
        }
    }

    fn publish(&mut self, state: ServiceState) {
        if self.published != Some(state) {
            self.published = Some(state);
            self.events.push(NotificationEvent::Service(state));
        }
    }

    /// Sends a call and remembers it.
    fn call<B>(&mut self, call: Call, to: &str, method: Method, body: &B, now: Instant)
    where
        B: zbus::export::serde::Serialize + DynamicType,
    {
        match build(to, method, None, body) {
            Ok(message) => {
                self.asked += 1;
                let pending = Pending {
                    call,
                    to: to.to_owned(),
                    order: self.asked,
                    sent: now,
                    overdue: false,
                    unawaited: false,
                    abandoned_at: None,
                };
                self.pending
                    .insert(message.primary_header().serial_num(), pending);
                self.outgoing.push(message);
            }
            Err(_) => {
                // The error's message may quote the text.
                let error = NotificationError::Refused(UNSENDABLE.to_owned());
                self.on_error(call, &error, now);
            }
        }
    }
}
