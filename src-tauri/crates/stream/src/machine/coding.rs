//! Content encodings of a response, from its head.

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::UnknownCoding;

/// The maximum number of encodings. A chain of ordinary proxies adds one or two, and each decoder needs a window in
/// memory.
const MAX_CODINGS: usize = 4;

/// A content encoding that can be decoded (RFC 9110, 8.4.1; RFC 7932).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// `gzip`, also by its old name `x-gzip`.
    Gzip,
    /// `deflate`, which some servers send as zlib and some as raw deflate.
    Deflate,
    /// `br`.
    Brotli,
}

/// Returns the content encodings of a response, in the order in which they were applied.
///
/// Empty and unknown names, such as `identity` and `none`, are ignored like in browsers, and servers send `none` to
/// keep proxies from compressing their streams.
///
/// # Errors
/// When the head names an encoding that cannot be decoded.
pub(crate) fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, UnknownCoding> {
    let values = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut codings = Vec::new();
    for name in values.flat_map(|value| value.split(',')) {
        let name = name.trim().to_ascii_lowercase();
        match &*name {
            "gzip" | "x-gzip" => codings.push(Coding::Gzip),
            "deflate" => codings.push(Coding::Deflate),
            "br" => codings.push(Coding::Brotli),
            // Browsers decode it, so the stream may really be encoded, and read as plain text it would have no events.
            "zstd" => return Err(UnknownCoding::Named(name)),
            _ => {}
        }
    }
    if codings.len() > MAX_CODINGS {
        return Err(UnknownCoding::Layers(codings.len()));
    }
    Ok(codings)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(values: &[&str]) -> Result<Vec<Coding>, UnknownCoding> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                CONTENT_ENCODING,
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        codings(&headers)
    }

    #[test]
    fn what_no_browser_knows_encodes_nothing() {
        for values in [
            &[] as &[&str],
            &[""],
            &["identity"],
            &["none"],
            &["None , identity,,"],
            &["utf-8"],
            &["aws-chunked", "chunked"],
            &["\u{e9}"],
        ] {
            assert_eq!(of(values), Ok(Vec::new()), "{values:?}");
        }
    }

    #[test]
    fn encodings_are_read_in_the_order_they_were_applied() {
        use Coding::{Brotli, Deflate, Gzip};
        for (values, wanted) in [
            (&["gzip"] as &[&str], &[Gzip] as &[Coding]),
            (&["X-GZIP"], &[Gzip]),
            (&["deflate"], &[Deflate]),
            (&[" Br "], &[Brotli]),
            (&["gzip, br"], &[Gzip, Brotli]),
            (&["identity, gzip", "none", "deflate"], &[Gzip, Deflate]),
        ] {
            assert_eq!(of(values).as_deref(), Ok(wanted), "{values:?}");
        }
    }

    #[test]
    fn what_cannot_be_decoded_is_named() {
        let zstd = || Err(UnknownCoding::Named("zstd".to_owned()));
        assert_eq!(of(&["zstd"]), zstd());
        assert_eq!(of(&["gzip", "ZSTD"]), zstd());
        assert_eq!(of(&["gzip,gzip,gzip,gzip,gzip"]), Err(UnknownCoding::Layers(5)));
        assert!(of(&["gzip,gzip,gzip,gzip"]).is_ok());
    }
}
