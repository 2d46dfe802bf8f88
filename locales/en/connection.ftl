### Why there is no connection. Each is the end of a sentence, or begins one of its own: no full stop.

cause-status = the server answered { $status }
cause-token-too-large =
    the token is too long for the server (431); your administrator can shorten it or raise the limit
# $kind is a media type, such as text/html.
cause-web-page = this address answered with a web page ({ $kind }), not an event stream
cause-other-type = this address answered with { $kind }, not an event stream
cause-no-type = this address answered without saying that it is an event stream
cause-unreadable-type = this address answered with an unreadable content type, not an event stream
cause-encoded = the answer is compressed in a way that is not supported ({ $coding }); the server should send it uncompressed
cause-encoded-often = the answer is compressed { $count } times over; the server should send it uncompressed
cause-network-sign-in = this network requires you to sign in
cause-no-token = no token is saved
cause-token-unavailable = { $problem }
cause-token-timeout = the keyring did not answer
cause-token-unsendable = the token contains characters that cannot be sent
cause-name-not-found = no server found under this name
cause-connection-refused = the server refused the connection
cause-unreachable = the server cannot be reached from this network
cause-connect-timeout = no connection within { $seconds } s
cause-answer-timeout = no answer within { $seconds } s
cause-certificate = the certificate is not trusted: { $problem }
cause-certificate-file = the certificate file { $path } cannot be used: { $problem }
cause-client-certificate = { $problem }
cause-tls = no secure connection could be made: { $problem }
cause-proxy-sign-in = the proxy asks for a sign-in
cause-proxy = the proxy did not let the connection through: { $problem }
cause-no-answer = the connection was lost before an answer: { $problem }
cause-not-found = no event stream was found at this server: tried { $places }
cause-not-http = the answer is not HTTP: { $problem }
cause-not-web-socket = this address does not answer as a WebSocket: { $problem }
cause-redirect-nowhere = the server redirects to nowhere
cause-redirect-insecure = the server redirects to an address that is not secure
cause-redirect-circle = the server redirects in a circle
cause-set-up = the connection could not be set up: { $problem }
cause-closed = the server closed the connection
cause-closed-with = { $code ->
    [1011] the server closed the connection because of an internal error (1011)
    [1012] the server is restarting (1012)
    [1013] the server asks clients to try again later (1013)
   *[other] the server closed the connection with code { NUMBER($code, useGrouping: 0) }
}
cause-against-policy = the server closed the connection because of its policy (1008)
cause-broken-off = the connection was lost: { $problem }
cause-silent = nothing heard for { $seconds } s
cause-buffered =
    something between here and the server, such as a proxy, is buffering the stream: { $count } times no byte arrived
cause-long-line = a line is longer than { $limit } KiB
cause-large-event = an event is larger than { $limit } KiB
cause-over-limits-again = { $overflow }, { $count } times in a row; it will be skipped
cause-network-changed = the network changed
cause-slept = the computer was asleep
cause-token-changed = there is a new token
cause-stopped = the server asked this client to stop
cause-unauthorized = the server does not accept the token; sign in again
cause-token-expired = the token has expired or was withdrawn; sign in again
cause-forbidden = this account has no access to the stream
cause-sign-in-first = no token is saved; sign in first
cause-other-person = there is a new token, and it is not clear whether it belongs to the same person
cause-other-application =
    people sign in by another application now, and it is not clear whether it is the same person
cause-greeting-unknown = the server calls you by an id that is not known to be yours
cause-greeting-differs =
    the server takes you for another person than the one who signed in, so nothing is shown; tell your administrator
cause-disconnected = disconnected by you
cause-not-at-start = not connected, because connecting at startup is off
cause-restarting = Gloria Notify had an internal error and is restarting

## What exactly was wrong: the end of the sentence of its cause. What the system or a library says is as it came.

certificate-expired-at = it expired on { DATETIME($at, dateStyle: "medium") }, or this computer's clock is wrong
certificate-expired = it has expired, or this computer's clock is wrong
certificate-valid-from =
    it is not valid before { DATETIME($from, dateStyle: "medium") }, or this computer's clock is wrong
certificate-not-yet-valid = it is not valid yet, or this computer's clock is wrong
certificate-wrong-name = it belongs to another name
certificate-unknown-issuer = it is not signed by anyone this computer trusts
certificate-of-authority =
    it is the certificate of an authority (CA:TRUE), as many self-signed ones are; the server needs one of its own
certificate-revoked = it was revoked
certificate-wrong-purpose = it is not meant for servers
certificate-old-version = it has an old form (before version 3 of X.509), which does not say whose it is
certificate-not-allowed = one of the authorities behind it was not allowed to sign it
certificate-bad-signature = its signature is not valid, or of a kind that is not supported
certificate-unreadable = it cannot be read
certificate-other = { $problem }

file-not-there = there is no such file
file-not-permitted = you are not allowed to read it
file-not-readable = it cannot be read ({ $problem })
file-no-certificate = it contains no certificate
file-damaged-certificate = it contains a damaged certificate
file-damaged = it is damaged
file-pkcs12-unwanted = it is a PKCS#12 file; only certificates are accepted here, as PEM or DER
file-key-unwanted = it contains a private key, which does not belong here
file-pkcs12-not-readable = it is a PKCS#12 file that cannot be read ({ $problem })
file-no-key = it contains no private key
file-damaged-key = it contains a damaged private key
file-foreign-key = it contains a private key that does not belong to the certificate
file-unsupported-key = it contains a private key of a kind that is not supported
file-old-encryption =
    it contains a key encrypted in OpenSSL's old format; convert it with "openssl pkcs8 -topk8"
file-password-wanted = it needs a password
file-wrong-password = it cannot be opened with this password
file-not-usable = its certificate and key do not work together

client-certificate-wanted = the server asks for a client certificate
client-certificate-refused = the server does not accept the client certificate
client-certificate-expired = the server does not accept the client certificate, because it has expired
client-certificate-revoked = the server does not accept the client certificate, because it was revoked
client-certificate-unknown-issuer =
    the server does not accept the client certificate, because it does not know who signed it

tls-http1-refused = the server refuses HTTP/1.1
tls-not-tls = what answers there does not use encryption; perhaps the address has the port of another service
tls-old-version = the server offers only versions of TLS that are no longer secure
tls-nothing-in-common = the server offers no encryption that is supported here, or asks for a client certificate
tls-unknown-name = the server does not know the name in this address
tls-no-certificate = the server presents no certificate
# $name is the name of an alert in the standard of TLS, such as InternalError.
tls-alert = the server refused it ({ $name })
tls-other = { $problem }

proxy-not-there = nothing answers there
proxy-name-not-found = its name was not found
proxy-certificate = its own certificate is not trusted: { $problem }
proxy-tls = no secure connection to the proxy itself could be made: { $problem }
proxy-hung-up = it closed the connection
proxy-refused = it refuses to connect to this server
proxy-not-socks = it does not answer as a SOCKS proxy
proxy-too-long = its answer is too long
proxy-not-allowed = its rules do not allow this server
proxy-unreachable = it cannot reach the server
proxy-server-refused = the server refused the proxy's connection
proxy-failed = it had an internal error
proxy-unsupported = it does not support connections of this kind
proxy-other = { $problem }

break-reset = it was reset
break-truncated = it ended in the middle
break-timed-out = the other side stopped answering
break-unreachable = the server cannot be reached any more
break-bad-http = what came was not valid HTTP
break-unasked = data came before any request was sent
break-http2 = the server, or something in front of it, ended the HTTP/2 stream
break-tls = the encryption failed: { $problem }
break-damaged-compression = the compressed stream is damaged
break-no-close = it ended without a close frame
break-not-utf8 = a message was not valid text (UTF-8)
break-bad-frame = what came was not valid WebSocket
break-other = { $problem }
break-unknown = no reason was given

not-http-beginning = it does not begin as HTTP does
not-http-http2 = it is HTTP/2, which was not asked for
not-http-status = its status is not valid
not-http-header = one of its headers is not valid
not-http-too-large = its headers are too large

not-web-socket-event-stream = it is an event stream's; write https:// instead of wss://
not-web-socket-other-protocol = it switches to another protocol
not-web-socket-wrong-accept = its Sec-WebSocket-Accept header does not match the request
not-web-socket-extension = it uses an extension that was not offered
not-web-socket-subprotocol = it chose a subprotocol that was not offered

set-up-internal = Gloria Notify had an internal error
set-up-other = { $problem }

## $cause is one of the above.

advised-web-socket = { $cause }; an address that begins with wss:// gets through most of them
advised-server = { $cause }; check that the address and its port are right, and that the server is running
