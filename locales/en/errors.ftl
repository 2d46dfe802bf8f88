### Why something was not done, and what to do. No full stop at the end.

# Two of them, one after the other.
and-then = { $first }; { $next }

error-stopped = Gloria Notify is shutting down
error-restarting = Gloria Notify had an internal error and is restarting; try again in a moment
error-gone = this item is no longer there
error-superseded = a newer search has replaced this one
error-unknown-command = there is no command "{ $name }"
# $problem says what is wrong with a value, such as a token.
error-invalid-request = { $problem }
error-unwritable = { $problem }

## The answer to a program that sends something to the running app.

socket-other-version =
    this is Gloria Notify { $version }, whose protocol has version { $protocol }; the program uses another version
socket-unknown-role = there is no role "{ $name }"
socket-unknown-type = there is no event type "{ $name }"
socket-not-understood = this line is not valid
socket-too-long = this line is too long
socket-busy = too many programs are connected to Gloria Notify; end some of them
socket-window-open = Gloria Notify already has a window
socket-own-window = this Gloria Notify shows its window itself
socket-slow = Gloria Notify is busy, or the program was too slow; try again

link-not-web = only web links can be opened
link-no-browser = no browser could be started: { $problem }

## The inbox.

storage-newer =
    the inbox was written by a newer version of Gloria Notify (schema { $found }, this version knows { $known })
storage-full = the disk is full
storage-busy = another program is using the inbox file
storage-in-use = another Gloria Notify is using this inbox
storage-gone = the inbox file is gone
storage-disk = the disk failed: { $problem }
storage-read-only = the inbox file cannot be written
storage-damaged = the inbox file is damaged
storage-not-a-file = { $path } is not a file
storage-foreign = the inbox file belongs to another account
storage-folder = the folder for the inbox cannot be created: { $problem }
storage-database = the inbox database failed: { $problem }
storage-closed = the inbox is closed

private-foreign = { $path } belongs to another user of this computer
private-writable = other users of this computer can write to { $path }
private-not-administrators = { $path } does not belong to the administrator

## What to do about them. $problem is one of the above.

advised-newer = { $problem }; install that version again
advised-free-space = { $problem }; free some space
advised-close-other = { $problem }; close what uses it; a backup or a virus scanner may take a while
advised-end-other = { $problem }; end the other one; it may run in another session or on another computer
advised-disk = { $problem }; check the disk that holds { $path }
advised-administrator = { $problem }; it is not used; ask your administrator
advised-move = { $problem }; move { $path } away
advised-writable = { $problem }; make { $path } writable
