### Notifications: what is on all of them, and the app's own: many at once, and what the user has to know.

# The action of a notification: a button, or what a click on it is called.
notification-open = Open

digest-missed = { $count } notifications while you were away
digest-burst = { $count } more notifications
digest-late = { $count } notifications that were not shown yet
digest-newest = Newest: { $title }
digest-urgent = { $count ->
    [one] Urgent: { $title }
   *[other] { $count } urgent, the newest of them: { $title }
}

needs-you = Gloria Notify needs you
outage = No connection to the Gloria System
outage-needs-you = New notifications do not arrive: { $reason }
outage-long = For { $minutes } minutes: { $reason }. Reconnecting automatically
outage-unexplained = For { $minutes } minutes. Reconnecting automatically
storage-needs-you = New notifications cannot be stored: { $problem }
person-needs-you = There is a new token. Open Gloria Notify and say whether it is yours
test-notification = This is a test
test-notification-body = Notifications of the Gloria System look like this.
internal-error = Gloria Notify had an internal error
internal-error-restart =
    It restarts automatically. What arrived is stored, and what arrives meanwhile is requested again
