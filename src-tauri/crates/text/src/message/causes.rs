//! Why there is no connection: `connection.ftl`.

use super::{
    ArgKind, Entry, Message, MessageArg, Number, Phrase, Text, Time, hyphenated, id, messages, text_of,
};

messages! {
    CAUSES;

    cause_status(status: Number);
    cause_token_too_large();
    cause_web_page(kind: Text);
    cause_other_type(kind: Text);
    cause_no_type();
    cause_unreadable_type();
    cause_encoded(coding: Text);
    cause_encoded_often(count: Number);
    cause_network_sign_in();
    cause_no_token();
    cause_token_unavailable(problem: Phrase);
    cause_token_timeout();
    cause_token_unsendable();
    cause_name_not_found();
    cause_connection_refused();
    cause_unreachable();
    cause_connect_timeout(seconds: Number);
    cause_answer_timeout(seconds: Number);
    cause_certificate(problem: Message);
    cause_certificate_file(path: Text, problem: Message);
    cause_client_certificate(problem: Message);
    cause_tls(problem: Message);
    cause_proxy_sign_in();
    cause_proxy(problem: Message);
    cause_no_answer(problem: Message);
    cause_not_found(places: Text);
    cause_not_http(problem: Message);
    cause_not_web_socket(problem: Message);
    cause_redirect_nowhere();
    cause_redirect_insecure();
    cause_redirect_circle();
    cause_set_up(problem: Message);
    cause_closed();
    cause_closed_with(code: Number);
    cause_against_policy();
    cause_broken_off(problem: Message);
    cause_silent(seconds: Number);
    cause_buffered(count: Number);
    cause_long_line(limit: Number);
    cause_large_event(limit: Number);
    cause_over_limits_again(overflow: Message, count: Number);
    cause_network_changed();
    cause_slept();
    cause_token_changed();
    cause_stopped();
    cause_unauthorized();
    cause_token_expired();
    cause_forbidden();
    cause_sign_in_first();
    cause_other_person();
    cause_other_application();
    cause_greeting_unknown();
    cause_greeting_differs();
    cause_restarting();
    cause_disconnected();
    cause_not_at_start();
    advised_web_socket(cause: Message);
    advised_server(cause: Message);

    // What exactly was wrong, within a cause.
    certificate_expired_at(at: Time);
    certificate_expired();
    certificate_valid_from(from: Time);
    certificate_not_yet_valid();
    certificate_wrong_name();
    certificate_unknown_issuer();
    certificate_of_authority();
    certificate_revoked();
    certificate_wrong_purpose();
    certificate_old_version();
    certificate_not_allowed();
    certificate_bad_signature();
    certificate_unreadable();
    certificate_other(problem: Text);

    file_not_there();
    file_not_permitted();
    file_not_readable(problem: Text);
    file_no_certificate();
    file_damaged_certificate();
    file_damaged();
    file_pkcs12_unwanted();
    file_key_unwanted();
    file_pkcs12_not_readable(problem: Text);
    file_no_key();
    file_damaged_key();
    file_foreign_key();
    file_unsupported_key();
    file_old_encryption();
    file_password_wanted();
    file_wrong_password();
    file_not_usable();

    client_certificate_wanted();
    client_certificate_refused();
    client_certificate_expired();
    client_certificate_revoked();
    client_certificate_unknown_issuer();

    tls_http1_refused();
    tls_not_tls();
    tls_old_version();
    tls_nothing_in_common();
    tls_unknown_name();
    tls_no_certificate();
    tls_alert(name: Text);
    tls_other(problem: Text);

    proxy_not_there();
    proxy_name_not_found();
    proxy_certificate(problem: Message);
    proxy_tls(problem: Message);
    proxy_hung_up();
    proxy_refused();
    proxy_not_socks();
    proxy_too_long();
    proxy_not_allowed();
    proxy_unreachable();
    proxy_server_refused();
    proxy_failed();
    proxy_unsupported();
    proxy_other(problem: Text);

    break_reset();
    break_truncated();
    break_timed_out();
    break_unreachable();
    break_bad_http();
    break_unasked();
    break_http2();
    break_tls(problem: Message);
    break_damaged_compression();
    break_no_close();
    break_not_utf8();
    break_bad_frame();
    break_other(problem: Text);
    break_unknown();

    not_http_beginning();
    not_http_http2();
    not_http_status();
    not_http_header();
    not_http_too_large();

    not_web_socket_event_stream();
    not_web_socket_other_protocol();
    not_web_socket_wrong_accept();
    not_web_socket_extension();
    not_web_socket_subprotocol();

    set_up_internal();
    set_up_other(problem: Text);
}
