//! Decides whose connection it is, from the token and the greeting.

use super::Entry;

/// Whether the connection belongs to the account in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Same,
    /// It belongs to another user, whose id the greeting has.
    Another,
    /// It is not known, so the user is asked.
    Ask,
}

impl Verdict {
    /// `user` is the id in the greeting, `trusted` whether the token is known to be the account's, and `is_known`
    /// whether another account has that id.
    pub fn of(account: &Entry, user: Option<&str>, trusted: bool, is_known: bool) -> Self {
        match (account.user(), user) {
            (Some(known), Some(user)) if known == user => Self::Same,
            (Some(_), Some(_)) => Self::Another,
            // The account's user is not known yet.
            (None, Some(_)) if is_known => Self::Another,
            (_, _) if trusted => Self::Same,
            (_, _) => Self::Ask,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Accounts;
    use super::*;
    use crate::account::Salt;
    use crate::paths::Paths;

    #[test]
    fn only_the_same_name_or_a_known_token_is_the_same_person() {
        const SERVER: &str = "https://gloria.example";
        let home = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::read(&Paths::within(home.path()));
        let unnamed = accounts.in_force_or_first(SERVER);
        let anna = accounts.find_or_create(SERVER, "anna");
        let anna = accounts.put_in_force(&anna, None, None, Salt(1));
        let (named, nobody) = (Some("anna"), None);
        for (account, user, trusted, is_known, expected) in [
            (&anna, named, true, true, Verdict::Same),
            (&anna, named, false, true, Verdict::Same),
            (&anna, Some("bert"), true, false, Verdict::Another),
            (&anna, Some("bert"), false, false, Verdict::Another),
            (&anna, nobody, true, false, Verdict::Same),
            (&anna, nobody, false, false, Verdict::Ask),
            (&unnamed, named, true, false, Verdict::Same),
            (&unnamed, named, true, true, Verdict::Another),
            (&unnamed, named, false, true, Verdict::Another),
            (&unnamed, named, false, false, Verdict::Ask),
            (&unnamed, nobody, true, false, Verdict::Same),
            (&unnamed, nobody, false, false, Verdict::Ask),
        ] {
            assert_eq!(
                Verdict::of(account, user, trusted, is_known),
                expected,
                "{user:?} {trusted} {is_known}"
            );
        }
    }
}
