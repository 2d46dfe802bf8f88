//! What happens to the keyring while applications use it.

use anyhow::{Context as _, Result};
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use crate::session::Session;

const SERVICE: &str = "org.freedesktop.secrets";
const PLACE: &str = "/org/freedesktop/secrets";

/// What opens the keyring of every desktop.
pub(crate) const PASSWORD: &str = "a password that guards nothing";

impl Session {
    /// Locks the keyring, as its user or a timeout does.
    ///
    /// # Errors
    /// When there is none.
    pub async fn lock_keyring(&self) -> Result<()> {
        let keyring = self.default_keyring().await?;
        let all = vec![ObjectPath::from(keyring)];
        self.ask_keyring("org.freedesktop.Secret.Service", "Lock", &(all,))
            .await?;
        Ok(())
    }

    /// Unlocks the keyring without a prompt, as logging in does.
    ///
    /// # Errors
    /// When there is none.
    pub async fn unlock_keyring(&self) -> Result<()> {
        let keyring = self.default_keyring().await?;
        let nothing = Value::from("");
        let opened = self
            .ask_keyring(
                "org.freedesktop.Secret.Service",
                "OpenSession",
                &("plain", nothing),
            )
            .await?;
        let (_, session): (OwnedValue, OwnedObjectPath) = opened.body().deserialize()?;
        let password = (session, Vec::<u8>::new(), PASSWORD.as_bytes(), "text/plain");
        let inside = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface";
        self.ask_keyring(inside, "UnlockWithMasterPassword", &(keyring, password))
            .await?;
        Ok(())
    }

    async fn default_keyring(&self) -> Result<OwnedObjectPath> {
        let alias = self
            .ask_keyring("org.freedesktop.Secret.Service", "ReadAlias", &("default",))
            .await?;
        Ok(alias.body().deserialize()?)
    }

    async fn ask_keyring<B>(&self, interface: &str, method: &str, body: &B) -> Result<zbus::Message>
    where
        B: zbus::export::serde::Serialize + zbus::zvariant::DynamicType,
    {
        let asked = self
            .bus()?
            .call_method(Some(SERVICE), PLACE, Some(interface), method, body)
            .await;
        asked.with_context(|| format!("the keyring does not {method}"))
    }
}
