//! The app for macOS, and its image, by Tauri's bundler, which needs that system's own tools.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::command;
use crate::plan::{Kind, PACKAGE, PRODUCT, Plan};

/// What Tauri signs and notarises by.
const SIGNING: [&str; 5] = [
    "APPLE_CERTIFICATE",
    "APPLE_CERTIFICATE_PASSWORD",
    "APPLE_ID",
    "APPLE_PASSWORD",
    "APPLE_TEAM_ID",
];

/// Makes the package, and returns its file.
///
/// # Errors
/// On other systems, and when Tauri's bundler fails.
pub fn make(plan: &Plan, kind: Kind) -> Result<PathBuf> {
    ensure!(
        cfg!(target_os = "macos"),
        "{} is made on macOS only: it needs that system's own tools",
        kind.name()
    );
    let mut tauri = Command::new(plan.root.join("ui/node_modules/.bin/tauri"));
    tauri
        .current_dir(&plan.root)
        .args(["build", "--bundles", kind.name(), "--config"])
        .arg(configuration(plan).to_string());
    if plan.profile == "debug" {
        tauri.arg("--debug");
    }
    if let Some(triple) = &plan.target.triple {
        tauri.args(["--target", triple]);
    }
    // Without this it arranges the image's window in Finder, which a build server has not.
    tauri.env("CI", "true");
    // A build server that has no secrets has them empty, and Tauri would take these for wrong ones.
    for name in SIGNING {
        if std::env::var_os(name).is_some_and(|value| value.is_empty()) {
            tauri.env_remove(name);
        }
    }
    command::run(&mut tauri)?;
    let ending = format!(".{}", kind.name());
    let folder = {
        let mut folder = plan.root.join("target");
        folder.extend(&plan.target.triple);
        let bundles = match kind {
            Kind::App => "macos",
            Kind::Dmg | Kind::Deb | Kind::Rpm | Kind::Msi | Kind::Nsis | Kind::Tar => kind.name(),
        };
        folder.join(&plan.profile).join("bundle").join(bundles)
    };
    let made = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut made: Vec<_> = made.flatten().map(|entry| entry.path()).collect();
    made.retain(|path| path.to_string_lossy().ends_with(&ending));
    made.sort();
    let made = made
        .pop()
        .with_context(|| format!("there is no {ending} in {}", folder.display()))?;
    let target = plan.out.join(match kind {
        // As the other packages are called.
        Kind::Dmg => format!(
            "{PACKAGE}-{}-macos-{}.dmg",
            plan.version,
            plan.target.architecture.name()
        ),
        Kind::App | Kind::Deb | Kind::Rpm | Kind::Msi | Kind::Nsis | Kind::Tar => {
            format!("{PRODUCT}{ending}")
        }
    });
    // An app is a folder.
    command::run(Command::new("cp").arg("-R").arg(&made).arg(&target))?;
    Ok(target)
}

/// What differs from `tauri.conf.json`, which is for a release on this machine: the folder of cargo's programs has the
/// target and the profile in its path, and Tauri builds the window's program alone.
fn configuration(plan: &Plan) -> Value {
    let build_cli = || {
        let mut line = "cargo build --locked --package gloria-cli".to_owned();
        if plan.profile != "debug" {
            line += " --release";
        }
        if let Some(triple) = &plan.target.triple {
            line += &format!(" --target {triple}");
        }
        line
    };
    json!({
        "version": plan.version,
        // Null takes the command away.
        "build": { "beforeBundleCommand": plan.programs.is_none().then(build_cli) },
        "bundle": { "macOS": { "files": { "MacOS/gloria": plan.programs().join("gloria") } } },
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::{self, APP_ID, Target};
    use crate::windows::SCHEME;

    #[test]
    fn the_command_line_in_the_app_is_the_one_of_its_target_and_profile() {
        let plan = Plan::for_tests(Path::new("/gloria"));
        let of = |plan: &Plan| {
            let made = configuration(plan);
            let text = |path: &str| made.pointer(path).unwrap().as_str().map(str::to_owned);
            (
                text("/build/beforeBundleCommand"),
                text("/bundle/macOS/files/MacOS~1gloria").unwrap(),
            )
        };
        let build = "cargo build --locked --package gloria-cli".to_owned();
        assert_eq!(
            of(&plan),
            (Some(build.clone()), "/gloria/target/debug/gloria".to_owned())
        );
        let triple = "x86_64-apple-darwin";
        let plan = Plan {
            target: Target::parse(triple).unwrap(),
            profile: "release".to_owned(),
            ..plan
        };
        assert_eq!(
            of(&plan),
            (
                Some(format!("{build} --release --target {triple}")),
                format!("/gloria/target/{triple}/release/gloria")
            )
        );
        let programs = Some("/programs".into());
        assert_eq!(
            of(&Plan { programs, ..plan }),
            (None, "/programs/gloria".to_owned())
        );
    }

    /// Tauri makes the Info.plist of these parts: the file, the id, and the version.
    #[test]
    fn the_app_has_its_scheme_its_id_and_its_version() {
        let root = plan::root();
        let stock: Value =
            serde_json::from_str(&fs::read_to_string(root.join("tauri.conf.json")).unwrap()).unwrap();
        assert_eq!(stock["identifier"], APP_ID);
        let plan = Plan::for_tests(&root);
        assert_eq!(configuration(&plan)["version"], plan.version);
        let file = stock["bundle"]["macOS"]["infoPlist"].as_str().unwrap();
        let text = fs::read_to_string(root.join(file)).unwrap();
        let text: String = text.split_whitespace().collect();
        let schemes = format!("<key>CFBundleURLSchemes</key><array><string>{SCHEME}</string></array>");
        assert!(text.contains(&schemes), "{text}");
        assert!(text.contains(&format!("<key>CFBundleURLName</key><string>{APP_ID}</string>")));
    }
}
