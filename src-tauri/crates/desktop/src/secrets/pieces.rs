//! Secrets that are longer than an entry of the keyring may be: in numbered pieces, and a header in the entry itself.
//!
//! The header is written last and names the generation of its pieces, of which there are two. So a process that is
//! killed at any point leaves either the old secret or the new one, and the next write or removal finds every piece by
//! its name. A piece that is missing makes the secret unreadable: a part of a token is never returned.

use secrecy::zeroize::Zeroizing;

/// The beginning of a header. It contains what no token and no sign-in begins with.
const HEADER: &str = "gloria-pieces 1 ";

/// 16 KiB of a token with its record are eight pieces of 2560 bytes. A header that names more is damaged.
const MAX_PIECES: usize = 64;

/// Entries of a keyring, by name.
pub(super) trait Entries {
    type Error;
    /// The contents of an entry, if it exists.
    fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Self::Error>;
    fn set(&self, name: &str, bytes: &[u8]) -> Result<(), Self::Error>;
    /// Removes an entry; returns whether there was one.
    fn remove(&self, name: &str) -> Result<bool, Self::Error>;
}

/// What an entry has.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Contents {
    Missing,
    Whole(Zeroizing<Vec<u8>>),
    /// A piece is missing or does not belong to the others.
    Damaged,
}

/// Which of the two sets of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Generation {
    Even,
    Odd,
}

impl Generation {
    const BOTH: [Self; 2] = [Self::Even, Self::Odd];

    fn other(self) -> Self {
        match self {
            Self::Even => Self::Odd,
            Self::Odd => Self::Even,
        }
    }

    fn digit(self) -> char {
        match self {
            Self::Even => '0',
            Self::Odd => '1',
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    generation: Generation,
    pieces: usize,
    length: usize,
    check: u64,
}

impl Header {
    fn encode(self) -> String {
        let Self {
            generation,
            pieces,
            length,
            check,
        } = self;
        format!("{HEADER}{} {pieces} {length} {check:016x}", generation.digit())
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?.strip_prefix(HEADER)?;
        let mut fields = text.split(' ');
        let mut field = || fields.next();
        let generation = match field()? {
            "0" => Generation::Even,
            "1" => Generation::Odd,
            _ => return None,
        };
        Some(Self {
            generation,
            pieces: field()?.parse().ok().filter(|pieces| *pieces <= MAX_PIECES)?,
            length: field()?.parse().ok()?,
            check: u64::from_str_radix(field()?, 16).ok()?,
        })
    }
}

/// FNV-1a: two secrets of the same length whose pieces were mixed differ in it.
fn check(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// No server's name begins like this, so a piece is no account's entry.
fn name_of(entry: &str, generation: Generation, piece: usize) -> String {
    format!("{}.{piece}/{entry}", generation.digit())
}

/// Reads the secret of an entry.
pub(super) fn read<E: Entries>(entries: &E, entry: &str) -> Result<Contents, E::Error> {
    let Some(first) = entries.get(entry)? else {
        return Ok(Contents::Missing);
    };
    let Some(header) = Header::decode(&first) else {
        return Ok(Contents::Whole(first));
    };
    if let Some(whole) = joined(entries, entry, header)? {
        return Ok(Contents::Whole(whole));
    }
    // Another process may have replaced it between the two.
    let again = entries.get(entry)?;
    match again.as_deref().map(|bytes| Header::decode(bytes)) {
        Some(Some(other)) if other != header => Ok(match joined(entries, entry, other)? {
            Some(whole) => Contents::Whole(whole),
            None => Contents::Damaged,
        }),
        Some(Some(_)) => Ok(Contents::Damaged),
        Some(None) => Ok(again.map_or(Contents::Missing, Contents::Whole)),
        None => Ok(Contents::Missing),
    }
}

fn joined<E: Entries>(
    entries: &E,
    entry: &str,
    header: Header,
) -> Result<Option<Zeroizing<Vec<u8>>>, E::Error> {
    let mut whole = Zeroizing::new(Vec::new());
    for piece in 0..header.pieces {
        match entries.get(&name_of(entry, header.generation, piece))? {
            Some(bytes) => whole.extend_from_slice(&bytes),
            None => return Ok(None),
        }
    }
    let is_whole = whole.len() == header.length && check(&whole) == header.check;
    Ok(is_whole.then_some(whole))
}

/// Writes the secret of an entry, in pieces of `limit` bytes if it is longer than that.
pub(super) fn write<E: Entries>(
    entries: &E,
    entry: &str,
    bytes: &[u8],
    limit: usize,
) -> Result<(), E::Error> {
    let before = entries
        .get(entry)?
        .as_deref()
        .and_then(|bytes| Header::decode(bytes));
    if bytes.len() <= limit {
        entries.set(entry, bytes)?;
        return match before {
            Some(_) => remove_all_pieces(entries, entry),
            None => Ok(()),
        };
    }
    let generation = before.map_or(Generation::Even, |header| header.generation.other());
    let mut pieces = 0;
    for part in bytes.chunks(limit.max(1)) {
        entries.set(&name_of(entry, generation, pieces), part)?;
        pieces += 1;
    }
    let header = Header {
        generation,
        pieces,
        length: bytes.len(),
        check: check(bytes),
    };
    entries.set(entry, header.encode().as_bytes())?;
    remove_pieces(entries, entry, generation.other(), 0)?;
    // What a process that was killed left of an earlier, longer secret.
    remove_pieces(entries, entry, generation, pieces)
}

/// Removes the secret of an entry. The header is removed last, so that a removal that was interrupted can be finished.
pub(super) fn remove<E: Entries>(entries: &E, entry: &str, limit: Option<usize>) -> Result<(), E::Error> {
    if limit.is_some() {
        remove_all_pieces(entries, entry)?;
    }
    entries.remove(entry).map(drop)
}

fn remove_all_pieces<E: Entries>(entries: &E, entry: &str) -> Result<(), E::Error> {
    for generation in Generation::BOTH {
        remove_pieces(entries, entry, generation, 0)?;
    }
    Ok(())
}

/// Removes the pieces from this one on, the last first: what is left after an interruption is still in a row.
fn remove_pieces<E: Entries>(
    entries: &E,
    entry: &str,
    generation: Generation,
    from: usize,
) -> Result<(), E::Error> {
    let mut end = from;
    while end < MAX_PIECES && entries.get(&name_of(entry, generation, end))?.is_some() {
        end += 1;
    }
    for piece in (from..end).rev() {
        entries.remove(&name_of(entry, generation, piece))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const ENTRY: &str = "https://gloria.example";
    const LIMIT: usize = 60;

    /// A keyring whose process is killed after a number of writes.
    #[derive(Default)]
    struct Store {
        entries: RefCell<BTreeMap<String, Vec<u8>>>,
        writes_left: Cell<usize>,
    }

    #[derive(Debug)]
    struct Killed;

    impl Store {
        fn spend(&self) -> Result<(), Killed> {
            let left = self.writes_left.get().checked_sub(1).ok_or(Killed)?;
            self.writes_left.set(left);
            Ok(())
        }
    }

    impl Entries for Store {
        type Error = Killed;

        fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Killed> {
            Ok(self.entries.borrow().get(name).cloned().map(Zeroizing::new))
        }

        fn set(&self, name: &str, bytes: &[u8]) -> Result<(), Killed> {
            assert!(bytes.len() <= LIMIT, "{name}");
            self.spend()?;
            self.entries.borrow_mut().insert(name.to_owned(), bytes.to_vec());
            Ok(())
        }

        fn remove(&self, name: &str) -> Result<bool, Killed> {
            self.spend()?;
            Ok(self.entries.borrow_mut().remove(name).is_some())
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Write(Vec<u8>),
        Remove,
    }

    fn steps() -> impl Strategy<Value = Vec<(Step, usize)>> {
        let write = (0_usize..260, any::<u8>()).prop_map(|(length, seed)| {
            Step::Write(
                (0..length)
                    .map(|at| seed.wrapping_add(u8::try_from(at % 251).unwrap()))
                    .collect(),
            )
        });
        let step = prop_oneof![3 => write, 1 => Just(Step::Remove)];
        let killed_after = prop_oneof![1 => Just(usize::MAX), 2 => 0_usize..14];
        proptest::collection::vec((step, killed_after), 1..12)
    }

    proptest! {
        #[test]
        fn whatever_is_killed_the_secret_is_whole_or_unreadable_and_nothing_is_left_of_it(steps in steps()) {
            let store = Store::default();
            // What may be there: the last that was written, and what a killed process wanted.
            let mut possible: Vec<Option<Vec<u8>>> = vec![None];
            let mut damaged = false;
            for (step, killed_after) in steps {
                store.writes_left.set(killed_after);
                let (done, wanted) = match &step {
                    Step::Write(bytes) => (write(&store, ENTRY, bytes, LIMIT).is_ok(), Some(bytes.clone())),
                    Step::Remove => (remove(&store, ENTRY, Some(LIMIT)).is_ok(), None),
                };
                if done {
                    possible.clear();
                    damaged = false;
                }
                // Only a removal that was interrupted leaves a secret that cannot be read.
                damaged |= !done && matches!(step, Step::Remove);
                possible.push(wanted);
                match read(&store, ENTRY).unwrap() {
                    Contents::Missing => prop_assert!(possible.contains(&None)),
                    Contents::Whole(bytes) => prop_assert!(possible.contains(&Some(bytes.to_vec()))),
                    Contents::Damaged => prop_assert!(damaged),
                }
            }
            store.writes_left.set(usize::MAX);
            remove(&store, ENTRY, Some(LIMIT)).unwrap();
            prop_assert!(store.entries.borrow().is_empty(), "{:?}", store.entries.borrow().keys());
        }

        #[test]
        fn a_piece_that_is_missing_cut_or_another_ones_makes_it_unreadable(
            length in 61_usize..240, piece in 0_usize..4, damage in 0_u8..3,
        ) {
            let store = Store::default();
            store.writes_left.set(usize::MAX);
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            write(&store, ENTRY, &bytes, LIMIT).unwrap();
            let pieces = length.div_ceil(LIMIT);
            let name = name_of(ENTRY, Generation::Even, piece % pieces);
            {
                let mut entries = store.entries.borrow_mut();
                let whole = entries.remove(&name).unwrap();
                match damage {
                    0 => {}
                    1 => drop(entries.insert(name, whole[..whole.len() - 1].to_vec())),
                    _ => drop(entries.insert(name, whole.iter().map(|byte| byte ^ 1).collect())),
                }
            }
            prop_assert_eq!(read(&store, ENTRY).unwrap(), Contents::Damaged);
        }
    }

    #[test]
    fn what_fits_is_one_entry_as_it_was_before_there_were_pieces() {
        let store = Store::default();
        store.writes_left.set(1);
        write(&store, ENTRY, &[7; LIMIT], LIMIT).unwrap();
        assert_eq!(store.entries.borrow().len(), 1);
        assert_eq!(
            read(&store, ENTRY).unwrap(),
            Contents::Whole(Zeroizing::new(vec![7; LIMIT]))
        );
    }
}
