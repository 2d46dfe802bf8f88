//! The start at login on Windows, as decisions.
//!
//! Programs to start are values of the keys `Run`, of the computer and of each user. Task Manager and Settings switch
//! one off by a value of the same name under `StartupApproved` in the same part of the registry, so that a user who is
//! no administrator cannot switch off one of the computer. For that the app has a mark of its own: a start at login
//! ends at once where it finds it.

/// An entry under `Run`, with what `StartupApproved` says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Missing,
    On,
    Off,
}

impl Entry {
    /// `approval` is its value under `StartupApproved`, if it has one.
    pub(super) fn of(exists: bool, approval: Option<&[u8]>) -> Self {
        match (exists, approval.and_then(<[u8]>::first)) {
            (false, _) => Self::Missing,
            // Windows writes 2 and 6 for those that start, 3, 7 and 9 for those that do not.
            (true, Some(first)) if first % 2 == 1 => Self::Off,
            (true, Some(_) | None) => Self::On,
        }
    }
}

/// `StartupApproved` of an entry that does not start. The time at which it was switched off is left out.
pub(super) const DISAPPROVED: [u8; 12] = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// What the registry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) own: Entry,
    pub(super) machine: Entry,
    /// The user's mark that the computer's entry is not wanted.
    pub(super) is_declined: bool,
}

/// A change of the user's part of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Write the user's entry.
    Write,
    /// Remove what `StartupApproved` says of the user's entry.
    Approve,
    /// Have `StartupApproved` say that the user's entry does not start.
    Disapprove,
    /// Set the mark.
    Decline,
    /// Remove the mark.
    Accept,
}

impl Seen {
    pub(super) fn is_on(self) -> bool {
        self.own == Entry::On || (self.machine == Entry::On && !self.is_declined)
    }

    /// What turns the switch. Off, every entry that would start is switched off; on, the computer's takes precedence,
    /// so that an upgrade changes what is started.
    pub(super) fn changes(self, on: bool) -> Vec<Change> {
        let mut changes = Vec::new();
        if !on {
            if self.own == Entry::On {
                changes.push(Change::Disapprove);
            }
            if self.machine == Entry::On && !self.is_declined {
                changes.push(Change::Decline);
            }
            return changes;
        }
        if self.is_declined {
            changes.push(Change::Accept);
        }
        match (self.machine, self.own) {
            (Entry::On, _) | (_, Entry::On) => {}
            (Entry::Missing | Entry::Off, Entry::Missing) => changes.extend([Change::Write, Change::Approve]),
            (Entry::Missing | Entry::Off, Entry::Off) => changes.push(Change::Approve),
        }
        changes
    }
}

/// What an entry runs.
pub(super) fn command(program: &str) -> String {
    format!("\"{program}\" --login")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_task_manager_writes_is_understood() {
        for (exists, approval, expected) in [
            (false, None, Entry::Missing),
            (false, Some(&DISAPPROVED[..]), Entry::Missing),
            (true, None, Entry::On),
            (true, Some(&[][..]), Entry::On),
            (true, Some(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Entry::On),
            (true, Some(&[6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Entry::On),
            (
                true,
                Some(&[3, 0, 0, 0, 0x5e, 0x93, 0xe7, 0x1f, 0xc7, 0x0d, 0xda, 1]),
                Entry::Off,
            ),
            (true, Some(&[7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Entry::Off),
            (true, Some(&DISAPPROVED), Entry::Off),
        ] {
            assert_eq!(Entry::of(exists, approval), expected, "{exists} {approval:?}");
        }
    }

    #[test]
    fn the_switch_changes_no_more_than_it_has_to() {
        use Change::{Accept, Approve, Decline, Disapprove, Write};
        use Entry::{Missing, Off, On};
        for (own, machine, is_declined, is_on, to_on, to_off) in [
            (Missing, Missing, false, false, &[Write, Approve][..], &[][..]),
            (On, Missing, false, true, &[], &[Disapprove]),
            (Off, Missing, false, false, &[Approve], &[]),
            (Missing, On, false, true, &[], &[Decline]),
            (Missing, On, true, false, &[Accept], &[]),
            // Administrators switched it off, which a user cannot change.
            (Missing, Off, false, false, &[Write, Approve], &[]),
            (On, On, false, true, &[], &[Disapprove, Decline]),
            (On, On, true, true, &[Accept], &[Disapprove]),
            (Off, On, true, false, &[Accept], &[]),
            // The installation for the computer is gone, the mark is not.
            (Missing, Missing, true, false, &[Accept, Write, Approve], &[]),
        ] {
            let seen = Seen {
                own,
                machine,
                is_declined,
            };
            assert_eq!(seen.is_on(), is_on, "{seen:?}");
            assert_eq!(seen.changes(true), to_on, "on: {seen:?}");
            assert_eq!(seen.changes(false), to_off, "off: {seen:?}");
        }
    }

    #[test]
    fn whatever_the_registry_says_the_switch_is_where_it_was_put() {
        let entries = [Entry::Missing, Entry::On, Entry::Off];
        for (own, machine) in entries
            .iter()
            .flat_map(|own| entries.map(|machine| (*own, machine)))
        {
            for (is_declined, on) in [(false, false), (false, true), (true, false), (true, true)] {
                let mut seen = Seen {
                    own,
                    machine,
                    is_declined,
                };
                for change in seen.changes(on) {
                    match change {
                        Change::Write => seen.own = Entry::Off,
                        Change::Approve => seen.own = Entry::On,
                        Change::Disapprove => seen.own = Entry::Off,
                        Change::Decline => seen.is_declined = true,
                        Change::Accept => seen.is_declined = false,
                    }
                }
                assert_eq!(seen.is_on(), on, "{own:?} {machine:?} {is_declined}");
                assert_eq!(seen.changes(on), [], "once more");
            }
        }
    }

    #[test]
    fn a_path_with_spaces_is_one_argument() {
        let program = r"C:\Program Files\Gloria Notify\gloria-notify.exe";
        assert_eq!(command(program), format!("\"{program}\" --login"));
    }
}
