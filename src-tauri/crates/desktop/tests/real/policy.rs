//! A policy that the system denies access to, read by an ordinary user.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use gloria_core::settings::{Contents, Layers, Managed, Resolved, Settings, Source};
use gloria_words::Words;
use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// The user without rights, on every Linux.
const NOBODY: u32 = 65534;

/// Root may read everything, so the files are read by a thread that is an ordinary user's.
fn read_as_nobody(user: &Path, managed: &Managed) -> Contents {
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let (group, person) = (Gid::from_raw(NOBODY), Uid::from_raw(NOBODY));
            set_thread_groups(&[]).unwrap();
            set_thread_res_gid(group, group, group).unwrap();
            set_thread_res_uid(person, person, person).unwrap();
            Contents::read(user, managed)
        });
        reading.join().unwrap()
    })
}

fn words(resolved: &Resolved) -> String {
    let messages = resolved.problems.iter().map(|problem| problem.message());
    let words: Vec<_> = messages.map(|message| Words::english().say(&message)).collect();
    words.join("\n")
}

#[test]
#[expect(clippy::print_stderr, reason = "those who read the test's output should know")]
fn a_policy_that_access_is_denied_to_keeps_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    if chown(folder.path(), Some(0), None).is_err() {
        eprintln!("skipped: only root can give a file to the administrator");
        return;
    }
    let set_mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let policy = folder.path().join("policy.toml");
    fs::write(&policy, "[sounds]\nenabled = false\n").unwrap();
    set_mode(folder.path(), 0o755);
    set_mode(&policy, 0o644);
    let managed = Managed {
        defaults: Source::None,
        policy: Source::File(policy.clone()),
    };
    let user = folder.path().join("settings.toml");
    let mut layers = Layers::read(&user, &managed);
    for (path, denied, allowed) in [(policy.as_path(), 0o600, 0o644), (folder.path(), 0o700, 0o755)] {
        set_mode(path, denied);
        layers.apply(read_as_nobody(&user, &managed));
        let resolved = Settings::resolve(&layers, |_| None);
        let locks: Vec<_> = resolved.origins.locks().into_keys().collect();
        assert_eq!(locks, ["sounds.enabled"], "{denied:o}");
        assert!(!resolved.settings.sounds, "{denied:o}");
        let said = words(&resolved);
        assert!(said.contains("denies access"), "{said}");
        assert!(said.contains("last set stays in force"), "{said}");
        set_mode(path, allowed);
        layers.apply(read_as_nobody(&user, &managed));
        let said = words(&Settings::resolve(&layers, |_| None));
        assert_eq!(said, "", "readable again");
    }
}
