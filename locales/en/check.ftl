### The steps of a connection test: their names, and what each found, without a full stop.

check-address = Address
check-address-plain = { $address } is used without encryption, which is only for this computer and for testing
check-address-encrypted = { $address } is used with encryption
check-server = Server and token
check-server-passed = the server accepted the token and opened the stream
check-server-passed-at = the server accepted the token and opened the stream at { $path }
check-event = First event
check-event-came = an event arrived
check-no-event = the stream is open; no event has come yet
check-timeout = no answer within { $seconds } s; check the address and the network
check-no-answer = the attempt ended without an answer

## $cause is one of cause-*.

check-advised-address = { $cause }; check the address
check-advised-network = { $cause }; check the network
check-advised-proxy =
    { $cause }; give the proxy's user name and password in its address, or, if it requires a Windows sign-in (NTLM, Kerberos), run a helper such as Px on this computer and set that as the proxy
check-advised-certificate = { $cause }; check this computer's clock, or ask your administrator for the certificate
check-advised-client-certificate = { $cause }; ask your administrator for one that it accepts
check-advised-browser = { $cause }; open a browser and sign in there
check-token-refused = the server does not accept this token; check it, or ask for a new one

## A test notification. The user looks whether it appears.

check-notification = Notification
check-notification-shown = the desktop says that it shows it
check-notification-paused = "do not disturb" is on, so the desktop shows it later
check-notification-handed-over = the system has it; if you do not see it, look into the system's settings for notifications
check-sound = Sound
check-sound-played = it was played at a volume of { $volume } %
check-sound-off = sounds are turned off in the preferences
check-sound-paused = sounds are paused
