//! Classifies a line by the part of it that has arrived.

/// The known fields; all others are ignored (WHATWG HTML 9.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Event,
    Data,
    Id,
    Retry,
}

impl Field {
    const ALL: [Self; 4] = [Self::Event, Self::Data, Self::Id, Self::Retry];

    fn name(self) -> &'static [u8] {
        match self {
            Self::Event => b"event",
            Self::Data => b"data",
            Self::Id => b"id",
            Self::Retry => b"retry",
        }
    }
}

/// The maximum number of bytes that [`head`] needs: `event:` and `retry:`.
pub(super) const MAX_HEAD_BYTES: usize = 6;

/// What the beginning of a line shows about the whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// Too short to decide.
    Undecided,
    /// It is a known field.
    Field,
    /// A comment or an unknown field, which is not stored.
    Ignored,
}

/// Classifies an incomplete line by its first bytes, so that ignored lines are never stored.
pub(super) fn head(start: &[u8]) -> Head {
    let mut verdict = Head::Ignored;
    for field in Field::ALL {
        let name = field.name();
        if start.len() <= name.len() {
            if name.starts_with(start) {
                verdict = Head::Undecided;
            }
        } else if start.starts_with(name) && start[name.len()] == b':' {
            return Head::Field;
        }
    }
    verdict
}

/// Splits a whole line into a known field and its value.
pub(super) fn field(line: &[u8]) -> Option<(Field, &[u8])> {
    let field = match line.first()? {
        b'd' => Field::Data,
        b'e' => Field::Event,
        b'i' => Field::Id,
        b'r' => Field::Retry,
        _ => return None,
    };
    match line.strip_prefix(field.name())? {
        [] => Some((field, b"")),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some((field, value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_decided_as_soon_as_it_can_be() {
        for (start, verdict) in [
            (&b""[..], Head::Undecided),
            (b"d", Head::Undecided),
            (b"data", Head::Undecided),
            (b"data:", Head::Field),
            (b"data: x", Head::Field),
            (b"id", Head::Undecided),
            (b"id:", Head::Field),
            (b"retry:", Head::Field),
            (b"event:", Head::Field),
            (b"ide", Head::Ignored),
            (b"data ", Head::Ignored),
            (b"datax", Head::Ignored),
            (b"Data", Head::Ignored),
            (b":", Head::Ignored),
            (b"\xEF", Head::Ignored),
        ] {
            assert_eq!(head(start), verdict, "{}", start.escape_ascii());
            assert!(start.len() <= MAX_HEAD_BYTES || verdict != Head::Undecided);
        }
    }

    #[test]
    fn one_space_after_the_first_colon_goes() {
        assert_eq!(field(b"data"), Some((Field::Data, &b""[..])));
        assert_eq!(field(b"data:"), Some((Field::Data, &b""[..])));
        assert_eq!(field(b"data: "), Some((Field::Data, &b""[..])));
        assert_eq!(field(b"data:  a:b"), Some((Field::Data, &b" a:b"[..])));
        assert_eq!(field(b"data:\ta"), Some((Field::Data, &b"\ta"[..])));
        assert_eq!(field(b"data :a"), None);
        assert_eq!(field(b":data"), None);
        assert_eq!(field(b"ID: 1"), None);
    }
}
