//! Whether a release's tag names the version that is about to be built.

use anyhow::{Result, ensure};

/// The version in the workspace's `Cargo.toml`, which all packages get.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Compares the tag, such as `v1.2.0`, with the version of what would be built.
///
/// # Errors
/// When they differ.
pub(crate) fn check(tag: &str) -> Result<()> {
    ensure_names(tag, VERSION)
}

fn ensure_names(tag: &str, version: &str) -> Result<()> {
    ensure!(
        tag == format!("v{version}"),
        "the tag is {tag}, but Cargo.toml says {version}, which packages would be named by: set the version, commit, \
         and tag that commit v{version}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_version_itself_after_a_v_is_its_tag() {
        for version in ["1.2.0", "1.2.0-beta.1"] {
            ensure_names(&format!("v{version}"), version).unwrap();
        }
        for tag in [
            "1.2.0",
            "v1.2",
            "v1.2.1",
            "v1.2.0-beta.1",
            "v1.2.0 ",
            "V1.2.0",
            "",
        ] {
            let refused = ensure_names(tag, "1.2.0").unwrap_err().to_string();
            assert!(refused.contains("Cargo.toml says 1.2.0"), "{refused}");
        }
    }

    #[test]
    fn the_workflow_compares_them_before_it_builds_anything() {
        let path = crate::commands::root().join(".github/workflows/bundles.yml");
        let workflow = std::fs::read_to_string(path).unwrap();
        assert!(workflow.contains("run: cargo xtask tag \"$TAG\"\n"), "{workflow}");
        let build = &workflow[workflow.find("\n  build:\n").unwrap()..];
        assert!(build.contains("\n    needs: tag\n"), "{build}");
        check(&format!("v{VERSION}")).unwrap();
        check("v999.0.0").unwrap_err();
    }
}
