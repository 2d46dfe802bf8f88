//! A script in place of the program, and real folders.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("gloria");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn program(folder: &Path, text: &str) -> DoctorProgram {
    let downloads = folder.to_owned();
    let found = move || Some(downloads.clone());
    let variables = [("GLORIA_HOME".into(), "/its home".into())];
    DoctorProgram::new(script(folder, text), variables, found)
}

#[tokio::test]
async fn it_gets_words_that_no_shell_reads_and_the_variables_of_the_app() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path(), r#"printf '%s|' "$GLORIA_HOME" "$@"; exit 4"#);
    let ran = async |task| String::from_utf8(program.run(task).await.unwrap()).unwrap();
    assert_eq!(ran(DoctorTask::Check).await, "/its home|doctor|--json|");
    let name = || "of $(id) ; today".to_owned();
    let file = folder.path().join("of $(id) ; today.tar.gz");
    assert_eq!(
        ran(DoctorTask::PreviewReport { name: name() }).await,
        format!("/its home|doctor|--json|--preview|--bundle|{}|", file.display())
    );
    fs::write(&file, "mine").unwrap();
    std::os::unix::fs::symlink("/nowhere", folder.path().join("of $(id) ; today-2.tar.gz")).unwrap();
    let third = folder.path().join("of $(id) ; today-3.tar.gz");
    assert_eq!(
        ran(DoctorTask::SaveReport { name: name() }).await,
        format!("/its home|doctor|--json|--yes|--bundle|{}|", third.display())
    );
}

#[tokio::test]
async fn what_is_no_result_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let ran = async |text: &str| program(folder.path(), text).run(DoctorTask::Check).await;
    assert_eq!(ran("exit 2").await, Err(CommandError::Failed(2)));
    assert_eq!(ran("head -c 300000 /dev/zero").await, Err(CommandError::TooLong));
    let missing = DoctorProgram::new(folder.path().join("none"), [], || None);
    assert!(matches!(
        missing.run(DoctorTask::Check).await,
        Err(CommandError::NotStarted(_))
    ));
    let task = DoctorTask::SaveReport { name: "x".to_owned() };
    assert_eq!(
        missing.run(task).await,
        Err(CommandError::NotStarted(message::doctor_no_folder().into()))
    );
}

#[test]
fn reports_go_where_downloads_go() {
    let home = tempfile::tempdir().unwrap();
    let found = || {
        let environment = |name: &str| (name == "HOME").then(|| home.path().as_os_str().to_owned());
        downloads(environment).unwrap()
    };
    assert_eq!(found(), home.path());
    fs::create_dir(home.path().join("Downloads")).unwrap();
    assert_eq!(found(), home.path().join("Downloads"));
    fs::create_dir_all(home.path().join(".config")).unwrap();
    fs::create_dir(home.path().join("Geladene \"Dateien\"")).unwrap();
    let dirs = "# XDG_DOWNLOAD_DIR=\"/x\"\nXDG_DOWNLOAD_DIR=\"$HOME/Geladene \\\"Dateien\\\"\"\n";
    fs::write(home.path().join(".config/user-dirs.dirs"), dirs).unwrap();
    assert_eq!(found(), home.path().join("Geladene \"Dateien\""));
    assert_eq!(downloads(|_| None), None);
    let chosen = |dirs| chosen_downloads(dirs, Path::new("/home/ada"));
    assert_eq!(
        chosen("XDG_DOWNLOAD_DIR=\"/data/down\""),
        Some("/data/down".into())
    );
    assert_eq!(chosen("XDG_DOWNLOAD_DIR=\"$HOME/\""), Some("/home/ada".into()));
    assert_eq!(chosen("XDG_DOWNLOAD_DIR=\"down\""), None);
    assert_eq!(chosen("XDG_DOWNLOAD_DIR=down"), None);
}

#[test]
fn the_command_is_beside_the_program_that_runs() {
    let beside = command_line_program(Ok("/opt/gloria/gloria-notify".into()));
    assert_eq!(beside, Path::new("/opt/gloria/gloria"));
    let unknown = command_line_program(Err(std::io::ErrorKind::NotFound.into()));
    assert_eq!(unknown, Path::new("gloria"));
}
