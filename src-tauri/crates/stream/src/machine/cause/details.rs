//! The details of causes. The `Other` variants contain the message of the system or of a library.

use std::time::SystemTime;

/// Why a server's certificate is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateProblem {
    /// It has expired, by this computer's clock.
    #[error("it has expired, or this computer's clock is wrong")]
    Expired {
        /// When it expired, if the verifier reports it.
        at: Option<SystemTime>,
    },
    /// Its validity begins later, by this computer's clock.
    #[error("it is not valid yet, or this computer's clock is wrong")]
    NotYetValid {
        /// When it becomes valid, if the verifier reports it.
        from: Option<SystemTime>,
    },
    /// It was issued for another name than the address contains.
    #[error("it belongs to another name")]
    WrongName,
    /// It does not lead to a trusted root. Most self-signed certificates fail with this.
    #[error("it is not signed by anyone this computer trusts")]
    UnknownIssuer,
    /// It is an authority's certificate, which openssl creates by default and no server may use.
    #[error("it is an authority's own (CA:TRUE), not a server's")]
    OfAuthority,
    /// Its issuer revoked it.
    #[error("it was revoked")]
    Revoked,
    /// It was issued for another purpose, such as a client.
    #[error("it is not meant for servers")]
    WrongPurpose,
    /// X.509 before version 3, which has no field for the server's names.
    #[error("it is of an old version of X.509")]
    OldVersion,
    /// An authority in its chain may not sign for this name, or at this depth.
    #[error("one of its authorities may not sign it")]
    NotAllowed,
    /// It was not signed with the issuer's key, or the algorithm is not supported.
    #[error("its signature is not valid")]
    BadSignature,
    /// It cannot be parsed.
    #[error("it cannot be read")]
    Unreadable,
    /// Another error of the verifier.
    #[error("{0}")]
    Other(String),
}

/// Why a file of certificates or keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFileProblem {
    /// It does not exist.
    #[error("cannot be read: it is not there")]
    NotThere,
    /// The user has no permission to read it.
    #[error("cannot be read: permission denied")]
    NotPermitted,
    /// Another error of the system.
    #[error("cannot be read: {0}")]
    NotReadable(String),
    /// It is text without a certificate.
    #[error("holds no certificate")]
    NoCertificate,
    /// A block labelled as a certificate is not one.
    #[error("holds a certificate that is damaged")]
    DamagedCertificate,
    /// It cannot be parsed.
    #[error("is damaged")]
    Damaged,
    /// PKCS#12, where only certificates are expected.
    #[error("is a PKCS#12 file; certificates alone are wanted here, as PEM or DER")]
    Pkcs12Unwanted,
    /// A key, where only certificates are expected.
    #[error("holds a private key, which is not wanted here")]
    KeyUnwanted,
    /// The library's error about a PKCS#12 file.
    #[error("is a PKCS#12 file that cannot be read: {0}")]
    Pkcs12NotReadable(String),
    /// The client's key is missing.
    #[error("holds no private key")]
    NoKey,
    /// A block labelled as a key is not one.
    #[error("holds a private key that is damaged")]
    DamagedKey,
    /// The key belongs to another certificate.
    #[error("holds a private key that does not belong to the certificate")]
    ForeignKey,
    /// The key's algorithm is not supported for TLS.
    #[error("holds a private key of a kind that is not supported")]
    UnsupportedKey,
    /// The key is encrypted in a format older than PKCS#8.
    #[error(
        "holds a key encrypted in OpenSSL's old way; \"openssl pkcs8 -topk8\" makes one that can be read"
    )]
    OldEncryption,
    /// The key is encrypted, and no password is set.
    #[error("asks for a password")]
    PasswordWanted,
    /// The password is wrong.
    #[error("cannot be opened with this password")]
    WrongPassword,
    /// Certificate and key were found but cannot be used together.
    #[error("cannot be used")]
    NotUsable,
}

/// Why a server rejects this client's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientCertificateProblem {
    /// It requires one and got none.
    #[error("the server asks for a client certificate")]
    Wanted,
    /// It gives no more specific reason.
    #[error("the server does not accept the client certificate")]
    Refused,
    /// It has expired.
    #[error("the server says that the client certificate has expired")]
    Expired,
    /// It was revoked.
    #[error("the server says that the client certificate was revoked")]
    Revoked,
    /// It does not know the issuer.
    #[error("the server does not know who signed the client certificate")]
    UnknownIssuer,
}

/// Why TLS failed for another reason than the certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsProblem {
    /// It does not accept HTTP/1.1 over TLS (RFC 7301, 3.2).
    #[error("the server refuses HTTP/1.1")]
    Http1Refused,
    /// The response is not TLS, as when https is used with a port for http.
    #[error("the answer is not TLS")]
    NotTls,
    /// The server supports only versions before TLS 1.2.
    #[error("the server has only old versions of TLS")]
    OldVersion,
    /// No cipher suite or signature algorithm in common. TLS 1.2 servers also send this if the client certificate is
    /// missing.
    #[error("the server agrees to no encryption, or asks for a client certificate")]
    NothingInCommon,
    /// The server does not know the name of the address.
    #[error("the server does not know the name of this address")]
    UnknownName,
    /// The server presents no certificate.
    #[error("the server presents no certificate")]
    NoCertificate,
    /// Another alert, by its name in the standard.
    #[error("the server refuses it ({0})")]
    Alert(String),
    /// Another error of the library.
    #[error("{0}")]
    Other(String),
}

/// Why a proxy did not let the connection through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyProblem {
    /// Nothing listens at its address, or there is no route to it.
    #[error("nothing answers there")]
    NotThere,
    /// Its name has no address.
    #[error("its name is not found")]
    NameNotFound,
    /// The proxy is reached over TLS, and its certificate is not trusted.
    #[error("its certificate is not trusted: {0}")]
    Certificate(CertificateProblem),
    /// The proxy is reached over TLS, which failed.
    #[error("no secure connection to it could be made: {0}")]
    Tls(TlsProblem),
    /// The connection ended before the proxy responded.
    #[error("it closed the connection")]
    HungUp,
    /// It responded with another status than 200, or with an invalid response.
    #[error("it refuses")]
    Refused,
    /// It responded, but not in SOCKS.
    #[error("it does not answer as a SOCKS proxy")]
    NotSocks,
    /// The head of its response is too long.
    #[error("its answer is too long")]
    TooLong,
    /// Its rules do not allow the connection.
    #[error("connection not allowed")]
    NotAllowed,
    /// It has no route to the server.
    #[error("host unreachable")]
    Unreachable,
    /// The server refused the proxy's connection.
    #[error("connection refused")]
    ServerRefused,
    /// It failed internally.
    #[error("it failed")]
    Failed,
    /// It does not support this kind of connection.
    #[error("it makes no connections of this kind")]
    Unsupported,
    /// Another error of the library.
    #[error("{0}")]
    Other(String),
}

/// How a connection was lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BreakOff {
    /// By a TCP reset.
    #[error("it was reset")]
    Reset,
    /// It ended in the middle of a message.
    #[error("it ended too early")]
    Truncated,
    /// The other side did not acknowledge sent data for too long.
    #[error("the other side no longer answers")]
    TimedOut,
    /// The route to the other side is gone.
    #[error("there is no way there any more")]
    Unreachable,
    /// The HTTP framing of the stream is invalid.
    #[error("what came makes no sense as HTTP")]
    BadHttp,
    /// Data arrived before the request was sent, as from a server of another protocol.
    #[error("data came before any request was sent")]
    Unasked,
    /// The server or a gateway ended the HTTP/2 stream or connection.
    #[error("the server ended the stream of HTTP/2")]
    Http2,
    /// A TLS record was invalid, or the other side reports that.
    #[error("the encryption failed: {0}")]
    Tls(TlsProblem),
    /// The data cannot be decompressed.
    #[error("the compressed stream is damaged")]
    DamagedCompression,
    /// A WebSocket ended without a close frame.
    #[error("it ended without a close frame")]
    NoClose,
    /// A WebSocket text message is not UTF-8.
    #[error("a message is not UTF-8")]
    NotUtf8,
    /// A WebSocket frame violates the standard.
    #[error("what came is against the protocol of WebSockets")]
    BadFrame,
    /// Another error of the system or of a library, without text if there is none.
    #[error("{0}")]
    Other(String),
    /// No reason is known.
    #[error("no reason was given")]
    Unknown,
}

/// What makes a response invalid as HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHttp {
    /// It does not begin with a status line.
    #[error("it does not begin as HTTP does")]
    Beginning,
    /// It is HTTP/2, but HTTP/1.1 was requested.
    #[error("it is HTTP/2")]
    Http2,
    /// Its status code.
    #[error("its status is not valid")]
    Status,
    /// One of its headers.
    #[error("one of its headers is not valid")]
    Header,
    /// The total size of its headers.
    #[error("its headers are too large")]
    TooLarge,
}

/// Why a response does not open a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotWebSocket {
    /// It is a server-sent event stream.
    #[error("it is an event stream's; write https instead of wss")]
    EventStream,
    /// 101, but not for a WebSocket.
    #[error("it switches to another protocol")]
    OtherProtocol,
    /// Its `Sec-WebSocket-Accept` belongs to another request, as if it came from a cache.
    #[error("its Sec-WebSocket-Accept does not fit the question")]
    WrongAccept,
    /// Its extension's frames could not be read.
    #[error("it uses an extension that was not offered")]
    Extension,
    /// Its subprotocol's messages could not be read.
    #[error("it chose a subprotocol that was not offered")]
    Subprotocol,
}

/// Why a request could not be created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupProblem {
    /// The task that creates the client ended.
    #[error("the client could not be made")]
    Internal,
    /// Another error of the library.
    #[error("{0}")]
    Other(String),
}

/// A content encoding of a response that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownCoding {
    /// Its name.
    #[error("{0}")]
    Named(String),
    /// More encodings than an ordinary response has.
    #[error("{0} times over")]
    Layers(usize),
}

/// The content type of a response.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
pub enum ContentType {
    /// There is none.
    #[default]
    #[error("no content type")]
    Missing,
    /// The value is not a media type. It is not shown, because it could be mistaken for other text.
    #[error("an unreadable content type")]
    Unreadable,
    /// The essence of its media type, such as `text/html`, in lower case.
    #[error("{0}")]
    Essence(String),
}
