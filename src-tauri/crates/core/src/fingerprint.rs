//! A number that tells contents apart: of events, of accounts and of tokens.

/// A number that tells contents apart. FNV-1a, because it has to stay the same in every version of the app.
pub fn fingerprint(event_type: &str, data: &str) -> i64 {
    let bytes = event_type.bytes().chain([0]).chain(data.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}
