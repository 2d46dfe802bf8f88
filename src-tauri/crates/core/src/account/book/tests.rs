use super::*;

const SERVER: &str = "https://gloria.example/api";
const SALT: Salt = Salt(7);

struct Home {
    _folder: tempfile::TempDir,
    paths: Paths,
}

fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::within(folder.path());
    Home {
        _folder: folder,
        paths,
    }
}

fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}

#[test]
fn the_first_account_is_whoevers_comes_first_and_is_there_again_after_a_restart() {
    let home = home();
    let mut accounts = Accounts::read(&home.paths);
    let first = accounts.in_force_or_first(SERVER);
    assert!(first.is_open() && !first.matches_token(&token("one")));
    accounts.put_in_force(&first, Some("anna"), Some(&token("one")), SALT);

    let again = Accounts::read(&home.paths).in_force_or_first(SERVER);
    assert_eq!(
        again.folder(),
        first.folder(),
        "who is named later keeps the folder"
    );
    assert_eq!((again.user(), again.is_open()), (Some("anna"), false));
    assert!(again.matches_token(&token("one")) && !again.matches_token(&token("two")));
    let kept = fs::read_to_string(again.folder().join(RECORD)).unwrap();
    assert!(!kept.contains("one"), "nothing of the token is kept: {kept}");
}

#[test]
fn each_server_has_its_own_and_of_one_servers_the_last_used_is_in_force() {
    let home = home();
    let mut accounts = Accounts::read(&home.paths);
    let anna = accounts.in_force_or_first(SERVER);
    let anna = accounts.put_in_force(&anna, Some("anna"), Some(&token("a")), SALT);
    let bert = accounts.find_or_create(SERVER, "bert");
    let bert = accounts.put_in_force(&bert, Some("bert"), Some(&token("b")), SALT);
    let other = accounts.in_force_or_first("https://other.example");
    assert_eq!(other.user(), None);
    assert_eq!(Accounts::read(&home.paths).in_force(SERVER), Some(&bert));
    let anna = accounts.put_in_force(&anna, None, None, SALT);
    assert_eq!(Accounts::read(&home.paths).in_force(SERVER), Some(&anna));
    assert_eq!(accounts.named(SERVER, "bert"), Some(&bert));
    assert_ne!(anna.keyring_name(), bert.keyring_name());
}

#[test]
fn nobody_shares_a_keyring_entry_with_a_person_whose_name_is_a_number() {
    let home = home();
    let mut accounts = Accounts::read(&home.paths);
    let first = accounts.in_force_or_first(SERVER);
    assert_eq!(first.keyring_name(), SERVER, "as before there were accounts");
    let second = accounts.create_unconfirmed(SERVER, None, &token("two"), SALT);
    for name in ["1", " 1", "#1"] {
        let named = accounts.find_or_create(SERVER, name);
        assert_ne!(second.keyring_name(), named.keyring_name());
    }
}

#[test]
fn who_is_not_confirmed_is_not_in_force_and_is_found_by_their_token() {
    let home = home();
    let mut accounts = Accounts::read(&home.paths);
    let first = accounts.in_force_or_first(SERVER);
    let first = accounts.put_in_force(&first, None, Some(&token("one")), SALT);
    let second = accounts.create_unconfirmed(SERVER, None, &token("two"), SALT);
    assert_ne!(first.folder(), second.folder());
    let mut accounts = Accounts::read(&home.paths);
    assert_eq!(accounts.in_force(SERVER), Some(&first));
    let waiting = accounts
        .of(SERVER)
        .find(|entry| entry.matches_token(&token("two")))
        .cloned();
    assert!(waiting.as_ref().is_some_and(Entry::is_unconfirmed));
    let second = accounts.put_in_force(&waiting.unwrap(), None, None, SALT);
    assert_eq!(Accounts::read(&home.paths).in_force(SERVER), Some(&second));
}

#[test]
fn erasing_the_account_in_force_puts_no_other_one_in_force() {
    let home = home();
    let mut accounts = Accounts::read(&home.paths);
    for user in ["anna", "bert"] {
        let entry = accounts.find_or_create(SERVER, user);
        accounts.put_in_force(&entry, Some(user), None, SALT);
    }
    let bert = accounts.named(SERVER, "bert").unwrap().clone();
    accounts.sign_out(&bert);
    accounts.erase(&bert).unwrap();
    let mut again = Accounts::read(&home.paths);
    let anna = again.in_force(SERVER).unwrap().clone();
    assert_eq!((anna.user(), anna.is_signed_out()), (Some("anna"), true));
    // She signs in again.
    let anna = again.put_in_force(&anna, Some("anna"), None, SALT);
    assert!(!anna.is_signed_out());
    // One that is not in force closes nobody.
    let bert = again.find_or_create(SERVER, "bert");
    again.erase(&bert).unwrap();
    assert!(!again.in_force(SERVER).unwrap().is_signed_out());
}

#[test]
fn erasing_an_account_removes_its_folder_and_a_start_finishes_it() {
    let home = home();
    let mut accounts = Accounts::read(&home.paths);
    let anna = accounts.find_or_create(SERVER, "anna");
    let bert = accounts.find_or_create(SERVER, "bert");
    fs::write(anna.folder().join("kept later"), "x").unwrap();
    accounts.erase(&anna).unwrap();
    assert!(!anna.folder().exists() && bert.folder().exists());
    assert_eq!(accounts.named(SERVER, "anna"), None);
    accounts.erase(&anna).unwrap();
    let again = Accounts::read(&home.paths);
    assert_eq!(
        again.erasures().all(),
        [anna.keyring_name()],
        "its token goes too"
    );

    // Ended between the renaming and the removing.
    let mut half = bert.folder().as_os_str().to_owned();
    half.push(ERASED);
    fs::rename(bert.folder(), &half).unwrap();
    assert_eq!(Accounts::read(&home.paths).of(SERVER).count(), 0);
    Accounts::clean(&home.paths);
    assert!(!Path::new(&half).exists());
}

#[test]
fn a_folder_without_a_readable_record_is_found_by_its_inbox() {
    let home = home();
    let first = Accounts::read(&home.paths).in_force_or_first(SERVER);
    drop(crate::inbox::Inbox::open(&first.folder().join(INBOX_FILE), SERVER).unwrap());
    fs::remove_file(first.folder().join(RECORD)).unwrap();
    let found = Accounts::read(&home.paths).in_force_or_first(SERVER);
    assert_eq!(found.folder(), first.folder());
    assert!(found.is_open(), "of a version before there were records");

    fs::write(first.folder().join(RECORD), "{ torn").unwrap();
    let found = Accounts::read(&home.paths).in_force_or_first(SERVER);
    assert_eq!(found.folder(), first.folder());
    assert!(!found.is_open(), "whose it is has to be asked");
}

#[test]
fn what_cannot_be_stored_holds_and_is_stored_later() {
    let home = home();
    // Not even root makes a folder below a file.
    fs::write(home.paths.accounts(), "in the way").unwrap();
    let mut accounts = Accounts::read(&home.paths);
    let first = accounts.in_force_or_first(SERVER);
    accounts.put_in_force(&first, Some("anna"), None, SALT);
    assert_eq!(accounts.in_force(SERVER).and_then(Entry::user), Some("anna"));
    fs::remove_file(home.paths.accounts()).unwrap();
    accounts.save_unsaved();
    let again = Accounts::read(&home.paths);
    assert_eq!(again.in_force(SERVER).and_then(Entry::user), Some("anna"));

    fs::remove_dir_all(home.paths.accounts()).unwrap();
    accounts.save_unsaved();
    let again = Accounts::read(&home.paths);
    assert_eq!(again.in_force(SERVER).and_then(Entry::user), Some("anna"));
}
