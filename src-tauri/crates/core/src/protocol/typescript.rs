//! Generates the TypeScript of the protocol, and fails when the committed file is stale.

use std::path::Path;

use ts_rs::{Config, TS};

use super::*;
use crate::item::*;
use crate::logging::LogLevel;
use crate::message::{Message, MessageArg};
use crate::settings::Key;

/// The file that the UI imports.
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../ui/src/host/protocol.ts");

/// Set to any value to write the file instead of comparing it.
const REGENERATE: &str = "GLORIA_REGENERATE";

macro_rules! declarations {
    ($config:expr, $($type:ty),* $(,)?) => {
        [$((<$type>::docs(), <$type>::decl($config))),*]
    };
}

fn generated() -> String {
    let config = Config::new().with_large_int("number");
    let declarations = declarations!(
        &config,
        Snapshot,
        Revised,
        Update,
        ConnectionView,
        NetworkState,
        Filling,
        Transport,
        ConnectionState,
        Remedy,
        MetricsView,
        Processing,
        ErrorCount,
        UnreadCount,
        UnreadReason,
        Minute,
        Counts,
        AccountView,
        KnownAccount,
        AccountChoice,
        SignOutForm,
        TokenState,
        AccountForm,
        PersonAnswer,
        PersonQuestion,
        SignedIn,
        SignInTrouble,
        SignInTroubleKind,
        SignInView,
        SignInPlace,
        SignInWay,
        SignInForm,
        SignInOffer,
        SignInQuery,
        ProviderName,
        ProviderChange,
        PastedPage,
        QuestionKind,
        TestReport,
        TestStep,
        DoctorReport,
        FindingView,
        Outcome,
        SupportReport,
        ReportFile,
        Item,
        ItemAlert,
        ItemWords,
        AlertState,
        Reason,
        SoundReason,
        ItemKind,
        Priority,
        ItemAction,
        InboxQuery,
        InboxFilter,
        InboxView,
        Marked,
        InboxPage,
        ItemHits,
        Hit,
        MarkRequest,
        Mark,
        SnoozedUntil,
        Snooze,
        SnoozeRequest,
        FollowRequest,
        Preferences,
        PreferencesForm,
        SoundName,
        Appearance,
        LogLevel,
        LockedBy,
        PauseRequest,
        Notice,
        NoticeKind,
        ReleaseView,
        View,
        WindowView,
        Message,
        MessageArg,
        CommandError,
        CommandErrorCode,
        EventType,
        ServerEvent,
        ServerEvents,
        ReceivedEvent,
        ListenerMessage,
        GreetingData,
        HeartbeatData,
        NotificationData,
        NotificationChangeData,
        NotificationDeletedData,
        UserStatusData,
        UserData,
        WorkflowData,
        SystemData,
        ErrorData,
        GapData,
        GapEnd,
        OwnUser,
        Commands,
    );
    let mut text = String::from(
        "// Generated from the core's protocol module; do not edit. `cargo xtask protocol` writes it anew.\n",
    );
    for (docs, declaration) in declarations {
        text.push('\n');
        text.push_str(
            &docs
                .map(|docs| docs.trim_end().to_owned() + "\n")
                .unwrap_or_default(),
        );
        text.push_str("export ");
        text.push_str(&declaration);
        text.push('\n');
    }
    text.push_str(&format!(
        "\n/** The version of the protocol, which the core says in its snapshot. */\nexport const PROTOCOL_VERSION = \
         {PROTOCOL_VERSION};\n"
    ));
    let names: Vec<_> = Key::ALL.iter().map(|key| format!("'{}'", key.name())).collect();
    text.push_str(&format!(
        "\n/**\n * The settings, by their names in the settings file.\n */\nexport type SettingName = {};\n",
        names.join(" | ")
    ));
    let types: Vec<_> = EventType::ALL
        .iter()
        .map(|event_type| serde_json::to_string(event_type).unwrap())
        .collect();
    text.push_str(&format!(
        "\n/** Every type of event. */\nexport const EVENT_TYPES: readonly EventType[] = [{}];\n",
        types.join(", ")
    ));
    let sounds: Vec<_> = SoundName::ALL
        .iter()
        .map(|sound| format!("\"{}\"", sound.name()))
        .collect();
    text.push_str(&format!(
        "\n/** Every bundled sound. */\nexport const SOUND_NAMES: readonly SoundName[] = [{}];\n",
        sounds.join(", ")
    ));
    let ranges: Vec<_> = gloria_text::characters::INVISIBLE
        .iter()
        .map(|(first, last)| format!("[0x{first:x}, 0x{last:x}]"))
        .collect();
    text.push_str(&format!(
        "\n/**\n * Characters that show nothing, or change how the text around them is shown: first and last of each \
         range.\n */\nexport const INVISIBLE: ReadonlyArray<readonly [number, number]> = [{}];\n",
        ranges.join(", ")
    ));
    text
}

#[test]
fn the_committed_typescript_is_current() {
    let generated = generated();
    let committed = Path::new(COMMITTED);
    if std::env::var_os(REGENERATE).is_some() {
        std::fs::write(committed, &generated).unwrap();
    }
    let found = std::fs::read_to_string(committed).unwrap_or_default();
    assert!(
        found == generated,
        "{COMMITTED} is stale: run `cargo xtask protocol`"
    );
}
