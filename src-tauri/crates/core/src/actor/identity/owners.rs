//! Decides whose account a credential leads to, by what its owner is known by and by the server's greeting.

use gloria_stream::{IdleReason, Status};

use super::{Question, State};
use crate::account::session::Session;
use crate::account::{Agreement, Claim, Entry, Greeted, Salt, Verdict};
use crate::actor::Actor;
use crate::grant::{Owner, Subject};
use crate::handle::CoreError;
use crate::inbox::Inbox;
use crate::message;
use crate::protocol::PersonAnswer;

impl Actor {
    /// What the owner of the credential in force is known by.
    fn owner(&self) -> Option<Owner> {
        self.tokens.session().and_then(Session::owner)
    }

    fn salt(&mut self) -> Salt {
        Salt(self.rng.u64(..))
    }

    /// The account that a credential is compared with: the one in use or, after signing out, the one that was.
    fn account_in_question(&mut self) -> Option<Entry> {
        if self.account.is_some() {
            return self.account.clone();
        }
        let server = self.settings.address.as_ref()?.server();
        Some(self.accounts.in_force_or_first(&server))
    }

    /// Handles that the current credential is not known to be this account's.
    pub(in crate::actor) async fn on_another_token(&mut self) {
        let (Some(account), Some(owner)) = (self.account_in_question(), self.owner()) else {
            return;
        };
        let is_own = self.account.is_some() && account.is_owned_by(&owner);
        if !matches!(self.identity.state, State::Known) || is_own || !self.link.is_open() {
            return;
        }
        match owner {
            Owner::Subject(subject) => self.on_subject(&account, &subject).await,
            Owner::Token(_) if account.is_open() => self.enter_account(account, None).await,
            Owner::Token(token) => {
                let mut accounts = self.accounts.of(account.server());
                let known = accounts.find(|other| other.had_token(&token)).cloned();
                drop(accounts);
                match known {
                    Some(other) if other.is_unconfirmed() => self.ask_user(Question::Token(Box::new(other))),
                    Some(other) => self.enter_account(other, None).await,
                    None => self.ask_server(),
                }
            }
        }
    }

    /// Handles a sign-in of somebody whose account is not in use.
    async fn on_subject(&mut self, account: &Entry, subject: &Subject) {
        match self.accounts.claim(account.server(), subject) {
            Claim::Own(own) => self.enter_account(own, None).await,
            Claim::Free(free) => self.enter_account(free, None).await,
            Claim::Greeting => self.ask_server(),
            Claim::New => {
                tracing::info!("another person signed in");
                let new = self.accounts.create_for(account.server(), subject);
                self.enter_account(new, None).await;
            }
        }
    }

    /// Connects without a position, only to learn the user from the greeting.
    fn ask_server(&mut self) {
        tracing::info!("another token: the server is asked whose it is");
        self.identity.state = State::Unknown { due: None };
        self.identity.asked_for = self.tokens.session().map(Session::generation);
        self.open_stream();
    }

    /// Checks the owner of the connection when its first event arrives; `user` is the id in the greeting. Returns
    /// whether the events are this account's.
    pub(in crate::actor) async fn check_person(
        &mut self,
        user: Option<&str>,
        position: Option<String>,
    ) -> bool {
        let Some(account) = self.account_in_question() else {
            return true;
        };
        let generation = self.tokens.session().map(Session::generation);
        if self.identity.is_unknown()
            && self.identity.asked_for.is_some()
            && self.identity.asked_for != generation
        {
            // The greeting is about another credential than the one in force since.
            self.identity.on_token();
            self.open_stream();
            return false;
        }
        match self.owner() {
            // Somebody signed in since the connection was opened.
            Some(owner @ Owner::Subject(_))
                if !self.identity.is_unknown() && !account.is_owned_by(&owner) =>
            {
                self.on_another_token().await;
                false
            }
            Some(Owner::Subject(subject)) if self.identity.is_unknown() => {
                self.check_new_subject(&account, &subject, user, position).await;
                false
            }
            Some(Owner::Subject(subject)) => self.check_subject(&account, &subject, user),
            owner => {
                let token = owner.and_then(Owner::into_token);
                self.check_token(&account, token, user, position).await
            }
        }
    }

    /// Compares the greeting with the subject that the account in use belongs to.
    fn check_subject(&mut self, account: &Entry, subject: &Subject, user: Option<&str>) -> bool {
        match self.accounts.agreement(account, subject, user) {
            Agreement::Same => {
                let account = self.accounts.put_subject_in_force(account, subject, user);
                self.set_account(account);
                self.identity.checked = true;
                self.move_token();
                return true;
            }
            Agreement::Ask => self.ask_user(Question::Server(user.unwrap_or_default().to_owned())),
            Agreement::Contradiction => self.stop_for_contradiction(),
        }
        false
    }

    /// Handles the greeting for somebody who signed in where only tokens were pasted before.
    async fn check_new_subject(
        &mut self,
        account: &Entry,
        subject: &Subject,
        user: Option<&str>,
        position: Option<String>,
    ) {
        match self.accounts.claim_greeted(account, subject, user) {
            Greeted::Own(own) => self.enter_account(own, None).await,
            Greeted::Contradiction => self.stop_for_contradiction(),
            Greeted::New => {
                let new = self.accounts.create_for(account.server(), subject);
                self.enter_account(new, position).await;
            }
            Greeted::Ask => {
                let other = self.accounts.create_for(account.server(), subject);
                self.store_position(&other, position).await;
                self.ask_user(Question::Token(Box::new(other)));
            }
            Greeted::Application(candidate) => {
                let other = self.accounts.create_for(account.server(), subject);
                self.store_position(&other, position).await;
                self.ask_user(Question::Application {
                    candidate: Box::new(candidate),
                    other: Box::new(other),
                });
            }
        }
    }

    async fn check_token(
        &mut self,
        account: &Entry,
        token: Option<crate::token::Token>,
        user: Option<&str>,
        position: Option<String>,
    ) -> bool {
        // The server has accepted the token, so what the token says about its user is true.
        let is_renewed = token.as_ref().is_some_and(|token| account.matches_token(token));
        // The command is one person's, unless the server says otherwise: its tokens may have nothing in common.
        let is_renewed = is_renewed || self.tokens.session().is_some_and(Session::is_by_command);
        let is_known_token = !self.identity.is_unknown();
        let known = user.and_then(|user| self.accounts.named(account.server(), user));
        let is_known = known.is_some_and(|known| !known.is_unconfirmed());
        match Verdict::of(account, user, is_known_token || is_renewed, is_known) {
            Verdict::Same if self.account.is_none() => {
                self.enter_account(account.clone(), None).await;
                false
            }
            Verdict::Same => {
                let salt = self.salt();
                let account = self.accounts.put_in_force(account, user, token.as_ref(), salt);
                self.set_account(account);
                self.identity.checked = true;
                self.move_token();
                if !is_known_token {
                    self.identity.state = State::Known;
                    self.open_stream();
                }
                is_known_token
            }
            Verdict::Another => {
                let other = self
                    .accounts
                    .find_or_create(account.server(), user.unwrap_or_default());
                tracing::info!("the token is that of another person");
                self.enter_account(other, position).await;
                false
            }
            Verdict::Ask => {
                if let Some(token) = token {
                    let salt = self.salt();
                    let other = self
                        .accounts
                        .create_unconfirmed(account.server(), user, &token, salt);
                    self.store_position(&other, position).await;
                    self.ask_user(Question::Token(Box::new(other)));
                } else {
                    self.identity.on_token();
                    self.open_stream();
                }
                false
            }
        }
    }

    /// Stores the cursor for the user who may be another one, because events until the answer are theirs.
    async fn store_position(&mut self, other: &Entry, position: Option<String>) {
        let Some(position) = position else { return };
        let (paths, other) = (self.setup.paths.clone(), other.clone());
        let kept = tokio::task::spawn_blocking(move || {
            let mut opened = Inbox::open_account(&paths, other.folder(), other.server())?;
            opened.inbox.set_initial_cursor(&position)
        });
        if let Ok(Err(error)) = kept.await {
            tracing::warn!(%error, "a position could not be stored");
        }
    }

    /// Disconnects and asks the user.
    fn ask_user(&mut self, question: Question) {
        tracing::info!("the user is asked whose the credential is");
        self.halt_for(State::Asked(Box::new(question)));
        self.show(message::needs_you(), message::person_needs_you());
    }

    /// Disconnects, because the server takes the user for somebody else who signed in here.
    fn stop_for_contradiction(&mut self) {
        tracing::error!("the server's greeting names another person than the one who signed in");
        self.halt_for(State::Contradiction);
        self.show(message::needs_you(), message::cause_greeting_differs());
    }

    fn halt_for(&mut self, state: State) {
        self.identity.state = state;
        self.drop_stream();
        self.set_status(Status::Idle(IdleReason::Stopped));
        self.publish_account();
        self.publish_connection();
    }

    /// Handles the user's answer to the question.
    pub(in crate::actor) async fn confirm_person(&mut self, answer: PersonAnswer) -> Result<(), CoreError> {
        let nothing_asked = || CoreError::Invalid(message::nothing_asked());
        let State::Asked(question) = &self.identity.state else {
            return Err(nothing_asked());
        };
        let question = Question::clone(question);
        let account = self.account_in_question().ok_or_else(nothing_asked)?;
        let owner = self.owner();
        self.identity.state = State::Known;
        match (question, owner) {
            (Question::Token(_), Some(Owner::Subject(_))) if answer.same => {
                self.enter_account(account, None).await;
            }
            (Question::Token(other), _) if answer.same => {
                let account = self.accounts.merge_unconfirmed(&account, &other);
                self.enter_account(account, None).await;
            }
            (Question::Token(other), _) => self.enter_account(*other, None).await,
            (Question::Application { candidate, .. }, _) if answer.same => {
                self.enter_account(*candidate, None).await;
            }
            (Question::Application { other, .. }, _) => self.enter_account(*other, None).await,
            (Question::Server(user), Some(Owner::Subject(subject))) if answer.same => {
                let account = self
                    .accounts
                    .put_subject_in_force(&account, &subject, Some(&user));
                self.set_account(account);
                self.publish_account();
                self.open_stream();
            }
            (Question::Server(_), _) if !answer.same => self.stop_for_contradiction(),
            // The sign-in that was asked about has ended meanwhile.
            (Question::Server(_), _) => self.open_stream(),
        }
        Ok(())
    }

    /// Switches to another account. Nothing of the previous one is shown any more.
    async fn enter_account(&mut self, next: Entry, position: Option<String>) {
        self.drop_stream();
        self.identity.on_token();
        let user = next.user().map(str::to_owned);
        let next = match self.owner() {
            Some(Owner::Subject(subject)) => self.accounts.put_subject_in_force(&next, &subject, None),
            Some(Owner::Token(token)) => {
                let is_its_own = next.is_open() || next.matches_token(&token) || user.is_some();
                let (token, salt) = (Some(token).filter(|_| is_its_own), self.salt());
                self.accounts
                    .put_in_force(&next, user.as_deref(), token.as_ref(), salt)
            }
            None => self.accounts.put_in_force(&next, None, None, Salt(0)),
        };
        self.accounts.remove_unconfirmed(next.server());
        self.forget_erased();
        if let Err(error) = self.begin_account(next, position).await {
            tracing::error!(%error, "the inbox of the account could not be opened");
        }
        self.open_stream();
    }
}
