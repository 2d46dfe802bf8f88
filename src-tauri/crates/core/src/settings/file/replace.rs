//! Finds the settings file of users who keep it elsewhere and link to it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::file_problem::FileProblem;

/// The maximum number of links to follow, as in Linux.
const MAX_LINKS: usize = 40;

/// Returns the file that a path leads to. Some users keep their settings in another folder and link to them; renaming
/// onto the link would replace the link instead of that file. A dangling link names where the file will be.
pub(super) fn link_target(path: &Path) -> Result<PathBuf, FileProblem> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            // A relative link is relative to its folder.
            Ok(next) => {
                target = match target.parent() {
                    Some(folder) => folder.join(next),
                    None => next,
                }
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(target),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(target),
            Err(error) => return Err(error.into()),
        }
    }
    Err(FileProblem::LinkLoop)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::super::super::{Change, Contents, Key, Layers, Managed, Raw, Settings};
    use super::*;

    fn read(path: &Path) -> Layers {
        Layers::read(path, &Managed::default())
    }

    fn knock() -> Vec<Change> {
        vec![Change {
            key: Key::Sound,
            value: Raw::Text("knock".into()),
        }]
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).map_or(0, |found| found.permissions().mode() & 0o777)
    }

    #[test]
    fn saving_writes_through_links_and_keeps_them_and_the_mode() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("dotfiles/deep")).expect("folder");
        fs::create_dir(at("config")).expect("folder");
        let real = at("dotfiles/deep/gloria.toml");
        fs::write(&real, "[future]\nkey = 1\n").expect("write");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("mode");
        symlink("deep/gloria.toml", at("dotfiles/link.toml")).expect("link");
        let path = at("config/settings.toml");
        symlink("../dotfiles/link.toml", &path).expect("link");

        read(&path).change(knock()).expect("saved");

        assert_eq!(
            fs::read_link(&path).expect("a link"),
            Path::new("../dotfiles/link.toml")
        );
        assert!(
            fs::read_link(at("dotfiles/link.toml")).is_ok(),
            "the second link stays too"
        );
        let text = fs::read_to_string(&real).expect("text");
        assert!(text.contains("[future]") && text.contains("knock"), "{text}");
        assert_eq!(mode(&real), 0o640);
        let beside: Vec<_> = fs::read_dir(at("dotfiles/deep")).expect("folder").collect();
        assert_eq!(beside.len(), 1, "no draft is left");
    }

    #[test]
    fn a_link_that_leads_nowhere_yet_gets_its_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("settings.toml");
        symlink("not/there/yet.toml", &path).expect("link");
        read(&path).change(knock()).expect("saved");
        assert!(fs::read_link(&path).is_ok());
        let real = folder.path().join("not/there/yet.toml");
        assert!(fs::read_to_string(&real).expect("text").contains("knock"));
        assert_eq!(mode(&real), 0o600, "a new file is its owner's");
    }

    #[test]
    fn a_link_whose_file_has_gone_is_reported_and_takes_no_setting_away() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("elsewhere.toml"), "[sounds]\nvolume = 5\n").expect("write");
        symlink("elsewhere.toml", at("settings.toml")).expect("link");
        let mut layers = read(&at("settings.toml"));
        fs::remove_file(at("elsewhere.toml")).expect("removed");
        layers.apply(Contents::read(&at("settings.toml"), &Managed::default()));
        let resolved = Settings::resolve(&layers, |_| None);
        assert_eq!(resolved.settings.volume, 5);
        assert_eq!(
            resolved.problems[0].words(),
            "the settings file is not used: it is a link that leads nowhere"
        );
    }

    #[test]
    fn a_prepared_link_is_neither_followed_nor_in_the_way() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("precious"), "mine").expect("write");
        fs::write(at("settings.toml"), "broken = = ").expect("write");
        for name in ["settings.toml.broken", "settings.toml.broken.1"] {
            symlink(at("precious"), at(name)).expect("link");
        }
        read(&at("settings.toml")).change(knock()).expect("saved");
        assert_eq!(fs::read_to_string(at("precious")).expect("text"), "mine");
        assert_eq!(
            fs::read_to_string(at("settings.toml.broken.2")).expect("text"),
            "broken = = "
        );
        for name in ["settings.toml", "settings.toml.broken.2"] {
            assert_eq!(mode(&at(name)), 0o600, "{name}");
        }
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "the reader of the output should know")]
    fn a_file_of_another_user_is_not_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("settings.toml");
        fs::write(&path, "[sounds]\nvolume = 5\n").expect("write");
        if std::os::unix::fs::chown(&path, Some(1), None).is_err() {
            eprintln!("skipped: only root can give a file to another user");
            return;
        }
        let resolved = Settings::resolve(&read(&path), |_| None);
        let said = resolved.problems[0].words();
        assert!(said.contains("belongs to another user"), "{said}");
        assert_eq!(resolved.settings.volume, Settings::default().volume);
    }

    #[test]
    fn a_file_that_was_its_owners_alone_stays_so() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("settings.toml");
        fs::write(&path, "").expect("write");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("mode");
        read(&path).change(knock()).expect("saved");
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn where_a_link_leads_is_named_when_it_cannot_be_written_and_a_loop_ends() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("settings.toml");
        // Not even root can create files there.
        symlink("/proc/self/gloria.toml", &path).expect("link");
        let error = read(&path).change(knock()).expect_err("refused");
        assert!(error.to_string().contains("/proc/self/gloria.toml"), "{error}");
        assert!(fs::read_link(&path).is_ok(), "the link stays");

        let other = folder.path().join("loop.toml");
        symlink("loop.toml", &other).expect("link");
        let error = read(&other).change(knock()).expect_err("refused");
        assert!(error.to_string().contains("loop.toml"), "{error}");
    }
}
