// Generated from the core's protocol module; do not edit. `cargo xtask protocol` writes it anew.

/**
 * The whole state at one revision, which is followed by [`Update`]s with later revisions.
 */
export type Snapshot = { 
/**
 * [`super::PROTOCOL_VERSION`]: a reader for another version must not use the rest.
 */
protocol: number, 
/**
 * The revision this snapshot shows.
 */
revision: number, 
/**
 * The app's version.
 */
version: string, 
/**
 * The connection.
 */
connection: ConnectionView, 
/**
 * The inbox's counts.
 */
counts: Counts, 
/**
 * Address and token.
 */
account: AccountView, 
/**
 * The sign-in that is under way.
 */
signIn: SignInView, 
/**
 * Settings that the user can change.
 */
preferences: Preferences, 
/**
 * What the user should know about this computer, such as a full disk or a missing keyring.
 */
notices: Array<Notice>, 
/**
 * A newer version of the app, if one is known.
 */
release: ReleaseView | null, 
/**
 * The item of a clicked notification, until the window has shown it.
 */
requestedItem: string | null, 
/**
 * The view that the user asked for outside the window, until the window has shown it.
 */
requestedView: View | null, 
/**
 * The user sees the newest part of the inbox.
 */
inView: boolean, };

/**
 * An [`Update`] and the revision that it leads to.
 */
export type Revised = { 
/**
 * The revision after the update.
 */
revision: number, 
/**
 * The update.
 */
update: Update, };

/**
 * One change, sent with its revision.
 */
export type Update = { "kind": "connection", "value": ConnectionView } | { "kind": "counts", "value": Counts } | { "kind": "itemsStored", "value": Array<Item> } | { "kind": "itemsRemoved", "value": Array<string> } | { "kind": "inboxChanged" } | { "kind": "missed" } | { "kind": "account", "value": AccountView } | { "kind": "signIn", "value": SignInView } | { "kind": "preferences", "value": Preferences } | { "kind": "notices", "value": Array<Notice> } | { "kind": "release", "value": ReleaseView | null } | { "kind": "itemRequested", "value": string | null } | { "kind": "viewRequested", "value": View | null } | { "kind": "inView", "value": boolean } | { "kind": "metrics", "value": MetricsView };

/**
 * The connection as users see it.
 */
export type ConnectionView = { 
/**
 * The state of the connection.
 */
state: ConnectionState, 
/**
 * Why; absent if there is no problem.
 */
reason: Message | null, 
/**
 * What the user can do about it.
 */
remedy: Remedy, 
/**
 * The user has to act: waiting alone does not help.
 */
needsUser: boolean, 
/**
 * The outage is long enough to be noticed.
 */
longOutage: boolean, 
/**
 * Failed attempts in a row.
 */
attempt: number, 
/**
 * When the next attempt starts.
 */
nextAttemptAt: number | null, 
/**
 * When the present connection was established.
 */
connectedSince: number | null, 
/**
 * When the last byte arrived.
 */
lastHeardAt: number | null, 
/**
 * The state of the network according to the system.
 */
network: NetworkState, 
/**
 * The transport of the stream.
 */
transport: Transport, 
/**
 * The address is plain http to another computer: token and notifications are not encrypted.
 */
insecure: boolean, 
/**
 * Host and port of the proxy in use, without credentials.
 */
proxy: string | null, 
/**
 * Why new notifications cannot be stored and what to do; absent if they can.
 */
storage: Message | null, 
/**
 * When the newest connection was established, if the server has sent no cursor: events before it cannot be
 * requested. Absent if there is a cursor.
 */
historySince: number | null, 
/**
 * What was missed is being fetched from the server's list; absent if nothing is missing.
 */
filling: Filling | null, };

/**
 * The state of the network according to the system.
 */
export type NetworkState = "unknown" | "online" | "offline";

/**
 * How far fetching what was missed has got.
 */
export type Filling = { 
/**
 * The number of notifications so far.
 */
items: number, 
/**
 * The last attempt failed; the app tries again.
 */
isFailing: boolean, };

/**
 * The transport of the stream.
 */
export type Transport = "sse" | "webSocket";

/**
 * The state of the connection.
 */
export type ConnectionState = "idle" | "disconnected" | "connecting" | "connected" | "waiting" | "circuitOpen" | "halted";

/**
 * What the user can do about the connection.
 */
export type Remedy = "none" | "retry" | "signIn" | "checkAddress" | "unlockKeyring" | "checkNetwork" | "proxySignIn" | "checkCertificate" | "clientCertificate" | "networkSignIn" | "confirmPerson";

/**
 * Metrics of the connection since the core started.
 */
export type MetricsView = { 
/**
 * When the core started.
 */
since: number, 
/**
 * Attempts to connect, including a running one.
 */
attempts: number, 
/**
 * Attempts that opened the stream.
 */
connections: number, 
/**
 * Attempts that were not the first.
 */
reconnectAttempts: number, 
/**
 * The fraction of finished attempts that opened the stream, 0 to 1; absent before the first has finished.
 */
successRate: number | null, 
/**
 * Total time connected, including the present connection.
 */
connectedMs: number, 
/**
 * The longest connection, including the present one.
 */
longestConnectionMs: number, 
/**
 * The median of recent connections that have ended.
 */
medianConnectionMs: number | null, 
/**
 * Bytes received.
 */
bytes: number, 
/**
 * Processed events, including heartbeats.
 */
events: number, 
/**
 * Events over the last minute.
 */
eventsPerMinute: number, 
/**
 * Events that were malformed or exceeded a limit.
 */
failedEvents: number, 
/**
 * Events of a type that this version does not know.
 */
unknownEvents: number, 
/**
 * The time from the socket to the disk; absent before the first event.
 */
processing: Processing | null, 
/**
 * Why attempts failed and connections ended, most frequent first.
 */
errors: Array<ErrorCount>, 
/**
 * What could not be read of the server's events, by name, most frequent first.
 */
unread: Array<UnreadCount>, 
/**
 * Attempts that the server refused because of their token (401, 403).
 */
authenticationFailures: number, 
/**
 * Attempts and connections that ended by a timeout.
 */
timeouts: number, 
/**
 * The last 60 minutes, oldest first; fewer in the first hour.
 */
minutes: Array<Minute>, };

/**
 * The time from reading an event's bytes to storing its row.
 */
export type Processing = { 
/**
 * The median, in microseconds.
 */
p50Micros: number, 
/**
 * The 99th percentile, in microseconds.
 */
p99Micros: number, 
/**
 * The number of measured events.
 */
count: number, };

/**
 * The count of one kind of error.
 */
export type ErrorCount = { 
/**
 * The error.
 */
cause: Message, 
/**
 * Its label, which is the same in every version.
 */
kind: string, 
/**
 * The count.
 */
count: number, };

/**
 * An event type or a field that could not be read. It contains names and never values.
 */
export type UnreadCount = { 
/**
 * The event's type.
 */
event: string, 
/**
 * The field; absent if the whole event could not be read.
 */
field: string | null, 
/**
 * The kind of error.
 */
reason: UnreadReason, 
/**
 * What was expected.
 */
expected: Message | null, 
/**
 * The number since the core started.
 */
count: number, 
/**
 * The time of the last one.
 */
lastAt: number, };

/**
 * Why something could not be read.
 */
export type UnreadReason = "unreadable" | "leftOut" | "unknownType" | "unknownField";

/**
 * One minute of the connection.
 */
export type Minute = { 
/**
 * When it started.
 */
at: number, 
/**
 * Processed events, including heartbeats.
 */
events: number, 
/**
 * Attempts to connect.
 */
attempts: number, 
/**
 * Attempts that failed and connections that ended.
 */
failures: number, 
/**
 * How long the stream was open, 0 to 60,000.
 */
connectedMs: number, 
/**
 * The 99th percentile of the time from the socket to the disk, in microseconds; absent without events.
 */
p99Micros: number | null, };

/**
 * The counts of the inbox.
 */
export type Counts = { 
/**
 * Items not seen yet, for the badge.
 */
unseen: number, 
/**
 * Items not read yet.
 */
unread: number, 
/**
 * Items in the inbox without archived ones.
 */
total: number, };

/**
 * Address and token.
 */
export type AccountView = { 
/**
 * The API address in use, without credentials.
 */
address: string | null, 
/**
 * Why the user cannot change the address, if so.
 */
addressLock: LockedBy | null, 
/**
 * The state of the token.
 */
token: TokenState, 
/**
 * Whether the environment sets the token of this address.
 */
tokenLocked: boolean, 
/**
 * The administrator's command prints the token of this address, so nobody signs in or enters a token.
 */
byCommand: boolean, 
/**
 * Why there is no token, or why the server does not accept it; absent if there is one.
 */
tokenProblem: Message | null, 
/**
 * The first-run page has to be shown.
 */
needsSetup: boolean, 
/**
 * The token has changed, and only the user knows whether it belongs to the same person.
 */
question: PersonQuestion | null, 
/**
 * What the server last sent about the token's user.
 */
user: OwnUser, 
/**
 * The host name of the provider at which the user signs in; absent if the token has to be pasted, or that is not
 * known yet.
 */
provider: string | null, 
/**
 * Who is signed in at the provider; absent without a sign-in.
 */
signedIn: SignedIn | null, 
/**
 * Everybody whose inbox is on this computer. At most one account is active; none is after signing out.
 */
accounts: Array<KnownAccount>, };

/**
 * A person on a server whose inbox is on this computer.
 */
export type KnownAccount = { 
/**
 * Names it in [`AccountChoice`].
 */
id: string, 
/**
 * The person's name as the provider of the sign-in said it, or the id that the server sends.
 */
name: string | null, 
/**
 * The mail address, as the provider of the sign-in said it.
 */
email: string | null, 
/**
 * The API address of the server.
 */
address: string, 
/**
 * It is the one in use.
 */
active: boolean, 
/**
 * The person has not signed out, so switching to it may need no sign-in.
 */
signedIn: boolean, };

/**
 * The account to use from now on.
 */
export type AccountChoice = { 
/**
 * See [`KnownAccount::id`].
 */
id: string, };

/**
 * How to sign out.
 */
export type SignOutForm = { 
/**
 * Whether the inbox is erased. Otherwise it is there again when the same person signs in.
 */
erase: boolean, };

/**
 * The state of the token.
 */
export type TokenState = "unknown" | "present" | "missing" | "keyringLocked" | "keyringUnavailable" | "needsSignIn" | "rejected" | "commandFailed";

/**
 * Address and token, as entered.
 */
export type AccountForm = { 
/**
 * The API address.
 */
address: string, 
/**
 * The token; absent to use the saved one.
 */
token: string | null, };

/**
 * The answer to [`AccountView::question`].
 */
export type PersonAnswer = { 
/**
 * Yes: the same person, who keeps this inbox. Another one gets an inbox of their own.
 */
same: boolean, };

/**
 * Whether it is the same person. Until it is answered there is no connection, and nothing is stored.
 */
export type PersonQuestion = { 
/**
 * Why it is asked.
 */
kind: QuestionKind, 
/**
 * The server's id of the token's user, if it sends one.
 */
user: string | null, 
/**
 * Whose inbox it is that the person would get, as far as that is known.
 */
name: string | null, };

/**
 * Who is signed in at a provider.
 */
export type SignedIn = { 
/**
 * The name according to the provider.
 */
name: string | null, 
/**
 * The mail address according to the provider.
 */
email: string | null, 
/**
 * The host name of the provider.
 */
provider: string, 
/**
 * When the sign-in ends; absent if it renews itself.
 */
endsAt: number | null, 
/**
 * What is wrong with it; absent if nothing is.
 */
trouble: SignInTrouble | null, };

/**
 * What is wrong with a sign-in that is in force.
 */
export type SignInTrouble = { 
/**
 * Its kind.
 */
kind: SignInTroubleKind, 
/**
 * What happened and what to do.
 */
message: Message, };

/**
 * The kinds of [`SignInTrouble`].
 */
export type SignInTroubleKind = "renewalFailing" | "misconfigured" | "unsaved";

/**
 * The sign-in that is under way. It goes on while the window is closed.
 */
export type SignInView = { "step": "none" } | { "step": "starting", 
/**
 * The server's address.
 */
address: string, } | { "step": "waiting", 
/**
 * The server's address.
 */
address: string, 
/**
 * The host name of the provider.
 */
provider: string, 
/**
 * The address to open, which can be used again.
 */
link: string, 
/**
 * When it ends without the user.
 */
until: number, 
/**
 * Where the user signs in.
 */
place: SignInPlace, 
/**
 * What went wrong so far, such as that no browser could be opened.
 */
problem: Message | null, } | { "step": "exchanging", 
/**
 * The server's address.
 */
address: string, 
/**
 * The host name of the provider.
 */
provider: string, } | { "step": "checking", 
/**
 * The server's address.
 */
address: string, 
/**
 * The host name of the provider.
 */
provider: string, } | { "step": "storing", 
/**
 * The server's address.
 */
address: string, 
/**
 * The host name of the provider.
 */
provider: string, } | { "step": "failed", 
/**
 * The server's address.
 */
address: string, 
/**
 * How the user wanted to sign in.
 */
way: SignInWay, 
/**
 * Why, and what to do.
 */
message: Message, 
/**
 * It failed because of this, and can be begun again once the user has agreed.
 */
change: ProviderChange | null, };

/**
 * Where the user signs in.
 */
export type SignInPlace = { "way": "browser", 
/**
 * The provider's page came back without our request, so it forgot it: the user has to sign in there first,
 * and open the link again.
 */
forgotten: boolean, } | { "way": "device", 
/**
 * The page's address, to be typed on another device.
 */
page: string, 
/**
 * The code to be entered there, or compared if the link was opened.
 */
code: string, };

/**
 * How the user signs in.
 */
export type SignInWay = "browser" | "device";

/**
 * Begins a sign-in, which replaces one that is under way.
 */
export type SignInForm = { 
/**
 * The server's address, as typed. It is saved once the user has signed in.
 */
address: string, 
/**
 * How the user signs in.
 */
way: SignInWay, 
/**
 * Whether the provider has to ask who it is, although the browser may be signed in there.
 */
anotherAccount: boolean, 
/**
 * The provider that the user agreed to, after another one was remembered. Only this one is followed.
 */
agreed: ProviderName | null, };

/**
 * How users of a server can sign in.
 */
export type SignInOffer = { 
/**
 * The server's address in its complete form.
 */
address: string, 
/**
 * The host name of the provider; absent if the server has only tokens that are pasted.
 */
provider: string | null, 
/**
 * The ways in which the provider lets users sign in; none if it does not answer, for the reason in `problem`, and
 * only the browser if it was not asked, because of `change`.
 */
ways: Array<SignInWay>, 
/**
 * Why nobody can sign in there at present.
 */
problem: Message | null, 
/**
 * The user has to agree to this provider first.
 */
change: ProviderChange | null, };

/**
 * Asks how users of a server can sign in.
 */
export type SignInQuery = { 
/**
 * The server's address, as typed.
 */
address: string, 
/**
 * The provider that the user agreed to, after another one was remembered. Only this one is asked as well.
 */
agreed: ProviderName | null, };

/**
 * A provider as a server names it.
 */
export type ProviderName = { 
/**
 * The address of the provider.
 */
issuer: string, 
/**
 * The app's id there.
 */
clientId: string, };

/**
 * A server names another provider than the one where somebody signed in last. Nobody signs in there until the user
 * agrees.
 */
export type ProviderChange = { 
/**
 * Where somebody signed in last.
 */
before: ProviderName, 
/**
 * What the server names now.
 */
now: ProviderName, };

/**
 * The address of the page that the browser could not open, from its address bar. It has the code of the sign-in.
 */
export type PastedPage = { 
/**
 * The whole address.
 */
address: string, };

/**
 * Why the user is asked whether it is the same person.
 */
export type QuestionKind = "token" | "application" | "server";

/**
 * The result of a connection test.
 */
export type TestReport = { 
/**
 * The stream was opened and an event arrived.
 */
succeeded: boolean, 
/**
 * The steps in order; the test stops at the first one that fails.
 */
steps: Array<TestStep>, };

/**
 * One step of a connection test.
 */
export type TestStep = { 
/**
 * What was tested.
 */
title: Message, 
/**
 * Whether it worked.
 */
passed: boolean, 
/**
 * What happened and what to do.
 */
detail: Message, };

/**
 * What all checks found.
 */
export type DoctorReport = { 
/**
 * In the order of the checks: one that failed may be the cause of later ones.
 */
findings: Array<FindingView>, };

/**
 * What a check found.
 */
export type FindingView = { 
/**
 * How it stands.
 */
outcome: Outcome, 
/**
 * What was checked.
 */
title: Message, 
/**
 * What was found.
 */
cause: Message, 
/**
 * What mends it; absent if nothing has to be mended.
 */
mend: Message | null, };

/**
 * How a check stands, from good to bad.
 */
export type Outcome = "passed" | "skipped" | "warning" | "failed";

/**
 * The report for support.
 */
export type SupportReport = { 
/**
 * Where it is, or would be saved.
 */
path: string, 
/**
 * What it contains.
 */
files: Array<ReportFile>, 
/**
 * It is in the file.
 */
saved: boolean, 
/**
 * Why it could not be saved.
 */
problem: Message | null, };

/**
 * A file of the report for support.
 */
export type ReportFile = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its size.
 */
bytes: number, };

/**
 * An entry of the inbox.
 */
export type Item = { 
/**
 * Unique in this inbox, and kept when the item is updated.
 */
key: string, 
/**
 * Its kind.
 */
kind: ItemKind, 
/**
 * One line of plain text; empty if `words` has a title.
 */
title: string, 
/**
 * Plain text with its line breaks; empty if `words` has a body.
 */
body: string, 
/**
 * Text of the app instead of the server's.
 */
words: ItemWords | null, 
/**
 * The server's category, if any.
 */
category: string | null, 
/**
 * Its urgency.
 */
priority: Priority, 
/**
 * The name of who or what caused it.
 */
actor: string | null, 
/**
 * The target of its link: http or https only.
 */
link: string | null, 
/**
 * Further links with labels.
 */
actions: Array<ItemAction>, 
/**
 * The progress of a workflow in percent.
 */
progress: number | null, 
/**
 * When the server created it, or else when it was received.
 */
createdAt: number, 
/**
 * When this machine received it.
 */
receivedAt: number, 
/**
 * Its position in every list: the item with the greater string, compared by code units, comes first.
 */
sort: string, 
/**
 * Urgent and unread, or to be acknowledged, so it comes before other items whatever its time.
 */
pinned: boolean, 
/**
 * The views that contain it.
 */
views: Array<InboxView>, 
/**
 * When it was first on screen.
 */
seenAt: number | null, 
/**
 * When it was read.
 */
readAt: number | null, 
/**
 * When it was archived.
 */
archivedAt: number | null, 
/**
 * When it was flagged.
 */
flaggedAt: number | null, 
/**
 * When it returns to the inbox; absent unless it is snoozed.
 */
snoozedUntil: number | null, 
/**
 * The server wants it to be acknowledged: it stays on top until it is acknowledged or archived.
 */
ackRequired: boolean, 
/**
 * When it was acknowledged.
 */
acknowledgedAt: number | null, 
/**
 * When it expires.
 */
expiresAt: number | null, 
/**
 * Items with the same value belong together.
 */
groupKey: string | null, 
/**
 * The server's version of it: of two statements about the item, the one with the higher version is in force.
 */
version: number | null, 
/**
 * The state of its newest alert.
 */
alert: ItemAlert | null, 
/**
 * Whether the server does not have the user's last action yet.
 */
pending: boolean, 
/**
 * Why the server refused the user's last action, which was taken back.
 */
refused: Message | null, };

/**
 * The newest alert of an item.
 */
export type ItemAlert = { 
/**
 * Its state.
 */
state: AlertState, 
/**
 * Why.
 */
reason: Reason, 
/**
 * Both, as a message for the user.
 */
words: Message, };

/**
 * Text of the app for an item without text of the server. It is stored as codes, so that it is shown in the user's
 * current language.
 */
export type ItemWords = { 
/**
 * The title.
 */
title: Message, 
/**
 * The body; without it the server's body is shown.
 */
body: Message | null, };

/**
 * The state of an alert.
 */
export type AlertState = "pending" | "shown" | "inDigest" | "suppressed" | "failed" | "withdrawn";

/**
 * Why an alert has its state.
 */
export type Reason = { "why": "news", 
/**
 * What was decided about its sound.
 */
sound: SoundReason, } | { "why": "missed" } | { "why": "burst" } | { "why": "hanging" } | { "why": "progress" } | { "why": "handled" } | { "why": "expired", 
/**
 * When it expired.
 */
at: number, } | { "why": "lowPriority" } | { "why": "inView", 
/**
 * What was decided about its sound.
 */
sound: SoundReason, } | { "why": "shownBefore" } | { "why": "old" } | { "why": "noService" } | { "why": "lost" } | { "why": "refused", 
/**
 * The service's error.
 */
message: string, } | { "why": "broke" } | { "why": "read" } | { "why": "snoozed" } | { "why": "deleted" } | { "why": "replaced" } | { "why": "earlier", 
/**
 * The text.
 */
words: string, };

/**
 * What was decided about a sound.
 */
export type SoundReason = { "played": SoundName } | "off" | "paused" | "justPlayed";

/**
 * The kind of an item.
 */
export type ItemKind = "notification" | "announcement" | "maintenance" | "workflowRunning" | "workflowCompleted" | "workflowFailed" | "gap" | "unreadable";

/**
 * The urgency of an item.
 */
export type Priority = "low" | "normal" | "high" | "urgent";

/**
 * A labelled link of an item.
 */
export type ItemAction = { 
/**
 * The label of the button.
 */
label: string, 
/**
 * The target: http or https only.
 */
link: string, };

/**
 * Selects a page of a list.
 */
export type InboxQuery = { 
/**
 * Which items.
 */
filter: InboxFilter, 
/**
 * The `next` of the page before; absent for the first page.
 */
after: string | null, 
/**
 * The maximum number of items; the core limits it.
 */
limit: number, };

/**
 * Selects items: those that match all fields. An absent field selects all.
 */
export type InboxFilter = { 
/**
 * The view that contains them.
 */
view: InboxView, 
/**
 * What the user typed to find them: words, phrases in quotes, and conditions: `from:` and `category:` with the
 * beginning of a name, `is:` with `unread`, `read`, `flagged`, `snoozed`, `done`, `open`, `urgent`, `high`,
 * `normal` or `low`, and `before:` and `after:` with a day, month or year such as `2026-11-28`. `after:` includes
 * that day, and `is:done`, `is:open`, `is:flagged` or `is:snoozed` replaces the view. Everything else is words,
 * which an item contains at the beginning of its own.
 */
text?: string, 
/**
 * Whether to look among archived and other items, instead of in the view.
 */
everywhere?: boolean, 
/**
 * Only those that are not read, or only those that are.
 */
unread?: boolean, 
/**
 * Of exactly this category; empty for those without one.
 */
category?: string, 
/**
 * Of exactly this sender; empty for those without one.
 */
sender?: string, 
/**
 * Of this kind.
 */
kind?: ItemKind, 
/**
 * Of this urgency.
 */
priority?: Priority, 
/**
 * From this time on.
 */
since?: number, 
/**
 * Before this time.
 */
until?: number, };

/**
 * The views of the inbox.
 */
export type InboxView = "inbox" | "unread" | "flagged" | "snoozed" | "archived";

/**
 * The result of setting marks.
 */
export type Marked = { 
/**
 * The revision of the state that includes them; a reader with an earlier one still has the old items.
 */
revision: number, 
/**
 * The counts after it.
 */
counts: Counts, };

/**
 * A page of the inbox.
 */
export type InboxPage = { 
/**
 * Sorted by [`Item::sort`], greatest first.
 */
items: Array<Item>, 
/**
 * The `after` of the query for the next page; absent on the last.
 */
next: string | null, 
/**
 * Where the words of the query are in each of the items; empty if it has none.
 */
hits: Array<ItemHits>, 
/**
 * Whether all items were searched: after an upgrade, old ones are missing for some seconds or minutes.
 */
complete: boolean, };

/**
 * Where the words of a query are in an item.
 */
export type ItemHits = { 
/**
 * The item's key.
 */
key: string, 
/**
 * In its title.
 */
title: Array<Hit>, 
/**
 * In its body.
 */
body: Array<Hit>, 
/**
 * In the name of its sender.
 */
actor: Array<Hit>, 
/**
 * In its category.
 */
category: Array<Hit>, };

/**
 * A part of a text, in UTF-16 units, as JavaScript counts them. It contains whole characters.
 */
export type Hit = { 
/**
 * Its first unit.
 */
start: number, 
/**
 * The unit after it.
 */
end: number, };

/**
 * Sets a mark on items.
 */
export type MarkRequest = { 
/**
 * The items' keys; unknown ones are ignored.
 */
keys: Array<string>, 
/**
 * The mark.
 */
mark: Mark, };

/**
 * A mark on an item.
 */
export type Mark = "seen" | "read" | "unread" | "archived" | "unarchived" | "flagged" | "unflagged" | { "snoozed": SnoozedUntil } | "unsnoozed" | "acknowledged" | "unacknowledged";

/**
 * When a snoozed item returns.
 */
export type SnoozedUntil = { 
/**
 * The time.
 */
at: number, 
/**
 * What the clock on the wall shows then, if the user chose that and no duration: `2026-11-30T08:00:00`. If the
 * time zone changes, `at` changes with it.
 */
wall: string | null, };

/**
 * What a user chooses when snoozing.
 */
export type Snooze = { "seconds": number } | "afternoon" | "tomorrow" | "monday" | { "at": string };

/**
 * Snoozes items.
 */
export type SnoozeRequest = { 
/**
 * The items' keys; unknown ones are ignored.
 */
keys: Array<string>, 
/**
 * Until when.
 */
until: Snooze, };

/**
 * Selects a link of an item.
 */
export type FollowRequest = { 
/**
 * The item's key.
 */
key: string, 
/**
 * The index in [`Item::actions`]; absent for the item's own link.
 */
action: number | null, };

/**
 * Settings that the user can change.
 */
export type Preferences = { 
/**
 * Sounds are turned on.
 */
sounds: boolean, 
/**
 * 0 to 100.
 */
volume: number, 
/**
 * The sound of an ordinary notification.
 */
sound: SoundName, 
/**
 * Until when sounds are paused.
 */
soundsPausedUntil: number | null, 
/**
 * The colour scheme of the window.
 */
appearance: Appearance, 
/**
 * "system", "none", or the proxy's address with its password as `***`.
 */
proxy: string, 
/**
 * The app connects when it starts.
 */
autoConnect: boolean, 
/**
 * How much is logged.
 */
logLevel: LogLevel, 
/**
 * When the debug log ends, if it is on.
 */
debugLogUntil: number | null, 
/**
 * The settings that the user cannot change, by their names in the settings file.
 */
locks: Partial<Record<SettingName, LockedBy>>, };

/**
 * Changes of [`Preferences`]; absent fields stay.
 */
export type PreferencesForm = { 
/**
 * Sounds are turned on.
 */
sounds?: boolean, 
/**
 * 0 to 100; a greater value means 100.
 */
volume?: number, 
/**
 * The sound of an ordinary notification.
 */
sound?: SoundName, 
/**
 * The colour scheme of the window.
 */
appearance?: Appearance, 
/**
 * "system", "none", or the proxy's address.
 */
proxy?: string, 
/**
 * The app connects when it starts.
 */
autoConnect?: boolean, 
/**
 * How much is logged.
 */
logLevel?: LogLevel, };

/**
 * A bundled sound.
 */
export type SoundName = "chime" | "knock" | "bloom" | "alarm";

/**
 * The colour scheme of the window.
 */
export type Appearance = "system" | "light" | "dark";

/**
 * The least severe messages that are logged.
 */
export type LogLevel = "error" | "warn" | "info" | "debug" | "trace";

/**
 * Why the user cannot change a setting.
 */
export type LockedBy = "administrator" | "environment";

/**
 * How long to pause sounds.
 */
export type PauseRequest = { 
/**
 * Minutes from now; 0 ends the pause.
 */
minutes: number, };

/**
 * Something about this computer that the user should know.
 */
export type Notice = { 
/**
 * Its subject; there is at most one notice of each kind.
 */
kind: NoticeKind, 
/**
 * What happened and what to do.
 */
message: Message, };

/**
 * The subject of a notice.
 */
export type NoticeKind = "storage" | "action" | "size" | "keyring" | "sound" | "notifications" | "tray" | "settings" | "internal" | "lock" | "window";

/**
 * A newer version than the one that runs. The app does not install it.
 */
export type ReleaseView = { 
/**
 * The version.
 */
version: string, 
/**
 * The address of the page about it, which `release_notes` opens.
 */
notes: string | null, };

/**
 * A view of the window that the user asked for elsewhere, such as in the tray's menu.
 */
export type View = "inbox" | "connection" | "preferences" | "proxy" | "setup";

/**
 * What the window shows: an item that the user can see needs no notification.
 */
export type WindowView = { 
/**
 * The inbox list is on screen, scrolled to its newest end.
 */
inboxVisible: boolean, 
/**
 * The Connection view is on screen, and needs metrics.
 */
connectionVisible?: boolean, };

/**
 * A message of the catalogue with its arguments.
 */
export type Message = { 
/**
 * Its id in the catalogue, which is a stable code.
 */
id: string, 
/**
 * Its arguments by name.
 */
args: { [key in string]: MessageArg }, };

/**
 * One argument of a message.
 */
export type MessageArg = number | string | { 
/**
 * The time.
 */
time: number, } | Message;

/**
 * Why a command failed: a code for programs and a message for the user.
 */
export type CommandError = { 
/**
 * The code, which is the same in every version.
 */
code: CommandErrorCode, 
/**
 * The message for the user. It may quote the request, so it is sent only to the caller, and never logged.
 */
message: Message, };

/**
 * The kinds of [`CommandError`].
 */
export type CommandErrorCode = "unknownCommand" | "invalidRequest" | "refused" | "gone" | "superseded" | "inbox" | "notOpened" | "restarting" | "stopped" | "unwritable";

/**
 * The type of a [`ServerEvent`].
 */
export type EventType = "connection_established" | "heartbeat" | "notification.created" | "notification.updated" | "notification.deleted" | "user.status_changed" | "user.updated" | "workflow.started" | "workflow.completed" | "workflow.failed" | "system.announcement" | "system.maintenance" | "error" | "stream.gap";

/**
 * An event of the server, decoded and checked.
 */
export type ServerEvent = { "type": "connection_established", "data": GreetingData } | { "type": "heartbeat", "data": HeartbeatData } | { "type": "notification.created", "data": NotificationData } | { "type": "notification.updated", "data": NotificationChangeData } | { "type": "notification.deleted", "data": NotificationDeletedData } | { "type": "user.status_changed", "data": UserStatusData } | { "type": "user.updated", "data": UserData } | { "type": "workflow.started", "data": WorkflowData } | { "type": "workflow.completed", "data": WorkflowData } | { "type": "workflow.failed", "data": WorkflowData } | { "type": "system.announcement", "data": SystemData } | { "type": "system.maintenance", "data": SystemData } | { "type": "error", "data": ErrorData } | { "type": "stream.gap", "data": GapData };

/**
 * The data of each type by its name, from which the TypeScript is generated.
 */
export type ServerEvents = { 
/**
 * The greeting of the server: the stream is open.
 */
connection_established: GreetingData, 
/**
 * The server is alive.
 */
heartbeat: HeartbeatData, 
/**
 * A notification for this user.
 */
"notification.created": NotificationData, 
/**
 * A notification was changed.
 */
"notification.updated": NotificationChangeData, 
/**
 * A notification was deleted.
 */
"notification.deleted": NotificationDeletedData, 
/**
 * The presence of a user changed.
 */
"user.status_changed": UserStatusData, 
/**
 * The profile of a user changed.
 */
"user.updated": UserData, 
/**
 * A workflow was started or continues.
 */
"workflow.started": WorkflowData, 
/**
 * A workflow succeeded.
 */
"workflow.completed": WorkflowData, 
/**
 * A workflow failed.
 */
"workflow.failed": WorkflowData, 
/**
 * An announcement for all users.
 */
"system.announcement": SystemData, 
/**
 * Planned maintenance.
 */
"system.maintenance": SystemData, 
/**
 * The server refuses the client within a stream that it has opened.
 */
error: ErrorData, 
/**
 * The server no longer has the events after the requested position.
 */
"stream.gap": GapData, };

/**
 * An event and how it arrived.
 */
export type ReceivedEvent = { 
/**
 * The last event id at its arrival; absent if the server sends none.
 */
lastEventId: string | null, 
/**
 * It was missed while disconnected, as far as is known.
 */
missed: boolean, 
/**
 * It is not new, but was asked for again with `gloria replay`.
 */
replayed: boolean, } & ({ "type": "connection_established", "data": GreetingData } | { "type": "heartbeat", "data": HeartbeatData } | { "type": "notification.created", "data": NotificationData } | { "type": "notification.updated", "data": NotificationChangeData } | { "type": "notification.deleted", "data": NotificationDeletedData } | { "type": "user.status_changed", "data": UserStatusData } | { "type": "user.updated", "data": UserData } | { "type": "workflow.started", "data": WorkflowData } | { "type": "workflow.completed", "data": WorkflowData } | { "type": "workflow.failed", "data": WorkflowData } | { "type": "system.announcement", "data": SystemData } | { "type": "system.maintenance", "data": SystemData } | { "type": "error", "data": ErrorData } | { "type": "stream.gap", "data": GapData });

/**
 * A message to a listener.
 */
export type ListenerMessage = { "kind": "event", "value": ReceivedEvent } | { "kind": "missed", "value": number };

/**
 * Data of `connection_established`.
 */
export type GreetingData = { 
/**
 * The server's id of this connection.
 */
connectionId: string | null, 
/**
 * The server's id of the token's user.
 */
userId: string | null, 
/**
 * The time on the server's clock.
 */
serverTime: number | null, 
/**
 * The interval in which the server means to send data, in milliseconds.
 */
heartbeatInterval: number | null, };

/**
 * Data of `heartbeat`: empty.
 */
export type HeartbeatData = Record<symbol, never>;

/**
 * Data of `notification.created`.
 */
export type NotificationData = { 
/**
 * The server's id.
 */
id: string, 
/**
 * The key of its item in the inbox.
 */
key: string, 
/**
 * One line of plain text.
 */
title: string, 
/**
 * Plain text.
 */
message: string, 
/**
 * The server's category.
 */
category: string | null, 
/**
 * Its urgency.
 */
priority: Priority, 
/**
 * The name of who or what caused it.
 */
actor: string | null, 
/**
 * The target of its link: http or https only.
 */
link: string | null, 
/**
 * Further links.
 */
actions: Array<ItemAction>, 
/**
 * The progress in percent.
 */
progress: number | null, 
/**
 * Items with the same value belong together.
 */
groupKey: string | null, 
/**
 * When the server created it, if it says so.
 */
createdAt: number | null, 
/**
 * When it expires.
 */
expiresAt: number | null, 
/**
 * The user has to acknowledge it.
 */
ackRequired: boolean, 
/**
 * The server's version of it, if it counts them.
 */
version: number | null, };

/**
 * Data of `notification.updated`: absent fields stay, and null removes the value.
 */
export type NotificationChangeData = { 
/**
 * The server's id.
 */
id: string, 
/**
 * The key of its item in the inbox.
 */
key: string, 
/**
 * Its new title.
 */
title?: string, 
/**
 * Its new text.
 */
message?: string | null, 
/**
 * Its new category.
 */
category?: string | null, 
/**
 * Its new urgency.
 */
priority?: Priority | null, 
/**
 * Its new cause.
 */
actor?: string | null, 
/**
 * Its new link.
 */
link?: string | null, 
/**
 * Its new further links.
 */
actions?: Array<ItemAction> | null, 
/**
 * Its new time of expiry.
 */
expiresAt?: number | null, 
/**
 * When it was seen elsewhere.
 */
seenAt?: number | null, 
/**
 * When it was read elsewhere.
 */
readAt?: number | null, 
/**
 * When it was archived elsewhere.
 */
archivedAt?: number | null, 
/**
 * When it was flagged elsewhere.
 */
flaggedAt?: number | null, 
/**
 * Until when it was snoozed elsewhere.
 */
snoozedUntil?: number | null, 
/**
 * Whether the user has to acknowledge it.
 */
ackRequired?: boolean | null, 
/**
 * When it was acknowledged elsewhere.
 */
acknowledgedAt?: number | null, 
/**
 * The server's version of it, if it counts them.
 */
version?: number, };

/**
 * Data of `notification.deleted`.
 */
export type NotificationDeletedData = { 
/**
 * The server's id.
 */
id: string, 
/**
 * The key of its item in the inbox.
 */
key: string, 
/**
 * The server's version of it, if it counts them.
 */
version?: number, };

/**
 * Data of `user.status_changed`.
 */
export type UserStatusData = { 
/**
 * The id of the user.
 */
userId: string, 
/**
 * The server's name for the presence.
 */
status: string, };

/**
 * Data of `user.updated`.
 */
export type UserData = { 
/**
 * The id of the user.
 */
userId: string, 
/**
 * The name; absent if it stays, null if it was removed.
 */
name?: string | null, 
/**
 * As in `user.status_changed`; absent if it stays, null if it was removed.
 */
status?: string | null, };

/**
 * Data of `workflow.started`, `workflow.completed` and `workflow.failed`.
 */
export type WorkflowData = { 
/**
 * The server's id of the workflow.
 */
workflowId: string, 
/**
 * The key of its item in the inbox.
 */
key: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Its error, message or status, whichever comes first; empty without any.
 */
detail: string, 
/**
 * Its urgency.
 */
priority: Priority, 
/**
 * The name of who or what caused it.
 */
actor: string | null, 
/**
 * The target of its link: http or https only.
 */
link: string | null, 
/**
 * Further links.
 */
actions: Array<ItemAction>, 
/**
 * The progress in percent.
 */
progress: number | null, 
/**
 * When the server created it, if it says so.
 */
createdAt: number | null, };

/**
 * Data of `system.announcement` and `system.maintenance`.
 */
export type SystemData = { 
/**
 * The server's id.
 */
id: string, 
/**
 * The key of its item in the inbox.
 */
key: string, 
/**
 * One line of plain text.
 */
title: string, 
/**
 * Plain text.
 */
message: string, 
/**
 * Its urgency.
 */
priority: Priority, 
/**
 * The target of its link: http or https only.
 */
link: string | null, 
/**
 * Further links.
 */
actions: Array<ItemAction>, 
/**
 * When the server created it, if it says so.
 */
createdAt: number | null, 
/**
 * When the announced maintenance starts.
 */
startsAt: number | null, 
/**
 * When it ends.
 */
endsAt: number | null, };

/**
 * Data of `error`.
 */
export type ErrorData = { 
/**
 * An HTTP status.
 */
status: number | null, 
/**
 * The server's error code.
 */
code: string | null, 
/**
 * How long to wait before reconnecting, in milliseconds.
 */
retryAfter: number | null, };

/**
 * Data of `stream.gap`.
 */
export type GapData = { 
/**
 * Events are missing after this.
 */
from: GapEnd | null, 
/**
 * Events are complete again from here on.
 */
to: GapEnd | null, };

/**
 * One end of a gap: some servers name an event, others a time.
 */
export type GapEnd = { "id": string } | { "time": number };

/**
 * The token's user, as far as the server says.
 */
export type OwnUser = { 
/**
 * The name.
 */
name: string | null, 
/**
 * The server's name for the user's presence.
 */
status: string | null, };

/**
 * The commands as types, from which the TypeScript is generated.
 */
export type Commands = { 
/**
 * A page of the inbox: urgent and unread items first, then newest first.
 */
inbox_page: [InboxQuery, InboxPage], 
/**
 * The same for a text that is still being typed: a newer call ends an older one, which then fails with
 * `superseded`.
 */
inbox_search: [InboxQuery, InboxPage], 
/**
 * The item of a key, in any view; absent if it does not exist.
 */
inbox_item: [string, Item | null], 
/**
 * Marks items. Answers once the marks are stored.
 */
inbox_mark: [MarkRequest, Marked], 
/**
 * Snoozes items. They return to the inbox, unread and with an alert, at the chosen time.
 */
inbox_snooze: [SnoozeRequest, Marked], 
/**
 * Marks all items of the inbox as read.
 */
inbox_mark_all_read: [null, Counts], 
/**
 * The list is on screen: marks everything in it as seen. Clears the badge; unread items stay unread.
 */
inbox_mark_all_seen: [null, Counts], 
/**
 * Opens the item's link, or one of its actions, in the browser, and marks it as read.
 */
item_follow: [FollowRequest, null], 
/**
 * Connects at once, even if the user disconnected before.
 */
connection_retry: [null, null], 
/**
 * Disconnects until the user asks for a connection or the app ends.
 */
connection_disconnect: [null, null], 
/**
 * Tests an address and a token without saving them.
 */
connection_test: [AccountForm, TestReport], 
/**
 * Saves address and token and connects.
 */
account_save: [AccountForm, null], 
/**
 * Asks a server how its users sign in, without a token.
 */
sign_in_offer: [SignInQuery, SignInOffer], 
/**
 * Begins a sign-in and opens the provider's page. It goes on while the window is closed.
 */
sign_in_begin: [SignInForm, null], 
/**
 * Opens the provider's page once more.
 */
sign_in_open: [null, null], 
/**
 * Cancels the sign-in, or removes its failure from the view.
 */
sign_in_cancel: [null, null], 
/**
 * Takes the address of the page that the browser could not open.
 */
sign_in_paste: [PastedPage, null], 
/**
 * Disconnects, removes the token, and closes the account, whose inbox is kept or erased.
 */
account_sign_out: [SignOutForm, null], 
/**
 * Makes another account of this computer the one in use.
 */
account_switch: [AccountChoice, null], 
/**
 * Says whether the new token belongs to the same person.
 */
account_confirm: [PersonAnswer, null], 
/**
 * Changes settings; absent fields stay.
 */
preferences_save: [PreferencesForm, null], 
/**
 * Whether the app starts at login; absent where that cannot be changed from here.
 */
autostart: [null, boolean | null], 
/**
 * Has the app start at login, or not.
 */
autostart_set: [boolean, null], 
/**
 * Shows a notification with its sound, as a test. Answers once the desktop has.
 */
notification_test: [null, TestReport], 
/**
 * Runs the checks of `gloria doctor`, for at most 20 s.
 */
doctor_check: [null, DoctorReport], 
/**
 * What a report for support would contain, and where it would be saved. Saves nothing.
 */
support_report_preview: [null, SupportReport], 
/**
 * Saves a report for support among the user's downloads, never over another file.
 */
support_report_save: [null, SupportReport], 
/**
 * Plays a bundled sound at the current volume.
 */
sound_preview: [SoundName, null], 
/**
 * Pauses sounds until a time, or ends the pause.
 */
sounds_pause: [PauseRequest, null], 
/**
 * Turns the debug log on for an hour, or off.
 */
debug_log: [boolean, null], 
/**
 * Reports which view the page shows. The report expires after 15 s, so the page repeats it every 5 s.
 */
window_shows: [WindowView, null], 
/**
 * Opens the page about the newer version in the browser.
 */
release_notes: [null, null], 
/**
 * The page has opened the view that was requested.
 */
view_shown: [null, null], };

/** The version of the protocol, which the core says in its snapshot. */
export const PROTOCOL_VERSION = 1;

/**
 * The settings, by their names in the settings file.
 */
export type SettingName = 'api.allow_plain_http' | 'api.url' | 'auth.transport' | 'auth.token_for' | 'auth.issuer' | 'auth.client_id' | 'auth.scopes' | 'auth.prompt' | 'auth.audience' | 'auth.ports' | 'auth.command' | 'auth.command_for' | 'sse.auto_connect' | 'sse.reconnect_interval' | 'sse.max_reconnect_attempts' | 'sse.heartbeat_interval' | 'sse.types' | 'network.proxy' | 'network.no_proxy' | 'network.ca_file' | 'network.client_certificate' | 'network.client_key' | 'network.client_certificate_password' | 'network.probe_url' | 'sounds.enabled' | 'sounds.volume' | 'sounds.sound' | 'window.appearance' | 'start.at_login' | 'log.level' | 'metrics.listen' | 'metrics.textfile' | 'inbox.keep_days' | 'inbox.keep_items' | 'inbox.keep_categories' | 'inbox.keep_megabytes' | 'updates.url' | 'updates.key' | 'updates.channel';

/** Every type of event. */
export const EVENT_TYPES: readonly EventType[] = ["connection_established", "heartbeat", "notification.created", "notification.updated", "notification.deleted", "user.status_changed", "user.updated", "workflow.started", "workflow.completed", "workflow.failed", "system.announcement", "system.maintenance", "error", "stream.gap"];

/** Every bundled sound. */
export const SOUND_NAMES: readonly SoundName[] = ["chime", "knock", "bloom", "alarm"];

/**
 * Characters that show nothing, or change how the text around them is shown: first and last of each range.
 */
export const INVISIBLE: ReadonlyArray<readonly [number, number]> = [[0x0, 0x8], [0xb, 0x1f], [0x7f, 0x9f], [0x61c, 0x61c], [0x200b, 0x200b], [0x200e, 0x200f], [0x2028, 0x202e], [0x2060, 0x206f], [0xfeff, 0xfeff], [0xfff9, 0xfffb], [0xe0000, 0xe007f]];
