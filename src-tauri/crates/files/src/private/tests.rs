#![cfg(unix)]

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};

use super::*;

/// Nobody who works here.
const SOMEBODY: u32 = 65_534;

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

fn open_to_all(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Gives it to another user, where that can be done.
#[expect(clippy::print_stderr, reason = "whoever reads the test's output should know")]
fn given_away(path: &Path) -> bool {
    let given = chown(path, Some(SOMEBODY), None).is_ok();
    if !given {
        eprintln!("skipped: only root can give a file to another user");
    }
    given
}

#[test]
fn what_is_made_is_its_users_alone_and_what_was_open_is_closed() {
    let home = home();
    let deep = home.path().join("a/b/c");
    folder(&deep).unwrap();
    ensure(&deep.join("file")).unwrap();
    for name in ["a", "a/b", "a/b/c"] {
        assert_eq!(mode(&home.path().join(name)), 0o700, "{name}");
    }
    assert_eq!(mode(&deep.join("file")), 0o600);

    open_to_all(&deep, 0o777);
    open_to_all(&deep.join("file"), 0o664);
    folder(&deep).unwrap();
    ensure(&deep.join("file")).unwrap();
    assert_eq!((mode(&deep), mode(&deep.join("file"))), (0o700, 0o600));
}

#[test]
fn a_folder_that_a_link_leads_to_is_private_too() {
    let home = home();
    fs::create_dir(home.path().join("real")).unwrap();
    open_to_all(&home.path().join("real"), 0o755);
    symlink("real", home.path().join("link")).unwrap();
    folder(&home.path().join("link")).unwrap();
    assert_eq!(mode(&home.path().join("real")), 0o700);
}

#[test]
fn what_another_user_owns_is_refused_in_words() {
    let home = home();
    let (theirs, file) = (home.path().join("theirs"), home.path().join("file"));
    fs::create_dir(&theirs).unwrap();
    fs::write(&file, "").unwrap();
    if !(given_away(&theirs) && given_away(&file)) {
        return;
    }
    for refused in [folder(&theirs), ensure(&file)] {
        let error = refused.unwrap_err();
        assert!(matches!(refusal(&error), Some(NotPrivate::Foreign(_))), "{error}");
        assert!(error.to_string().contains("belongs to another user"), "{error}");
    }
    let link = home.path().join("link");
    symlink(&file, &link).unwrap();
    assert!(ensure(&link).is_err(), "nor through a link");
    assert_eq!(fs::metadata(&file).unwrap().uid(), SOMEBODY);
}

#[test]
fn a_folder_that_everybody_shares_is_left_as_it_is_and_refused() {
    let home = home();
    let shared = home.path().join("shared");
    fs::create_dir(&shared).unwrap();
    open_to_all(&shared, 0o1777);
    let error = folder(&shared).unwrap_err();
    assert!(
        matches!(refusal(&error), Some(NotPrivate::Writable(_))),
        "{error}"
    );
    assert_eq!(mode(&shared), 0o777);
}

#[test]
fn a_file_is_replaced_as_a_whole_and_never_through_a_link() {
    let home = home();
    let (target, precious) = (home.path().join("file"), home.path().join("precious"));
    fs::write(&precious, "mine").unwrap();
    symlink(&precious, &target).unwrap();
    replace(&target, b"new", Mode::Private).unwrap();
    assert_eq!(fs::read(&precious).unwrap(), b"mine");
    assert_eq!(
        (fs::read(&target).unwrap(), mode(&target)),
        (b"new".to_vec(), 0o600)
    );
    let names: Vec<_> = entries(home.path()).collect();
    assert_eq!(names.len(), 2, "no draft is left: {names:?}");
}

#[test]
fn only_a_file_of_a_size_that_the_app_writes_is_read() {
    let home = home();
    let path = home.path().join("file");
    let most = usize::try_from(MAX_OWN_BYTES).unwrap();
    fs::write(&path, vec![b'a'; most]).unwrap();
    assert_eq!(read(&path).unwrap().len(), most);
    fs::write(&path, vec![b'a'; most + 1]).unwrap();
    assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    let pipe = home.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for other in [&pipe, home.path(), Path::new("/dev/zero")] {
        assert_eq!(read(other).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
    assert_eq!(
        read(&home.path().join("none")).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}

#[test]
fn a_start_closes_what_is_ours_and_touches_nothing_else() {
    let home = home();
    let paths = Paths::within(home.path());
    let account = paths.accounts().join("gloria.example-1");
    fs::create_dir_all(&account).unwrap();
    let ours = [
        "settings.toml",
        "settings.toml.broken",
        "inbox.sqlite",
        "inbox.damaged-1.sqlite",
        "metrics-file.json",
        "policy.last.toml",
        "releases.json",
        "requested.json",
        "running.lock",
        "sounds-pause.json",
        "accounts/gloria.example-1/inbox.sqlite",
        "accounts/gloria.example-1/inbox.sqlite-wal",
    ];
    let others = ["photo.jpg", "elsewhere/inbox.sqlite"];
    fs::create_dir(home.path().join("elsewhere")).unwrap();
    for name in ours.iter().chain(&others) {
        fs::write(home.path().join(name), "").unwrap();
        open_to_all(&home.path().join(name), 0o644);
    }
    let draft = home.path().join(".settings.toml.0123456789abcdef.draft");
    fs::write(&draft, "").unwrap();
    for folder in [home.path(), &paths.accounts(), &account] {
        open_to_all(folder, 0o755);
    }
    symlink(home.path().join("photo.jpg"), account.join("link")).unwrap();

    tighten_all(&paths);

    for folder in [home.path(), &paths.accounts(), &account] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    for name in ours {
        assert_eq!(mode(&home.path().join(name)), 0o600, "{name}");
    }
    for name in others {
        assert_eq!(mode(&home.path().join(name)), 0o644, "{name}");
    }
    assert!(!draft.exists(), "what a crash left");
}
