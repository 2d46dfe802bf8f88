### Rows of the inbox that the app itself files, titles of what came without one, and what could not be read.

gap-title = Notifications are missing here
gap-between =
    What came after { $after } and up to { $before } is no longer on the server. Look on the Gloria website for what is not here.
gap-after = What came after { $after } is no longer on the server. Look on the Gloria website for what is not here.
gap-before = What came up to { $before } is no longer on the server. Look on the Gloria website for what is not here.
gap-unknown =
    Some of what came while this computer was away is no longer on the server. Look on the Gloria website for what is not here.
gap-event = event { $id }
gap-time = { DATETIME($at, dateStyle: "long", timeStyle: "short") }

position-lost-title = Notifications may be missing here
position-lost =
    The server does not know any more where this computer stopped (event { $id }), and went on with what is new. Look on the Gloria website for what is not here.

unreadable-title = A notification could not be read
unreadable-named = Its id is { $id }; { $why }. Look on the Gloria website for it, and tell your administrator.
unreadable-event = Its event id is { $id }; { $why }. Look on the Gloria website for it, and tell your administrator.
unreadable-nameless = It has no id; { $why }. Look on the Gloria website for it, and tell your administrator.
# Why it could not be read, within the sentences above.
unreadable-too-large = it is larger than what is read ({ $size } MiB and more)
unreadable-not-stored = the inbox does not take it
unreadable-without-text = neither its title nor its text can be read
unreadable-not-json = not valid JSON
unreadable-not-json-at = not valid JSON: line { $line }, column { $column }
unreadable-not-object = not a JSON object
unreadable-without = the field { $field } is missing
unreadable-type = unknown event type
unreadable-not-asked-for = an event type that was not asked for
unreadable-more-title = { $count ->
    [one] Another notification could not be read
   *[other] { $count } more notifications could not be read
}
unreadable-more = Look on the Gloria website for what is not here, and tell your administrator.

maintenance-title = Planned maintenance
announcement-title = Announcement
workflow-title = Workflow { $id }

# What was expected of a field that was left out.
expected-text = a text
expected-text-or-number = a text or a number
expected-time = a time
expected-time-or-flag = a time, true or false
expected-address = a web address
expected-actions = a list of {"{"}label, link{"}"}
expected-priority = one of low, normal, high, urgent
expected-span = a span of time
expected-interval = a number of milliseconds above 0
expected-event-or-time = an event id or a time
expected-name = a name, or an object with one
expected-percent = a number from 0 to 100
expected-entries = a list of what the type asks for
expected-few-entries = at most 10000 entries
