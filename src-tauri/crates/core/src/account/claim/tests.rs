use std::collections::HashMap;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::account::{Salt, Verdict};
use crate::paths::Paths;
use crate::token::Token;

const SERVER: &str = "https://gloria.example/api";

/// What people do at one computer. Each of them is a number.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Signs in by an application, of which each calls everybody differently. The process may be killed on the way.
    SignIn {
        person: u8,
        application: u8,
        killed: bool,
    },
    Paste {
        person: u8,
    },
    SignOut {
        erase: bool,
    },
    Choose {
        which: usize,
    },
    Restart,
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..3, 0_u8..2, any::<bool>()).prop_map(|(person, application, killed)| {
            Step::SignIn { person, application, killed }
        }),
        2 => (0_u8..3).prop_map(|person| Step::Paste { person }),
        2 => any::<bool>().prop_map(|erase| Step::SignOut { erase }),
        1 => (0_usize..4).prop_map(|which| Step::Choose { which }),
        1 => Just(Step::Restart),
    ]
}

/// The computer, and whose inbox is in which folder.
struct Computer {
    paths: Paths,
    accounts: Accounts,
    active: Option<Entry>,
    owners: HashMap<PathBuf, u8>,
    /// Whether the server's greeting names the user.
    names: bool,
}

impl Computer {
    fn user(&self, person: u8) -> Option<String> {
        self.names.then(|| format!("user-{person}"))
    }

    fn restart(&mut self) {
        self.accounts = Accounts::read(&self.paths);
        let in_force = self.accounts.in_force_or_first(SERVER);
        self.active = Some(in_force).filter(|entry| !entry.is_signed_out());
    }

    fn is_of(&self, entry: &Entry, person: u8) -> bool {
        self.owners.get(entry.folder()) == Some(&person)
    }

    /// Everything of this inbox is visible from now on.
    fn show(&mut self, entry: Entry, person: u8) {
        let owner = *self.owners.entry(entry.folder().to_owned()).or_insert(person);
        assert_eq!(
            owner, person,
            "person {person} sees the inbox of {owner}: {entry:?}"
        );
        self.active = Some(entry);
    }

    /// As the actor does, with somebody who answers questions truthfully.
    fn sign_in(&mut self, person: u8, application: u8, killed: bool) {
        let id = format!("{person} of {application}");
        let subject = Subject::new("https://id.example", &format!("app-{application}"), &id).unwrap();
        let user = self.user(person);
        let base = self.active.clone();
        let base = base.unwrap_or_else(|| self.accounts.in_force_or_first(SERVER));
        let entry = match self.accounts.claim(SERVER, &subject) {
            Claim::Own(entry) | Claim::Free(entry) => Some(entry),
            Claim::New => None,
            Claim::Greeting => match self.accounts.claim_greeted(&base, &subject, user.as_deref()) {
                Greeted::Own(entry) => Some(entry),
                Greeted::New => None,
                Greeted::Ask => Some(base).filter(|base| self.is_of(base, person)),
                Greeted::Application(candidate) => {
                    Some(candidate).filter(|candidate| self.is_of(candidate, person))
                }
                Greeted::Contradiction => panic!("the server is right: {base:?}"),
            },
        };
        let entry = entry.unwrap_or_else(|| self.accounts.create_for(SERVER, &subject));
        if killed {
            return self.restart();
        }
        let entry = self.accounts.put_subject_in_force(&entry, &subject, None);
        self.accounts.remove_unconfirmed(SERVER);
        self.show(entry.clone(), person);
        let agreement = self.accounts.agreement(&entry, &subject, user.as_deref());
        assert_ne!(
            agreement,
            Agreement::Contradiction,
            "the server is right: {entry:?}"
        );
        let entry = self
            .accounts
            .put_subject_in_force(&entry, &subject, user.as_deref());
        self.active = Some(entry);
    }

    fn paste(&mut self, person: u8) {
        let token = Token::parse(&format!("token-of-{person}")).unwrap();
        let user = self.user(person);
        let base = self.active.clone();
        let base = base.unwrap_or_else(|| self.accounts.in_force_or_first(SERVER));
        let known = self.accounts.of(SERVER).find(|entry| entry.had_token(&token));
        let entry = match known {
            _ if base.is_open() => base,
            Some(known) => known.clone(),
            None => {
                let named = user.as_deref().and_then(|user| self.accounts.named(SERVER, user));
                match Verdict::of(&base, user.as_deref(), false, named.is_some()) {
                    Verdict::Same => base,
                    Verdict::Another => self.accounts.find_or_create(SERVER, user.as_deref().unwrap()),
                    Verdict::Ask if self.is_of(&base, person) => base,
                    Verdict::Ask => {
                        self.accounts
                            .create_unconfirmed(SERVER, user.as_deref(), &token, Salt(7))
                    }
                }
            }
        };
        let entry = self
            .accounts
            .put_in_force(&entry, user.as_deref(), Some(&token), Salt(7));
        self.show(entry, person);
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::SignIn {
                person,
                application,
                killed,
            } => self.sign_in(person, application, killed),
            Step::Paste { person } => self.paste(person),
            Step::SignOut { erase } => {
                let Some(active) = self.active.take() else { return };
                self.accounts.sign_out(&active);
                if erase {
                    self.accounts.erase(&active).unwrap();
                    self.owners.remove(active.folder());
                }
            }
            Step::Choose { which } => {
                let chosen = self
                    .accounts
                    .all()
                    .filter(|entry| entry.has_user())
                    .nth(which)
                    .cloned();
                if let Some(chosen) = chosen {
                    let chosen = self.accounts.choose(&chosen);
                    self.active = Some(chosen).filter(|chosen| !chosen.is_signed_out());
                }
            }
            Step::Restart => self.restart(),
        }
    }
}

proptest! {
    #[test]
    fn nobody_ever_sees_the_inbox_of_another_person(
        names in any::<bool>(),
        steps in prop::collection::vec(steps(), 1..25),
    ) {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::within(home.path());
        let mut computer = Computer {
            accounts: Accounts::read(&paths),
            paths,
            active: None,
            owners: HashMap::new(),
            names,
        };
        computer.restart();
        for step in steps {
            computer.take(step);
        }
    }
}

fn subject(id: &str) -> Subject {
    Subject::new("https://id.example", "app", id).unwrap()
}

#[test]
fn the_subject_alone_decides_the_folder_and_the_keyring_entry() {
    let home = tempfile::tempdir().unwrap();
    let mut accounts = Accounts::read(&Paths::within(home.path()));
    let first = accounts.in_force_or_first(SERVER);
    let first = accounts.put_subject_in_force(&first, &subject("anna"), Some("anna"));
    let bert = accounts.create_for(SERVER, &subject("bert"));
    let bert = accounts.put_subject_in_force(&bert, &subject("bert"), None);
    let key = subject("bert").key();
    assert_eq!(key.len(), 32);
    assert!(bert.name().ends_with(&format!("-{key}")), "{}", bert.name());
    assert_eq!(bert.keyring_name(), format!("{SERVER} {key}"));
    assert_eq!(
        accounts.claim(SERVER, &subject("anna")),
        Claim::Own(first.clone())
    );
    let elsewhere = Subject::new("https://other.example", "app", "bert").unwrap();
    assert_ne!(elsewhere.key(), key, "another provider's person of the same id");
    let kept = std::fs::read_to_string(first.folder().join("account.json")).unwrap();
    assert!(kept.contains(&subject("anna").key()), "{kept}");
}

#[test]
fn a_greeting_agrees_if_it_is_the_subject_or_was_before() {
    let home = tempfile::tempdir().unwrap();
    let mut accounts = Accounts::read(&Paths::within(home.path()));
    let anna = accounts.in_force_or_first(SERVER);
    let anna = accounts.put_subject_in_force(&anna, &subject("anna"), None);
    let agreement = |accounts: &Accounts, entry: &Entry, id: &str, user: Option<&str>| {
        accounts.agreement(entry, &subject(id), user)
    };
    assert_eq!(agreement(&accounts, &anna, "anna", None), Agreement::Same);
    assert_eq!(agreement(&accounts, &anna, "anna", Some("anna")), Agreement::Same);
    assert_eq!(agreement(&accounts, &anna, "anna", Some("17")), Agreement::Ask);
    let anna = accounts.put_subject_in_force(&anna, &subject("anna"), Some("17"));
    assert_eq!(agreement(&accounts, &anna, "anna", Some("17")), Agreement::Same);
    assert_eq!(agreement(&accounts, &anna, "anna", Some("anna")), Agreement::Ask);
    let bert = accounts.create_for(SERVER, &subject("bert"));
    let bert = accounts.put_subject_in_force(&bert, &subject("bert"), None);
    assert_eq!(
        agreement(&accounts, &bert, "bert", Some("18")),
        Agreement::Same,
        "the server has ids of its own"
    );
    assert_eq!(
        agreement(&accounts, &bert, "bert", Some("17")),
        Agreement::Contradiction
    );
}
