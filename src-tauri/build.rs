//! Lets tauri read its configuration, capabilities and the built UI.

use std::path::Path;
use std::{env, fs};

/// Stands in for the UI where nobody has built it, so that the shell can be checked without Node.
const NOT_BUILT: &str = "<!doctype html><title>Gloria Notify</title><p>The UI was not built: run \
     <code>npm ci &amp;&amp; npm run build</code> in <code>ui</code>, then build the app again.";

fn main() {
    let page = Path::new("ui/dist/index.html");
    if !page.exists() {
        let written = fs::create_dir_all("ui/dist").and_then(|()| fs::write(page, NOT_BUILT));
        if let Err(error) = written {
            println!(
                "cargo::warning=the page that says that the UI is not built could not be written: {error}"
            );
        }
    }
    println!("cargo::rerun-if-changed=ui/dist");
    // Windows and macOS have the core in the window's process, and Linux by a feature.
    println!("cargo::rustc-check-cfg=cfg(in_process)");
    let is_linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux");
    if !is_linux || env::var_os("CARGO_FEATURE_IN_PROCESS").is_some() {
        println!("cargo::rustc-cfg=in_process");
    }
    // With a manifest of its own, the app's commands are refused to every window that no capability allows them.
    let commands = tauri_build::AppManifest::new().permissions_path_pattern("src-tauri/permissions/*.toml");
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("src-tauri/capabilities/**/*")
        .app_manifest(commands);
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
