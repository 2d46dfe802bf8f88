### `gloria doctor`: its checks, what each found, and what mends it. Findings have no full stop at the end.

## A line. $mark says how it stands, $title what was checked. $mend is one of doctor-mend-*.

doctor-line = { $mark } { $title }: { $cause }
doctor-line-mend = { $mark } { $title }: { $cause }. To mend it: { $mend }
doctor-mark-passed = [good]
doctor-mark-skipped = [not checked]
doctor-mark-warning = [warning]
doctor-mark-failed = [fault]

## The checks.

doctor-app = App
doctor-server-name = Name of the server
doctor-tcp = Connection to the server
doctor-tls = Certificate
doctor-proxy = Proxy
doctor-answer = Answer of the server
doctor-sign-in = Sign-in
doctor-stream = Stream
doctor-heartbeat = Heartbeat
doctor-event = Events
doctor-marks = Marks
doctor-keyring = Keyring
doctor-notifications = Notifications
doctor-tray = Tray
doctor-sound = Sound device
doctor-autostart = Start at login
doctor-disk = Disk
doctor-clock = Clock
doctor-policy = Settings and policy
doctor-versions = Versions
doctor-test-event = Test event
doctor-test-alert = Test notification

## What was found.

doctor-app-runs = Gloria Notify is running and answers
doctor-app-absent = Gloria Notify is not running, so no notification is shown
doctor-app-unreachable = Gloria Notify does not answer: { $problem }
doctor-no-address = no server is set up
# $title is the check that failed before.
doctor-after = "{ $title }" has to work first
doctor-hangs = no answer within { $seconds } s
doctor-app-only = only the running app knows
doctor-unasked = this system does not say
doctor-name-found = { $name } has an address
doctor-name-by-proxy = the proxy { $proxy } looks { $name } up
doctor-name-unneeded = { $name } is an address already
doctor-tcp-open = { $name } accepts connections at port { NUMBER($port, useGrouping: "false") }
doctor-tcp-by-proxy = the proxy { $proxy } makes it
doctor-tls-trusted = the connection is encrypted, and this computer trusts the server's certificate
doctor-tls-none = the server is on this computer, and the connection is not encrypted
doctor-tls-insecure = the connection is not encrypted: others in the network can read the token and the notifications
doctor-proxy-none = none is used
doctor-proxy-used = { $proxy } lets the connection through
doctor-answered = it answers (status { NUMBER($status, useGrouping: "false") })
doctor-signed-in = the server accepts it
doctor-token-untested = a token is saved; the server could not be asked about it
doctor-sign-in-saved = a sign-in is saved; only the running app uses it, because that renews it
doctor-sign-in-by-command = the command in auth.command gives the token; only the running app runs it
doctor-stream-open = it is open
doctor-stream-trying = it is being opened
doctor-heard = the server was last heard { $seconds } s ago
doctor-silent = the server has been silent for { $seconds } s
doctor-not-heard = the stream is not open
doctor-nothing-heard-yet = nothing was heard since the stream was opened
doctor-clock-unsaid = the server does not say its time
doctor-events = { $count ->
        [one] { $count } event
       *[other] { $count } events
    } since the app started
doctor-events-unreadable = { $failed } of { $count } events could not be read
doctor-marks-sent = the server knows all that it was sent
# $fields is a list of technical words, such as flagged.
doctor-marks-kept = the server does not know { $fields }: these marks stay on this computer, so other devices do not have them
doctor-keyring-good = it answers
# $service is the name of the program that shows notifications; $capabilities is a list of technical words.
doctor-notifications-good = { $service } shows them ({ $capabilities })
doctor-notifications-paused = "do not disturb" is on: { $service } shows them later
doctor-tray-good = this desktop shows tray icons
doctor-tray-none = this desktop shows no tray icons, so there is no sign of Gloria Notify while its window is closed
doctor-sound-good = it can be opened
doctor-autostart-on = Gloria Notify starts at login
doctor-autostart-off = Gloria Notify does not start at login
doctor-disk-free = { $megabytes } MB are free where the inbox is
doctor-disk-low = only { $megabytes } MB are free where the inbox is
doctor-disk-network = the inbox is on a network drive
doctor-disk-unwritable = no file can be created where the inbox is: { $problem }
doctor-clock-good = it agrees with the server's
doctor-clock-ahead = it is { $seconds } s ahead of the server's
doctor-clock-behind = it is { $seconds } s behind the server's
doctor-policy-none = no mistakes; your organisation sets nothing
doctor-policy-sets = no mistakes; your organisation sets { $count ->
        [one] { $count } setting
       *[other] { $count } settings
    }
# $problem is the first one.
doctor-settings-mistakes = { $count ->
        [one] a mistake: { $problem }
       *[other] { $count } mistakes, the first: { $problem }
    }
doctor-types-without-notifications = sse.types leaves out notification.created, so no notification arrives
doctor-version = { $version }
doctor-versions-differ = the app that runs is { $app }, this command { $command }
doctor-event-not-offered = this server sends none, so only the way from the app to the screen is tested
doctor-event-no-stream = the server says that no stream of this user is open
doctor-event-not-arrived = the server sent it, and it did not arrive within { $seconds } s
doctor-event-arrived = the server sent it, and it is in the inbox

## The report for support.

doctor-bundle-add-yes = to save a report without a terminal, add --yes
doctor-bundle-contents = { $path } will contain, without tokens, texts of notifications, your name, and the path of the server:
doctor-bundle-entry = { $name } ({ $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    })
doctor-bundle-ask = save it? [y/N]
doctor-bundle-overwrite = { $path } is there already; overwrite it? [y/N]
doctor-bundle-exists = { $path } is there already and stays as it is; name another file
doctor-bundle-not-saved = nothing was saved
doctor-bundle-saved = the report is in { $path }; look at it before you send it
doctor-bundle-failed = { $path } could not be written: { $problem }

## The checks in the window, which runs `gloria doctor`.

doctor-not-started = the program "gloria" could not be started: { $problem }
doctor-no-folder = there is no folder to save it in
doctor-timed-out = the checks did not end within { $seconds } s
doctor-broke = the checks ended without a result that this version understands; run `gloria doctor` in a terminal

## What mends it.

doctor-mend-app = start Gloria Notify
doctor-mend-app-anew = end Gloria Notify in this computer's list of processes, or sign out of this computer and in again
doctor-mend-address = enter the server's address in Gloria Notify, or set api.url
doctor-mend-name = check the address, and whether this computer is in the right network or VPN
doctor-mend-tcp = check the address and its port, the network or VPN, and firewalls between here and the server
doctor-mend-tls = check this computer's clock; else have your administrator renew the server's certificate, or set network.ca_file to your organisation's root certificate
doctor-mend-client-certificate = ask your administrator for a certificate that the server accepts, and set network.client_certificate
doctor-mend-insecure = use an address with https
doctor-mend-proxy = check network.proxy, the proxy's user name and password, and whether the proxy allows this server
doctor-mend-network = ask your administrator about proxies and filters between here and the server
doctor-mend-network-sign-in = open a browser and sign in to this network
doctor-mend-server = check the address; if it is right, tell the server's administrator
doctor-mend-sign-in = sign in in Gloria Notify, or with `gloria login`
doctor-mend-stream = wait for the next attempt, or connect at once with `gloria retry`
doctor-mend-retry = connect with `gloria retry`
doctor-mend-person = open Gloria Notify and say who is signed in
doctor-mend-unreadable = `gloria status` names what could not be read; tell the server's administrator
doctor-mend-marks = ask the server's administrator whether a newer version of it knows them; nothing else is affected
doctor-mend-keyring = start a keyring service such as GNOME Keyring or KWallet in this session
doctor-mend-hangs = sign out of this computer and in again
doctor-mend-wait = wait some minutes, and try again
doctor-mend-types = add notification.created to sse.types, or remove the setting
doctor-mend-unlock = unlock the keyring, for example by signing out of this computer and in again
doctor-mend-notifications = start the desktop's notification service, or sign in to the desktop again
doctor-mend-do-not-disturb = turn "do not disturb" off in the desktop's settings
doctor-mend-tray = turn on the desktop's extension for tray icons (AppIndicator)
doctor-mend-sound = connect an output, or check the sound settings of this computer
doctor-mend-autostart = turn it on in the preferences of Gloria Notify
doctor-mend-disk = free some space on it
doctor-mend-disk-unwritable = see that this user can write there and that the disk has room for more files, or set GLORIA_HOME to another folder
doctor-mend-disk-network = set GLORIA_HOME or the data folder to a disk of this computer
doctor-mend-clock = set this computer's clock by the network
doctor-mend-settings = `gloria policy` names all of them with their places
doctor-mend-versions = end the app with `gloria quit`, and start it again
