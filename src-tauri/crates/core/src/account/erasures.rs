//! Keyring entries of erased accounts that the keyring has not removed yet. They are recorded on the disk, so that a
//! later start removes them; until then their tokens are not used.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::fingerprint::fingerprint;
use crate::grant::Secret;
use crate::paths::Paths;
use crate::ports::{SecretError, Secrets};
use crate::private::{self, Mode};

#[cfg(test)]
mod tests;

/// The ending of the name of a file that names an entry. The files are next to the accounts' folders.
const SUFFIX: &str = ".forget";

/// The longest name that is read: a server's address and a user id, with room to spare.
const MAX_ENTRY_BYTES: u64 = 16 * 1024;

/// The entries that are still to be removed, each recorded in a file. Clones share the list.
#[derive(Debug, Clone)]
pub struct Erasures {
    root: PathBuf,
    /// Entries that were found at the start or added since. Another program may have removed one meanwhile; the disk is
    /// checked only for these, so that other keyring accesses need no disk access.
    known: Arc<Mutex<BTreeSet<String>>>,
}

impl Erasures {
    /// Reads what earlier runs recorded.
    pub fn read(paths: &Paths) -> Self {
        let root = paths.accounts();
        let files = fs::read_dir(&root).into_iter().flatten();
        let files = files.filter_map(|file| file.ok().map(|file| file.path()));
        let known = files.filter_map(|file| entry_of(&file)).collect();
        Self {
            root,
            known: Arc::new(Mutex::new(known)),
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, entry: &str) -> PathBuf {
        self.root
            .join(format!("{:016x}{SUFFIX}", fingerprint("keyring", entry)))
    }

    /// Records that this entry is to be removed, even if the process ends.
    ///
    /// # Errors
    ///
    /// When the record cannot be stored. It is effective in this process nevertheless.
    pub fn add(&self, entry: &str) -> io::Result<()> {
        self.known().insert(entry.to_owned());
        private::folder(&self.root)?;
        private::replace(&self.file(entry), entry.as_bytes(), Mode::Private)
    }

    /// Removes the record, because the entry is gone or is about to get another token.
    ///
    /// # Errors
    ///
    /// When the record cannot be removed: a later start would then remove whatever is in the entry.
    pub fn remove(&self, entry: &str) -> io::Result<()> {
        if self.known().remove(entry)
            && let Err(error) = fs::remove_file(self.file(entry))
            && error.kind() != io::ErrorKind::NotFound
        {
            self.known().insert(entry.to_owned());
            return Err(error);
        }
        Ok(())
    }

    /// Whether this entry is still to be removed.
    pub fn contains(&self, entry: &str) -> bool {
        let is_known = self.known().contains(entry);
        if is_known && matches!(self.file(entry).try_exists(), Ok(false)) {
            self.known().remove(entry);
            return false;
        }
        is_known
    }

    /// All entries that are still to be removed.
    pub fn all(&self) -> Vec<String> {
        let known: Vec<_> = self.known().iter().cloned().collect();
        known.into_iter().filter(|entry| self.contains(entry)).collect()
    }

    /// Removes the entries from the keyring. Stops at the first error.
    ///
    /// # Errors
    ///
    /// When the keyring fails; the remaining entries are not tried then, because each may take ten seconds.
    pub async fn remove_all(&self, secrets: &dyn Secrets) -> Result<(), SecretError> {
        for entry in self.all() {
            secrets.forget(&entry).await?;
        }
        Ok(())
    }
}

/// The keyring entry that a file names.
fn entry_of(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    if !name.ends_with(SUFFIX) || fs::metadata(file).ok()?.len() > MAX_ENTRY_BYTES {
        return None;
    }
    String::from_utf8(private::read(file).ok()?).ok()
}

/// A keyring in which entries of erased accounts are empty: loading one removes it first, and storing a token in one
/// cancels its removal.
#[derive(Debug, Clone)]
pub struct ErasingSecrets {
    secrets: Arc<dyn Secrets>,
    erasures: Erasures,
}

impl ErasingSecrets {
    /// Wraps a keyring.
    pub fn new(secrets: Arc<dyn Secrets>, erasures: Erasures) -> Self {
        Self { secrets, erasures }
    }

    /// Removes the record of an entry once it is removed.
    fn on_forgotten(
        &self,
        address: &str,
        forgotten: BoxFuture<'static, Result<(), SecretError>>,
    ) -> BoxFuture<'static, Result<(), SecretError>> {
        if !self.erasures.contains(address) {
            return forgotten;
        }
        let (erasures, address) = (self.erasures.clone(), address.to_owned());
        async move {
            forgotten.await?;
            if erasures.contains(&address) {
                removed(&erasures, &address);
            }
            Ok(())
        }
        .boxed()
    }
}

fn removed(erasures: &Erasures, entry: &str) {
    match erasures.remove(entry) {
        Ok(()) => tracing::debug!("the token of an account that was erased is removed"),
        Err(error) => tracing::warn!(%error, "a keyring entry is removed, and will be once more"),
    }
}

impl Secrets for ErasingSecrets {
    fn load(&self, address: &str) -> BoxFuture<'static, Result<Option<Secret>, SecretError>> {
        if !self.erasures.contains(address) {
            return self.secrets.load(address);
        }
        let forgotten = self.forget(address);
        async { forgotten.await.map(|()| None) }.boxed()
    }

    fn unlocked(&self) -> BoxFuture<'static, ()> {
        self.secrets.unlocked()
    }

    fn unlock(&self) -> BoxFuture<'static, Result<(), SecretError>> {
        self.secrets.unlock()
    }

    fn load_without_prompt(&self, address: &str) -> BoxFuture<'static, Result<Option<Secret>, SecretError>> {
        if !self.erasures.contains(address) {
            return self.secrets.load_without_prompt(address);
        }
        let (own, address) = (self.clone(), address.to_owned());
        let loaded = self.secrets.load_without_prompt(&address);
        async move {
            // A keyring that answers this is unlocked, so removing an entry raises no prompt either.
            let found = loaded.await?;
            if !own.erasures.contains(&address) {
                // Another token was stored meanwhile.
                return own.secrets.load_without_prompt(&address).await;
            }
            match found {
                Some(_) => own.forget(&address).await?,
                None => removed(&own.erasures, &address),
            }
            Ok(None)
        }
        .boxed()
    }

    fn store(&self, address: &str, secret: Secret) -> BoxFuture<'static, Result<(), SecretError>> {
        // Before storing: otherwise the new token could be removed in between.
        if let Err(error) = self.erasures.remove(address) {
            return async move { Err(SecretError::Unavailable(error.to_string().into())) }.boxed();
        }
        self.secrets.store(address, secret)
    }

    fn forget(&self, address: &str) -> BoxFuture<'static, Result<(), SecretError>> {
        self.on_forgotten(address, self.secrets.forget(address))
    }

    fn forget_without_prompt(&self, address: &str) -> BoxFuture<'static, Result<(), SecretError>> {
        self.on_forgotten(address, self.secrets.forget_without_prompt(address))
    }

    fn forget_if(&self, address: &str, secret: Secret) -> BoxFuture<'static, Result<(), SecretError>> {
        self.secrets.forget_if(address, secret)
    }
}
