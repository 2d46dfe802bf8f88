//! Crashes and restarts parts of the desktop.

use anyhow::{Context, Result};

use crate::session::{BUS, Part, SCREEN, START_TIMEOUT, Session, WINDOW_MANAGER};
use crate::wait::wait_until;

impl Session {
    /// Kills a part and starts it again, as a desktop does with a service that crashed.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn crash_part(&mut self, part: Part) -> Result<()> {
        self.kill_part(part);
        if let Some(name) = part.bus_name() {
            let bus = zbus::fdo::DBusProxy::new(self.bus()?).await?;
            // Otherwise the name of the previous one would be mistaken for that of the new one.
            wait_until("the name to be free", START_TIMEOUT, async || {
                Ok((!bus.name_has_owner(name.try_into()?).await?).then_some(()))
            })
            .await?;
        }
        self.start_part(part).await
    }

    /// Kills the X server, and the parts that depend on it. Applications with a window end too.
    ///
    /// # Errors
    /// When the X server does not run.
    pub fn kill_screen(&mut self) -> Result<()> {
        self.kill_base(SCREEN)?;
        self.base.retain(|process| !process.is_named(WINDOW_MANAGER));
        for part in [Part::TrayHost, Part::Notifications] {
            self.kill_part(part);
        }
        Ok(())
    }

    /// Starts the X server with the same number after [`Session::kill_screen`], and everything that ran on it.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn restart_screen(&mut self) -> Result<()> {
        self.start_screen().await?;
        self.start_window_manager().await?;
        self.start_parts().await
    }

    /// Kills the session bus, and the parts that depend on it.
    ///
    /// # Errors
    /// When the bus does not run.
    pub fn kill_bus(&mut self) -> Result<()> {
        self.bus = None;
        self.kill_base(BUS)?;
        for part in [Part::TrayHost, Part::Notifications, Part::Keyring] {
            self.kill_part(part);
        }
        Ok(())
    }

    /// Starts the session bus at the same address after [`Session::kill_bus`], and everything that ran on it.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn restart_bus(&mut self) -> Result<()> {
        self.start_bus().await?;
        self.start_parts().await
    }

    /// Kills a part, which does not come back by itself.
    pub fn kill_part(&mut self, part: Part) {
        self.end_restarts(part);
        for mut process in self.parts.remove(&part).into_iter().flatten() {
            process.kill();
        }
    }

    fn kill_base(&mut self, name: &str) -> Result<()> {
        let at = self.base.iter().position(|process| process.is_named(name));
        let mut process = self
            .base
            .remove(at.with_context(|| format!("there is no {name}"))?);
        process.kill();
        Ok(())
    }
}
