### Address, token and keyring: what is wrong with them and what to do. No full stop at the end.

address-empty = enter the server's address, such as https://gloria.example
address-malformed = this is not an address; it should look like https://gloria.example
address-without-host = there is no server in the address; it should look like https://gloria.example
address-port = the port in the address is not a number from 0 to 65535; it should look like https://gloria.example:8443
address-number = the IP address is incomplete; it should look like 192.0.2.7 or [2001:db8::7]
address-host = the server's name has characters that are not allowed in one; it should look like https://gloria.example
# A single word was entered, and $address was made of it.
address-bare-word = { $address } is taken for the server's address; write it in full, such as https://gloria.example
address-spaces = the address has spaces or line breaks in it; enter the address alone, in one line
address-several = these are several addresses; enter one
address-cut-off = the address is cut off at its end; copy all of it
address-scheme = the address must begin with https:// or wss://
# $scheme is http or ws.
address-unencrypted = plain { $scheme } would send your token unencrypted; use { $scheme }s://
address-user-info = leave the user name and the password out of the address
address-with-token = the address contains a token; leave out the ? and what follows it, and enter the token by itself
address-is-token = this is a token; enter the server's address here, and the token by itself
address-extras = leave out what follows ? or # in the address

token-empty = the token is empty
token-malformed = the token contains characters that no token has; copy it again, without line breaks
token-is-address = the token is an address; enter the token alone here
token-cut-off = the token is cut off at its end; copy all of it
token-too-long = the token is too long
token-without-server =
    it is not clear which server it is for; set GLORIA_API_URL, or GLORIA_TOKEN_FOR to the server's address
# $problem is why the server refused it.
token-not-saved = the token is not saved, and nothing has changed: { $problem }
token-superseded = the token is not saved, because something else was chosen meanwhile
token-unkept-locked =
    The token is kept only until Gloria Notify quits, because the keyring is locked; unlock the keyring and save the token again to keep it
token-unkept-unavailable =
    The token is kept only until Gloria Notify quits, because no keyring is available: { $problem }; install or start a keyring to keep it
token-unkept-refused =
    The token is kept only until Gloria Notify quits, because the keyring refused the token: { $problem }; ask your administrator
token-not-removed = you are disconnected, but the token could not be removed: { $problem }

sign-in-ended = your sign-in has ended: it was revoked, or not used for too long; sign in again
sign-in-cut-off = the connection broke off while your sign-in was renewed, so it has ended; sign in again
sign-in-other-person = the sign-in page answered for another person; sign in again
sign-in-refused-by-server = the server does not accept your sign-in any more; sign in again
sign-in-rejected = the server does not accept this sign-in although it is new; ask your administrator
sign-in-busy = another program is renewing your sign-in
access-not-given = Gloria Notify has no sign-in of this server that others can use now
sign-in-interrupted = your sign-in is renewed after the computer has slept
sign-in-not-renewable =
    the sign-in service gave nothing to renew the sign-in with, so it would end in a few hours; ask your administrator (auth.scopes, auth.prompt)
sign-in-over = your sign-in is over, and nothing renews it; sign in again
sign-in-elsewhere = the settings now name another sign-in service than the one that you signed in at; sign in again
sign-in-lasts =
    { $hours ->
        [one] you will have to sign in again in an hour: the sign-in service gave nothing to renew the sign-in with
       *[other] you will have to sign in again in { $hours } hours: the sign-in service gave nothing to renew the sign-in with
    }
sign-in-ends-soon =
    { $minutes ->
        [one] your sign-in ends in a minute; sign in again
       *[other] your sign-in ends in { $minutes } minutes; sign in again
    }
sign-in-settings-changed = the server's address or its sign-in service was changed meanwhile; sign in again
sign-in-restarted = Gloria Notify started again while you signed in; sign in again
sign-in-token-set = the token is set for you and cannot be changed

# $program is the path of the program that the administrator has set in auth.command.
command-not-started =
    the command that signs you in ({ $program }) cannot be started: { $problem }; ask your administrator (auth.command)
# As the end of command-not-started.
command-not-permitted = you are not allowed to run it
command-timed-out =
    the command that signs you in ({ $program }) did not end within { $seconds } seconds; ask your administrator (auth.command)
command-failed =
    the command that signs you in ({ $program }) failed with exit code { $code }; ask your administrator (auth.command)
command-killed =
    the command that signs you in ({ $program }) was ended by signal { $signal }; ask your administrator (auth.command)
command-too-long =
    the command that signs you in ({ $program }) printed more than { $limit } bytes; ask your administrator (auth.command)
command-unreadable =
    what the command that signs you in ({ $program }) printed could not be read: { $problem }; ask your administrator (auth.command)
command-empty =
    the command that signs you in ({ $program }) printed nothing; ask your administrator (auth.command)
command-not-text =
    the command that signs you in ({ $program }) printed something that is no text; ask your administrator (auth.command)
command-no-token =
    the command that signs you in ({ $program }) printed neither a token nor JSON with access_token; ask your administrator (auth.command)
command-quoted =
    the command that signs you in ({ $program }) printed more than the token alone, such as quotes or brackets around it; ask your administrator (auth.command)
command-token-over =
    the command that signs you in ({ $program }) printed a token that has ended; ask your administrator (auth.command)
command-token-refused =
    the server does not accept the token of the command that signs you in ({ $program }); ask your administrator (auth.command)
command-signs-in = your administrator has set a command that signs you in (auth.command)

sign-in-not-revoked = you are signed out here, but the sign-in could not be revoked: { $problem }

keyring-locked = the keyring is locked; unlock it and try again
keyring-unavailable = no keyring is available: { $problem }
keyring-refused = the keyring refused the token: { $problem }

# Why there is none, as the end of keyring-unavailable or keyring-refused.
keyring-library-failed = its library failed
keyring-thread-ended = its thread has ended; start the app again
keyring-hangs = it does not answer; log out and in again to restart it
keyring-would-prompt = it might prompt
keyring-no-token = what it holds for this address is not a token; enter the token again
keyring-too-long = it is longer than the { $limit } bytes that this system can store
keyring-several = it has more than one token for this address; delete them there and enter the token again
keyring-inconsistent = it lists an entry that it then cannot find; restart it and try again
keyring-none = it has no default keyring; create one with Passwords and Keys or KWallet Manager
keyring-start-one = { $problem }; start GNOME Keyring, KWallet or KeePassXC and try again

proxy-not-saved = the proxy was not saved: { $problem }
proxy-password-in-memory = the proxy's password is kept only until Gloria Notify quits: { $problem }
proxy-password-unavailable = the proxy's password is not available: { $problem }
proxy-password-in-file = the proxy's password stays in the settings file: { $problem }
proxy-password-too-long = it is too long
address-locked = the server's address is set for you and cannot be changed
autostart-not-changed = the start at login is in a file that could not be changed: { $problem }
log-level-locked = how much is logged is set by your administrator
nothing-asked = nothing is asked
erase-another-account = nothing was erased: somebody else has signed in since; look with `gloria account list`, and erase the account by its name
account-unknown = this account is not on this computer any more
snooze-not-ahead = choose a time in the next year
inbox-not-erased = you are signed out, but the inbox was not erased: { $problem }
