### Why there is no connection. Each is the end of a sentence, or begins one of its own: no full stop.

cause-status = the server answered { $status }
# $kind is a media type, such as text/html.
cause-web-page = this address answered with a web page ({ $kind }), not an event stream
cause-other-type = this address answered with { $kind }, not an event stream
cause-no-type = this address answered without saying that it is an event stream
cause-encoded = the answer is compressed in a way that is not understood here ({ $coding }); the server should send it as it is
cause-network-sign-in = this network asks for a sign-in of its own
cause-no-token = no token is saved
cause-token-unavailable = { $problem }
cause-token-timeout = the keyring did not answer
cause-name-not-found = no server found under this name
cause-connection-refused = the server refused the connection
cause-unreachable = the server cannot be reached from this network
cause-connect-timeout = no connection within { $seconds } s
cause-answer-timeout = no answer within { $seconds } s
cause-certificate = the certificate is not trusted: { $problem }
cause-certificate-file = the certificate file { $problem }
cause-client-certificate = { $problem }
cause-tls = no secure connection could be made: { $problem }
cause-proxy-sign-in = the proxy asks for a sign-in
cause-proxy = the proxy gave no way through: { $problem }
cause-no-answer = the connection broke off before an answer: { $problem }
cause-not-found = no event stream was found at this server: tried { $places }
cause-not-http = the answer is not HTTP: { $problem }
cause-not-web-socket = this address does not answer as a WebSocket: { $problem }
cause-redirect-nowhere = the server redirects to nowhere
cause-redirect-insecure = the server redirects to an address that is not secure
cause-redirect-circle = the server redirects in a circle
cause-set-up = the connection could not be set up: { $problem }
cause-closed = the server closed the connection
cause-closed-with = { $code ->
    [1011] the server closed the connection over an error of its own (1011)
    [1012] the server is restarting (1012)
    [1013] the server asks to try again later (1013)
   *[other] the server closed the connection with code { NUMBER($code, useGrouping: 0) }
}
cause-against-policy = the server closed the connection by a rule of its own (1008)
cause-broken-off = the connection broke off: { $problem }
cause-silent = nothing heard for { $seconds } s
cause-buffered =
    something between here and the server, such as a proxy, holds the stream back: { $count } times not one byte came
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
cause-other-person = there is a new token, and it is not clear whether it is the same person's
cause-disconnected = disconnected by you
cause-not-at-start = not connected, because connecting at the start is off
cause-restarting = Gloria Notify had an internal error and starts again

## $cause is one of the above.

advised-web-socket = { $cause }; an address that begins with wss:// gets through most of them
advised-server = { $cause }; check that the address and its port are right, and that the server is running
