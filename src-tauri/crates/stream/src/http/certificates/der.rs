//! The part of DER (X.690) that is needed to find certificates.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xA0;

/// An element of DER.
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// The element with its tag and length.
    pub(super) whole: &'a [u8],
}

/// Returns consecutive elements, up to the first invalid one.
pub(super) fn elements(mut input: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || {
        let element = element(input)?;
        input = &input[element.whole.len()..];
        Some(element)
    })
}

/// Returns the first element.
pub(super) fn element(input: &[u8]) -> Option<Element<'_>> {
    let (&[tag, first], rest) = input.split_first_chunk()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        // No file has a length of more than four bytes.
        let digits = usize::from(first & 0x7F);
        if !(1..=4).contains(&digits) {
            return None;
        }
        let (digits, rest) = rest.split_at_checked(digits)?;
        let length = digits
            .iter()
            .fold(0, |length, digit| length << 8 | usize::from(*digit));
        (length, rest)
    };
    let content = rest.get(..length)?;
    let head = input.len() - rest.len();
    Some(Element {
        tag,
        content,
        whole: &input[..head + length],
    })
}
