//! A hash that is the same in every version, for events, accounts and tokens.

/// FNV-1a, because the result is stored and so must be the same in every version of the app.
pub fn fingerprint(event_type: &str, data: &str) -> i64 {
    let bytes = event_type.bytes().chain([0]).chain(data.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}
