### The command line's own sentences. Those after "gloria: " have no full stop at the end.

# $name is an option or a variable, such as --url, and $problem what is wrong with its value.
cli-mistake = { $name }: { $problem }
cli-runtime = the runtime could not be started: { $problem }
cli-no-thread = the system refuses a thread: { $problem }

## The running app.

cli-app-senseless = the app's answer cannot be understood; are both the same version?

## gloria login and logout.

cli-no-server = no server is set up; name it with --address
cli-paste-token = paste the token and end with Ctrl-D
cli-token-unreadable = the token could not be read from standard input: { $problem }
cli-token-refused = the server does not accept it, so nothing was replaced: { $problem }
cli-token-unchecked = the server could not be asked whether it accepts it: { $problem }
cli-not-logged-in = no token is kept for { $address }
cli-no-provider = neither the server nor the settings name a sign-in service; ask your administrator for auth.issuer and auth.client_id
# Both are addresses: of the server, and of the sign-in service that it names.
cli-sign-in-named = { $server } names { $issuer } as its sign-in service
cli-ask-to-follow = sign in at { $issuer }? [y/N]
cli-provider-unremembered = the sign-in service of this server could not be remembered: { $problem }
# $host is where the user signs in. $link is the address for the browser.
cli-sign-in-at =
    sign in at { $host } in the browser. If it does not open, open this address: { $link }
    Ctrl-C cancels.
cli-sign-in-with-code = open { $place } on any device, and enter this code there: { $code }
cli-sign-in-cancelled = the sign-in was cancelled
cli-keyring-asks = waiting for the keyring's password; answer in its own window, or press Ctrl-C to stop
cli-sign-in-unrevoked = the new sign-in is not kept, and could not be revoked: { $problem }
cli-signed-in-as = signed in as { $name }
cli-logged-in = The token for { $address } is in the keyring.
cli-logged-out = The token for { $address } was removed from the keyring.
cli-taken-up-later = the running app will apply the change later: { $problem }

## gloria tail.

cli-no-stream = no server is set up; name the stream with --url, or set GLORIA_API_URL
cli-unknown-type = --type: { $problem }; with --raw any type is accepted
cli-proxy-password = the proxy's password is not available: { $problem }
cli-token-unsent = GLORIA_TOKEN is not sent: { $problem }
cli-token-of-another =
    GLORIA_TOKEN belongs to { $server } and is not sent to { $asked }; to send it there, set GLORIA_TOKEN_FOR={ $asked }
cli-command-unsent =
    auth.command is not used, because it is not clear which server it is for; set api.url, or auth.command_for to the server's address
cli-command-of-another =
    auth.command belongs to { $server } and is not used for { $asked }; to use it there, set GLORIA_AUTH_COMMAND_FOR={ $asked }

cli-skipped = { $bytes } bytes exceeded the limits and were skipped
cli-position-lost = the server does not know this position; what came after it may be missing
cli-stream-broke = the stream ended with an internal error; please report this
cli-seconds = it should be a number of seconds
cli-number = it should be a whole number
cli-number-above-zero = it should be a whole number above 0
cli-seconds-range = it should be a number of seconds above 0
cli-time = it should be how long ago, such as 2h or 7d, a day such as 2026-11-28, or a time such as 2026-11-28T08:00
cli-snooze-time = it should be how long, such as 30m, 1h30m or 3d, or this-afternoon, tomorrow, monday, a day such as 2026-11-30, or a time such as 17:30 or 2026-11-30T08:00
cli-snooze-duration = it should be between a minute and 366 days
cli-replayed = { $count ->
        [one] { $count } event was sent to the listeners
       *[other] { $count } events were sent to the listeners
    }

## gloria account and gloria inbox.

cli-folder-unreadable = { $path } cannot be read: { $problem }
cli-no-inbox = there is no inbox yet; it is created when Gloria Notify first connects
cli-no-accounts = there is no account yet; one is created when Gloria Notify first connects
# One line of the list; $items says how many, or why it is not known.
cli-account = { $name }  { $whose }: { $items }
cli-account-in-use = { $name }  { $whose }: { $items }, in use
cli-account-user = { $user } at { $server }
cli-account-items = { $count ->
        [one] { $count } item
       *[other] { $count } items
    }
cli-account-unreadable = its inbox cannot be read
cli-no-item = { $key } is not in the inbox
# $key is the beginning of a key, $candidates a list of whole ones.
cli-item-ambiguous = { $key } is more than one item: { $candidates }
cli-item-very-ambiguous = { $key } is more than one item: { $candidates } and others
cli-found-none = nothing was found
cli-found-incomplete = older notifications are still being made searchable; search again in a minute
# What is special about an item, in a list.
cli-mark-urgent = urgent
cli-mark-to-acknowledge = to acknowledge
cli-mark-unread = unread
cli-mark-flagged = flagged
cli-mark-snoozed = snoozed
# What the user did is not at the server yet, or the server refused it.
cli-mark-pending = not sent yet
cli-mark-refused = refused
cli-column-key = key
cli-column-time = time
cli-column-state = state
cli-column-title = title
cli-exported = { $count ->
        [one] { $count } item was written to { $path }
       *[other] { $count } items were written to { $path }
    }
cli-export-failed = { $path } cannot be written: { $problem }
cli-snoozed-until = back on { DATETIME($until, dateStyle: "medium", timeStyle: "short") }
cli-app-runs = Gloria Notify is running; quit it first, with `gloria quit`
cli-no-account = there is no account { $name }; `gloria account list` prints them
cli-ask-to-erase = erase the inbox and the token of { $whose } from this computer? What is on the server stays. [y/N]
cli-ask-to-erase-all = end Gloria Notify, and erase all inboxes, logs and tokens from this computer? The settings and what is on the server stay. [y/N]
cli-erased-all = { $count ->
        [one] the inbox of { $count } account is erased, with the logs and all tokens
       *[other] the inboxes of { $count } accounts are erased, with the logs and all tokens
    }
cli-tokens-left =
    the inboxes are erased, but tokens may still be in the keyring: { $problem }. They are removed when Gloria Notify next starts and the keyring answers, or by `gloria erase`
cli-add-yes = to erase something without a terminal, add --yes
cli-nothing-erased = nothing was erased
cli-nothing-erased-because = nothing was erased: { $problem }
cli-folder-not-removed = { $path } could not be removed: { $problem }
cli-token-left =
    the inbox is erased, but the token may still be in the keyring: { $problem }. It is removed when Gloria Notify next starts and the keyring answers, or by `gloria account erase { $name }`
cli-token-removed = the token that an erased account had left in the keyring is removed now
cli-token-still-left = the token of an erased account may still be in the keyring: { $problem }

## gloria logs.

cli-nothing-logged = nothing is logged yet in { $path }
cli-log-no-file = a log in { $path } is not a file

## gloria status. $since, $span and the like are spans of time.

cli-span-seconds = { $seconds } s
cli-span-minutes = { $minutes } min
cli-span-hours = { $hours } h { $minutes } min
cli-span-days = { $days } d { $hours } h
cli-connected = Connected for { $span }
cli-connected-but = Connected for { $span }, but new notifications cannot be stored: { $problem }
cli-not-connected = Not connected
cli-not-connected-because = Not connected: { $reason }
cli-connecting = Connecting
cli-next-attempt = next attempt in { $span }
cli-cannot-keep = new notifications cannot be stored: { $problem }
cli-open-app = open Gloria Notify to fix it
cli-last-heard = Last heard { $span } ago
cli-counts = Inbox: { $unseen } unseen, { $unread } unread, { $total } in all
cli-running = Running for { $span }: { $attempts }, { $connections }, { $events }, { $failed } of them unreadable
cli-attempts = { $count ->
        [one] { $count } attempt
       *[other] { $count } attempts
    }
cli-connections = { $count ->
        [one] { $count } connection
       *[other] { $count } connections
    }
cli-events = { $count ->
        [one] { $count } event
       *[other] { $count } events
    }
# A newer version of the app; $notes is the address of the page about it.
cli-newer = Version { $version } is available
cli-newer-notes = Version { $version } is available: { $notes }
cli-newer-unknown = Whether there is a newer version is not known: { $problem }
cli-filling = Missed notifications are being fetched: { $items } so far
cli-filling-fails = Missed notifications could not be fetched yet: { $items } so far; the app tries again
cli-note = Note: { $problem }
cli-not-understood = What the server sends that was not understood:
cli-type-unknown = the event type { $event } is unknown
cli-field-unknown = { $event }: the field { $field } is unknown
cli-field-left-out = { $event }: { $field } is not { $expected } and was left out
cli-field-missing = { $event }: { $field } is missing; the event was not read
cli-event-unreadable = { $event }: { $expected }; the event was not read
cli-as-it-is = { $reason }
cli-times = { $count } × { $cause }
cli-seen = { $count } × { $what }; last { $span } ago

## Settings and policies.

# $origin is one of the cli-origin-… below.
cli-setting = { $setting } = { $value } ({ $origin })
cli-setting-unset = { $setting } is not set ({ $origin })
cli-origin-program = default
cli-origin-machine = default of your organisation
cli-origin-user = your settings
cli-origin-environment = the variable { $variable }
cli-origin-policy = set by your organisation
# $settings is a list of names such as api.url.
cli-policy-good = no mistakes: { $count ->
    [0] it sets nothing, and ends an earlier policy
    [one] it sets { $settings }
   *[other] it sets { $count } settings: { $settings }
}
cli-locked = set by your organisation: { $settings }
cli-kept-here = the server does not know these marks, so they stay on this computer: { $fields }
