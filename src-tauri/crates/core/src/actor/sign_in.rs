//! The sign-in at a provider that is under way.

use super::Actor;
use crate::handle::{CoreError, Reply};
use crate::message;
use crate::protocol::{PastedPage, SignInForm, SignInOffer, SignInView};

impl Actor {
    /// Asks the server at a typed address how its users sign in.
    pub(super) fn sign_in_offer(&self, address: &str, reply: Reply<SignInOffer>) {
        let provider = self.settings.sign_in();
        let offer = self.typed_address(address).map(|address| SignInOffer {
            address: address.to_string(),
            provider: provider.map(|provider| provider.issuer.host()),
            ways: Vec::new(),
            problem: None,
        });
        reply.answer(offer);
    }

    pub(super) fn begin_sign_in(&mut self, form: SignInForm, reply: Reply<()>) {
        drop(form);
        reply.answer(Err(CoreError::Invalid(message::cli_no_provider())));
    }

    pub(super) fn open_sign_in(&self) -> Result<(), CoreError> {
        Err(CoreError::Gone)
    }

    pub(super) fn cancel_sign_in(&mut self) {
        self.readers.publish_sign_in(SignInView::None);
    }

    pub(super) fn paste_sign_in(&self, page: &PastedPage) -> Result<(), CoreError> {
        let _ = page;
        Err(CoreError::Gone)
    }
}
