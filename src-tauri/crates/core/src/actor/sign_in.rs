//! The sign-in at a provider that is under way: one at a time. It runs in a task of its own, so that it goes on while
//! the window is closed. Cancelling it ends the task, which closes its port.

mod flow;

use gloria_sign_in::{Browser, Issuer, Paster, Provider};
use secrecy::ExposeSecret as _;
use tokio::sync::mpsc::error::SendError;
use tokio::task::JoinSet;

use super::{Actor, Report};
use crate::account::address::Address;
use crate::account::session::{NewSignIn, Session, StoredSignIn, Unwanted};
use crate::handle::{CoreError, Reply};
use crate::item::EpochMillis;
use crate::message;
use crate::paths::Paths;
use crate::protocol::{PastedPage, SignInForm, SignInOffer, SignInPlace, SignInQuery, SignInView, SignInWay};
use crate::provider::Pins;
use flow::{Flow, Obstacle};

/// When a user whose sign-in cannot be renewed is warned: long enough to finish what they are at.
const END_WARNING: EpochMillis = 15 * 60 * 1000;

/// The sign-in that is under way, if there is one.
#[derive(Debug)]
pub(super) struct SigningIn {
    /// Counts the sign-ins, so that what an earlier one reports is recognised.
    number: u64,
    current: Option<Current>,
    /// The end of a sign-in that the user was warned of.
    warned: Option<EpochMillis>,
    /// The providers that servers named before.
    pins: Pins,
    /// The host name of the one that the server in use named.
    named: Option<String>,
}

#[derive(Debug)]
struct Current {
    address: Address,
    way: SignInWay,
    /// What the settings said when it began.
    set: Option<Provider>,
    /// Once it is known.
    provider: Option<Provider>,
    link: Option<String>,
    paster: Option<Paster>,
    /// For the task that stores it, which goes on.
    unwanted: Unwanted,
    /// Ends when this is dropped.
    _task: JoinSet<()>,
}

/// What a sign-in reports.
#[derive(Debug)]
pub(super) enum Step {
    /// The user has to sign in.
    Waiting {
        provider: Box<Provider>,
        link: String,
        until: EpochMillis,
        place: SignInPlace,
        paster: Option<Paster>,
    },
    /// Whether the provider's page forgot what it was asked for.
    Forgotten(bool),
    Exchanging,
    /// The server is asked whether it accepts the sign-in.
    Asking,
    Failed(Obstacle),
    SignedIn(Box<NewSignIn>, Option<Browser>),
    /// The keyring has answered.
    Stored(Box<Stored>),
}

/// A sign-in about which the keyring has answered.
#[derive(Debug)]
pub(super) struct Stored {
    session: Session,
    address: Address,
    sign_in: StoredSignIn,
    page: Option<Browser>,
}

impl Drop for Current {
    fn drop(&mut self) {
        self.unwanted.set();
    }
}

impl SigningIn {
    pub(super) fn new(paths: &Paths, server: Option<&str>) -> Self {
        let mut signing_in = Self {
            number: 0,
            current: None,
            warned: None,
            pins: Pins::new(paths),
            named: None,
        };
        signing_in.set_server(server);
        signing_in
    }

    /// Another server is in use.
    fn set_server(&mut self, server: Option<&str>) {
        let pin = server.and_then(|server| self.pins.of(server));
        let issuer = pin.and_then(|pin| Issuer::parse(&pin.issuer).ok());
        self.named = issuer.map(|issuer| issuer.host());
    }

    /// The host name of the provider that the server in use named, when somebody last signed in there.
    pub(super) fn named(&self) -> Option<&str> {
        self.named.as_deref()
    }

    /// Whether the settings name another provider than when it began.
    fn is_outdated(&self, set: Option<&Provider>) -> bool {
        let current = self.current.as_ref();
        current.is_some_and(|current| set != current.set.as_ref())
    }
}

impl Actor {
    /// Asks how users of the server at a typed address sign in.
    pub(super) fn sign_in_offer(&self, query: SignInQuery, reply: Reply<SignInOffer>) {
        let address = match self.typed_address(&query.address) {
            Ok(address) => address,
            Err(error) => return reply.answer(Err(error)),
        };
        let (settings, pins) = (self.settings.clone(), self.signing_in.pins.clone());
        let http = self.http_options();
        tokio::spawn(async move {
            reply.answer(Ok(flow::offer(
                &address,
                query.agreed.as_ref(),
                &settings,
                &pins,
                http,
            )
            .await));
        });
    }

    /// Begins a sign-in, which replaces one that is under way.
    pub(super) fn begin_sign_in(&mut self, form: &SignInForm) -> Result<(), CoreError> {
        let address = self.typed_address(&form.address)?;
        self.refuse_if_given(Some(&address))?;
        let known = self.tokens.known().signed_in.as_ref();
        let login_hint = known.and_then(|known| known.email.clone());
        self.find_proxy();
        self.entering.supersede();
        self.signing_in.number += 1;
        let flow = Flow {
            number: self.signing_in.number,
            reports: self.reports.0.clone(),
            http: self.http_options(),
            settings: self.settings.clone(),
            pins: self.signing_in.pins.clone(),
            address: address.clone(),
            way: form.way,
            another_account: form.another_account,
            agreed: form.agreed.clone(),
            login_hint: login_hint.filter(|_| !form.another_account),
            pages: self.setup.ports.pages.clone(),
            clock: self.setup.ports.clock.clone(),
            seed: self.rng.u64(..),
        };
        let mut task = JoinSet::new();
        // Dropping the one before closes its port, which this one may use then.
        self.signing_in.current = None;
        task.spawn(flow.run());
        self.readers.publish_sign_in(SignInView::Starting {
            address: address.to_string(),
        });
        self.signing_in.current = Some(Current {
            address,
            way: form.way,
            set: self.settings.sign_in(),
            provider: None,
            link: None,
            paster: None,
            unwanted: Unwanted::default(),
            _task: task,
        });
        Ok(())
    }

    /// Opens the provider's page once more.
    pub(super) fn open_sign_in(&self) -> Result<(), CoreError> {
        let current = self.signing_in.current.as_ref();
        let link = current.and_then(|current| current.link.as_deref());
        self.setup.ports.opener.open(link.ok_or(CoreError::Gone)?)?;
        Ok(())
    }

    /// Ends the sign-in: its user decided otherwise. One that the keyring is storing is taken back once that answers.
    pub(super) fn end_sign_in(&mut self) {
        if self.signing_in.current.take().is_some() {
            tracing::info!("the sign-in was cancelled");
        }
        self.readers.publish_sign_in(SignInView::None);
    }

    pub(super) fn paste_sign_in(&self, page: &PastedPage) -> Result<(), CoreError> {
        let current = self.signing_in.current.as_ref();
        let paster = current.and_then(|current| current.paster.as_ref());
        let pasted = paster.ok_or(CoreError::Gone)?.paste(page.address.expose_secret());
        pasted.map_err(|error| CoreError::Invalid(error.message()))
    }

    /// The settings changed: a sign-in at another provider than they name ends, because the user agreed to the other
    /// one.
    pub(super) fn on_sign_in_settings(&mut self, moved: bool) {
        let provider = self.settings.sign_in();
        let is_elsewhere = moved
            && self.signing_in.current.as_ref().is_some_and(|current| {
                let set = self.settings.address.as_ref();
                set.map(Address::server) != Some(current.address.server())
            });
        if is_elsewhere || self.signing_in.is_outdated(provider.as_ref()) {
            self.fail_sign_in(message::sign_in_settings_changed());
        }
    }

    fn fail_sign_in(&mut self, why: impl Into<Obstacle>) {
        let Obstacle { message, change } = why.into();
        let Some(current) = self.signing_in.current.take() else {
            return;
        };
        tracing::info!(why = %message.id, "the sign-in failed");
        self.readers.publish_sign_in(SignInView::Failed {
            address: current.address.to_string(),
            way: current.way,
            message,
            change,
        });
    }

    /// Another program signed in or out at this server, so nobody waits for this sign-in any more.
    pub(super) fn on_signed_in_elsewhere(&mut self, server: &str) {
        let current = self.signing_in.current.as_ref();
        if current.is_some_and(|current| current.address.server() == server) {
            self.end_sign_in();
        }
    }

    /// The core that crashed had a sign-in under way, whose listener is gone.
    pub(super) fn on_sign_in_lost(&mut self, before: SigningIn) {
        self.signing_in.number = before.number;
        self.signing_in.current = before.current;
        self.fail_sign_in(message::sign_in_restarted());
    }

    pub(super) async fn on_sign_in(&mut self, number: u64, step: Step) {
        if let Step::Stored(stored) = step {
            return self.on_sign_in_stored(number, *stored).await;
        }
        if self.signing_in.number != number {
            return;
        }
        let Some(current) = &mut self.signing_in.current else {
            return;
        };
        let address = current.address.to_string();
        let host = current.provider.as_ref();
        let host = host.map(|provider| provider.issuer.host()).unwrap_or_default();
        match step {
            Step::Waiting {
                provider,
                link,
                until,
                place,
                paster,
            } => {
                let opened = self.setup.ports.opener.open(&link);
                current.link = Some(link.clone());
                current.paster = paster;
                let host = provider.issuer.host();
                current.provider = Some(*provider);
                self.readers.publish_sign_in(SignInView::Waiting {
                    address,
                    provider: host,
                    link,
                    until,
                    place,
                    problem: opened.err().map(|error| error.message()),
                });
            }
            Step::Forgotten(forgotten) => {
                let mut view = self.readers.state().sign_in.clone();
                if let SignInView::Waiting { place, .. } = &mut view {
                    *place = SignInPlace::Browser { forgotten };
                    self.readers.publish_sign_in(view);
                }
            }
            Step::Exchanging => {
                let view = SignInView::Exchanging {
                    address,
                    provider: host,
                };
                self.readers.publish_sign_in(view);
            }
            Step::Asking => {
                let view = SignInView::Checking {
                    address,
                    provider: host,
                };
                self.readers.publish_sign_in(view);
            }
            Step::Failed(why) => self.fail_sign_in(why),
            Step::SignedIn(new, page) => {
                self.readers.publish_sign_in(SignInView::Storing {
                    address,
                    provider: host,
                });
                let (address, provider) = (current.address.clone(), current.provider.clone());
                let unwanted = current.unwanted.clone();
                if let Some(provider) = provider
                    && let Err(error) = self.signing_in.pins.pin(&address.server(), &provider)
                {
                    tracing::warn!(%error, "the provider of this server could not be remembered");
                }
                self.store_sign_in(number, address, *new, page, unwanted);
            }
            Step::Stored(_) => {}
        }
    }

    /// Stores the sign-in in a task that nothing ends.
    fn store_sign_in(
        &self,
        number: u64,
        address: Address,
        new: NewSignIn,
        page: Option<Browser>,
        unwanted: Unwanted,
    ) {
        let (session, reports) = (self.session_for(&address), self.reports.0.clone());
        self.configure_provider();
        tokio::spawn(async move {
            let sign_in = session.store_sign_in(new, &unwanted).await;
            let stored = Box::new(Stored {
                session,
                address,
                sign_in,
                page,
            });
            let report = Report::SignIn(number, Step::Stored(stored));
            // The core that it was for has ended, and the next one says that it failed.
            if let Err(SendError(Report::SignIn(_, Step::Stored(stored)))) = reports.send(report) {
                stored.session.take_sign_in_back(stored.sign_in).await;
            }
        });
    }

    /// Connects at once, and shows the window: the user is still at the provider's page. If the user has decided
    /// otherwise meanwhile, nothing of it is used.
    async fn on_sign_in_stored(&mut self, number: u64, stored: Stored) {
        let Stored {
            session,
            address,
            sign_in,
            page,
        } = stored;
        let is_last = self.signing_in.number == number && self.signing_in.current.is_some();
        if !is_last {
            tokio::spawn(async move { session.take_sign_in_back(sign_in).await });
            return;
        }
        // From here on no request may be sent with a token that is not known to be the previous account's.
        self.drop_stream();
        self.identity.on_token();
        let left = session.unkept_of_another(&sign_in);
        tokio::spawn(session.put_sign_in_force(sign_in));
        if let Some(page) = page {
            page.signed_in();
        }
        let report = session.reports().borrow().clone();
        self.tokens.put_in_force(session);
        self.tokens.put_aside(left);
        self.signing_in.set_server(Some(&address.server()));
        let outcome = self.switch_account(address).await;
        self.on_token(report);
        match outcome {
            Ok(()) => {
                self.signing_in.current = None;
                self.readers.publish_sign_in(SignInView::None);
            }
            Err(error) => self.fail_sign_in(error.message()),
        }
        self.setup.ports.window.open(None);
        let hours = self.sign_in_ends_in().map(|left| left / 3_600_000);
        if let Some(hours) = hours.filter(|hours| *hours > 0) {
            self.show(
                message::sign_in_page_done(),
                message::sign_in_lasts(u64::try_from(hours).unwrap_or_default()),
            );
        }
    }

    /// In how many milliseconds a sign-in ends that cannot be renewed.
    fn sign_in_ends_in(&self) -> Option<EpochMillis> {
        let ends_at = self.tokens.known().signed_in.as_ref()?.ends_at?;
        Some(ends_at - self.now().epoch_millis())
    }

    /// In how many milliseconds it ends, once the user is warned of that.
    pub(super) fn sign_in_ends_soon(&self) -> Option<EpochMillis> {
        let left = self.sign_in_ends_in();
        left.filter(|left| (0..=END_WARNING).contains(left))
    }

    /// Warns the user once of the end of a sign-in that cannot be renewed.
    pub(super) fn warn_of_sign_in_end(&mut self) {
        let ends_at = self.tokens.known().signed_in.as_ref();
        let ends_at = ends_at.and_then(|known| known.ends_at);
        if let Some(left) = self.sign_in_ends_soon()
            && self.signing_in.warned != ends_at
        {
            self.signing_in.warned = ends_at;
            let minutes = u64::try_from(left / 60_000).unwrap_or_default() + 1;
            self.show(message::needs_you(), message::sign_in_ends_soon(minutes));
        }
    }
}
