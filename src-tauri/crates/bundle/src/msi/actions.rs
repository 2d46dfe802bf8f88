//! What the package does in which order, and what has to be true for it.

use msi::Value;

use super::schema::{NONE, Row, id_of, row};
use crate::windows::APP;

/// Sets a property to a text.
const SET_PROPERTY: i32 = 51;
/// Runs the program that a property names, and goes on whatever it returns.
const RUN_PROGRAM: i32 = 50 + 64;
/// Starts an installed file, and does not wait for it.
const START_FILE: i32 = 18 + 64 + 128;

/// What has to be true, and what an administrator reads if it is not.
pub(super) fn conditions() -> Vec<Row> {
    vec![
        row![
            "Installed OR NOT NEWER",
            "A newer version of Gloria Notify is installed. Uninstall it first if you want an older one."
        ],
        row![
            "NOT AUTOSTART OR AUTOSTART=\"0\" OR AUTOSTART=\"1\"",
            "AUTOSTART must be 1, to start Gloria Notify when somebody signs in, or 0."
        ],
        row![
            "Installed OR NOT REQUIREWEBVIEW2 OR WEBVIEW2",
            "The Microsoft Edge WebView2 Runtime is not installed. The window of Gloria Notify needs it."
        ],
        // 10 and 11 say of themselves that they are 6.3.
        row![
            "VersionNT64 >= 603",
            "Gloria Notify needs 64-bit Windows 10 or newer."
        ],
    ]
}

pub(super) fn custom_actions() -> Vec<Row> {
    let set = |action: &str, property: &str, value: &str| row![action, SET_PROPERTY, property, value, NONE];
    vec![
        set("KeepServer", "SERVER", "[KEPTSERVER]"),
        set("KeepAutostart", "AUTOSTART", "[KEPTAUTOSTART]"),
        set("DefaultAutostart", "AUTOSTART", "1"),
        set("ReportFolder", "ARPINSTALLLOCATION", "[INSTALLDIR]"),
        row!["QuitApp", RUN_PROGRAM, "RUNNINGPROGRAM", "quit", NONE],
        row!["StartApp", START_FILE, id_of(APP), "--background", NONE],
    ]
}

/// An action, its condition, and its place among the others.
pub(super) type Action = (&'static str, &'static str, i32);

/// The usual order, with the older version's removal inside the transaction: if the new one fails, the old one is back.
pub(super) const INSTALL: &[Action] = &[
    ("FindRelatedProducts", "", 25),
    ("AppSearch", "", 50),
    ("KeepServer", "NOT SERVER AND KEPTSERVER", 60),
    ("KeepAutostart", "NOT AUTOSTART AND KEPTAUTOSTART", 61),
    ("DefaultAutostart", "NOT AUTOSTART", 62),
    ("LaunchConditions", "", 100),
    ("ValidateProductID", "", 700),
    ("CostInitialize", "", 800),
    ("FileCost", "", 900),
    ("CostFinalize", "", 1000),
    ("ReportFolder", "", 1010),
    ("MigrateFeatureStates", "", 1200),
    // Before the files in use are looked for, and as the user who installs: it ends that user's app, in its own time.
    // The Restart Manager ends those of others.
    ("QuitApp", "RUNNINGPROGRAM AND NOT UPGRADINGPRODUCTCODE", 1390),
    ("InstallValidate", "", 1400),
    ("InstallInitialize", "", 1500),
    ("RemoveExistingProducts", "", 1501),
    ("ProcessComponents", "", 1600),
    ("UnpublishFeatures", "", 1800),
    ("RemoveRegistryValues", "", 2600),
    ("RemoveShortcuts", "", 3200),
    ("RemoveEnvironmentStrings", "", 3300),
    ("RemoveFiles", "", 3500),
    ("InstallFiles", "", 4000),
    ("CreateShortcuts", "", 4500),
    ("WriteRegistryValues", "", 5000),
    ("WriteEnvironmentStrings", "", 5200),
    ("RegisterUser", "", 6000),
    ("RegisterProduct", "", 6100),
    ("PublishFeatures", "", 6300),
    ("PublishProduct", "", 6400),
    ("InstallFinalize", "", 6600),
    // So that an upgrade leaves nobody without notifications until the next login. Not for the account by which
    // administrators distribute packages, which has no screen; there the Restart Manager starts what it ended.
    (
        "StartApp",
        "OLDER AND AUTOSTART=\"1\" AND NOT REMOVE AND UserSID<>\"S-1-5-18\"",
        6610,
    ),
];

pub(super) const INSTALL_UI: &[Action] = &[
    ("FindRelatedProducts", "", 25),
    ("AppSearch", "", 50),
    ("LaunchConditions", "", 100),
    ("ValidateProductID", "", 700),
    ("CostInitialize", "", 800),
    ("FileCost", "", 900),
    ("CostFinalize", "", 1000),
    ("ExecuteAction", "", 1300),
];

pub(super) const ADMIN: &[Action] = &[
    ("CostInitialize", "", 800),
    ("FileCost", "", 900),
    ("CostFinalize", "", 1000),
    ("InstallValidate", "", 1400),
    ("InstallInitialize", "", 1500),
    ("InstallAdminPackage", "", 3900),
    ("InstallFiles", "", 4000),
    ("InstallFinalize", "", 6600),
];

pub(super) const ADMIN_UI: &[Action] = &[
    ("CostInitialize", "", 800),
    ("FileCost", "", 900),
    ("CostFinalize", "", 1000),
    ("ExecuteAction", "", 1300),
];

pub(super) fn actions(actions: &[Action]) -> Vec<Row> {
    actions
        .iter()
        .map(|&(action, condition, at)| row![action, condition, at])
        .collect()
}
