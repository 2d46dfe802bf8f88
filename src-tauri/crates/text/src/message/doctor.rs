//! What `gloria doctor` finds: as `list`.

use super::{ArgKind, Entry, Message, MessageArg, Number, Phrase, Text, hyphenated, id, messages, text_of};

messages! {
    DOCTOR;

    // doctor.ftl: the lines.
    doctor_line(mark: Message, title: Message, cause: Message);
    doctor_line_mend(mark: Message, title: Message, cause: Message, mend: Message);
    doctor_mark_passed();
    doctor_mark_skipped();
    doctor_mark_warning();
    doctor_mark_failed();

    // doctor.ftl: the checks.
    doctor_app();
    doctor_server_name();
    doctor_tcp();
    doctor_tls();
    doctor_proxy();
    doctor_answer();
    doctor_sign_in();
    doctor_stream();
    doctor_heartbeat();
    doctor_event();
    doctor_marks();
    doctor_keyring();
    doctor_notifications();
    doctor_tray();
    doctor_sound();
    doctor_autostart();
    doctor_disk();
    doctor_clock();
    doctor_policy();
    doctor_versions();
    doctor_test_event();
    doctor_test_alert();

    // doctor.ftl: what was found.
    doctor_app_runs();
    doctor_app_absent();
    doctor_app_unreachable(problem: Message);
    doctor_no_address();
    doctor_after(title: Message);
    doctor_hangs(seconds: Number);
    doctor_app_only();
    doctor_unasked();
    doctor_name_found(name: Text);
    doctor_name_by_proxy(name: Text, proxy: Text);
    doctor_name_unneeded(name: Text);
    doctor_tcp_open(name: Text, port: Number);
    doctor_tcp_by_proxy(proxy: Text);
    doctor_tls_trusted();
    doctor_tls_none();
    doctor_tls_insecure();
    doctor_proxy_none();
    doctor_proxy_used(proxy: Text);
    doctor_answered(status: Number);
    doctor_signed_in();
    doctor_token_untested();
    doctor_sign_in_saved();
    doctor_sign_in_by_command();
    doctor_stream_open();
    doctor_stream_trying();
    doctor_heard(seconds: Number);
    doctor_silent(seconds: Number);
    doctor_not_heard();
    doctor_nothing_heard_yet();
    doctor_clock_unsaid();
    doctor_events(count: Number);
    doctor_events_unreadable(failed: Number, count: Number);
    doctor_marks_sent();
    doctor_marks_kept(fields: Text);
    doctor_keyring_good();
    doctor_notifications_good(service: Text, capabilities: Text);
    doctor_notifications_paused(service: Text);
    doctor_tray_good();
    doctor_tray_none();
    doctor_sound_good();
    doctor_autostart_on();
    doctor_autostart_off();
    doctor_disk_free(megabytes: Number);
    doctor_disk_low(megabytes: Number);
    doctor_disk_network();
    doctor_disk_unwritable(problem: Phrase);
    doctor_clock_good();
    doctor_clock_ahead(seconds: Number);
    doctor_clock_behind(seconds: Number);
    doctor_policy_none();
    doctor_policy_sets(count: Number);
    doctor_settings_mistakes(count: Number, problem: Message);
    doctor_types_without_notifications();
    doctor_version(version: Text);
    doctor_versions_differ(app: Text, command: Text);
    doctor_event_not_offered();
    doctor_event_no_stream();
    doctor_event_not_arrived(seconds: Number);
    doctor_event_arrived();

    // doctor.ftl: the report for support.
    doctor_bundle_add_yes();
    doctor_bundle_contents(path: Text);
    doctor_bundle_entry(name: Text, bytes: Number);
    doctor_bundle_ask();
    doctor_bundle_overwrite(path: Text);
    doctor_bundle_exists(path: Text);
    doctor_bundle_not_saved();
    doctor_bundle_saved(path: Text);
    doctor_bundle_failed(path: Text, problem: Text);

    // doctor.ftl: the checks in the window.
    doctor_not_started(problem: Phrase);
    doctor_no_folder();
    doctor_timed_out(seconds: Number);
    doctor_broke();

    // doctor.ftl: what mends it.
    doctor_mend_app();
    doctor_mend_app_anew();
    doctor_mend_address();
    doctor_mend_name();
    doctor_mend_tcp();
    doctor_mend_tls();
    doctor_mend_client_certificate();
    doctor_mend_insecure();
    doctor_mend_proxy();
    doctor_mend_network();
    doctor_mend_network_sign_in();
    doctor_mend_server();
    doctor_mend_sign_in();
    doctor_mend_stream();
    doctor_mend_retry();
    doctor_mend_person();
    doctor_mend_unreadable();
    doctor_mend_marks();
    doctor_mend_keyring();
    doctor_mend_hangs();
    doctor_mend_wait();
    doctor_mend_types();
    doctor_mend_disk_unwritable();
    doctor_mend_unlock();
    doctor_mend_notifications();
    doctor_mend_do_not_disturb();
    doctor_mend_tray();
    doctor_mend_sound();
    doctor_mend_autostart();
    doctor_mend_disk();
    doctor_mend_disk_network();
    doctor_mend_clock();
    doctor_mend_settings();
    doctor_mend_versions();
}
