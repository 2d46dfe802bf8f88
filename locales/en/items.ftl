### Rows of the inbox that the app itself files, titles of what came without one, and what could not be read.

gap-title = Notifications are missing here
gap-title-between = Notifications between { $after } and { $before } may be missing
gap-between =
    What came after { $after } and up to { $before } is no longer on the server. Check the Gloria website for anything missing here.
gap-after = What came after { $after } is no longer on the server. Check the Gloria website for anything missing here.
gap-before = What came up to { $before } is no longer on the server. Check the Gloria website for anything missing here.
gap-unknown =
    Some of what came while this computer was away is no longer on the server. Check the Gloria website for anything missing here.
gap-first-title = Notifications from before may be missing
gap-first =
    Some of what the server had when this computer first connected could not be fetched. Check the Gloria website for anything missing here.
gap-event = event { $id }
gap-time = { DATETIME($at, dateStyle: "long", timeStyle: "short") }

position-lost-title = Notifications may be missing here
position-lost =
    The server no longer knows where this computer stopped (event { $id }) and continued with new events. Check the Gloria website for anything missing here.

unreadable-title = A notification could not be read
unreadable-named = Its id is { $id }; { $why }. Check the Gloria website for it, and tell your administrator.
unreadable-event = Its event id is { $id }; { $why }. Check the Gloria website for it, and tell your administrator.
unreadable-nameless = It has no id; { $why }. Check the Gloria website for it, and tell your administrator.
# Why it could not be read, within the sentences above.
unreadable-too-large = it is too large ({ $size } MiB or more)
unreadable-not-stored = the inbox does not accept it
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
unreadable-more = Check the Gloria website for anything missing here, and tell your administrator.

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
