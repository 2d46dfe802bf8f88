# What stands only in the window. Words that the core sends as a code are in the other files.
# Times are given in milliseconds since 1970, durations and counts as numbers; both are written in the reader's way.

## The app

ui-title = Gloria Notify
# $badge: the number of new notifications, or "99+"
ui-title-count = ({ $badge }) Gloria Notify
ui-silent-title = Gloria Notify does not answer
ui-silent = It may only be busy. If this does not change, quit Gloria Notify and start it again.
ui-try-again = Try again
ui-unexpected = Something unexpected happened
ui-other-version = this window and the running Gloria Notify are different versions: quit Gloria Notify and start it again
ui-back = Back
ui-back-key = Back (Esc)
ui-close = Close
ui-dismiss = Dismiss
ui-undo = Undo
ui-not-yet = Not yet
ui-no-value = –
ui-locked-administrator = Set by your organisation
ui-locked-environment = Set by the environment
ui-last-action = Last action
# A newer version of Gloria Notify.
ui-release-title = New version
ui-release = Version { $version } is available
ui-release-notes = What is new
ui-insecure = Not encrypted: your token and your notifications can be read on the way.
ui-details = Details
# The bar above the list: what the user should know or do, one thing at a time.
ui-status = What you should know
ui-status-more = { $count } more
ui-status-fewer = Fewer
# $time: a time of day, or a day with it
ui-nothing-since = Nothing has arrived since { $time }
ui-nothing-arrives = Nothing arrives at the moment
ui-sounds-paused = Sounds are paused until { $time }
ui-sound-settings = Sound settings

## Figures and times

ui-number = { NUMBER($value, maximumFractionDigits: 0) }
ui-percent = { NUMBER($value, maximumFractionDigits: 1) } %
ui-percent-least = < { NUMBER($value, maximumFractionDigits: 1) } %
ui-percent-aloud = { $value } percent
ui-rate = { NUMBER($value, maximumFractionDigits: 1) }
ui-micros = { $value } µs
ui-millis = { NUMBER($value, maximumFractionDigits: 1) } ms
ui-seconds-part = { NUMBER($value, maximumFractionDigits: 1) } s
ui-bytes = { $value } B
ui-kilobytes = { NUMBER($value, maximumFractionDigits: 1) } kB
ui-megabytes = { NUMBER($value, maximumFractionDigits: 1) } MB
ui-gigabytes = { NUMBER($value, maximumFractionDigits: 1) } GB
ui-terabytes = { NUMBER($value, maximumFractionDigits: 1) } TB
ui-time = { DATETIME($at, timeStyle: "short") }
ui-time-full = { DATETIME($at, dateStyle: "full", timeStyle: "short") }
ui-weekday = { DATETIME($at, weekday: "long") }
ui-date = { DATETIME($at, weekday: "short", day: "numeric", month: "long") }
ui-date-year = { DATETIME($at, weekday: "short", day: "numeric", month: "long", year: "numeric") }
ui-today = Today
ui-yesterday = Yesterday
ui-since-week = { DATETIME($at, weekday: "long") } { DATETIME($at, timeStyle: "short") }
ui-since-date = { DATETIME($at, day: "numeric", month: "long") }, { DATETIME($at, timeStyle: "short") }
ui-age-now = now
ui-age-minutes = { $minutes } min
ui-age-hours = { $hours } h
ui-ago-now = just now
ui-ago-seconds = { $seconds } s ago
ui-ago-minutes = { $minutes } min ago
ui-ago-hours = { $hours } h ago
ui-ago-days = { $days } d ago
ui-in-now = now
ui-in-seconds = in { $seconds } s
ui-in-minutes = in { $minutes } min
ui-in-hours = in { $hours } h
ui-for-seconds = { $seconds } s
ui-for-minutes = { $minutes } min
ui-for-minutes-seconds = { $minutes } min { $seconds } s
ui-for-hours = { $hours } h
ui-for-hours-minutes = { $hours } h { $minutes } min
ui-for-days = { $days } d
ui-for-days-hours = { $days } d { $hours } h

## The inbox

ui-inbox-which = Which notifications
ui-inbox = Inbox
ui-unread = Unread
ui-flagged = Flagged
ui-snoozed = Snoozed
ui-archived = Archived
ui-list-inbox = Notifications
ui-list-unread = Unread notifications
ui-list-flagged = Flagged notifications
ui-list-snoozed = Snoozed notifications
ui-list-archived = Archived notifications
ui-badge =
    { $count ->
        [0] No new notifications
        [one] { $count } new notification
       *[other] { $count } new notifications
    }
ui-bell-new = new. Go to the newest
ui-bell-nothing = Nothing new. Go to the newest
ui-mark-all-read = Mark all read
ui-preferences = Preferences
ui-reading-inbox = Reading the inbox…
ui-reading-older = Reading older notifications…
ui-inbox-unreadable-title = The inbox could not be read
ui-inbox-unreadable = The inbox could not be read: { $reason }
ui-new-items = { $count } new
ui-pinned = On top
ui-empty-title = You are up to date
ui-empty = New notifications appear here as they arrive.
ui-empty-away = New notifications appear here once connected.
ui-empty-history = New notifications appear here, from { DATETIME($at, timeStyle: "short") } on. This server does not send again what you miss while you are not connected.
ui-show-archived = Show archived
ui-show-inbox = Show the inbox
# Beside the list, while no notification is open.
ui-nothing-open =
    { $count ->
        [0] Nothing unread
       *[other] { $count } unread
    }
ui-nothing-open-text = Choose a notification to read it here. The keys J and K move through the list, and ? shows all keys.
# The edges between the list of views, the list of notifications, and the open one.
ui-resize-views = Width of the list of views
ui-resize-list = Width of the list of notifications
ui-empty-unread-title = Nothing unread
ui-empty-unread = You have read everything in the inbox.
ui-empty-flagged-title = Nothing flagged
ui-empty-flagged = What you flag is also found here.
ui-empty-snoozed-title = Nothing snoozed
ui-empty-snoozed = What you snooze waits here until its time.
ui-empty-archived-title = Nothing archived
ui-empty-archived = What you archive is kept here.
# The field above the list.
ui-search = Search notifications
ui-search-hint = Words, "a phrase", from:anna, category:builds, is:unread, is:done, is:urgent, before:2026-11-01, after:2026-10
ui-search-clear = Clear the search
ui-list-found = Found notifications
ui-found-none-title = Nothing found
ui-found-none = No notification has these words, archived ones included.
ui-found-none-yet = Older notifications are still being made searchable. What is found so far is shown.
ui-found-incomplete = Older notifications are still being made searchable.
ui-done-archived = Archived
ui-done-snoozed = Snoozed
ui-snooze = Snooze
ui-snooze-hour = An hour
ui-snooze-afternoon = This afternoon
ui-snooze-later = In three hours
ui-snooze-tomorrow = Tomorrow
ui-snooze-monday = Monday
# When a snoozed notification returns, beside one of the choices above; on another day than today
ui-snooze-day-time = { DATETIME($at, weekday: "short", hour: "2-digit", minute: "2-digit") }
ui-snooze-end = Return to the inbox now
ui-snoozed-until = Snoozed until { $time }
ui-more-actions-of = Actions for { $title }
ui-flag = Flag
ui-unflag = Remove flag
ui-acknowledge = Acknowledge
ui-done-unarchived = Moved to the inbox
ui-done-all-read = All marked read
ui-item-gone = That notification is no longer in the inbox
ui-item-withdrawn = The notification was withdrawn
ui-arrived-one = New: { $title }
ui-arrived = { $count } new, newest: { $title }
ui-not-marked = That could not be saved: { $reason }
ui-not-marked-read = The notifications could not be marked read: { $reason }
ui-not-marked-seen = The new notifications could not be marked seen: { $reason }
ui-item-not-read = The notification could not be read: { $reason }
ui-link-not-opened = The link could not be opened: { $reason }

## A notification

ui-kind-notification = Notification
ui-kind-announcement = Announcement
ui-kind-maintenance = Maintenance
ui-kind-workflow-running = Workflow running
ui-kind-workflow-completed = Workflow completed
ui-kind-workflow-failed = Workflow failed
ui-kind-gap = Missing
ui-kind-unreadable = Not readable
ui-priority-high = High
ui-priority-urgent = Urgent
# Said aloud after "High" or "Urgent"
ui-priority = priority
# Said aloud before a title
ui-row-unread = Unread,
# Said aloud after a text
ui-row-flagged = , flagged
# The server does not have yet what the user did with the item.
ui-row-pending = Not sent yet
# The server refused what the user did with the item.
ui-row-refused = Undone
# Said aloud between a title and its time
ui-row-day = , { $day }
ui-mark-read = Mark read
ui-mark-unread = Mark unread
ui-archive = Archive
ui-move-to-inbox = Move to inbox
ui-back-to-list = Back to the list
ui-detail = Notification
ui-received = · received { $time }
ui-progress = Progress
ui-open-link = Open in browser
ui-links-withheld =
    { $count ->
        [one] A link is not shown: only web addresses can be opened.
       *[other] { $count } links are not shown: only web addresses can be opened.
    }
ui-item-pending = What you did is not at the server yet. It is sent by itself.
# $reason is the server's own sentence.
ui-item-refused = The server refused what you did, so it was undone: { $reason }
ui-why-alert = Why did this alert, or not?

## Keys

ui-keys = Keyboard
# What a button does, and the key that does it too
ui-with-key = { $label } ({ $key })
# $key: a letter that is pressed together with Ctrl, or Cmd on a Mac
ui-key-control = Ctrl+{ $key }
ui-single-keys = Single keys
ui-single-keys-note = J, K, E and others act by themselves. Turn them off if you speak to your computer, or press keys by accident. The keys with Ctrl and the arrows stay.
ui-key-home = Home
ui-key-end = End
ui-key-enter = Enter
ui-key-escape = Esc
ui-keys-next = Next notification
ui-keys-previous = Previous notification
ui-keys-first = Newest
ui-keys-last = Oldest
ui-keys-open = Open and mark read
ui-keys-follow = Open its link in the browser
ui-keys-archive = Archive, or move back to the inbox
ui-keys-toggle-read = Mark read or unread
ui-keys-flag = Flag, or remove the flag
ui-keys-snooze = Snooze
ui-keys-undo = Undo
ui-keys-search = Search
ui-keys-connection = Connection
ui-keys-close = Close
ui-keys-help = These keys

## The connection

ui-connection = Connection
ui-open-connection = Open the connection
ui-reason-after-storage = { $storage }. { $reason }
ui-connection-said = { $title }. { $reason }
ui-attempt = Attempt { $number }
ui-attempt-when = Attempt { $number } { $when }
ui-next-attempt = Next attempt { $when }
ui-idle = Not connected
ui-connecting = Connecting
ui-connecting-line = Connecting…
ui-connecting-attempt = Connecting, attempt { $number }…
ui-connected = Connected
ui-connected-heard = Connected · last heard { $ago }
ui-connected-for = For { $duration }
ui-connected-since = · since { $time }
ui-connected-unstored = Connected, but nothing can be stored
ui-connected-unstored-advice = New notifications are shown, and kept until Gloria Notify quits. Gloria Notify keeps trying the file.
ui-offline = Offline
ui-offline-advice = Gloria Notify connects as soon as this computer has a network again.
ui-waiting = Waiting to reconnect
ui-reconnecting = Reconnecting
ui-reconnecting-when = Reconnecting { $when }
ui-state-next-try = { $state } · next try { $when }
ui-circuit-advice = After many failures in a row, Gloria Notify tries less often, but at once when you come back to it, the network changes or the computer wakes.
ui-waiting-for-you = Waiting for you
ui-halted-advice = If you do not know why, tell your administrator. Gloria Notify keeps trying.
ui-needs-you = Needs you
ui-signed-out = Signed out
ui-signed-out-title = You are signed out
# $server: the name of the Gloria System's server
ui-signed-out-at = You are signed out of { $server }
ui-signed-out-text = Nothing new arrives until you sign in.
# The environment or the administrator's command sets the token.
ui-signed-out-given = Nothing new arrives until your administrator replaces the token.
ui-keyring-locked = Keyring locked
ui-same-person = Same person?
ui-advice-sign-in = Sign in again, or enter a new token. If neither works, ask your administrator.
ui-advice-check-address = Compare the server address with the one that your organisation gave you.
ui-advice-unlock-keyring = Your token is in the keyring of this computer. It is unlocked with your password.
ui-advice-confirm-person = Answer above whether it is you. Nothing is stored until then, and nothing is lost.
ui-advice-check-network = Try another network or the VPN. If your organisation sets its proxy by a script (PAC), enter that proxy in the preferences. If nothing changes, tell your administrator.
ui-advice-proxy-sign-in = Enter your name and password for the proxy in the preferences. If it requires a Windows sign-in (NTLM, Kerberos), a helper on this computer such as Px must provide it: ask your administrator, and enter the helper as the proxy.
ui-advice-check-certificate = Check the date and time of this computer. If they are right, tell your administrator: the server may not be who it says it is.
ui-advice-client-certificate = This server lets in only computers that show a certificate. Ask your administrator to set one up on this computer.
ui-advice-network-sign-in = Open a web page in your browser to sign in to this network, as in a hotel or on a train. Then reconnect.
ui-disconnected-advice = Nothing new arrives until you connect.
ui-connect = Connect
ui-disconnect = Disconnect
ui-not-disconnected = The connection could not be ended: { $reason }
ui-connect-again = Connect again
ui-reconnect-now = Reconnect now
ui-sign-in = Sign in
ui-check-address = Check address
ui-unlock-keyring = Unlock keyring
ui-proxy-settings = Proxy settings
ui-not-retried = The connection could not be retried: { $reason }
ui-insecure-title = This connection is not encrypted
ui-insecure-text = Whoever runs a network on the way to the server can read your token and your notifications, and act in your name. Ask for an address that begins with https://.
ui-test = Test the connection
ui-testing = Testing…
ui-not-tested = The connection could not be tested: { $reason }
ui-test-running = Testing the connection…
ui-test-works = The connection works
ui-test-works-not = The connection does not work yet
ui-test-passed = The test passed
ui-test-failed = The test failed. { $step }: { $reason }
ui-step-passed = passed
ui-step-failed = failed
ui-last-heard = Last byte heard
ui-filling = Connected · fetching what was missed, { $items } so far
ui-filling-fails = Connected · what was missed could not be fetched yet, trying again
ui-history = Earlier notifications
ui-history-none = None from before { $time }; this server cannot send them
ui-failures-in-a-row = Failed attempts in a row
ui-network = Network
ui-auto-connect = Connect at startup
ui-auto-connect-note = Without it nothing arrives until you choose Connect
ui-network-unknown = Not known
ui-network-online = Online
ui-network-offline = Offline
ui-transport = Transport
ui-transport-sse = Server-sent events
ui-transport-web-socket = WebSocket
ui-proxy = Proxy
ui-proxy-none = None
ui-server = Server
ui-server-none = None yet
ui-reading-figures = Reading the figures…
ui-last-hour = The last hour
ui-figures-since = Since { $time }, when Gloria Notify started
ui-errors = What went wrong
ui-no-errors = No errors since { $time }
# Said aloud before a number
ui-times = , times:
ui-unread-fields = What the server sends that was not understood
ui-unread-type = The event type { $event } is unknown here
ui-unread-field-unknown = { $event }: { $field } is unknown here
ui-unread-field = { $event }: { $field } is not { $expected }
ui-unread-field-missing = { $event }: { $field } is missing
ui-unread-event = { $event }: { $expected }
ui-unread-some-field = a field
ui-unread-readable = readable
ui-unread-unreadable = unreadable

## The checks of `gloria doctor`, and its report for support

ui-checks = Find faults
ui-check = Check everything
ui-check-note = Connection, sign-in, notifications, sound, keyring and disk. It takes a few seconds and changes nothing.
ui-check-run = Check now
ui-check-again = Check again
ui-checking = Checking…
ui-check-running = Checking, for at most 20 seconds…
ui-not-checked = The checks could not be run: { $reason }
ui-check-good = All is well
ui-check-warnings = { $count ->
        [one] { $count } thing should be better
       *[other] { $count } things should be better
    }
ui-check-faults = { $count ->
        [one] { $count } fault found
       *[other] { $count } faults found
    }
# The first of several findings, said aloud. $result is one of the two above.
ui-check-first = { $result }. { $title }: { $cause }
ui-check-passed = { $count ->
        [one] { $count } check passed
       *[other] { $count } checks passed
    }
ui-check-skipped = { $count ->
        [one] { $count } could not be checked
       *[other] { $count } could not be checked
    }
ui-outcome-passed = good
ui-outcome-skipped = not checked
ui-outcome-warning = warning
ui-outcome-failed = fault
ui-what-to-do = To do: { $mend }
ui-report = Report for support
ui-report-note = A file with these checks, the settings and the log. No text of a notification, no token, not your name.
ui-report-prepare = Save a report for support…
ui-report-preparing = Preparing…
ui-report-not-prepared = The report could not be prepared: { $reason }
ui-report-title = Save this report?
ui-report-where = It is saved as { $path } and sent to nobody. It contains:
ui-report-save = Save the report
ui-report-saving = Saving…
ui-report-cancel = Do not save
ui-report-not-saved = The report could not be saved: { $reason }
ui-report-saved = The report is saved. Look at it before you send it.
ui-report-path = Where it is

ui-log = Log
ui-debug-log = Debug log for one hour
ui-debug-log-note = Logs each step of the connection, for your administrator. No text of a notification, no token. It ends with the app.
ui-debug-log-until = On until { $time }
ui-debug-log-start = Start
ui-debug-log-end = End
ui-debug-log-not-set = The debug log could not be changed: { $reason }

## The connection in figures

ui-of-all = { $some } of { $all }
ui-figure-success = Attempts that connect
ui-figure-reconnects = Reconnects
ui-figure-uptime = Connected, last hour
ui-figure-longest = Longest connection
ui-figure-events = Events per minute
ui-figure-processing = Network to disk, p99
ui-figure-failed = Failed events
ui-figure-refused = Sign-ins refused
ui-figure-timeouts = Timeouts
ui-figure-attempts =
    { $count ->
        [one] { $count } attempt in all
       *[other] { $count } attempts in all
    }
ui-figure-connected = { $duration } in all
ui-figure-median = median { $duration }
ui-figure-no-median = none has ended
ui-figure-events-all = { $count } in all, { $bytes }
ui-figure-p50 = p50 { $duration }
ui-figure-no-event = no event yet
ui-figure-unknown = { $count } of unknown type
ui-figure-refused-note = 401 and 403
ui-figure-timeouts-note = no answer in time
ui-hour-events = Events per minute
ui-hour-connection = Connected, and failures
ui-hour-processing = From network to disk, slowest of 100 events
ui-hour-plot = { $title }, the last hour by minute
ui-hour-table = The last hour by minute
ui-hour-table-show = Show as a table
ui-hour-table-hide = Hide the table
ui-hour-connected = connected
ui-hour-failure = failure
ui-hour-at = { $time } · { $what }
ui-hour-no-minute = No minute yet
ui-hour-no-events = No events
ui-hour-at-most = At most { $duration }
ui-hour-share = { $share } connected, { $failures }
ui-events =
    { $count ->
        [one] { $count } event
       *[other] { $count } events
    }
ui-failures =
    { $count ->
        [0] no failures
        [one] { $count } failure
       *[other] { $count } failures
    }
ui-minute-connected = { $share } connected
ui-minute-attempts =
    { $count ->
        [one] , { $count } attempt
       *[other] , { $count } attempts
    }
ui-minute-failures =
    { $count ->
        [one] , { $count } failure
       *[other] , { $count } failures
    }
ui-minute-not-running = not running
ui-minute-no-events = no events
ui-column-minute = Minute
ui-column-events = Events
ui-column-connected = Connected
ui-column-attempts = Attempts
ui-column-failures = Failures
ui-column-slowest = Slowest (p99)

## Whose token it is

ui-person-title = Is this the same person?
ui-person = A new token was entered for { $server }. If it is yours, continue with this inbox. Another person gets an inbox of their own and sees nothing of this one.
ui-person-user = A new token was entered for { $server }, of the user { $user }. If it is yours, continue with this inbox. Another person gets an inbox of their own and sees nothing of this one.
# People sign in by another application, which names everybody anew.
ui-person-application = The sign-in for { $server } has changed. If the inbox on this computer is yours, continue with it. Another person gets an inbox of their own and sees nothing of this one.
ui-person-application-name = The sign-in for { $server } has changed. If you are { $name }, continue with this inbox. Another person gets an inbox of their own and sees nothing of this one.
ui-person-server-title = Is this you?
ui-person-server = You have signed in, and { $server } calls you { $user }. If that is not you, nothing is stored; then ask your administrator.
ui-person-this-server = this server
ui-person-same = Yes, it is me
ui-person-other = No, somebody else
ui-person-not-taken = The answer could not be saved: { $reason }

## The account

ui-welcome = Welcome to Gloria Notify
ui-account = Account
ui-welcome-text = Your notifications, without a browser tab.
# Said aloud for the dots above the steps
ui-step-of = Step { $number } of { $all }
ui-address-question = Where is your Gloria System?
ui-address-hint = For example gloria.example.com
ui-address-looking = Looking for the server…
ui-address-found = Found { $server }
ui-address-missing = Enter the address of your server
ui-continue = Continue
ui-continue-anyway = Continue anyway
ui-change = Change
# Said aloud after "Change"
ui-change-server = the server
ui-cancel = Cancel
ui-copy = Copy
ui-copied = Copied
ui-copy-by-key = The text is selected. Press Ctrl and C to copy it.
ui-token = Token
ui-token-show = Show the token
ui-token-hide = Hide the token
ui-token-missing = Enter your token
ui-token-missing-other = Enter your token for this server; the saved one belongs to another
ui-token-other = Another server needs a token of its own
ui-token-saved = A token is saved. Leave this empty to keep it.
ui-token-refused = The server does not accept the saved token. Enter a new one; your administrator has it.
ui-token-asking = Asking the keyring for your token…
ui-token-personal = Your personal token for the Gloria System. Your administrator has it.
ui-token-locked = { $problem }. Unlock it and try again, or enter the token anew.
ui-token-unkept = { $problem }. A token entered here is kept until the app is closed.
ui-token-instead = Paste a token instead
ui-keyring-is-locked = The keyring is locked
ui-keyring-none = This computer has no keyring
ui-save-account = Save and connect
ui-save-anyway = Save anyway
ui-saving = Saving…
ui-saving-keyring = If the keyring asks for its password, answer it there.
ui-test-account = Test and connect
ui-account-testing = Testing…
ui-account-saved = Saved. Connecting
ui-account-not-saved = The account could not be saved: { $reason }

## Signing in at a provider

# $provider: the name of the sign-in service's computer, such as id.example.com
ui-sign-in-at = Sign in at { $provider }
ui-sign-in-text = Your browser opens { $provider }. Sign in there, and come back.
ui-sign-in-another-text = Your browser opens { $provider }, which asks who you are. This inbox stays as it is.
ui-sign-in-instead = Sign in instead
ui-sign-in-by-code = Sign in on another device
ui-sign-in-not-begun = The sign-in could not be started: { $reason }
ui-sign-in-not-cancelled = The sign-in could not be cancelled: { $reason }
ui-browser-not-opened = The page could not be opened: { $reason }
# $server: the server's address
ui-provider-changed = Another sign-in page than last time
ui-provider-changed-text = { $server } now sends you to another page to sign in. If your organisation has not announced that, keep the old one and ask your administrator.
ui-provider-other-client = Another registration than last time
ui-provider-other-client-text = { $server } now wants you to sign in with another registration of this app, at the same page. If your organisation has not announced that, keep the old one and ask your administrator.
ui-provider-before = Last time
ui-provider-now = Now
# $client: the id of a registration, such as gloria-notify
ui-provider-client = Registration: { $client }
ui-provider-use = Use the new sign-in page
ui-provider-use-client = Use the new registration
ui-provider-keep = Keep the old one
ui-provider-kept = Nothing was changed, so you cannot sign in for now. Ask your administrator which sign-in page is right.
ui-provider-look-again = Ask the server again
ui-provider-looking = Asking the server…
ui-sign-in-starting = Asking { $provider } how to sign in…
ui-sign-in-waiting = Sign in at { $provider } in your browser
ui-sign-in-waiting-text = This window goes on by itself once you have.
# $when: "in 4 min"
ui-sign-in-until = The page expires { $when }.
ui-sign-in-link = If no page has opened, open this address
ui-sign-in-open-again = Open again
ui-sign-in-forgotten = The sign-in page forgot what it was asked for. Sign in there, then choose Open again.
ui-sign-in-code-title = Sign in at { $provider } on any device
ui-sign-in-code-text = Open the page on a telephone or another computer, and enter the code. This window goes on by itself.
ui-sign-in-page = Page
ui-sign-in-code = Code
ui-sign-in-open-here = Open the page here
ui-sign-in-exchanging = You have signed in. Getting access…
# $server: the name of the Gloria System's server
ui-sign-in-checking = You have signed in. Asking { $server } whether it accepts that…
ui-sign-in-storing = Saving the sign-in in the keyring…
ui-sign-in-storing-text = If the keyring asks for its password, answer in its own window. If you cancel there, you stay signed in until Gloria Notify quits.
ui-paste-ask = The browser shows an error after the sign-in
ui-paste = Address of the page that did not open
ui-paste-hint = Copy all of it from the browser's address bar; it begins with http://127.0.0.1
ui-paste-missing = Paste the address here
ui-paste-send = Use this address
ui-signed-in-at = Signed in at { $provider }
ui-signed-in-mail-at = { $email } · { $provider }
# $when: "in 7 h"
ui-sign-in-ends = The sign-in service did not allow to renew this sign-in. You will have to sign in again { $when }.

## Ready

ui-ready = You are set up
ui-almost-ready = Almost there
ui-not-ready = Not connected yet
ui-check-found = Found { $server }
ui-check-stream = Connected: notifications arrive here
ui-token-accepted = The server accepted your token
ui-notification-test-look = Look whether it appears, and listen
ui-tray-is = Gloria Notify is in the tray, also when this window is closed. Click the bell to open it.
ui-tray-none = This desktop has no tray. Gloria Notify goes on when this window is closed; start it again from your applications to open it.
ui-to-inbox = Go to the inbox

## Preferences

ui-general = General
ui-autostart = Start with the computer
ui-autostart-note = In the tray, when you log in
ui-autostart-not-set = This could not be changed: { $reason }
ui-notification-test = Test notification
ui-notification-test-note = Shows one as they will appear, with its sound
ui-notification-test-send = Send me one
ui-notification-test-again = Send another
ui-notification-not-tested = The notification could not be sent: { $reason }
ui-sounds = Sounds
ui-sounds-play = Play sounds
ui-volume = Volume
ui-sound = Sound of a notification
ui-sound-play = Play { $sound }
ui-sound-chime = Chime
ui-sound-chime-note = Two soft notes upwards
ui-sound-knock = Knock
ui-sound-knock-note = One short, dry note
ui-sound-bloom = Bloom
ui-sound-bloom-note = Three notes
ui-sound-alarm = Alarm
ui-sound-alarm-note = Repeated and insistent
ui-pause = Pause sounds
ui-pause-half-hour = 30 minutes
ui-pause-hour = 1 hour
ui-pause-today = Until today { DATETIME($at, timeStyle: "short") }
ui-pause-tomorrow = Until tomorrow { DATETIME($at, timeStyle: "short") }
ui-paused-until = Until { $time }
ui-resume = Resume
ui-appearance = Appearance
ui-colours = Colours
ui-text-size = Text size
ui-text-smaller = Smaller text
ui-text-larger = Larger text
ui-appearance-system = As the system
ui-appearance-light = Light
ui-appearance-dark = Dark
ui-token-state-unknown = Asking the keyring for the token
ui-token-state-present = Signed in
ui-token-state-missing = Signed out
# $name: the name of the person, from the server
ui-signed-in-as = Signed in as { $name }
# $person: "Signed in" or "Signed in as …"; $status: the server's word for being present or away
ui-person-status = { $person } · { $status }
ui-token-state-locked = The keyring is locked
ui-token-state-needs-sign-in = Sign in again
ui-token-state-rejected = The server does not accept the sign-in
ui-token-state-unavailable = No keyring: the token is kept until the app is closed
ui-signed-in-by-token = With a token
ui-signed-in-by-environment = With the token that the environment sets (GLORIA_TOKEN)
ui-command-signed-in = Signed in by your administrator's command
ui-command-runs = Your administrator's command signs you in
ui-token-state-command-failed = Your administrator's command could not sign you in
ui-command-text = Your administrator has set up a command that signs you in. There is nothing to enter.
ui-nobody = Nobody is signed in
ui-no-server = No server yet
ui-account-more = Change…
ui-another-account = Use another account
ui-sign-in-again = Sign in again
ui-try-now = Try now
ui-sign-out = Sign out
ui-sign-out-title = Sign out?
ui-sign-out-text = New notifications no longer arrive, and this computer forgets the sign-in.
ui-sign-out-and-erase = Sign out and erase
ui-sign-out-keep = Keep the inbox
ui-sign-out-keep-note = It is there again when you sign in
ui-sign-out-erase = Erase the inbox
ui-sign-out-erase-note = Everything that arrived is removed from this computer
ui-other-accounts = Other accounts on this computer
ui-use-account = Use
ui-account-unnamed = An account without a name
# $server: the name of the Gloria System's server
ui-account-mail-at = { $email } · { $server }
ui-account-not-switched = The account could not be changed: { $reason }
ui-stay = Stay signed in
ui-version = Gloria Notify { $version } · press ? in the inbox for its keys
ui-preferences-not-saved = The preferences could not be saved: { $reason }
ui-sound-not-played = The sound could not be played: { $reason }
ui-pause-not-set = The pause could not be set: { $reason }
ui-not-signed-out = Signing out failed: { $reason }

## The proxy

ui-proxy-system = As the system
ui-proxy-system-note = Its proxy, if there is one
ui-proxy-direct-note = Straight to the server
ui-proxy-this = This proxy
ui-proxy-address = Address and port
ui-proxy-name = User name
ui-proxy-name-note = if it asks for one
ui-proxy-password = Password
ui-proxy-password-kept = Saved. Leave empty to keep it.
ui-proxy-use = Use this proxy
ui-proxy-locked-system = Proxy: as the system
ui-proxy-locked-none = Proxy: none
ui-proxy-locked-address = Proxy: { $address }
ui-proxy-locked-name = Proxy: { $address }, as { $name }
ui-proxy-problem-missing = Enter the address of the proxy
ui-proxy-problem-address = This is not the address of a proxy
ui-proxy-problem-scheme = Only proxies with http://, https:// or socks5:// are supported
ui-proxy-problem-credentials = Enter name and password in their own fields
ui-proxy-problem-rest = Leave out what follows the port
ui-proxy-problem-port = Add the port, as in proxy.example.com:8080
ui-proxy-problem-name = Enter the name that the password belongs to
ui-proxy-problem-password = Enter the password again: the saved one is for another proxy or name
