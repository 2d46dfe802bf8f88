//! Which provider the servers named when somebody signed in there.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use gloria_sign_in::Provider;
use serde::{Deserialize, Serialize};

use crate::paths::Paths;
use crate::private::{self, Mode};
use crate::protocol::ProviderName;

/// In the folder of the accounts. It contains no secret, and outlives accounts, which may be erased.
const PINS_FILE: &str = "sign-in.json";

/// The provider of a server that is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pin {
    /// The provider's issuer.
    pub issuer: String,
    /// The app's id there.
    pub client_id: String,
}

impl Pin {
    /// What is remembered of a provider.
    pub fn of(provider: &Provider) -> Self {
        Self {
            issuer: provider.issuer.to_string(),
            client_id: provider.client_id.clone(),
        }
    }

    /// As the window shows it.
    pub(super) fn name(&self) -> ProviderName {
        ProviderName {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
        }
    }
}

/// The remembered providers, in a file that app and commands share.
#[derive(Debug, Clone)]
pub struct Pins {
    folder: PathBuf,
}

impl Pins {
    /// Reads nothing yet.
    pub fn new(paths: &Paths) -> Self {
        Self {
            folder: paths.accounts(),
        }
    }

    /// What is remembered of a server, named as [`crate::account::address::Address::server`] does.
    pub fn of(&self, server: &str) -> Option<Pin> {
        self.read().remove(server)
    }

    /// Remembers the provider of a server, once somebody has signed in there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn pin(&self, server: &str, provider: &Provider) -> io::Result<()> {
        let mut pins = self.read();
        let pin = Pin::of(provider);
        if pins.get(server) == Some(&pin) {
            return Ok(());
        }
        pins.insert(server.to_owned(), pin);
        let text = serde_json::to_vec(&pins).map_err(io::Error::other)?;
        private::folder(&self.folder)?;
        private::replace(&self.folder.join(PINS_FILE), &text, Mode::Private)
    }

    /// A file that cannot be read remembers nothing: users are shown the provider in any case.
    fn read(&self) -> BTreeMap<String, Pin> {
        let text = match private::read(&self.folder.join(PINS_FILE)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return BTreeMap::new(),
            Err(error) => {
                tracing::warn!(%error, "the providers of earlier sign-ins are not known");
                return BTreeMap::new();
            }
        };
        serde_json::from_slice(&text).unwrap_or_else(|error| {
            tracing::warn!(
                line = error.line(),
                "the providers of earlier sign-ins are not known"
            );
            BTreeMap::new()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use gloria_sign_in::Issuer;

    use super::*;

    #[test]
    fn providers_are_remembered_for_each_server_and_a_damaged_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::within(folder.path());
        let provider = |name| Provider::new(Issuer::parse("https://id.example").unwrap(), name);
        let pins = Pins::new(&paths);
        assert_eq!(pins.of("https://a.example"), None);
        pins.pin("https://a.example", &provider("one")).unwrap();
        pins.pin("https://b.example", &provider("two")).unwrap();
        let again = Pins::new(&paths);
        assert_eq!(again.of("https://a.example"), Some(Pin::of(&provider("one"))));
        assert_eq!(again.of("https://b.example"), Some(Pin::of(&provider("two"))));

        fs::write(paths.accounts().join(PINS_FILE), "{").unwrap();
        assert_eq!(again.of("https://a.example"), None);
        pins.pin("https://a.example", &provider("three")).unwrap();
        assert_eq!(again.of("https://a.example"), Some(Pin::of(&provider("three"))));
    }
}
