#![cfg(unix)]

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};

use super::*;

const MARK: &str = "# Ours\n";

/// Nobody who works here.
const SOMEBODY: u32 = 65_534;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn everybody_can_read_it_and_it_is_replaced_as_a_whole() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.prom");
    replace(&file, MARK, "1\n").unwrap();
    let first = fs::metadata(&file).unwrap();
    assert_eq!(first.permissions().mode() & 0o777, 0o644);
    let mut reader = File::open(&file).unwrap();
    replace(&file, MARK, "2\n").unwrap();
    let mut old = String::new();
    reader.read_to_string(&mut old).unwrap();
    assert_eq!(old, "# Ours\n1\n", "a reader of the old one reads it to its end");
    assert_eq!(fs::read_to_string(&file).unwrap(), "# Ours\n2\n");
    assert_ne!(first.ino(), fs::metadata(&file).unwrap().ino());
    assert_eq!(names(home.path()), ["a.prom"]);
    remove(&file, MARK).unwrap();
    remove(&file, MARK).unwrap();
    assert!(names(home.path()).is_empty());
}

#[test]
fn what_somebody_else_put_there_stays() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.prom");
    let refused = |what: NotOurs| {
        for outcome in [replace(&file, MARK, "1\n"), remove(&file, MARK)] {
            assert_eq!(refusal(&outcome.unwrap_err()), Some(what));
        }
    };
    fs::write(&file, "# Others\n").unwrap();
    refused(NotOurs::Unmarked);
    assert_eq!(fs::read_to_string(&file).unwrap(), "# Others\n");

    fs::remove_file(&file).unwrap();
    fs::write(home.path().join("elsewhere"), MARK).unwrap();
    symlink("elsewhere", &file).unwrap();
    refused(NotOurs::NotFile);
    assert_eq!(fs::read_to_string(home.path().join("elsewhere")).unwrap(), MARK);

    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    refused(NotOurs::NotFile);
    assert_eq!(names(home.path()), ["a.prom", "elsewhere"], "no draft is left");

    fs::remove_dir(&file).unwrap();
    fs::write(&file, "").unwrap();
    replace(&file, MARK, "1\n").unwrap();
}

#[test]
#[expect(clippy::print_stderr, reason = "a reader of the test's output should know")]
fn a_file_of_another_user_is_neither_replaced_nor_removed() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.prom");
    fs::write(&file, MARK).unwrap();
    if chown(&file, Some(SOMEBODY), None).is_err() {
        eprintln!("skipped: only root can give a file to another user");
        return;
    }
    for outcome in [replace(&file, MARK, "1\n"), remove(&file, MARK)] {
        assert_eq!(refusal(&outcome.unwrap_err()), Some(NotOurs::Foreign));
    }
}

#[test]
fn a_missing_folder_is_not_created() {
    let home = tempfile::tempdir().unwrap();
    let refused = replace(&home.path().join("none/a.prom"), MARK, "1\n").unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::NotFound);
    assert!(names(home.path()).is_empty());
}

#[test]
fn drafts_are_not_collected_and_those_of_a_kill_are_removed() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.prom");
    let (draft, _) = private::draft(&file).unwrap();
    assert!(is_collected(file.file_name().unwrap()) && !is_collected(draft.file_name().unwrap()));
    let (other, _) = private::draft(&home.path().join("b.prom")).unwrap();
    fs::write(home.path().join(".a.prom.draft"), "").unwrap();
    remove_drafts(&file);
    let other = other.file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(names(home.path()), [".a.prom.draft".to_owned(), other]);
}
