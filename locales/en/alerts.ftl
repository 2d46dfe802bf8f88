### What became of an item's alert, and why. No full stop at the end.

## $reason is one of alert-reason-*, $sound one of alert-sound-*.

alert-pending = Not shown yet: { $reason }
alert-pending-burst = Not shown yet: it is waiting together with others
alert-pending-news = Not shown yet; { $sound }
alert-shown = Notification shown: { $reason }
alert-shown-after-wait = Notification shown after a delay
alert-shown-news = Notification shown; { $sound }
alert-digest-missed = Announced together with what came while you were away
alert-digest-burst = Announced together with others: too many came at once
alert-digest-late = Announced together with others that could not be shown before
alert-suppressed = No notification: { $reason }
alert-suppressed-news = No notification; { $sound }
alert-failed = Notification not shown: { $reason }; it will be tried again
alert-failed-news = Notification not shown; { $sound }; it will be tried again
alert-withdrawn = Notification taken back: { $reason }
alert-withdrawn-news = Notification taken back; { $sound }
# What an earlier version of the app kept, as it is.
alert-earlier = { $words }

## Reasons, as the end of a sentence.

alert-reason-missed = it came while you were away
alert-reason-burst = too many came at once
alert-reason-hanging = this desktop's notification service does not answer
alert-reason-progress = this workflow has not ended
alert-reason-handled = it was read elsewhere
alert-reason-expired = it had expired
alert-reason-low-priority = its priority is low
alert-reason-in-view = the inbox was in front of you; { $sound }
alert-reason-old = it is from before, and came only when missed notifications were fetched
alert-reason-shown-before = it was shown when it came, and could not be stored then
alert-reason-no-service = this desktop has no notification service
alert-reason-lost = the notification service went away
# $message is what the notification service said.
alert-reason-refused = the notification service refused it ({ $message })
alert-reason-broke = showing it caused an internal error
alert-reason-read = it was read
alert-reason-snoozed = it is snoozed
alert-reason-deleted = it was deleted
alert-reason-replaced = something newer replaced it

## Sounds, as the end of a sentence.

alert-sound-played = with sound
alert-sound-off = no sound: sounds are off
alert-sound-paused = no sound: sounds are paused
alert-sound-just-played = no sound: one had just played
