//! What happens to the keyring while applications use it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use crate::process::output;
use crate::session::Session;
use crate::start::KEYRING_NAME;
use crate::wait::wait_until;

const PLACE: &str = "/org/freedesktop/secrets";

/// How long a prompt may take to appear and to go. On an idle machine it takes a second.
const PROMPT_TIMEOUT: Duration = Duration::from_secs(30);

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

    /// Types the password into the prompt that the keyring shows.
    ///
    /// # Errors
    /// When there is none.
    pub async fn answer_keyring(&self) -> Result<()> {
        self.press_at_prompt(&["type", "--delay", "20", PASSWORD]).await
    }

    /// Cancels the prompt that the keyring shows.
    ///
    /// # Errors
    /// When there is none.
    pub async fn cancel_keyring(&self) -> Result<()> {
        self.press_at_prompt(&["key", "Escape"]).await
    }

    /// Waits until the prompt has the focus, and then until it is gone.
    async fn press_at_prompt(&self, keys: &[&str]) -> Result<()> {
        let prompt = wait_until("the keyring's prompt", PROMPT_TIMEOUT, async || {
            let focused = output(self.command("xdotool").arg("getwindowfocus"));
            let shown = self.windows(".")?;
            let focused = focused.map(|focused| String::from_utf8_lossy(&focused.stdout).trim().to_owned());
            Ok(focused.ok().filter(|focused| shown.contains(focused)))
        })
        .await?;
        output(self.command("xdotool").args(keys))?;
        if keys[0] == "type" {
            output(self.command("xdotool").args(["key", "Return"]))?;
        }
        wait_until("the end of the keyring's prompt", PROMPT_TIMEOUT, async || {
            Ok((!self.windows(".")?.contains(&prompt)).then_some(()))
        })
        .await
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
            .call_method(Some(KEYRING_NAME), PLACE, Some(interface), method, body)
            .await;
        asked.with_context(|| format!("the keyring does not {method}"))
    }
}
