//! Every message that Rust makes: its name and its parameters. The words are in `locales/*/*.ftl`, files by subject.
//!
//! Adding one: a line here, and its sentence in each folder of `locales`. The test of `gloria-words` compares both, and
//! `cargo xtask protocol` writes the list for the UI.

use super::{
    ArgKind, Entry, Message, MessageArg, Number, Phrase, Text, Time, hyphenated, id, messages, text_of,
};

messages! {
    // alerts.ftl: what became of an item's alert, and why.
    alert_pending(reason: Message);
    alert_pending_burst();
    alert_pending_news(sound: Message);
    alert_shown(reason: Message);
    alert_shown_after_wait();
    alert_shown_news(sound: Message);
    alert_digest_missed();
    alert_digest_burst();
    alert_digest_late();
    alert_suppressed(reason: Message);
    alert_suppressed_news(sound: Message);
    alert_failed(reason: Message);
    alert_failed_news(sound: Message);
    alert_withdrawn(reason: Message);
    alert_withdrawn_news(sound: Message);
    alert_earlier(words: Text);
    alert_reason_missed();
    alert_reason_burst();
    alert_reason_progress();
    alert_reason_handled();
    alert_reason_expired();
    alert_reason_low_priority();
    alert_reason_in_view(sound: Message);
    alert_reason_shown_before();
    alert_reason_no_service();
    alert_reason_lost();
    alert_reason_refused(message: Text);
    alert_reason_broke();
    alert_reason_read();
    alert_reason_deleted();
    alert_reason_replaced();
    alert_sound_played();
    alert_sound_off();
    alert_sound_paused();
    alert_sound_just_played();

    // connection.ftl: why there is no connection.
    cause_status(status: Number);
    cause_silent(seconds: Number);

    // tray.ftl: tooltip and menu.
    tray_open();
    tray_pause_sounds();
    tray_resume_sounds();
    tray_reconnect();
    tray_quit();
    tray_set_up_needed();
    tray_needs_you();
    tray_connected();
    tray_connected_since(at: Time);
    tray_connecting();
    tray_connecting_after(attempts: Number);
    tray_reconnecting(next: Time);
    tray_reconnecting_after(next: Time, attempts: Number);
    tray_not_connected();
    tray_not_connected_next(next: Time);
    tray_not_connected_after(next: Time, attempts: Number);
    tray_last_heard(at: Time);
    tray_unseen(count: Number);
    tray_offline();
    tray_notifications_fail();

    // notifications.ftl: what the app itself announces.
    digest_missed(count: Number);
    digest_burst(count: Number);
    digest_late(count: Number);
    digest_newest(title: Phrase);
    digest_urgent(count: Number, title: Phrase);
    needs_you();
    outage();
    outage_needs_you(reason: Message);
    outage_long(minutes: Number, reason: Message);
}
