### The help of the command lines, by command and argument; the command gloria itself is help-gloria, and the app
### gloria-notify is help-app. In the examples the commands stay as they are, and what is said of them stays in line.

help-app = Desktop notifications from the Gloria System, in a tray app that stays connected
help-app-open = Open the window; without this, the first start only adds the tray icon
help-app-url = An address to open: gloria-notify:show, or gloria-notify:open/ITEM for an item by its key
help-app-background = Open no window, even if Gloria Notify is already running; for starting at login
help-app-examples =
    Examples:
      gloria-notify                          start into the tray, or open the window of the app that runs
      gloria-notify --open                   start with the window open
      gloria-notify --background             start at login: never with a window
      GLORIA_HOME=~/second gloria-notify     a second app, with files of its own

    `gloria status` says how the running app is doing, `gloria logs` what it logged, `gloria quit` ends it.

help-gloria = The gloria command: the core of Gloria Notify without a window
help-gloria-examples =
    Examples:
      gloria status                                      is it connected?
      gloria tail --type notification.created            events as they come, one JSON object a line
      gloria events --type workflow.completed            events of the running app, one JSON object a line
      gloria inbox list --filter unread --limit 20       what is unread
      gloria logs -f                                     what the app logs
      echo "$TOKEN" | gloria login --address https://gloria.example

    `gloria COMMAND --help` has more of each.

help-gloria-tail = Follow the event stream and print what comes, one JSON object a line
help-gloria-tail-url = The full address of the stream, or a server alone; by default the API address in the settings
help-gloria-tail-raw = Print every event as it came, whatever it is, with its data as the exact text
help-gloria-tail-quiet = Print no events, and a summary at the end
help-gloria-tail-types = Only events of this type; can be repeated for more
help-gloria-tail-count = End after this many events
help-gloria-tail-duration = End after this many seconds
help-gloria-tail-no-prompt = Do not ask to unlock a keyring: fail if it does not give the token
help-gloria-tail-examples =
    Examples:
      gloria tail                                        the server and the token of the app
      gloria tail --type notification.created --count 1  wait for one notification
      gloria tail --url https://gloria.example/api/v1/sse --raw
      gloria tail --quiet --duration 60                  a minute in numbers

help-gloria-events = Follow the events that the running app receives, one JSON object a line
help-gloria-events-types = Only events of this type; may be given again for more
help-gloria-events-count = End after this many events
help-gloria-events-examples =
    Examples:
      gloria events                                      every event from now on
      gloria events --type workflow.completed --count 1  wait for one workflow to end
      gloria events --type notification.created | jq --unbuffered .data.title

    It continues when the app is started again. What arrived in between is in the inbox.

help-gloria-replay = Print the events of the past once more, one JSON object a line, oldest first
help-gloria-replay-since = Only those since then: how long ago, such as 2h or 7d, a day, or a time; by default all
help-gloria-replay-types = Only events of this type; may be given again for more
help-gloria-replay-listeners = Send them to `gloria events` and the window instead, without notifications
help-gloria-replay-examples =
    Examples:
      gloria replay --since 2h                           what came in the last two hours
      gloria replay --since 2026-11-28T08:00 --type workflow.failed
      gloria replay --since 1d --listeners               to whatever runs `gloria events`

    The events of notifications that were deleted are left out, and those that are older than what the inbox keeps.

help-gloria-login = Sign in with the browser, or read a token from standard input, and keep it in the keyring
help-gloria-login-token = Read a token from standard input, also where a sign-in service is set
help-gloria-login-device = Sign in with a code on another device
help-gloria-login-other = Have the sign-in service ask who it is, although the browser is signed in there
help-gloria-login-address = The API address; by default the one in the settings
help-gloria-login-json = Print JSON on a terminal as well
help-gloria-login-examples =
    Examples:
      gloria login                                       in the browser, if a sign-in service is set
      gloria login --other                               as somebody else
      gloria login --token                               paste the token, then Ctrl-D
      gloria login < token.txt
      echo "$TOKEN" | gloria login --address https://gloria.example

help-gloria-logout = Remove the token from the keyring, and revoke the sign-in
help-gloria-logout-address = The API address; by default the one in the settings
help-gloria-logout-json = Print JSON on a terminal as well
help-gloria-logout-erase = Erase the account's inbox from this computer as well
help-gloria-logout-yes = Do not ask whether to erase it
help-gloria-logout-examples =
    Examples:
      gloria logout                                      of the server in the settings
      gloria logout --erase                              leaves nothing on this computer
      gloria logout --address https://gloria.example

help-gloria-status = Ask the running app how it is doing; exits with 0 when it is connected
help-gloria-status-json = Print everything as one JSON document
help-gloria-status-examples =
    Examples:
      gloria status
      gloria status --json | jq .connection.reason
      gloria status > /dev/null || echo not connected

help-gloria-open = Show the window of the running app
help-gloria-open-item = The item to show: its key, as `gloria inbox list` prints it, or its address
help-gloria-open-examples =
    Examples:
      gloria open
      gloria open n:42                                   with this item
      gloria open gloria-notify:open/n:42                the same, as a browser asks for it

help-gloria-retry = Have the running app connect at once
help-gloria-retry-examples =
    Examples:
      gloria retry                                       also after a disconnection
      gloria retry && gloria status

help-gloria-logs = Print what the app has logged, whether it runs or not
help-gloria-logs-follow = Keep printing new lines as they come
help-gloria-logs-lines = Print only this many of the newest lines
help-gloria-logs-examples =
    Examples:
      gloria logs                                        everything that is kept, the oldest first
      gloria logs -n 100                                 the newest 100 lines
      gloria logs -f                                     keep printing what is logged, until Ctrl-C
      gloria logs > gloria.log                           a file for your administrator

    No log contains a token or the text of a notification.

help-gloria-agent = Run in the background: connection, inbox, notifications and tray, without a window
help-gloria-agent-open = Open the window as well
help-gloria-agent-examples =
    Examples:
      gloria agent
      gloria agent --open

help-gloria-quit = End the running app, as Quit in its tray does
help-gloria-quit-examples =
    Examples:
      gloria quit
      gloria quit && echo it has ended

help-gloria-policy = Show each setting and where it comes from, or check a policy
help-gloria-policy-json = Print JSON, one object for each setting
help-gloria-policy-examples =
    Examples:
      gloria policy                                      what is in force, and who set it
      gloria policy --json | jq 'select(.origin=="policy")'
      gloria policy check policy.toml                    is it right? before it is rolled out

    It reads what an app that starts now would read, also while none runs. Passwords and the arguments of commands are
    not shown. It exits with 1 if something in the settings is wrong.

help-gloria-policy-check = Check the file of a policy, and print its mistakes with their lines
help-gloria-policy-check-file = The file
help-gloria-policy-check-json = Print JSON, one object for each mistake
help-gloria-policy-check-examples =
    Examples:
      gloria policy check policy.toml                    its mistakes, or what it sets
      gloria policy check policy.toml --json             for a pipeline

    It exits with 1 if there are mistakes. Whom the file belongs to is not checked, because it may be a draft.

help-gloria-doctor = Check what may keep notifications from this user, and say what mends it
help-gloria-doctor-json = Print JSON, one object for each check
help-gloria-doctor-bundle = Save a report for support in this file, a .tar.gz, after showing what it contains
help-gloria-doctor-preview = Only show what the report would contain, and save nothing
help-gloria-doctor-yes = Save it without asking; a file that is there already is not overwritten
help-gloria-doctor-test-alert = Also have the server send a test event, and follow it to the screen
help-gloria-doctor-examples =
    Examples:
      gloria doctor                                      each check, what it found, and what mends it
      gloria doctor --test-alert                         does a notification come? Look whether you see it
      gloria doctor --bundle report.tar.gz               a report for your administrator
      gloria doctor --bundle report.tar.gz --preview     what that report would contain
      gloria doctor --json | jq 'select(.outcome=="failed")'

    It exits with 0 if nothing is wrong, 1 if something should be better, and 4 if notifications are kept from the user.
    It takes at most 15 seconds, changes nothing, and opens no stream beside that of the running app. A test event stays
    in the inbox.

help-gloria-erase = End the app, and erase all inboxes, logs and tokens from this computer
help-gloria-erase-yes = Do not ask
help-gloria-erase-json = Print JSON on a terminal as well
help-gloria-erase-examples =
    Examples:
      gloria erase                                       asks before it erases
      gloria erase --yes --json

    The settings stay. A sign-in does not end at its provider; `gloria logout` ends it there as well.

help-gloria-account = List the accounts on this computer, switch between them, and erase their data
help-gloria-account-list = Print the accounts of this computer: as a list on a terminal, else one JSON object a line
help-gloria-account-list-json = Print JSON on a terminal as well
help-gloria-account-list-examples =
    Examples:
      gloria account list
      gloria account list --json | jq .name
help-gloria-account-switch = Have the running app use another account
help-gloria-account-switch-name = Its name, as `gloria account list` prints it
help-gloria-account-switch-examples =
    Examples:
      gloria account switch gloria.example-1
      gloria account switch gloria.example-1 && gloria status
help-gloria-account-erase = Erase an account: its inbox, everything else that is kept for it, and its token
help-gloria-account-erase-name = Its name, as `gloria account list` prints it
help-gloria-account-erase-yes = Do not ask
help-gloria-account-erase-examples =
    Examples:
      gloria account erase gloria.example-1              asks before it erases
      gloria account erase gloria.example-1 --yes

help-gloria-inbox = Read and search the inbox of this computer, and mark its items
help-gloria-inbox-list = Print items, newest first: as a list on a terminal, else one JSON object a line
help-gloria-inbox-list-filter = Which items
help-gloria-inbox-list-limit = How many at most
help-gloria-inbox-list-json = Print JSON on a terminal as well
help-gloria-inbox-list-examples =
    Examples:
      gloria inbox list                                  the newest 50, as a list
      gloria inbox list --filter unread --json | jq .title

help-gloria-inbox-search = Find items by words or their beginnings, archived ones too, whatever their case and accents
help-gloria-inbox-search-words = Words, which an item has all of; a phrase in quotes; from:, category:, is:, before:, after:
help-gloria-inbox-search-limit = How many at most
help-gloria-inbox-search-json = Print JSON on a terminal as well
help-gloria-inbox-search-examples =
    Examples:
      gloria inbox search lodz disk                      finds "Łódź: disk is full", and marks the words
      gloria inbox search from:anna is:unread after:2026-11
      gloria inbox search category:builds failed --json | jq -r .key

    In a shell a phrase needs two sorts of quotes: '"disk full"'.

help-gloria-inbox-read = Mark items as read
help-gloria-inbox-read-keys = The items, by their keys, as `gloria inbox list` prints them, or by their first four characters or more
help-gloria-inbox-read-json = Print JSON on a terminal as well
help-gloria-inbox-read-examples =
    Examples:
      gloria inbox read n:42
      gloria inbox read n:42 w:7 --json

help-gloria-inbox-unread = Mark items as unread again
help-gloria-inbox-unread-keys = The items, by their keys, as `gloria inbox list` prints them, or by their first four characters or more
help-gloria-inbox-unread-json = Print JSON on a terminal as well
help-gloria-inbox-unread-examples =
    Examples:
      gloria inbox unread n:42
      gloria inbox unread n:42 w:7 --json

help-gloria-inbox-done = Put items away as done; they are read then
help-gloria-inbox-done-keys = The items, by their keys, as `gloria inbox list` prints them, or by their first four characters or more
help-gloria-inbox-done-json = Print JSON on a terminal as well
help-gloria-inbox-done-examples =
    Examples:
      gloria inbox done n:42
      gloria inbox done n:42 w:7 --json

help-gloria-inbox-undo = Bring items back that were done
help-gloria-inbox-undo-keys = The items, by their keys, as `gloria inbox list` prints them, or by their first four characters or more
help-gloria-inbox-undo-json = Print JSON on a terminal as well
help-gloria-inbox-undo-examples =
    Examples:
      gloria inbox undo n:42
      gloria inbox undo n:42 w:7 --json

help-gloria-inbox-flag = Flag items
help-gloria-inbox-flag-keys = The items, by their keys, as `gloria inbox list` prints them, or by their first four characters or more
help-gloria-inbox-flag-json = Print JSON on a terminal as well
help-gloria-inbox-flag-examples =
    Examples:
      gloria inbox flag n:42
      gloria inbox flag n:42 w:7 --json

help-gloria-inbox-unflag = Remove the flags of items
help-gloria-inbox-unflag-keys = The items, by their keys, as `gloria inbox list` prints them, or by their first four characters or more
help-gloria-inbox-unflag-json = Print JSON on a terminal as well
help-gloria-inbox-unflag-examples =
    Examples:
      gloria inbox unflag n:42
      gloria inbox unflag n:42 w:7 --json

help-gloria-inbox-unsnooze = Bring snoozed items back before their time
help-gloria-inbox-unsnooze-keys = The items, by their keys, as `gloria inbox list` prints them, or by their first four characters or more
help-gloria-inbox-unsnooze-json = Print JSON on a terminal as well
help-gloria-inbox-unsnooze-examples =
    Examples:
      gloria inbox unsnooze n:42
      gloria inbox unsnooze n:42 w:7 --json

help-gloria-inbox-ack = Confirm items that are to be acknowledged; they are read then
help-gloria-inbox-ack-keys = The items, by their keys, as `gloria inbox list` prints them, or by their first four characters or more
help-gloria-inbox-ack-json = Print JSON on a terminal as well
help-gloria-inbox-ack-examples =
    Examples:
      gloria inbox ack n:42
      gloria inbox ack n:42 w:7 --json

help-gloria-inbox-unack = Have items acknowledged once more
help-gloria-inbox-unack-keys = The items, by their keys, as `gloria inbox list` prints them, or by their first four characters or more
help-gloria-inbox-unack-json = Print JSON on a terminal as well
help-gloria-inbox-unack-examples =
    Examples:
      gloria inbox unack n:42
      gloria inbox unack n:42 w:7 --json

help-gloria-inbox-snooze = Take items out of the inbox until a time; then they come back, unread and with an alert
help-gloria-inbox-snooze-until = For how long, such as 30m, 1h30m or 3d, or until when: this-afternoon, tomorrow, monday, a day or a time on this computer's clock
help-gloria-inbox-snooze-keys = The items, by their keys, as `gloria inbox list` prints them, or by their first four characters or more
help-gloria-inbox-snooze-json = Print JSON on a terminal as well
help-gloria-inbox-snooze-examples =
    Examples:
      gloria inbox snooze tomorrow n:42                  at 08:00; this-afternoon is 15:00
      gloria inbox snooze 1h30m n:42
      gloria inbox snooze 17:30 n:42 n:43
      gloria inbox snooze 2026-11-30T08:00 n:42

help-gloria-inbox-mark = Mark items, as the window does
help-gloria-inbox-mark-mark = The mark to set
help-gloria-inbox-mark-json = Print JSON on a terminal as well
help-gloria-inbox-mark-keys = The items, by their keys, as `gloria inbox list` prints them, or by their first four characters or more
help-gloria-inbox-mark-examples =
    Examples:
      gloria inbox mark read n:42
      gloria inbox mark archived n:42 w:7
      gloria inbox mark flagged n:42
      gloria inbox list --filter unread --json | jq -r .key | xargs gloria inbox mark read

help-gloria-inbox-export = Write all items of the inbox, those that are done as well, for other programs
help-gloria-inbox-export-format = json: one array; csv: a table that spreadsheets read, without formulas
help-gloria-inbox-export-output = Write this file instead of printing; only you can read it, and an older one is replaced
help-gloria-inbox-export-examples =
    Examples:
      gloria inbox export > inbox.json
      gloria inbox export --format csv --output inbox.csv
