### The tray: its menu, and the lines of its tooltip, which holds about 120 characters in all.

tray-open = Open inbox
tray-pause-sounds = Pause sounds for 1 hour
tray-resume-sounds = Resume sounds
tray-reconnect = Reconnect now
tray-preferences = Preferences…
tray-quit = Quit Gloria Notify
tray-connect = Connect
tray-disconnect = Disconnect

# What only the user can do, as entries of the menu. Each opens the window at the right place, except for the keyring.
tray-set-up = Set up…
tray-sign-in = Sign in…
tray-sign-in-again = Sign in again…
# For servers without a sign-in in the browser
tray-enter-token = Enter a new token…
tray-check-address = Check the address…
tray-unlock-keyring = Unlock the keyring…
tray-confirm-person = Say who is signed in…
tray-proxy-sign-in = Sign in to the proxy…
tray-show-connection = See what is wrong…
tray-show-notices = See a problem on this computer…

# The first lines of the menu.
# $state: "Connected", "Not connected" and others below; $reason: why, as in the window
tray-because = { $state }: { $reason }
tray-unread = { $count } unread

# The first line of the tooltip.
tray-name = Gloria Notify
tray-set-up-needed = Set-up needed
tray-needs-you = Needs you
tray-connected = Connected
tray-connected-since = Connected since { DATETIME($at, hour: "2-digit", minute: "2-digit") }
tray-connecting = Connecting
tray-connecting-after = Connecting after { $attempts } attempts
tray-reconnecting = Reconnecting at { DATETIME($next, hour: "2-digit", minute: "2-digit", second: "2-digit") }
tray-reconnecting-after =
    Reconnecting at { DATETIME($next, hour: "2-digit", minute: "2-digit", second: "2-digit") } after { $attempts } attempts
tray-not-connected = Not connected
tray-not-connected-next = Not connected, next at { DATETIME($next, hour: "2-digit", minute: "2-digit", second: "2-digit") }
tray-not-connected-after =
    Not connected after { $attempts } attempts, next at { DATETIME($next, hour: "2-digit", minute: "2-digit", second: "2-digit") }
tray-last-heard = Last heard { DATETIME($at, hour: "2-digit", minute: "2-digit") }
tray-unseen = { $count } new
tray-offline = this computer is offline
tray-notifications-fail = notifications can't be shown
