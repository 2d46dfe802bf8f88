//! What exactly was wrong, within a cause. An `Other` holds what the system or a library says of it.

use std::time::SystemTime;

/// Why a server's certificate is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateProblem {
    /// It is over, by this computer's clock.
    #[error("it has expired, or this computer's clock is wrong")]
    Expired {
        /// When it ended, where the verifier says so.
        at: Option<SystemTime>,
    },
    /// It begins later, by this computer's clock.
    #[error("it is not valid yet, or this computer's clock is wrong")]
    NotYetValid {
        /// When it begins, where the verifier says so.
        from: Option<SystemTime>,
    },
    /// It was issued for another name than the address has.
    #[error("it belongs to another name")]
    WrongName,
    /// No root that is trusted here leads to it. So it is with most that sign themselves.
    #[error("it is not signed by anyone this computer trusts")]
    UnknownIssuer,
    /// It may sign others, as one does that openssl made with its defaults; no server's certificate may.
    #[error("it is an authority's own (CA:TRUE), not a server's")]
    OfAuthority,
    /// Its issuer takes it back.
    #[error("it was revoked")]
    Revoked,
    /// It was issued for something else, such as a client.
    #[error("it is not meant for servers")]
    WrongPurpose,
    /// X.509 before version 3, which says of no name that it is the server's.
    #[error("it is of an old version of X.509")]
    OldVersion,
    /// An authority before it may not sign for this name, or at this depth.
    #[error("one of its authorities may not sign it")]
    NotAllowed,
    /// What signs it is not the key that it names, or the algorithm is not supported.
    #[error("its signature is not valid")]
    BadSignature,
    /// It cannot be read.
    #[error("it cannot be read")]
    Unreadable,
    /// As the verifier says.
    #[error("{0}")]
    Other(String),
}

/// Why a file of certificates or keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFileProblem {
    /// There is none.
    #[error("cannot be read: it is not there")]
    NotThere,
    /// This user may not read it.
    #[error("cannot be read: permission denied")]
    NotPermitted,
    /// As the system says.
    #[error("cannot be read: {0}")]
    NotReadable(String),
    /// There is a text, and no certificate in it.
    #[error("holds no certificate")]
    NoCertificate,
    /// Something labelled as a certificate is not one.
    #[error("holds a certificate that is damaged")]
    DamagedCertificate,
    /// Neither can be made out.
    #[error("is damaged")]
    Damaged,
    /// PKCS#12, where certificates alone are wanted.
    #[error("is a PKCS#12 file; certificates alone are wanted here, as PEM or DER")]
    Pkcs12Unwanted,
    /// A key, where certificates alone are wanted.
    #[error("holds a private key, which is not wanted here")]
    KeyUnwanted,
    /// As the library says of PKCS#12.
    #[error("is a PKCS#12 file that cannot be read: {0}")]
    Pkcs12NotReadable(String),
    /// The client's key is wanted, and not there.
    #[error("holds no private key")]
    NoKey,
    /// Something labelled as a key is not one.
    #[error("holds a private key that is damaged")]
    DamagedKey,
    /// It belongs to another certificate.
    #[error("holds a private key that does not belong to the certificate")]
    ForeignKey,
    /// Of an algorithm that TLS is not spoken with here.
    #[error("holds a private key of a kind that is not supported")]
    UnsupportedKey,
    /// Encrypted as before PKCS#8.
    #[error(
        "holds a key encrypted in OpenSSL's old way; \"openssl pkcs8 -topk8\" makes one that can be read"
    )]
    OldEncryption,
    /// It is encrypted, and no password is set.
    #[error("asks for a password")]
    PasswordWanted,
    /// It is encrypted with another password.
    #[error("cannot be opened with this password")]
    WrongPassword,
    /// Certificate and key were found, and cannot be used together.
    #[error("cannot be used")]
    NotUsable,
}

/// Why a server rejects this client's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientCertificateProblem {
    /// It was shown none.
    #[error("the server asks for a client certificate")]
    Wanted,
    /// It gives no reason that says more.
    #[error("the server does not accept the client certificate")]
    Refused,
    /// It has expired.
    #[error("the server says that the client certificate has expired")]
    Expired,
    /// It was revoked.
    #[error("the server says that the client certificate was revoked")]
    Revoked,
    /// It does not know who signed it.
    #[error("the server does not know who signed the client certificate")]
    UnknownIssuer,
}

/// Why TLS failed for another reason than the certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsProblem {
    /// It takes no HTTP/1.1 over TLS (RFC 7301, 3.2).
    #[error("the server refuses HTTP/1.1")]
    Http1Refused,
    /// What answers is another protocol's, as where https is asked of a port for http.
    #[error("the answer is not TLS")]
    NotTls,
    /// TLS before 1.2 alone.
    #[error("the server has only old versions of TLS")]
    OldVersion,
    /// No cipher suite or signature in common. Servers with TLS 1.2 also say it to who shows no client certificate.
    #[error("the server agrees to no encryption, or asks for a client certificate")]
    NothingInCommon,
    /// The server has nothing under the name of the address.
    #[error("the server does not know the name of this address")]
    UnknownName,
    /// It shows no certificate.
    #[error("the server presents no certificate")]
    NoCertificate,
    /// Another alert, by its name in the standard.
    #[error("the server refuses it ({0})")]
    Alert(String),
    /// As the library says.
    #[error("{0}")]
    Other(String),
}

/// Why a proxy did not let the connection through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyProblem {
    /// Nothing listens at its address, or there is no way there.
    #[error("nothing answers there")]
    NotThere,
    /// Its name has no address.
    #[error("its name is not found")]
    NameNotFound,
    /// A proxy that is spoken to over TLS, and is not trusted.
    #[error("its certificate is not trusted: {0}")]
    Certificate(CertificateProblem),
    /// A proxy that is spoken to over TLS, which failed.
    #[error("no secure connection to it could be made: {0}")]
    Tls(TlsProblem),
    /// The connection ended before its answer.
    #[error("it closed the connection")]
    HungUp,
    /// It answered with another status than 200, or with what is no answer.
    #[error("it refuses")]
    Refused,
    /// It answered, and not in SOCKS.
    #[error("it does not answer as a SOCKS proxy")]
    NotSocks,
    /// The head of its answer is longer than any should be.
    #[error("its answer is too long")]
    TooLong,
    /// Its rules are against it.
    #[error("connection not allowed")]
    NotAllowed,
    /// It finds no way to the server.
    #[error("host unreachable")]
    Unreachable,
    /// The server refuses the proxy.
    #[error("connection refused")]
    ServerRefused,
    /// It failed by itself.
    #[error("it failed")]
    Failed,
    /// It makes no connections of this kind.
    #[error("it makes no connections of this kind")]
    Unsupported,
    /// As the library says.
    #[error("{0}")]
    Other(String),
}

/// How a connection was lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BreakOff {
    /// By a reset of TCP.
    #[error("it was reset")]
    Reset,
    /// In the middle of what was being sent.
    #[error("it ended too early")]
    Truncated,
    /// What was sent was not confirmed for long.
    #[error("the other side no longer answers")]
    TimedOut,
    /// The way there is gone.
    #[error("there is no way there any more")]
    Unreachable,
    /// The HTTP framing of the stream is invalid.
    #[error("what came makes no sense as HTTP")]
    BadHttp,
    /// Something came before the request was sent, as from a server of another protocol.
    #[error("data came before any request was sent")]
    Unasked,
    /// HTTP/2 was ended by the server or by what stands before it.
    #[error("the server ended the stream of HTTP/2")]
    Http2,
    /// A TLS record was invalid, or the other side says so.
    #[error("the encryption failed: {0}")]
    Tls(TlsProblem),
    /// What came cannot be decompressed.
    #[error("the compressed stream is damaged")]
    DamagedCompression,
    /// A WebSocket ended without a close.
    #[error("it ended without a close frame")]
    NoClose,
    /// A message of a WebSocket is no text.
    #[error("a message is not UTF-8")]
    NotUtf8,
    /// A frame of a WebSocket that the standard forbids.
    #[error("what came is against the protocol of WebSockets")]
    BadFrame,
    /// As the system or a library says; nothing where it says nothing.
    #[error("{0}")]
    Other(String),
    /// No reason is known.
    #[error("no reason was given")]
    Unknown,
}

/// What of an answer is not HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHttp {
    /// It does not begin as an answer does.
    #[error("it does not begin as HTTP does")]
    Beginning,
    /// HTTP/2, where HTTP/1.1 was asked for.
    #[error("it is HTTP/2")]
    Http2,
    /// The number of its status.
    #[error("its status is not valid")]
    Status,
    /// One of its headers.
    #[error("one of its headers is not valid")]
    Header,
    /// Its headers together.
    #[error("its headers are too large")]
    TooLarge,
}

/// Why an answer opens no WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotWebSocket {
    /// It is server-sent events.
    #[error("it is an event stream's; write https instead of wss")]
    EventStream,
    /// 101, and not for a WebSocket.
    #[error("it switches to another protocol")]
    OtherProtocol,
    /// The answer to another question, as from a cache.
    #[error("its Sec-WebSocket-Accept does not fit the question")]
    WrongAccept,
    /// Its frames could not be read.
    #[error("it uses an extension that was not offered")]
    Extension,
    /// Its messages could not be read.
    #[error("it chose a subprotocol that was not offered")]
    Subprotocol,
}

/// Why a request could not even be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupProblem {
    /// The code that makes it ended.
    #[error("the client could not be made")]
    Internal,
    /// As the library says.
    #[error("{0}")]
    Other(String),
}

/// An encoding of an answer that is not undone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownCoding {
    /// By its name.
    #[error("{0}")]
    Named(String),
    /// More of them than an ordinary answer has.
    #[error("{0} times over")]
    Layers(usize),
}

/// What an answer says that it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
pub enum ContentType {
    /// It does not say.
    #[default]
    #[error("no content type")]
    Missing,
    /// It says what is no media type. It is not repeated, for it could pass for something else.
    #[error("an unreadable content type")]
    Unreadable,
    /// The essence of its media type, such as `text/html`, in lower case.
    #[error("{0}")]
    Essence(String),
}
