### The settings as organisations set them: in the templates for Group Policy, in docs/policies.md and in `gloria policy`.
### A title for each setting, and what it does, by the setting's name.

policy-name = Gloria Notify
policy-description = Settings of Gloria Notify that users of this computer cannot change
# $version is the first version of Gloria Notify that reads a policy.
policy-supported = Gloria Notify { $version } or later
policy-lines = One on each line.

## The groups of settings.

policy-section-api = Server
policy-section-auth = Sign-in
policy-section-inbox = Inbox
policy-section-log = Log
policy-section-metrics = Metrics
policy-section-network = Network
policy-section-sounds = Sounds
policy-section-start = Start
policy-section-sse = Event stream
policy-section-updates = Newer versions
policy-section-window = Window

## Each setting.

policy-api-allow-plain-http = Allow servers without encryption
policy-api-allow-plain-http-help = Allows http:// and ws:// to other computers. For tests only: anyone on the way can read the token.

policy-api-url = Server address
policy-api-url-help =
    The address of the Gloria System, such as https://gloria.example. With wss:// instead of https:// the event stream is a WebSocket.

policy-auth-transport = How the token is sent
policy-auth-transport-help =
    "header" sends the token in the Authorization header. "query" sends it in the address, for servers that read it only there.

policy-auth-issuer = Sign-in service
policy-auth-issuer-help =
    The issuer of the OpenID provider where users sign in, exactly as the provider writes it. Without it the server is asked.

policy-auth-client-id = Client id at the sign-in service
policy-auth-client-id-help = The id under which Gloria Notify is registered there: a public client with PKCE and no secret.

policy-auth-scopes = Scopes of the sign-in
policy-auth-scopes-help = The scopes to request, separated by spaces. Without offline_access most providers allow no renewal.

policy-auth-prompt = Prompt of the sign-in page
policy-auth-prompt-help = The prompt parameter of the sign-in page. Some providers allow no renewal without "consent".

policy-auth-audience = Audience of the token
policy-auth-audience-help = The audience that the token is requested for, if the provider needs one.

policy-auth-ports = Ports for the sign-in
policy-auth-ports-help =
    The ports of this computer to which the provider may send the browser back. They have to be registered at the provider.

policy-auth-command = Command that prints the token
policy-auth-command-help =
    The full path of a program that prints the token, and its arguments. Users then neither sign in nor enter a token.

policy-auth-command-for = Server of that command
policy-auth-command-for-help = The server that the token of the command belongs to. Without it, the server address in effect.

policy-sse-auto-connect = Connect at start
policy-sse-auto-connect-help = If it is off, users have to choose Connect after each start.

policy-sse-reconnect-interval = First delay before a new attempt
policy-sse-reconnect-interval-help = The delay after the first failure, such as 5s or 500ms. A value of the server overrides it.

policy-sse-max-reconnect-attempts = Attempts before they become rare
policy-sse-max-reconnect-attempts-help = After this many failures in a row, Gloria Notify tries less often. It never stops trying.

policy-sse-heartbeat-interval = Heartbeat
policy-sse-heartbeat-interval-help =
    A connection counts as dead after 2.5 times this long without data, such as 30s. A value of the server overrides it.

policy-sse-types = Event types
policy-sse-types-help = Receive only these event types. Without it, all.

policy-network-proxy = Proxy
policy-network-proxy-help =
    "system" for the proxy of the system, "none" for a direct connection, or an address such as http://proxy.example.com:3128. Put no password into it: every user can read a policy.

policy-network-no-proxy = Hosts without proxy
policy-network-no-proxy-help = Names, addresses and networks that are reached without the proxy.

policy-network-ca-file = Additional root certificates
policy-network-ca-file-help =
    A file with certificates (PEM, DER or PKCS#7), or a folder of such files. They are trusted in addition to those of the system.

policy-network-client-certificate = Client certificate
policy-network-client-certificate-help =
    The file of the certificate for servers that request one: PEM, DER or PKCS#12. Users need permission to read it.

policy-network-client-key = Key of the client certificate
policy-network-client-key-help = The file of its private key, if that is in a file of its own. Users need permission to read it.

policy-network-client-certificate-password = Password of that file
policy-network-client-certificate-password-help =
    The password of the file with the private key. Every user of the computer can read a policy, and so this password.

policy-network-probe-url = Address for detecting a sign-in page of the network
policy-network-probe-url-help = An http:// address that answers 204, to find out whether a network requires a sign-in.

policy-sounds-enabled = Sounds
policy-sounds-enabled-help = Whether notifications play a sound.

policy-sounds-volume = Volume of sounds
policy-sounds-volume-help = In percent.

policy-sounds-sound = Sound of notifications
policy-sounds-sound-help = The sound that notifications play.

policy-window-appearance = Colours of the window
policy-window-appearance-help = "system" follows the desktop.

policy-start-at-login = Start at login
policy-start-at-login-help = Whether Gloria Notify starts when a user logs in. Without this, users have a switch.

policy-log-level = How much is logged
policy-log-level-help =
    At "debug" and "trace" each step of the connection is logged. At no level does the log contain a token or the text of a notification.

policy-metrics-listen = Address of the metrics
policy-metrics-listen-help = The address and port on this computer where metrics are served, such as 127.0.0.1:9464. Without it, none.

policy-metrics-textfile = File of the metrics
policy-metrics-textfile-help = The full path of a file, ending in .prom, into which metrics are written every minute for the collector of node_exporter or windows_exporter. Other users can read it. Without it, none.

policy-inbox-keep-days = Days that read notifications are kept
policy-inbox-keep-days-help = After this many days read notifications are removed. Unread, flagged and snoozed ones and those to be acknowledged are kept longer.

policy-inbox-keep-items = Notifications kept of each category
policy-inbox-keep-items-help = Beyond this number the oldest are removed, unread urgent ones last.

policy-inbox-keep-categories = Other limits of single categories
policy-inbox-keep-categories-help = For each category, the days that read notifications are kept or the number that is kept, such as "payroll: 3650 days" and "builds: 500 items".

policy-inbox-keep-megabytes = Megabytes of the inbox
policy-inbox-keep-megabytes-help = Beyond this size the oldest events of the log are removed, then the oldest notifications, read ones first and urgent ones last.

policy-updates-url = Address of the manifests of versions
policy-updates-url-help =
    The folder in which your organisation publishes signed manifests of the newest version, such as https://gloria.example/updates. With the key, users learn of newer versions. Nothing is installed.

policy-updates-key = Key of the manifests of versions
policy-updates-key-help =
    The public key of minisign that the manifests have to be signed with. Both address and key are needed; without them, users learn nothing.

policy-updates-channel = Channel of versions
policy-updates-channel-help = "stable" is what everyone should have, "beta" what is tried before that.
