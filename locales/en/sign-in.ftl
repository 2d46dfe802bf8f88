### Sign-in at a provider, by the browser. No full stop at the end.

## The provider: its address and what it says of itself.

sign-in-issuer-malformed = the sign-in service's address should look like https://id.example
sign-in-issuer-insecure = the sign-in service's address must begin with https://
sign-in-issuer-extras = leave out a user name, ? and # in the sign-in service's address
sign-in-unreachable = the sign-in service cannot be reached
sign-in-unavailable = the sign-in service does not work at the moment (status { $status })
sign-in-no-metadata = there is no sign-in service at this address; ask your administrator
sign-in-metadata-malformed = what the sign-in service says of itself cannot be read; ask your administrator
sign-in-metadata-insecure = the sign-in service has an address that is not encrypted; ask your administrator
sign-in-other-issuer = another sign-in service answers than the one that was asked; ask your administrator
sign-in-no-pkce = the sign-in service protects sign-ins in no way that is safe (S256); ask your administrator

## Where the server says that people sign in.

sign-in-offer-unreachable = the server cannot be asked where to sign in
# $problem is why there was no answer.
sign-in-offer-unreachable-because = the server cannot be asked where to sign in: { $problem }
sign-in-offer-unavailable = the server cannot say where to sign in at the moment (status { $status }); try again in a few minutes
sign-in-offer-unauthorized = the server demands a token before it says where to sign in, so paste one; administrators can make that public
sign-in-offer-redirected = the server sends the question where to sign in elsewhere, which is not followed; check the address
sign-in-offer-web-page = a web page answered the question where to sign in; check the address
sign-in-offer-malformed = what the server says about signing in cannot be read; ask your administrator
# $problem says what is wrong with the address of the sign-in service.
sign-in-offer-issuer = the server names a sign-in service that cannot be used: { $problem }; ask your administrator
# Both are addresses of sign-in services.
sign-in-offer-not-as-set = the server names { $named } as its sign-in service, but { $set } is set on this computer; ask your administrator
sign-in-offer-nothing = this server does not offer to sign in in the browser; paste a token
# Both are addresses of sign-in services.
sign-in-offer-changed =
    the server now names { $now } as its sign-in service; last time you signed in at { $before }. If you did not expect that, ask your administrator
# $issuer is the address of the sign-in service.
sign-in-offer-other-client =
    the server now names another registration of this app at { $issuer } than last time. If you did not expect that, ask your administrator

## What came of a sign-in.

# $problem is the system's.
sign-in-no-port = the browser cannot come back to this app: { $problem }; paste its address, or restart the computer
sign-in-no-randomness = this computer has no random numbers, so nobody can sign in safely; restart it
sign-in-denied = the sign-in was cancelled or refused there; sign in again
# $code is for an administrator.
sign-in-refused = the sign-in service refused it ({ $code }); ask your administrator
# $words are the sign-in service's own.
sign-in-refused-because = the sign-in service refused it: { $words } ({ $code }); ask your administrator
sign-in-provider-failed = the sign-in service does not work at the moment; try again in a few minutes
sign-in-timed-out = nobody signed in within the time; sign in again
sign-in-answer-of-another = the answer came from another sign-in service; sign in again, and if it happens again, ask your administrator
sign-in-code-refused = the sign-in took too long or was used already; sign in again
# $code is for an administrator.
sign-in-misconfigured = the sign-in service is not set up for this app ({ $code }); ask your administrator
sign-in-not-json = something else answered in the sign-in service's place; check the network
sign-in-no-token = the sign-in service gave no access; ask your administrator
sign-in-identity-missing = the sign-in service does not say who signed in; ask your administrator
sign-in-identity-time = the sign-in service's clocks do not agree; ask your administrator
# $problem is in English, for an administrator.
sign-in-identity-wrong = who signed in cannot be trusted ({ $problem }); sign in again, and if it happens again, ask your administrator
sign-in-paste-no-address = this is not the address of the page that did not open; it begins with http://127.0.0.1
sign-in-paste-other = this address belongs to another sign-in; copy that of the page that opened last
sign-in-paste-late = this sign-in is being completed already
sign-in-device-not-offered = the sign-in service does not offer a sign-in on another device
sign-in-revoke-not-offered = the sign-in service cannot end the sign-in from here; its account page can

## The page in the browser, when somebody comes back from the sign-in service.

sign-in-page-done = You are signed in
sign-in-page-close = You can close this page and go back to Gloria Notify.
sign-in-page-failed = You are not signed in
sign-in-page-back = Go back to Gloria Notify
sign-in-page-unfinished = It shows whether you are signed in. You can close this page.
sign-in-page-again = Almost there
sign-in-page-forgotten = The sign-in page forgot what it was asked for. Sign in there, then press Open again in Gloria Notify.
sign-in-page-nothing = Nothing to do here
sign-in-page-unknown = This page belongs to no sign-in of Gloria Notify that is under way. You can close it.
