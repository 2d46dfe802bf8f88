//! A package for Fedora, RHEL and openSUSE.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command;
use crate::plan::{DESCRIPTION, HOMEPAGE, MAINTAINER, PACKAGE, Plan, SUMMARY};
use crate::stage::{self, Entry, Source, Tree};

/// Documents in the forms that Debian wants. These systems have a folder for licences.
const OF_DEBIAN: [&str; 2] = ["copyright", "changelog.gz"];

/// Makes the package, and returns its file.
///
/// # Errors
/// When a file of the tree is missing, or `rpmbuild` is or fails.
pub fn make(plan: &Plan, tree: &Tree) -> Result<PathBuf> {
    let work = tempfile::tempdir()?;
    let staged = work.path().join("tree");
    let documents = format!("usr/share/doc/{PACKAGE}");
    let is_of_debian = |path: &str| OF_DEBIAN.iter().any(|name| path == format!("{documents}/{name}"));
    let license = Entry::new(Source::File(plan.root.join("LICENSE")));
    let license_path = format!("usr/share/licenses/{PACKAGE}/LICENSE");
    let mut files: Vec<_> = tree.linux().filter(|(path, _)| !is_of_debian(path)).collect();
    files.push((&license_path, &license));
    // rpmbuild only makes times earlier, so the files have the plan's already.
    stage::write(plan, files.iter().copied(), &staged)?;
    let spec = work.path().join(format!("{PACKAGE}.spec"));
    fs::write(&spec, specification(plan, &files)?)?;
    let mut build = Command::new("rpmbuild");
    build.arg("-bb").args(["--target", architecture(plan)]);
    for (name, value) in [
        (
            "_topdir",
            work.path().join("rpmbuild").to_string_lossy().into_owned(),
        ),
        ("_rpmdir", work.path().join("made").to_string_lossy().into_owned()),
        ("staged", staged.to_string_lossy().into_owned()),
        (
            "_binary_payload",
            if plan.is_fast { "w0.gzdio" } else { "w19.zstdio" }.to_owned(),
        ),
    ] {
        build.args(["--define", &format!("{name} {value}")]);
    }
    command::output(build.arg(&spec).env("SOURCE_DATE_EPOCH", plan.time.to_string()))?;
    let name = format!(
        "{PACKAGE}-{}-1.{}.rpm",
        plan.package_version(),
        architecture(plan)
    );
    let made = work.path().join("made").join(architecture(plan)).join(&name);
    let file = plan.out.join(name);
    fs::copy(&made, &file).with_context(|| format!("rpmbuild did not make {}", made.display()))?;
    Ok(file)
}

/// The processor as rpm names it.
fn architecture(plan: &Plan) -> &'static str {
    plan.target.architecture.name()
}

/// What `rpmbuild` reads. It finds out itself which libraries are needed: by the names of their files, because Fedora
/// and openSUSE name the packages differently.
fn specification(plan: &Plan, files: &[(&str, &Entry)]) -> Result<String> {
    let list: Vec<_> = files
        .iter()
        .map(|(path, entry)| {
            let kind = match path {
                _ if entry.is_configuration => "%config(noreplace) ",
                path if path.starts_with("usr/share/doc/") => "%doc ",
                path if path.starts_with("usr/share/licenses/") => "%license ",
                _ => "",
            };
            format!("{kind}\"/{path}\"")
        })
        .collect();
    // Other folders are those of other packages.
    let folders: BTreeSet<_> = files
        .iter()
        .flat_map(|(path, _)| Path::new(path).ancestors().skip(1))
        .filter(|folder| folder.components().any(|part| part.as_os_str() == PACKAGE))
        .map(Path::display)
        .map(|folder| folder.to_string())
        .collect();
    Ok(format!(
        "\
%global debug_package %{{nil}}
%global _build_id_links none
# Debian's rpm would run scripts here that its shell does not understand; the files are as they shall be already.
%global __os_install_post %{{nil}}
%global clamp_mtime_to_source_date_epoch 1
%global use_source_date_epoch_as_buildtime 1
%global _buildhost reproducible
Name: {PACKAGE}
Version: {version}
Release: 1
Summary: {SUMMARY}
License: MIT
URL: {HOMEPAGE}
Packager: {MAINTAINER}
Vendor: {MAINTAINER}
Group: Applications/Internet
Requires: ca-certificates
%description
{description}
%install
cp -a %{{staged}}/. %{{buildroot}}/
%files
{folders}
{list}
%changelog
* {date} {MAINTAINER} - {version}-1
- The changes are in CHANGELOG.md.gz, beside the other documents.
",
        version = plan.package_version(),
        description = DESCRIPTION.join("\n"),
        folders = folders.iter().map(|folder| format!("%dir \"/{folder}\"")).collect::<Vec<_>>().join("\n"),
        list = list.join("\n"),
        date = plan.date("%a %b %d %Y")?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_administrators_file_is_kept_and_documents_are_known_as_such() {
        let entry = Entry::new(Source::Bytes(Vec::new()));
        let configuration = entry.clone().configuration();
        let files = [
            ("etc/xdg/autostart/a.desktop", &configuration),
            ("usr/share/doc/gloria-notify/policy/b", &entry),
            ("usr/bin/gloria", &entry),
        ];
        let text = specification(&Plan::for_tests(&crate::plan::root()), &files).unwrap();
        for line in [
            "Version: 1.2.3~beta.1",
            "%config(noreplace) \"/etc/xdg/autostart/a.desktop\"",
            "%dir \"/usr/share/doc/gloria-notify\"",
            "%dir \"/usr/share/doc/gloria-notify/policy\"",
            "%doc \"/usr/share/doc/gloria-notify/policy/b\"",
            "\"/usr/bin/gloria\"",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        assert!(!text.contains("%dir \"/usr/bin\""), "{text}");
    }
}
