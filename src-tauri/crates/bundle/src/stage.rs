//! The staged tree: every file of every package, as data. Each kind of package takes from it what its system has.

mod contents;
mod manual;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use flate2::{Compression, GzBuilder};

use crate::plan::{APP_ID, MAINTAINER, PACKAGE, Plan};
use crate::programs;
pub use crate::source::Source;

/// The sizes of the icon in packages for Linux, with the files that have them. Desktops that draw the SVG need none.
const ICONS: [(&str, &str); 8] = [
    ("16x16", "16x16.png"),
    ("24x24", "24x24.png"),
    ("32x32", "32x32.png"),
    ("48x48", "48x48.png"),
    ("64x64", "64x64.png"),
    ("128x128", "128x128.png"),
    ("256x256", "256x256.png"),
    ("512x512", "icon.png"),
];

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it contains.
    pub source: Source,
    /// Its path on Linux, from `/`, without the first slash. None if packages for Linux do not have it.
    pub linux: Option<String>,
    /// Its path on Windows, from the installation's folder, with slashes. None if packages for Windows do not have it.
    pub windows: Option<String>,
    /// Its mode: 0o755 of programs, 0o644 of everything else.
    pub mode: u32,
    /// Whether administrators change it. An upgrade then leaves their version.
    pub is_configuration: bool,
}

impl Entry {
    /// A file that is read only.
    pub fn new(source: Source) -> Self {
        Self {
            source,
            linux: None,
            windows: None,
            mode: 0o644,
            is_configuration: false,
        }
    }

    /// A program.
    #[must_use]
    pub fn program(self) -> Self {
        Self { mode: 0o755, ..self }
    }

    /// Administrators may change it.
    #[must_use]
    pub fn configuration(self) -> Self {
        Self {
            is_configuration: true,
            ..self
        }
    }

    /// Packages for Linux have it at this path.
    #[must_use]
    pub fn linux(self, path: impl Into<String>) -> Self {
        Self {
            linux: Some(path.into()),
            ..self
        }
    }

    /// Packages for Windows have it at this path.
    #[must_use]
    pub fn windows(self, path: impl Into<String>) -> Self {
        Self {
            windows: Some(path.into()),
            ..self
        }
    }
}

/// Every file of every package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// In the order of their paths.
    pub entries: Vec<Entry>,
}

impl Tree {
    /// The files of packages for Linux, with their paths.
    pub fn linux(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let entries = self.entries.iter();
        entries.filter_map(|entry| Some((entry.linux.as_deref()?, entry)))
    }

    /// The files of packages for Windows, with their paths.
    pub fn windows(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let entries = self.entries.iter();
        entries.filter_map(|entry| Some((entry.windows.as_deref()?, entry)))
    }
}

/// Collects the tree.
///
/// # Errors
/// When a file is missing.
pub fn tree(plan: &Plan) -> Result<Tree> {
    let mut entries = Vec::new();
    for name in programs::NAMES {
        let program = Entry::new(programs::source(plan, name)?).program();
        entries.push(
            program
                .linux(format!("usr/bin/{name}"))
                .windows(format!("{name}.exe")),
        );
    }
    let icons = plan.root.join("icons");
    entries.push(Entry::new(Source::File(icons.join("icon.ico"))).windows("icon.ico"));
    let license = Entry::new(Source::File(plan.root.join("LICENSE")));
    entries.push(license.windows("LICENSE.txt"));
    let document = format!("{PACKAGE}.cdx.json");
    let contents = Entry::new(Source::Bytes(sbom(plan)?));
    entries.push(
        contents
            .linux(format!("usr/share/doc/{PACKAGE}/{document}"))
            .windows(document),
    );
    let packaging = plan.root.join("src-tauri/packaging");
    entries.extend(for_administrators(&packaging, "policy")?);
    entries.extend(for_administrators(&packaging, "monitoring")?);
    add_desktop_files(plan, &mut entries);
    add_documents(plan, &mut entries)?;
    for (size, file) in ICONS {
        let path = format!("usr/share/icons/hicolor/{size}/apps/{PACKAGE}.png");
        entries.push(Entry::new(Source::File(icons.join(file))).linux(path));
    }
    let drawing = Entry::new(Source::File(icons.join("source/app.svg")));
    entries.push(drawing.linux(format!("usr/share/icons/hicolor/scalable/apps/{PACKAGE}.svg")));
    entries.extend(manual::entries(plan)?);
    entries.sort_by(|one, other| (&one.linux, &one.windows).cmp(&(&other.linux, &other.windows)));
    Ok(Tree { entries })
}

/// The list of what is compiled into the programs.
///
/// # Errors
/// When cargo does not know it.
pub fn sbom(plan: &Plan) -> Result<Vec<u8>> {
    contents::document(plan)
}

/// What a desktop and systemd read.
fn add_desktop_files(plan: &Plan, entries: &mut Vec<Entry>) {
    let file = |name: &str| {
        Entry::new(Source::File(
            plan.root.join("src-tauri/packaging/linux").join(name),
        ))
    };
    entries.push(file("app.desktop").linux(format!("usr/share/applications/{APP_ID}.desktop")));
    // The one file that administrators edit, to start the app for nobody, or with other arguments.
    let autostart = file("autostart.desktop").configuration();
    entries.push(autostart.linux(format!("etc/xdg/autostart/{APP_ID}.desktop")));
    entries.push(file("gloria-notify.service").linux("usr/lib/systemd/user/gloria-notify.service"));
}

/// What people and tools read about the package.
fn add_documents(plan: &Plan, entries: &mut Vec<Entry>) -> Result<()> {
    let folder = plan.root.join("src-tauri/packaging/linux");
    let about = read_text(&folder.join("metainfo.xml"))?;
    let release = format!(
        "<releases><release version=\"{}\" date=\"{}\"/></releases>\n</component>",
        plan.version,
        plan.date("%Y-%m-%d")?
    );
    ensure!(about.contains("</component>"), "metainfo.xml has no end");
    let about = about.replace("</component>", &release).into_bytes();
    entries.push(Entry::new(Source::Bytes(about)).linux(format!("usr/share/metainfo/{APP_ID}.metainfo.xml")));
    let documents = format!("usr/share/doc/{PACKAGE}");
    let license = copyright(&read_text(&plan.root.join("LICENSE"))?);
    entries.push(Entry::new(Source::Bytes(license.into_bytes())).linux(format!("{documents}/copyright")));
    let changes = packed(read_text(&plan.root.join("CHANGELOG.md"))?.as_bytes())?;
    entries.push(Entry::new(Source::Bytes(changes)).linux(format!("{documents}/CHANGELOG.md.gz")));
    let changes = packed(debian_changelog(plan)?.as_bytes())?;
    entries.push(Entry::new(Source::Bytes(changes)).linux(format!("{documents}/changelog.gz")));
    Ok(())
}

/// What a folder has for administrators, whatever it is: all of it on Linux, whose administrators may have other
/// systems as well, and on Windows the templates of Group Policy.
fn for_administrators(packaging: &Path, kind: &str) -> Result<Vec<Entry>> {
    let folder = packaging.join(kind);
    let mut entries = Vec::new();
    let mut open = vec![folder.clone()];
    while let Some(at) = open.pop() {
        let Ok(found) = fs::read_dir(&at) else { continue };
        for file in found {
            let path = file?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(&folder)?.to_string_lossy().replace('\\', "/");
            let entry =
                Entry::new(Source::File(path)).linux(format!("usr/share/doc/{PACKAGE}/{kind}/{name}"));
            let is_for_windows = [".admx", ".adml"].iter().any(|ending| name.ends_with(ending));
            entries.push(if is_for_windows {
                entry.windows(format!("{kind}/{name}"))
            } else {
                entry
            });
        }
    }
    Ok(entries)
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Compresses as gzip, with neither name nor time in it.
fn packed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packer = GzBuilder::new().write(Vec::new(), Compression::best());
    packer.write_all(bytes)?;
    Ok(packer.finish()?)
}

/// The licence in the form that Debian's tools read.
fn copyright(license: &str) -> String {
    let paragraph = |line: &str| match line.trim() {
        "" => " .\n".to_owned(),
        text => format!(" {text}\n"),
    };
    let holder = license
        .lines()
        .find_map(|line| line.strip_prefix("Copyright (c) "))
        .unwrap_or_default();
    let text: String = license.trim_end().lines().map(paragraph).collect();
    format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Gloria Notify\n\
         Comment: What the programs are compiled from is listed in {PACKAGE}.cdx.json.\n\n\
         Files: *\nCopyright: {holder}\nLicense: MIT\n{text}"
    )
}

/// The changes in the form that Debian's tools read: which version this is.
fn debian_changelog(plan: &Plan) -> Result<String> {
    Ok(format!(
        "{PACKAGE} ({}) unstable; urgency=medium\n\n  * The changes are in CHANGELOG.md.gz, beside this file.\n\n \
         -- {MAINTAINER}  {}\n",
        plan.package_version(),
        plan.date("%a, %d %b %Y %H:%M:%S +0000")?
    ))
}

/// Writes files into a folder, with their modes and the plan's time.
///
/// # Errors
/// When one cannot be read or written.
pub fn write<'a>(
    plan: &Plan,
    files: impl IntoIterator<Item = (&'a str, &'a Entry)>,
    folder: &Path,
) -> Result<()> {
    let time = UNIX_EPOCH + Duration::from_secs(plan.time);
    for (path, entry) in files {
        let target = folder.join(path);
        let parent = target.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        // Not by `fs::copy`, which takes the mode along.
        fs::write(&target, entry.source.read()?)
            .with_context(|| format!("cannot write {}", target.display()))?;
        set_mode(&target, entry.mode)?;
        fs::File::options()
            .write(true)
            .open(&target)?
            .set_modified(time)?;
    }
    Ok(())
}

#[cfg(unix)]
fn set_mode(file: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    Ok(fs::set_permissions(file, fs::Permissions::from_mode(mode))?)
}

#[cfg(not(unix))]
fn set_mode(_file: &Path, _mode: u32) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_one_field_of_debians_form() {
        let text = copyright("MIT License\n\nCopyright (c) 2026 Ada\n\nFree.\n");
        assert!(text.ends_with(
            "Copyright: 2026 Ada\nLicense: MIT\n MIT License\n .\n Copyright (c) 2026 Ada\n .\n Free.\n"
        ));
    }

    #[test]
    fn all_templates_of_policies_are_taken_and_none_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(for_administrators(folder.path(), "policy").unwrap(), []);
        fs::create_dir_all(folder.path().join("policy/en-US")).unwrap();
        for name in ["en-US/a.adml", "a.admx", "a.toml", "a.mobileconfig", "a.json"] {
            fs::write(folder.path().join("policy").join(name), "").unwrap();
        }
        let entries = for_administrators(folder.path(), "policy").unwrap();
        let paths = |of: fn(&Entry) -> &Option<String>| {
            let mut paths: Vec<_> = entries.iter().filter_map(|entry| of(entry).clone()).collect();
            paths.sort();
            paths
        };
        assert_eq!(
            paths(|entry| &entry.windows),
            ["policy/a.admx", "policy/en-US/a.adml"]
        );
        let all = ["a.admx", "a.json", "a.mobileconfig", "a.toml", "en-US/a.adml"];
        assert_eq!(
            paths(|entry| &entry.linux),
            all.map(|name| format!("usr/share/doc/gloria-notify/policy/{name}"))
        );
    }
}
