// Generated from the core's protocol module; do not edit. `cargo xtask protocol` writes it anew.

/**
 * The whole state at one revision. What follows arrives as [`Update`]s with the revisions after it.
 */
export type Snapshot = { 
/**
 * [`super::PROTOCOL_VERSION`]: a reader of another version cannot take the rest for granted.
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
 * The connection, as it is.
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
 * What the user can set.
 */
preferences: Preferences, 
/**
 * What the user should know about this machine, such as a full disk or a missing keyring.
 */
notices: Array<Notice>, 
/**
 * The item that a notification asked to show, until the window has shown it.
 */
requestedItem: string | null, 
/**
 * Somebody has the newest part of the inbox before their eyes.
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
export type Update = { "kind": "connection", "value": ConnectionView } | { "kind": "counts", "value": Counts } | { "kind": "itemsStored", "value": Array<Item> } | { "kind": "itemsRemoved", "value": Array<string> } | { "kind": "inboxChanged" } | { "kind": "missed" } | { "kind": "account", "value": AccountView } | { "kind": "preferences", "value": Preferences } | { "kind": "notices", "value": Array<Notice> } | { "kind": "itemRequested", "value": string | null } | { "kind": "inView", "value": boolean } | { "kind": "metrics", "value": MetricsView };

/**
 * The connection as a person reads it.
 */
export type ConnectionView = { 
/**
 * Where the connection stands.
 */
state: ConnectionState, 
/**
 * Why; absent while all is well.
 */
reason: Message | null, 
/**
 * What the user can do about it, if anything.
 */
remedy: Remedy, 
/**
 * Somebody has to do something: waiting alone leads nowhere.
 */
needsUser: boolean, 
/**
 * The connection has been away for longer than passes unnoticed.
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
 * When the present connection was made.
 */
connectedSince: number | null, 
/**
 * When the last byte came.
 */
lastHeardAt: number | null, 
/**
 * What the system says about the network.
 */
network: NetworkState, 
/**
 * How the stream is carried.
 */
transport: Transport, 
/**
 * The address is plain http to another machine: token and notifications can be read on the way.
 */
insecure: boolean, 
/**
 * Host and port of the proxy in use, without credentials.
 */
proxy: string | null, 
/**
 * Why new notifications cannot be kept and what to do, absent while they can.
 */
storage: Message | null, 
/**
 * When the newest connection was made, while the server has given no position to resume after: what it sent before
 * cannot be asked for. Absent where there is one.
 */
historySince: number | null, };

/**
 * What the system says about the network.
 */
export type NetworkState = "unknown" | "online" | "offline";

/**
 * How the stream is carried.
 */
export type Transport = "sse" | "webSocket";

/**
 * Where the connection stands.
 */
export type ConnectionState = "idle" | "disconnected" | "connecting" | "connected" | "waiting" | "circuitOpen" | "halted";

/**
 * What the user can do about the connection.
 */
export type Remedy = "none" | "retry" | "signIn" | "checkAddress" | "unlockKeyring" | "checkNetwork" | "proxySignIn" | "checkCertificate" | "clientCertificate" | "networkSignIn" | "confirmPerson";

/**
 * The connection in numbers, since the core started.
 */
export type MetricsView = { 
/**
 * When the core started.
 */
since: number, 
/**
 * Attempts to connect, the one under way included.
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
 * The part of finished attempts that opened the stream, 0 to 1; absent before the first has finished.
 */
successRate: number | null, 
/**
 * Time connected in all, the present connection included.
 */
connectedMs: number, 
/**
 * The longest connection, the present one included.
 */
longestConnectionMs: number, 
/**
 * The median of the latest connections that have ended.
 */
medianConnectionMs: number | null, 
/**
 * Bytes received.
 */
bytes: number, 
/**
 * Events taken, heartbeats included.
 */
events: number, 
/**
 * Events over the last minute.
 */
eventsPerMinute: number, 
/**
 * Events passed over because of a mistake in them, or because they were over the limits.
 */
failedEvents: number, 
/**
 * Events of a type that this version does not know.
 */
unknownEvents: number, 
/**
 * How long events took from the socket to the disk; absent before the first.
 */
processing: Processing | null, 
/**
 * Why attempts failed and connections ended, most frequent first.
 */
errors: Array<ErrorCount>, 
/**
 * What of the server's events could not be read, by name, most frequent first.
 */
unread: Array<UnreadCount>, 
/**
 * Attempts that the server refused for their token (401, 403).
 */
authenticationFailures: number, 
/**
 * Attempts and connections that ended for want of an answer.
 */
timeouts: number, 
/**
 * The last 60 minutes, oldest first; fewer in the first hour.
 */
minutes: Array<Minute>, };

/**
 * How long events took from the bytes being read to their row being stored.
 */
export type Processing = { 
/**
 * Half of the events took at most this, in microseconds.
 */
p50Micros: number, 
/**
 * 99 of 100 events took at most this, in microseconds.
 */
p99Micros: number, 
/**
 * How many events were measured.
 */
count: number, };

/**
 * How often something went wrong.
 */
export type ErrorCount = { 
/**
 * What went wrong.
 */
cause: Message, 
/**
 * Its label, the same in every version.
 */
kind: string, 
/**
 * How often.
 */
count: number, };

/**
 * An event type or a field that could not be read. It holds names; never a value.
 */
export type UnreadCount = { 
/**
 * The event's type.
 */
event: string, 
/**
 * The field, unless it is all of the event.
 */
field: string | null, 
/**
 * What is wrong.
 */
reason: UnreadReason, 
/**
 * What was expected.
 */
expected: Message | null, 
/**
 * How often, since the core started.
 */
count: number, 
/**
 * When last.
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
 * When it began.
 */
at: number, 
/**
 * Events taken, heartbeats included.
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
 * How long the stream was open, 0 to 60 000.
 */
connectedMs: number, 
/**
 * 99 of 100 events took at most this from the socket to the disk, in microseconds; absent without events.
 */
p99Micros: number | null, };

/**
 * The inbox in numbers.
 */
export type Counts = { 
/**
 * Items not yet seen: the badge.
 */
unseen: number, 
/**
 * Items not yet read.
 */
unread: number, 
/**
 * Items in the inbox, archived ones left out.
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
 * Who sets the address in the user's place, if anybody does.
 */
addressLock: LockedBy | null, 
/**
 * What is known of the token.
 */
token: TokenState, 
/**
 * Whether the environment sets the token, for the server of this address alone.
 */
tokenLocked: boolean, 
/**
 * Why the token cannot be had; absent when it can.
 */
tokenProblem: Message | null, 
/**
 * The first-run page is due.
 */
needsSetup: boolean, 
/**
 * There is another token, and nobody but the user knows whether it is the same person's.
 */
question: PersonQuestion | null, 
/**
 * What the server said last of the token's person.
 */
user: OwnUser, };

/**
 * What is known of the token.
 */
export type TokenState = "unknown" | "present" | "missing" | "keyringLocked" | "keyringUnavailable";

/**
 * Address and token, as typed.
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
 * It is the same person, who goes on with this inbox. Another one gets an inbox of their own.
 */
same: boolean, };

/**
 * Whether another token is the same person's. Until it is answered there is no connection, and nothing is stored.
 */
export type PersonQuestion = { 
/**
 * Who the server says the token's person is, where it says that.
 */
user: string | null, };

/**
 * What a connection test found.
 */
export type TestReport = { 
/**
 * The stream opened and an event came.
 */
succeeded: boolean, 
/**
 * The steps, in order; the first that failed is the last.
 */
steps: Array<TestStep>, };

/**
 * One step of a connection test.
 */
export type TestStep = { 
/**
 * What was tried.
 */
title: Message, 
/**
 * Whether it worked.
 */
passed: boolean, 
/**
 * What happened and what to do, in words.
 */
detail: Message, };

/**
 * One thing in the inbox.
 */
export type Item = { 
/**
 * Unique in this inbox, stable over updates.
 */
key: string, 
/**
 * What it is.
 */
kind: ItemKind, 
/**
 * One line of plain text; empty where `words` says it.
 */
title: string, 
/**
 * Plain text; line breaks are kept. Empty where `words` says it.
 */
body: string, 
/**
 * What the app itself says in their place.
 */
words: ItemWords | null, 
/**
 * The server's category, if any.
 */
category: string | null, 
/**
 * How urgent it is.
 */
priority: Priority, 
/**
 * Whose doing it is, by name.
 */
actor: string | null, 
/**
 * Where its link goes: http or https only.
 */
link: string | null, 
/**
 * Further links, each with a label.
 */
actions: Array<ItemAction>, 
/**
 * A workflow's progress, 0 to 100.
 */
progress: number | null, 
/**
 * When the server made it, or else when it was received.
 */
createdAt: number, 
/**
 * When this machine received it.
 */
receivedAt: number, 
/**
 * Its place in every list: of two items the one with the greater text, by its code units, stands above the other.
 */
sort: string, 
/**
 * It is urgent and unread, and so above what is not, whatever its time.
 */
pinned: boolean, 
/**
 * The views that have it, from what is stored.
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
 * What became of its newest alert.
 */
alert: ItemAlert | null, };

/**
 * An item's newest alert.
 */
export type ItemAlert = { 
/**
 * Where it stands.
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
 * What the app says of an item that has no text of the server's: stored as codes, so that a row is shown in the user's
 * language, also after that was changed.
 */
export type ItemWords = { 
/**
 * In place of the title.
 */
title: Message, 
/**
 * In place of the text; without it the text is the server's.
 */
body: Message | null, };

/**
 * Where an alert stands.
 */
export type AlertState = "pending" | "shown" | "inDigest" | "suppressed" | "failed" | "withdrawn";

/**
 * Why an alert stands where it does.
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
sound: SoundReason, } | { "why": "shownBefore" } | { "why": "noService" } | { "why": "lost" } | { "why": "refused", 
/**
 * What it said.
 */
message: string, } | { "why": "broke" } | { "why": "read" } | { "why": "deleted" } | { "why": "replaced" } | { "why": "earlier", 
/**
 * Those words.
 */
words: string, };

/**
 * What was decided about a sound.
 */
export type SoundReason = { "played": SoundName } | "off" | "paused" | "justPlayed";

/**
 * What an item is.
 */
export type ItemKind = "notification" | "announcement" | "maintenance" | "workflowRunning" | "workflowCompleted" | "workflowFailed" | "gap" | "unreadable";

/**
 * How urgent an item is.
 */
export type Priority = "low" | "normal" | "high" | "urgent";

/**
 * A labelled link of an item.
 */
export type ItemAction = { 
/**
 * What the button says.
 */
label: string, 
/**
 * Where it goes: http or https only.
 */
link: string, };

/**
 * Which part of which list to read.
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
 * How many items at most; the core caps it.
 */
limit: number, };

/**
 * Which items a list has: those for which all of it holds.
 */
export type InboxFilter = { 
/**
 * The view that they are in.
 */
view: InboxView, };

/**
 * What an item can be in by its marks.
 */
export type InboxView = "inbox" | "unread" | "archived";

/**
 * That marks were stored.
 */
export type Marked = { 
/**
 * The state's revision that shows them; until a reader has it, its items are as they were before.
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
 * By [`Item::sort`], the greatest first.
 */
items: Array<Item>, 
/**
 * Ask with this for the next page; absent on the last.
 */
next: string | null, };

/**
 * Marks to set on items.
 */
export type MarkRequest = { 
/**
 * The items' keys; unknown ones are passed over.
 */
keys: Array<string>, 
/**
 * What to set.
 */
mark: Mark, };

/**
 * A mark on an item.
 */
export type Mark = "seen" | "read" | "unread" | "archived" | "unarchived";

/**
 * Which link of an item to follow.
 */
export type FollowRequest = { 
/**
 * The item's key.
 */
key: string, 
/**
 * The place of the action in [`Item::actions`]; absent for the item's own link.
 */
action: number | null, };

/**
 * What the user can set.
 */
export type Preferences = { 
/**
 * Sounds are on.
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
 * The colours of the window.
 */
appearance: Appearance, 
/**
 * "system", "none", or the proxy's address with its password as `***`.
 */
proxy: string, 
/**
 * It connects by itself at the start.
 */
autoConnect: boolean, 
/**
 * How much the log has.
 */
logLevel: LogLevel, 
/**
 * Until when the debug log is on.
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
 * Sounds are on.
 */
sounds?: boolean, 
/**
 * 0 to 100; more is taken as 100.
 */
volume?: number, 
/**
 * The sound of an ordinary notification.
 */
sound?: SoundName, 
/**
 * The colours of the window.
 */
appearance?: Appearance, 
/**
 * "system", "none", or the proxy's address.
 */
proxy?: string, 
/**
 * It connects by itself at the start.
 */
autoConnect?: boolean, 
/**
 * How much the log has.
 */
logLevel?: LogLevel, };

/**
 * A bundled sound.
 */
export type SoundName = "chime" | "knock" | "bloom" | "alarm";

/**
 * The colours of the window.
 */
export type Appearance = "system" | "light" | "dark";

/**
 * The least important that is logged.
 */
export type LogLevel = "error" | "warn" | "info" | "debug" | "trace";

/**
 * Who keeps the user from changing a setting.
 */
export type LockedBy = "administrator" | "environment";

/**
 * How long sounds stay silent.
 */
export type PauseRequest = { 
/**
 * Minutes from now; 0 ends the pause.
 */
minutes: number, };

/**
 * Something about this machine that the user should know.
 */
export type Notice = { 
/**
 * What it is about; at most one notice of each kind stands at a time.
 */
kind: NoticeKind, 
/**
 * What happened and what to do.
 */
message: Message, };

/**
 * What a notice is about.
 */
export type NoticeKind = "storage" | "keyring" | "sound" | "notifications" | "tray" | "settings" | "internal" | "lock";

/**
 * What the window shows, for the rule that the eye needs no notification for what it sees.
 */
export type WindowView = { 
/**
 * The inbox list is on screen at its newest end.
 */
inboxVisible: boolean, 
/**
 * The Connection view is on screen: its numbers are wanted.
 */
connectionVisible?: boolean, };

/**
 * A message of the catalogue with what it is filled in with.
 */
export type Message = { 
/**
 * Its id in the catalogue: a stable code.
 */
id: string, 
/**
 * Its parameters by name.
 */
args: { [key in string]: MessageArg }, };

/**
 * One parameter of a message.
 */
export type MessageArg = number | string | { 
/**
 * It.
 */
time: number, } | Message;

/**
 * Why a command was not done: a code for programs and a message for the user.
 */
export type CommandError = { 
/**
 * What it is, the same in every version.
 */
code: CommandErrorCode, 
/**
 * The message for the user. It may quote the request, so it goes only to the caller and to no log.
 */
message: Message, };

/**
 * What a [`CommandError`] is.
 */
export type CommandErrorCode = "unknownCommand" | "invalidRequest" | "refused" | "gone" | "inbox" | "notOpened" | "restarting" | "stopped" | "unwritable";

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
 * The server greets: the stream is open.
 */
connection_established: GreetingData, 
/**
 * The server is there.
 */
heartbeat: HeartbeatData, 
/**
 * A notification for this person.
 */
"notification.created": NotificationData, 
/**
 * A notification has changed.
 */
"notification.updated": NotificationChangeData, 
/**
 * A notification is gone.
 */
"notification.deleted": NotificationDeletedData, 
/**
 * Somebody is present or away.
 */
"user.status_changed": UserStatusData, 
/**
 * Somebody's profile has changed.
 */
"user.updated": UserData, 
/**
 * A workflow began, or went on.
 */
"workflow.started": WorkflowData, 
/**
 * A workflow ended well.
 */
"workflow.completed": WorkflowData, 
/**
 * A workflow failed.
 */
"workflow.failed": WorkflowData, 
/**
 * An announcement to all.
 */
"system.announcement": SystemData, 
/**
 * Planned maintenance.
 */
"system.maintenance": SystemData, 
/**
 * The server refuses inside a stream that it had opened.
 */
error: ErrorData, 
/**
 * The server no longer has what came after the position that it was asked for.
 */
"stream.gap": GapData, };

/**
 * An event and how it came.
 */
export type ReceivedEvent = { 
/**
 * The last event id when it came; absent where the server gives none.
 */
lastEventId: string | null, 
/**
 * It was missed while there was no connection, as far as is known.
 */
missed: boolean, } & ({ "type": "connection_established", "data": GreetingData } | { "type": "heartbeat", "data": HeartbeatData } | { "type": "notification.created", "data": NotificationData } | { "type": "notification.updated", "data": NotificationChangeData } | { "type": "notification.deleted", "data": NotificationDeletedData } | { "type": "user.status_changed", "data": UserStatusData } | { "type": "user.updated", "data": UserData } | { "type": "workflow.started", "data": WorkflowData } | { "type": "workflow.completed", "data": WorkflowData } | { "type": "workflow.failed", "data": WorkflowData } | { "type": "system.announcement", "data": SystemData } | { "type": "system.maintenance", "data": SystemData } | { "type": "error", "data": ErrorData } | { "type": "stream.gap", "data": GapData });

/**
 * What a listener gets.
 */
export type ListenerMessage = { "kind": "event", "value": ReceivedEvent } | { "kind": "missed", "value": number };

/**
 * Of `connection_established`.
 */
export type GreetingData = { 
/**
 * The server's name for this connection.
 */
connectionId: string | null, 
/**
 * Who the token's person is to the server.
 */
userId: string | null, 
/**
 * The server's clock.
 */
serverTime: number | null, 
/**
 * How often the server means to be heard, in milliseconds.
 */
heartbeatInterval: number | null, };

/**
 * Of `heartbeat`: nothing.
 */
export type HeartbeatData = Record<symbol, never>;

/**
 * Of `notification.created`.
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
 * How urgent it is.
 */
priority: Priority, 
/**
 * Whose doing it is, by name.
 */
actor: string | null, 
/**
 * Where its link goes: http or https only.
 */
link: string | null, 
/**
 * Further links.
 */
actions: Array<ItemAction>, 
/**
 * 0 to 100.
 */
progress: number | null, 
/**
 * What belongs together.
 */
groupKey: string | null, 
/**
 * When the server made it, where it said so.
 */
createdAt: number | null, 
/**
 * From when on it is of no use.
 */
expiresAt: number | null, };

/**
 * Of `notification.updated`: what is absent stays, and what is null has no value any more.
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
 * How urgent it is now.
 */
priority?: Priority | null, 
/**
 * Whose doing it is now.
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
 * From when on it is of no use now.
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
archivedAt?: number | null, };

/**
 * Of `notification.deleted`.
 */
export type NotificationDeletedData = { 
/**
 * The server's id.
 */
id: string, 
/**
 * The key that its item had in the inbox.
 */
key: string, };

/**
 * Of `user.status_changed`.
 */
export type UserStatusData = { 
/**
 * Whose.
 */
userId: string, 
/**
 * The server's word for it.
 */
status: string, };

/**
 * Of `user.updated`.
 */
export type UserData = { 
/**
 * Whose.
 */
userId: string, 
/**
 * The name; absent where it stays, null where there is none any more.
 */
name?: string | null, 
/**
 * As in `user.status_changed`; absent where it stays, null where there is none any more.
 */
status?: string | null, };

/**
 * Of `workflow.started`, `workflow.completed` and `workflow.failed`.
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
 * Its error, message or status, the first that it has; empty without any.
 */
detail: string, 
/**
 * How urgent it is.
 */
priority: Priority, 
/**
 * Whose doing it is, by name.
 */
actor: string | null, 
/**
 * Where its link goes: http or https only.
 */
link: string | null, 
/**
 * Further links.
 */
actions: Array<ItemAction>, 
/**
 * 0 to 100.
 */
progress: number | null, 
/**
 * When the server made it, where it said so.
 */
createdAt: number | null, };

/**
 * Of `system.announcement` and `system.maintenance`.
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
 * How urgent it is.
 */
priority: Priority, 
/**
 * Where its link goes: http or https only.
 */
link: string | null, 
/**
 * Further links.
 */
actions: Array<ItemAction>, 
/**
 * When the server made it, where it said so.
 */
createdAt: number | null, 
/**
 * When what it announces begins.
 */
startsAt: number | null, 
/**
 * When that ends.
 */
endsAt: number | null, };

/**
 * Of `error`.
 */
export type ErrorData = { 
/**
 * As in HTTP.
 */
status: number | null, 
/**
 * The server's word for it.
 */
code: string | null, 
/**
 * How long to stay away, in milliseconds.
 */
retryAfter: number | null, };

/**
 * Of `stream.gap`.
 */
export type GapData = { 
/**
 * After this, something is missing.
 */
from: GapEnd | null, 
/**
 * From here on, everything is there again.
 */
to: GapEnd | null, };

/**
 * One end of a gap: servers name an event or a time.
 */
export type GapEnd = { "id": string } | { "time": number };

/**
 * The token's person, as far as the server speaks of them.
 */
export type OwnUser = { 
/**
 * The name.
 */
name: string | null, 
/**
 * The server's word for being present or away.
 */
status: string | null, };

/**
 * The list of commands as types, from which the TypeScript is generated.
 */
export type Commands = { 
/**
 * A page of the inbox: what is urgent and unread first, then newest first.
 */
inbox_page: [InboxQuery, InboxPage], 
/**
 * The item of a key, wherever it is; absent when it is gone.
 */
inbox_item: [string, Item | null], 
/**
 * Marks items. Answers once that is stored.
 */
inbox_mark: [MarkRequest, Marked], 
/**
 * Marks every item of the inbox read.
 */
inbox_mark_all_read: [null, Counts], 
/**
 * The list is on screen: everything in it is seen. Clears the badge, leaves unread items unread.
 */
inbox_mark_all_seen: [null, Counts], 
/**
 * Opens the item's link, or one of its actions, in the browser, and marks it read.
 */
item_follow: [FollowRequest, null], 
/**
 * Dials at once, also after a disconnection.
 */
connection_retry: [null, null], 
/**
 * Hangs up, until somebody asks for a connection or the app ends.
 */
connection_disconnect: [null, null], 
/**
 * Tries an address and a token without saving them.
 */
connection_test: [AccountForm, TestReport], 
/**
 * Saves address and token and connects.
 */
account_save: [AccountForm, null], 
/**
 * Disconnects and forgets the token.
 */
account_sign_out: [null, null], 
/**
 * Says whether another token is the same person's.
 */
account_confirm: [PersonAnswer, null], 
/**
 * Changes settings; fields that are absent stay.
 */
preferences_save: [PreferencesForm, null], 
/**
 * Plays a bundled sound at the current volume.
 */
sound_preview: [SoundName, null], 
/**
 * Pauses sounds until a time, or ends the pause.
 */
sounds_pause: [PauseRequest, null], 
/**
 * Logs more for an hour, or no longer.
 */
debug_log: [boolean, null], 
/**
 * Tells the core which view the page shows. It holds for 15 s, so the page repeats it every 5 s.
 */
window_shows: [WindowView, null], };

/** The version of the protocol, which the core says in its snapshot. */
export const PROTOCOL_VERSION = 1;

/**
 * The settings, by their names in the settings file.
 */
export type SettingName = 'api.allow_plain_http' | 'api.url' | 'auth.transport' | 'auth.token_for' | 'sse.auto_connect' | 'sse.reconnect_interval' | 'sse.max_reconnect_attempts' | 'sse.heartbeat_interval' | 'sse.types' | 'network.proxy' | 'network.no_proxy' | 'network.ca_file' | 'network.client_certificate' | 'network.client_key' | 'network.client_certificate_password' | 'network.probe_url' | 'sounds.enabled' | 'sounds.volume' | 'sounds.sound' | 'window.appearance' | 'log.level' | 'metrics.listen' | 'inbox.keep_days' | 'inbox.keep_items';

/** Every type of event. */
export const EVENT_TYPES: readonly EventType[] = ["connection_established", "heartbeat", "notification.created", "notification.updated", "notification.deleted", "user.status_changed", "user.updated", "workflow.started", "workflow.completed", "workflow.failed", "system.announcement", "system.maintenance", "error", "stream.gap"];

/**
 * Characters that show nothing, or change how the text around them is shown: first and last of each range.
 */
export const INVISIBLE: ReadonlyArray<readonly [number, number]> = [[0x0, 0x8], [0xb, 0x1f], [0x7f, 0x9f], [0x61c, 0x61c], [0x200b, 0x200b], [0x200e, 0x200f], [0x2028, 0x202e], [0x2060, 0x206f], [0xfeff, 0xfeff], [0xfff9, 0xfffb], [0xe0000, 0xe007f]];
