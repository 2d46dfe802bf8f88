### What the user should know about this computer. No full stop at the end.

notice-sound = Sound can't be played: { $problem }
# $reason is the server's own sentence, or action-refused-status.
notice-action = The server refused what you did, so it was undone: { $reason }
action-refused = { $reason }
action-refused-status = status { $status }
notice-notifications = Notifications can't be shown: { $problem }
notice-notifications-hang =
    Notifications can't be shown: this desktop's notification service does not answer. What arrives meanwhile is shown once it does
# $problem begins the sentence; its first letter is made a capital one where this is shown.
notice-storage =
    { $problem }. Until this is solved, notifications are shown, but kept only until Gloria Notify quits; it tries the file again every { $seconds } s
notice-storage-set-aside =
    The inbox file was damaged. It was moved to { $path } and a new inbox was started; new notifications are stored as usual
notice-inbox-too-large =
    The inbox takes more than the { $megabytes } MB that it may. What is left is flagged, snoozed or to be acknowledged, and never removed; take care of some of it, or allow more
notice-tray = This desktop has no tray. Start Gloria Notify again to open its window
notice-lock =
    The folder of the inbox is on a file system without locks. Do not run Gloria Notify with it on two computers at once
notice-internal =
    Gloria Notify had an internal error and restarted. If you see this often, tell your administrator

sound-no-device = no sound device was found
sound-failed = the sound device failed: { $problem }
sound-busy = another sound is playing
# Why, as the end of sound-failed.
sound-ended = the sound player has ended
sound-closed = the output closed by itself
sound-hangs = it did not answer in time

notifications-none = this desktop has no notification service
notifications-refused = the notification service failed: { $problem }
notifications-lost = the notification service ended before it answered
