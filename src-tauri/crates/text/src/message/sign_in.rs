//! What there is to say about a sign-in at a provider: as `list`.

use super::{ArgKind, Entry, Message, MessageArg, Number, Text, hyphenated, id, messages, text_of};

messages! {
    SIGN_IN;

    // sign-in.ftl: the provider.
    sign_in_issuer_malformed();
    sign_in_issuer_insecure();
    sign_in_issuer_extras();
    sign_in_unreachable();
    sign_in_unavailable(status: Number);
    sign_in_no_metadata();
    sign_in_metadata_malformed();
    sign_in_metadata_insecure();
    sign_in_other_issuer();
    sign_in_no_pkce();

    // sign-in.ftl: where a server says that people sign in.
    sign_in_offer_unreachable();
    sign_in_offer_unreachable_because(problem: Message);
    sign_in_offer_unavailable(status: Number);
    sign_in_offer_unauthorized();
    sign_in_offer_redirected();
    sign_in_offer_web_page();
    sign_in_offer_malformed();
    sign_in_offer_issuer(problem: Message);
    sign_in_offer_not_as_set(named: Text, set: Text);
    sign_in_offer_nothing();
    sign_in_offer_changed(before: Text, now: Text);
    sign_in_offer_other_client(issuer: Text);

    // sign-in.ftl: what came of a sign-in.
    sign_in_no_port(problem: Text);
    sign_in_no_randomness();
    sign_in_denied();
    sign_in_refused(code: Text);
    sign_in_refused_because(code: Text, words: Text);
    sign_in_provider_failed();
    sign_in_timed_out();
    sign_in_answer_of_another();
    sign_in_code_refused();
    sign_in_misconfigured(code: Text);
    sign_in_not_json();
    sign_in_no_token();
    sign_in_identity_missing();
    sign_in_identity_time();
    sign_in_identity_wrong(problem: Text);
    sign_in_paste_no_address();
    sign_in_paste_other();
    sign_in_paste_late();
    sign_in_device_not_offered();
    sign_in_revoke_not_offered();

    // sign-in.ftl: the page in the browser.
    sign_in_page_done();
    sign_in_page_close();
    sign_in_page_failed();
    sign_in_page_back();
    sign_in_page_unfinished();
    sign_in_page_again();
    sign_in_page_forgotten();
    sign_in_page_nothing();
    sign_in_page_unknown();
}
