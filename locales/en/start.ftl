### Why the app does not start or cannot go on: on stderr after "gloria-notify: ", and in a dialog. No full stop at the end.

# $name is an environment variable.
start-no-home = cannot determine where to store files: { $name } is not set; set it, or set GLORIA_HOME to a folder of your choice
start-taken =
    another Gloria Notify is using the folder { $folder }, here or on another computer, and cannot be reached; quit it and start again
start-unresponsive =
    another Gloria Notify is using the folder { $folder }, here or on another computer, and does not answer ({ $problem }); end it and start again
start-no-runtime = the system refuses resources: { $problem }
start-no-resources = the system gives Gloria Notify no more threads or memory; close other programs and start it again
start-no-display = there is no display: neither WAYLAND_DISPLAY nor DISPLAY is set; start it in a desktop session
# $displays are variables with their values.
start-display-closed = the display cannot be opened ({ $displays }); start it in a desktop session
start-no-web-view =
    Gloria Notify needs the Microsoft Edge WebView2 Runtime, which is not installed; install it from Microsoft, or ask your administrator
start-failed = Gloria Notify could not start: { $problem }
start-window-failed = Gloria Notify could not open its window: { $problem }
start-core-lost =
    Gloria Notify had an internal error that it cannot recover from, and is quitting; start it again, and tell your administrator if that does not help
start-panicked =
    Gloria Notify had an internal error and has ended; start it again, and tell your administrator if that does not help

# The part that is always there, without a window.
start-no-agent = Gloria Notify could not start in the background: { $problem }

# Why it does not open its window, which a notification says.
start-window-no-display = Gloria Notify cannot open its window because there is no display
# $displays are variables with their values.
start-window-display-closed = Gloria Notify cannot open its window because the display cannot be opened ({ $displays })
# $status is how its process ended.
start-window-ended = Gloria Notify's window ended as soon as it was started ({ $status }); the log of Gloria Notify says why
start-window-late =
    Gloria Notify's window was started but does not appear; try again, and see the log of Gloria Notify if that does not help

## The app that runs, for whom a second start or the command line asks it.

app-not-running = Gloria Notify is not running
app-silent = Gloria Notify is running but does not answer; see its log, or end it and start it again
app-unreachable = Gloria Notify cannot be reached: { $problem }
app-other-version = the Gloria Notify that is running is another version; end it and start it again
app-url-refused = this is no address that Gloria Notify opens; those are gloria-notify:show and gloria-notify:open/ITEM
