//! The tables of Windows Installer that the package has, in the notation of its own documentation: `s72` is a text of
//! at most 72 characters, `l` one that can be translated, `i2` and `i4` are numbers, `v` is a stream. A capital means
//! that the value may be missing, and a length of 0 that there is no limit.

use anyhow::{Context as _, Result, bail};
use msi::{Column, Value};

pub(super) type Row = Vec<Value>;

/// A row of texts, numbers and `NONE`.
macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$(Value::from($value)),*] };
}
pub(super) use row;

/// An empty text is no value to Windows Installer.
pub(super) const NONE: &str = "";

/// The identifier of a file and of its component: its path, in the signs that identifiers may have.
pub(super) fn id_of(path: &str) -> String {
    let sign = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' {
            c
        } else {
            '_'
        }
    };
    path.replace('/', ".").chars().map(sign).collect()
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    columns: &'static str,
    /// How many columns, from the first, are the key.
    keys: usize,
}

const fn table(name: &'static str, keys: usize, columns: &'static str) -> Table {
    Table { name, columns, keys }
}

pub(super) const APP_SEARCH: Table = table("AppSearch", 2, "Property s72, Signature_ s72");
pub(super) const COMPONENT: Table = table(
    "Component",
    1,
    "Component s72, ComponentId S38, Directory_ s72, Attributes i2, Condition S255, KeyPath S72",
);
pub(super) const CUSTOM_ACTION: Table = table(
    "CustomAction",
    1,
    "Action s72, Type i2, Source S72, Target S255, ExtendedType I4",
);
pub(super) const DIRECTORY: Table = table(
    "Directory",
    1,
    "Directory s72, Directory_Parent S72, DefaultDir l255",
);
pub(super) const ENVIRONMENT: Table = table(
    "Environment",
    1,
    "Environment s72, Name l255, Value L255, Component_ s72",
);
pub(super) const FEATURE: Table = table(
    "Feature",
    1,
    "Feature s38, Feature_Parent S38, Title L64, Description L255, Display I2, Level i2, Directory_ S72, Attributes i2",
);
pub(super) const FEATURE_COMPONENTS: Table = table("FeatureComponents", 2, "Feature_ s38, Component_ s72");
pub(super) const FILE: Table = table(
    "File",
    1,
    "File s72, Component_ s72, FileName l255, FileSize i4, Version S72, Language S20, Attributes I2, Sequence i2",
);
pub(super) const ICON: Table = table("Icon", 1, "Name s72, Data v0");
pub(super) const LAUNCH_CONDITION: Table = table("LaunchCondition", 1, "Condition s255, Description l255");
pub(super) const MEDIA: Table = table(
    "Media",
    1,
    "DiskId i2, LastSequence i2, DiskPrompt L64, Cabinet S255, VolumeLabel S32, Source S72",
);
pub(super) const PROPERTY: Table = table("Property", 1, "Property s72, Value l0");
pub(super) const REG_LOCATOR: Table = table(
    "RegLocator",
    1,
    "Signature_ s72, Root i2, Key s255, Name S255, Type I2",
);
pub(super) const REGISTRY: Table = table(
    "Registry",
    1,
    "Registry s72, Root i2, Key l255, Name L255, Value L0, Component_ s72",
);
pub(super) const SHORTCUT: Table = table(
    "Shortcut",
    1,
    "Shortcut s72, Directory_ s72, Name l128, Component_ s72, Target s72, Arguments S255, Description L255, Hotkey I2, \
     Icon_ S72, IconIndex I2, ShowCmd I2, WkDir S72",
);
pub(super) const SHORTCUT_PROPERTY: Table = table(
    "MsiShortcutProperty",
    1,
    "MsiShortcutProperty s72, Shortcut_ s72, PropertyKey s255, PropVariantValue s255",
);
pub(super) const UPGRADE: Table = table(
    "Upgrade",
    5,
    "UpgradeCode s38, VersionMin S20, VersionMax S20, Language S255, Attributes i4, Remove S255, ActionProperty s72",
);

/// A table of actions in their order.
pub(super) const fn sequence(name: &'static str) -> Table {
    table(name, 1, "Action s72, Condition S255, Sequence I2")
}

/// Returns a table's columns for the crate.
pub(super) fn columns(table: &Table) -> Result<Vec<Column>> {
    let columns = table.columns.split(", ").enumerate();
    columns
        .map(|(at, column)| {
            let (name, kind) = column.split_once(' ').context("a column without a type")?;
            let (letter, length) = kind.split_at(1);
            let length: usize = length.parse()?;
            let mut built = Column::build(name);
            if at < table.keys {
                built = built.primary_key();
            }
            if letter.chars().all(char::is_uppercase) {
                built = built.nullable();
            }
            Ok(match (letter.to_lowercase().as_str(), length) {
                ("s", length) => built.string(length),
                ("l", length) => built.localizable().string(length),
                ("i", 2) => built.int16(),
                ("i", 4) => built.int32(),
                ("v", _) => built.binary(),
                _ => bail!("{}: a type of column that is unknown: {kind}", table.name),
            })
        })
        .collect()
}
