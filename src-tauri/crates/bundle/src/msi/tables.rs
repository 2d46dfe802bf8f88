//! What the package does, as rows of Windows Installer's tables.
//!
//! An administrator chooses by the properties `SERVER` and `AUTOSTART`. An upgrade removes the older version first, so
//! that it has to find out what was chosen: `AppSearch` looks into the registry, into properties of their own, because
//! it would replace what is on the command line.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use msi::Value;

use super::actions::{ADMIN, ADMIN_UI, INSTALL, INSTALL_UI, actions, conditions, custom_actions};
use super::schema::{
    APP_SEARCH, COMPONENT, CUSTOM_ACTION, DIRECTORY, ENVIRONMENT, FEATURE, FEATURE_COMPONENTS, FILE,
    ICON as ICONS, LAUNCH_CONDITION, MEDIA, NONE, PROPERTY, REG_LOCATOR, REGISTRY, Row, SHORTCUT,
    SHORTCUT_PROPERTY, Table, UPGRADE, id_of, row, sequence,
};
use super::{LANGUAGE, UPGRADE_CODE, code};
use crate::plan::{APP_ID, PRODUCT};
use crate::windows::{APP, CLI, Contents, DEFAULTS_KEY, ICON, MANUFACTURER, PICTURE, SCHEME, version_in};

/// The name of the stream with the files.
pub(super) const CABINET: &str = "gloria.cab";

const FEATURE_NAME: &str = "App";
const FOLDER: &str = "INSTALLDIR";
const SHORTCUT_NAME: &str = "StartMenu";

/// What the installer has to find again, which is no default of the app's.
const INSTALLER_KEY: &str = r"Software\Gloria System\Gloria Notify\Installer";
/// Where Microsoft's updater keeps the version of the WebView2 runtime, in the 32-bit part of the registry.
const WEBVIEW2_KEY: &str = r"Software\Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}";

const CURRENT_USER: i32 = 1;
const LOCAL_MACHINE: i32 = 2;

/// `msidbLocatorTypeRawValue`: a value, as it is.
const RAW_VALUE: i32 = 2;
/// `msidbLocatorType64bit`.
const IN_64_BIT: i32 = 16;

/// `msidbComponentAttributes64bit`.
const COMPONENT_64_BIT: i32 = 256;
/// `msidbComponentAttributesRegistryKeyPath`.
const REGISTRY_KEY_PATH: i32 = 4;

/// `msidbFileAttributesVital`: without it there is no installation.
const VITAL: i32 = 512;

/// `msidbUpgradeAttributesMigrateFeatures`, and the end of the range belongs to it.
const REMOVE_UP_TO: i32 = 1 + 512;
/// `msidbUpgradeAttributesOnlyDetect`.
const ONLY_DETECT: i32 = 2;

/// Returns every table with its rows.
pub(super) fn of(contents: &Contents) -> Result<Vec<(Table, Vec<Row>)>> {
    let (directories, folders) = directories(contents);
    let files = files(contents)?;
    let components = components(contents, &folders);
    let of_feature = components
        .iter()
        .map(|(id, _)| row![FEATURE_NAME, id.as_str()])
        .collect();
    let tables = vec![
        (PROPERTY, properties(contents)),
        (DIRECTORY, directories),
        (COMPONENT, components.into_iter().map(|(_, row)| row).collect()),
        (
            FEATURE,
            vec![row![FEATURE_NAME, NONE, PRODUCT, NONE, 1, 1, FOLDER, 0]],
        ),
        (FEATURE_COMPONENTS, of_feature),
        (FILE, files),
        (
            MEDIA,
            vec![row![1, count(contents)?, NONE, format!("#{CABINET}"), NONE, NONE]],
        ),
        (REGISTRY, registry()),
        (SHORTCUT, vec![shortcut()]),
        (
            SHORTCUT_PROPERTY,
            vec![row![
                "AppUserModelId",
                SHORTCUT_NAME,
                "System.AppUserModel.ID",
                APP_ID
            ]],
        ),
        // `=-*` sets it when installed, removes it when uninstalled, for the machine. `[~]` is what is there already.
        (
            ENVIRONMENT,
            vec![row!["Path", "=-*PATH", format!("[~];[{FOLDER}]"), id_of(CLI)]],
        ),
        (ICONS, vec![vec![Value::from(ICON), Value::Binary]]),
        (
            APP_SEARCH,
            searches()
                .into_iter()
                .map(|search| row![search.0, search.1])
                .collect(),
        ),
        (
            REG_LOCATOR,
            searches()
                .into_iter()
                .map(|(_, id, root, key, name, kind)| row![id, root, key, name, kind])
                .collect(),
        ),
        (UPGRADE, upgrades(contents)),
        (LAUNCH_CONDITION, conditions()),
        (CUSTOM_ACTION, custom_actions()),
        (sequence("InstallExecuteSequence"), actions(INSTALL)),
        (sequence("InstallUISequence"), actions(INSTALL_UI)),
        (sequence("AdminExecuteSequence"), actions(ADMIN)),
        (sequence("AdminUISequence"), actions(ADMIN_UI)),
    ];
    Ok(tables
        .into_iter()
        .map(|(table, rows)| (table, nulls(rows)))
        .collect())
}

/// With every empty text as no value at all.
fn nulls(mut rows: Vec<Row>) -> Vec<Row> {
    for value in rows.iter_mut().flatten() {
        if *value == Value::Str(String::new()) {
            *value = Value::Null;
        }
    }
    rows
}

fn count(contents: &Contents) -> Result<i32> {
    i16::try_from(contents.files.len())
        .map(i32::from)
        .context("too many files")
}

fn properties(contents: &Contents) -> Vec<Row> {
    // Those that reach the part of Windows Installer with an administrator's rights.
    let mut secure = vec!["AUTOSTART", "NEWER", "OLDER", "REQUIREWEBVIEW2", "SERVER"];
    secure.extend(searches().iter().map(|search| search.0));
    secure.sort_unstable();
    secure.dedup();
    [
        ("ALLUSERS", "1"),
        ("ARPCONTACT", MANUFACTURER),
        ("ARPNOMODIFY", "1"),
        ("ARPPRODUCTICON", ICON),
        ("Manufacturer", MANUFACTURER),
        (
            "ProductCode",
            &code(&format!("product {}", contents.full_version)),
        ),
        ("ProductLanguage", &LANGUAGE.to_string()),
        ("ProductName", PRODUCT),
        ("ProductVersion", &contents.version.to_string()),
        ("SecureCustomProperties", &secure.join(";")),
        ("UpgradeCode", UPGRADE_CODE),
    ]
    .into_iter()
    .map(|(name, value)| row![name, value])
    .collect()
}

/// The rows of the folders, and the identifier of each folder by its path.
fn directories(contents: &Contents) -> (Vec<Row>, BTreeMap<String, String>) {
    let mut rows = vec![
        row!["TARGETDIR", NONE, "SourceDir"],
        row!["ProgramFiles64Folder", "TARGETDIR", "."],
        row!["ProgramMenuFolder", "TARGETDIR", "."],
        row![FOLDER, "ProgramFiles64Folder", format!("GLORIA~1|{PRODUCT}")],
    ];
    let mut ids = BTreeMap::from([(String::new(), FOLDER.to_owned())]);
    let mut names = ShortNames::default();
    for file in &contents.files {
        let mut parent = String::new();
        let folders = file.path.rsplit_once('/').map_or("", |(folders, _)| folders);
        for name in folders.split('/').filter(|name| !name.is_empty()) {
            let path = if parent.is_empty() {
                name.to_owned()
            } else {
                format!("{parent}/{name}")
            };
            if !ids.contains_key(&path) {
                let id = format!("{FOLDER}.{}", id_of(&path));
                rows.push(row![
                    id.as_str(),
                    ids[&parent].as_str(),
                    names.with_short(&parent, name)
                ]);
                ids.insert(path.clone(), id);
            }
            parent = path;
        }
    }
    (rows, ids)
}

/// One component for each file, and those that depend on a property. Each has the key by which Windows Installer knows
/// that it is installed.
fn components(contents: &Contents, folders: &BTreeMap<String, String>) -> Vec<(String, Row)> {
    let of_files = contents.files.iter().map(|file| {
        let id = id_of(&file.path);
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let component = code(&format!("component {}", file.path));
        let row = row![
            id.as_str(),
            component,
            folders[folder].as_str(),
            COMPONENT_64_BIT,
            NONE,
            id.as_str()
        ];
        (id, row)
    });
    let of_registry = |id: &str, condition: &str| {
        let attributes = COMPONENT_64_BIT + REGISTRY_KEY_PATH;
        let component = code(&format!("component {id}"));
        (
            id.to_owned(),
            row![id, component, FOLDER, attributes, condition, id],
        )
    };
    of_files
        .chain([
            of_registry("Autostart", "AUTOSTART=\"1\""),
            of_registry("Choices", ""),
            of_registry("Server", "SERVER"),
        ])
        .collect()
}

fn files(contents: &Contents) -> Result<Vec<Row>> {
    let mut names = ShortNames::default();
    let mut rows = Vec::new();
    for (at, file) in contents.files.iter().enumerate() {
        let size = i32::try_from(file.bytes.len()).context("a file of 2 GiB or more")?;
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let is_program = name.ends_with(".exe") || name.ends_with(".dll");
        let version = is_program
            .then(|| version_in(&file.bytes))
            .flatten()
            .unwrap_or_default();
        let id = id_of(&file.path);
        rows.push(row![
            id.as_str(),
            id.as_str(),
            names.with_short(folder, name),
            size,
            version,
            NONE,
            VITAL,
            i32::try_from(at + 1)?
        ]);
    }
    Ok(rows)
}

/// Names of eight and three signs, which the tables need beside the real ones. Each is used once in a folder.
#[derive(Default)]
struct ShortNames(BTreeSet<(String, String)>);

impl ShortNames {
    /// Returns `SHORT|long`, or the name alone if it is short.
    fn with_short(&mut self, folder: &str, name: &str) -> String {
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let plain = |text: &str, length| {
            text.len() <= length
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        if plain(stem, 8) && plain(ending, 3) && self.insert(folder, name) {
            return name.to_owned();
        }
        let letters: String = stem.chars().filter(char::is_ascii_alphanumeric).take(6).collect();
        let ending: String = ending.chars().take(3).collect();
        let dot = if ending.is_empty() { "" } else { "." };
        let short = (1..)
            .map(|number| format!("{letters}~{number}{dot}{ending}").to_uppercase())
            .find(|short| self.insert(folder, short))
            .unwrap_or_default();
        format!("{short}|{name}")
    }

    fn insert(&mut self, folder: &str, name: &str) -> bool {
        self.0.insert((folder.to_owned(), name.to_uppercase()))
    }
}

fn registry() -> Vec<Row> {
    let run = r"Software\Microsoft\Windows\CurrentVersion\Run";
    let notifications = format!(r"Software\Classes\AppUserModelId\{APP_ID}");
    let scheme = format!(r"Software\Classes\{SCHEME}");
    let (app, cli) = (id_of(APP), id_of(CLI));
    let below = |key: &str| format!(r"{scheme}\{key}");
    let program = format!("\"[#{app}]\"");
    let values: [(&str, &str, &str, &str, &str); 10] = [
        ("Server", DEFAULTS_KEY, "ApiUrl", "[SERVER]", "Server"),
        ("Choices", INSTALLER_KEY, "Autostart", "[AUTOSTART]", "Choices"),
        ("Program", INSTALLER_KEY, "Program", &format!("[#{cli}]"), &cli),
        (
            "Autostart",
            run,
            APP_ID,
            &format!("{program} --login"),
            "Autostart",
        ),
        ("AppName", &notifications, "DisplayName", PRODUCT, &app),
        (
            "AppPicture",
            &notifications,
            "IconUri",
            &format!("[#{}]", id_of(PICTURE)),
            &app,
        ),
        ("Scheme", &scheme, NONE, &format!("URL:{PRODUCT}"), &app),
        // That the value is there makes the key a scheme; without a text Windows Installer writes an empty one.
        ("SchemeMark", &scheme, "URL Protocol", NONE, &app),
        (
            "SchemeIcon",
            &below("DefaultIcon"),
            NONE,
            &format!("{program},0"),
            &app,
        ),
        (
            "SchemeOpen",
            &below(r"shell\open\command"),
            NONE,
            &format!("{program} \"%1\""),
            &app,
        ),
    ];
    values
        .into_iter()
        .map(|(id, key, name, value, component)| row![id, LOCAL_MACHINE, key, name, value, component])
        .collect()
}

fn shortcut() -> Row {
    let target = format!("[#{}]", id_of(APP));
    row![
        SHORTCUT_NAME,
        "ProgramMenuFolder",
        format!("GLORIA~1|{PRODUCT}"),
        id_of(APP),
        target,
        NONE,
        "Notifications of the Gloria System",
        NONE,
        ICON,
        0,
        NONE,
        FOLDER
    ]
}

/// A property, and the value of the registry that it gets: identifier, root, key, name and kind.
type Search = (&'static str, &'static str, i32, &'static str, &'static str, i32);

fn searches() -> Vec<Search> {
    let kept = RAW_VALUE + IN_64_BIT;
    vec![
        (
            "KEPTAUTOSTART",
            "FindAutostart",
            LOCAL_MACHINE,
            INSTALLER_KEY,
            "Autostart",
            kept,
        ),
        (
            "KEPTSERVER",
            "FindServer",
            LOCAL_MACHINE,
            DEFAULTS_KEY,
            "ApiUrl",
            kept,
        ),
        (
            "RUNNINGPROGRAM",
            "FindProgram",
            LOCAL_MACHINE,
            INSTALLER_KEY,
            "Program",
            kept,
        ),
        (
            "WEBVIEW2",
            "FindMachineWebView2",
            LOCAL_MACHINE,
            WEBVIEW2_KEY,
            "pv",
            RAW_VALUE,
        ),
        (
            "WEBVIEW2",
            "FindUserWebView2",
            CURRENT_USER,
            WEBVIEW2_KEY,
            "pv",
            RAW_VALUE,
        ),
    ]
}

fn upgrades(contents: &Contents) -> Vec<Row> {
    let version = contents.version.to_string();
    vec![
        // Also another package of the same version, such as the next beta of it.
        row![
            UPGRADE_CODE,
            NONE,
            version.as_str(),
            NONE,
            REMOVE_UP_TO,
            NONE,
            "OLDER"
        ],
        row![
            UPGRADE_CODE,
            version.as_str(),
            NONE,
            NONE,
            ONLY_DETECT,
            NONE,
            "NEWER"
        ],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_have_eight_and_three_signs_and_are_used_once_in_a_folder() {
        let mut names = ShortNames::default();
        for (folder, name, wanted) in [
            ("", "gloria.exe", "gloria.exe"),
            ("", "gloria-notify.exe", "GLORIA~1.EXE|gloria-notify.exe"),
            ("", "gloria-notify.png", "GLORIA~1.PNG|gloria-notify.png"),
            ("", "gloria-noticed.exe", "GLORIA~2.EXE|gloria-noticed.exe"),
            ("policy", "gloria-notify.exe", "GLORIA~1.EXE|gloria-notify.exe"),
            ("policy", "GloriaNotify.admx", "GLORIA~1.ADM|GloriaNotify.admx"),
            ("policy", "en-US", "en-US"),
            ("", "GLORIA.exe", "GLORIA~3.EXE|GLORIA.exe"),
        ] {
            assert_eq!(names.with_short(folder, name), wanted);
        }
    }
}
