//! Putting a new sign-in into force: stored first, and while no process renews. If its user decides otherwise before
//! the keyring has answered, it is taken out again and revoked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::time::sleep;

use super::renewal::MemoryGrant;
use super::renewing::Access;
use super::sign_in::Who;
use super::{Inner, Session, Source, Unkept};
use crate::grant::{SavedGrant, Secret};
use crate::message;
use crate::ports::{InUse, SecretError, Turn};

/// How often a keyring is asked again to remove a sign-in that nobody wants. As often as one that is locked is checked.
const REMOVAL_INTERVAL: Duration = Duration::from_secs(10);

/// A sign-in that has just succeeded.
#[derive(Debug, Clone)]
pub(crate) struct NewSignIn {
    pub(crate) access: Access,
    pub(crate) who: Who,
    /// `None` if the provider gave nothing to renew it with: then it is only in memory.
    pub(crate) grant: Option<SavedGrant>,
}

/// Whether the user has decided otherwise while a sign-in is stored. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unwanted(Arc<Mutex<bool>>);

impl Unwanted {
    /// The user decided otherwise. What the keyring is asked for after this is done after what was asked for the
    /// sign-in.
    pub(crate) fn set(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Makes a request unless the user decided otherwise.
    fn unless<T>(&self, request: impl FnOnce() -> T) -> Option<T> {
        let unwanted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (!*unwanted).then(request)
    }
}

/// A new sign-in about which the keyring has answered. Until it is in force or taken back, no process renews.
#[derive(Debug)]
pub(crate) struct StoredSignIn {
    new: NewSignIn,
    turn: Result<Turn, InUse>,
    saved: Result<(), SecretError>,
    /// The keyring was asked to store it.
    asked: bool,
    /// What the entry had before.
    before: Option<Secret>,
    /// The sign-ins that it replaces, to be revoked.
    replaced: Vec<SavedGrant>,
    /// Another one of the same user and application is in the keyring.
    has_sibling: bool,
}

impl Session {
    /// Stores a new sign-in instead of what the server's entry has. Then it is either put into force or taken back.
    pub(crate) async fn store_sign_in(&self, new: NewSignIn, unwanted: &Unwanted) -> StoredSignIn {
        let inner = &self.0;
        // A renewal under way would store its answer over the new one.
        let turn = inner.ports.exclusive.turn().await;
        let mut stored = StoredSignIn {
            new,
            turn,
            saved: Ok(()),
            asked: false,
            before: None,
            replaced: Vec::new(),
            has_sibling: false,
        };
        match &stored.turn {
            Ok(_) => inner.replace(&mut stored, unwanted).await,
            Err(InUse) => stored.saved = Err(SecretError::Unavailable(message::sign_in_busy().into())),
        }
        stored
    }

    /// Puts it into force at once. If the keyring failed, it is in memory, and stored later. The future revokes what it
    /// replaced. A token of the environment keeps its precedence.
    pub(crate) fn put_sign_in_force(&self, stored: StoredSignIn) -> BoxFuture<'static, ()> {
        let StoredSignIn {
            new,
            turn,
            mut saved,
            mut replaced,
            ..
        } = stored;
        let inner = Arc::clone(&self.0);
        // Nothing renews it, so the keyring has nothing of it; what is there would replace it.
        let forgotten = (new.grant.is_none() && turn.is_ok() && saved.is_ok())
            .then(|| inner.ports.secrets.forget(&inner.options.entry));
        inner.put_new_in_force(new, turn.as_ref().ok(), saved.clone());
        replaced.retain(|replaced| !inner.is_in_force(replaced));
        async move {
            if let Some(forgotten) = forgotten {
                saved = forgotten.await;
            }
            drop(turn);
            if saved.is_err() {
                return;
            }
            for replaced in &replaced {
                if let Err(why) = inner.ports.provider.revoke(replaced).await {
                    tracing::info!(why = %why.id, "a sign-in that was replaced is not revoked");
                }
            }
        }
        .boxed()
    }

    /// What only memory has of another person than the one who signed in. It is not replaced, because their account is
    /// not either.
    pub(crate) fn unkept_of_another(&self, stored: &StoredSignIn) -> Option<Unkept> {
        let who = &stored.new.who;
        let unkept = self.unkept()?;
        let is_same = unkept.who().is_some_and(|known| known.is_same_person(who));
        (!is_same).then_some(unkept)
    }

    /// Its user decided otherwise: it is taken out of the keyring, which has again what was there before, and revoked.
    /// Where the provider would end another sign-in of the same user with it, both are revoked when that one ends.
    pub(crate) async fn take_sign_in_back(&self, stored: StoredSignIn) {
        let inner = &self.0;
        let asked = inner.state().decision;
        let Some(grant) = stored.new.grant else { return };
        tracing::info!("the sign-in is not wanted any more");
        if stored.asked {
            inner.take_out(&grant, stored.before, asked).await;
        }
        let has_sibling = {
            let state = inner.state();
            let in_memory = state.sign_in.known.in_memory.as_ref();
            stored.has_sibling || in_memory.is_some_and(|in_memory| in_memory.grant.is_sibling(&grant))
        };
        if has_sibling {
            inner.state().left.push(grant);
        } else if let Err(why) = inner.ports.provider.revoke(&grant).await {
            tracing::warn!(why = %why.id, "a sign-in that nobody wants is not revoked");
        }
        drop(stored.turn);
    }
}

impl Inner {
    /// Stores the grant in the server's entry.
    async fn replace(&self, stored: &mut StoredSignIn, unwanted: &Unwanted) {
        let (secrets, entry) = (&self.ports.secrets, &self.options.entry);
        let grant = stored.new.grant.as_ref();
        let mut is_locked = false;
        let entries = self.entries(&self.state());
        for name in entries {
            let before = if name == *entry {
                let before = secrets.load(&name).await;
                is_locked = matches!(before, Err(SecretError::Locked));
                stored.before = before.as_ref().ok().cloned().flatten();
                before
            } else {
                // A prompt that was just cancelled must not come again for this.
                secrets.load_without_prompt(&name).await
            };
            let Ok(Some(Secret::Grant(before))) = before else {
                continue;
            };
            if grant.is_some_and(|grant| before.is_sibling(grant)) {
                // Revoking it would end the new one too, at providers that revoke all of a user's for an application.
                stored.has_sibling = true;
            } else if name == *entry || grant.is_some_and(|grant| before.is_same_person(grant)) {
                // An account's own entry may be another person's, who is still signed in.
                stored.replaced.push(before);
            }
        }
        stored.saved = match grant.cloned() {
            // Its user has just cancelled the prompt, or not answered it yet. Another one would be the same question.
            _ if is_locked => Err(SecretError::Locked),
            Some(grant) => match unwanted.unless(|| secrets.store(entry, grant.into())) {
                Some(saved) => {
                    stored.asked = true;
                    saved.await
                }
                None => Ok(()),
            },
            None => Ok(()),
        };
        if stored.saved.is_err() {
            stored.replaced.clear();
        }
    }

    /// Takes a sign-in out of the server's entry, unless that has another one since. `asked` is the decision of its
    /// user.
    async fn take_out(self: &Arc<Self>, grant: &SavedGrant, before: Option<Secret>, asked: u64) {
        let (secrets, entry) = (&self.ports.secrets, &self.options.entry);
        if let Some(before) = before
            && let Ok(Some(found)) = secrets.load_without_prompt(entry).await
            && found.is_same(&grant.clone().into())
        {
            let restored = {
                let state = self.state();
                // Under the lock, so that a token that is entered later is stored after it.
                (state.decision == asked).then(|| secrets.store(entry, before))
            };
            if let Some(restored) = restored
                && restored.await.is_ok()
            {
                return;
            }
        }
        if let Err(error) = secrets.forget_if(entry, grant.clone().into()).await {
            tracing::warn!(%error, "the keyring keeps a sign-in that nobody wants for now");
            tokio::spawn(Arc::clone(self).take_out_later(grant.clone()));
        }
    }

    /// Asks a keyring that was slow, or is locked, until it does not have the sign-in any more.
    async fn take_out_later(self: Arc<Self>, grant: SavedGrant) {
        let (secrets, entry) = (&self.ports.secrets, &self.options.entry);
        loop {
            sleep(REMOVAL_INTERVAL).await;
            if secrets.forget_if(entry, grant.clone().into()).await.is_ok() {
                return;
            }
        }
    }

    fn put_new_in_force(
        self: &Arc<Self>,
        new: NewSignIn,
        turn: Option<&Turn>,
        saved: Result<(), SecretError>,
    ) {
        let NewSignIn { access, who, grant } = new;
        let mut state = self.state();
        if state.is_environments() || self.options.command.is_some() {
            return;
        }
        let Some(token) = access.token else { return };
        tracing::info!(saved = saved.is_ok(), "the user signed in");
        state.invalidate_queries();
        state.prompted |= matches!(saved, Err(SecretError::Locked));
        state.sign_in.clear();
        state.sign_in.on_tokens(access.lifetime, access.jitter);
        state.sign_in.who = Some(who);
        let entry = self.options.entry.clone();
        if let Some(grant) = &grant {
            state.turn = turn.and_then(Turn::number);
            state.sign_in.unsaved = saved.as_ref().err().map(SecretError::unkept_message);
            state.sign_in.known.in_memory = Some(MemoryGrant {
                grant: grant.clone(),
                entry: entry.clone(),
                unsaved: saved.is_err(),
            });
        }
        self.set_current(&mut state, Some((token, Source::SignIn, entry)));
        self.publish_sign_in(&state);
        drop(state);
        if let Some(grant) = grant {
            if saved.is_err() {
                tokio::spawn(Arc::clone(self).store_later(grant));
            }
            self.schedule();
        }
    }

    fn is_in_force(&self, grant: &SavedGrant) -> bool {
        let state = self.state();
        let in_memory = state.sign_in.known.in_memory.as_ref();
        in_memory.is_some_and(|in_memory| in_memory.grant.is_same(grant))
    }
}
