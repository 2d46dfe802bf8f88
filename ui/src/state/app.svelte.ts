import { EventListeners } from '../host/events';
import { failureMessage, type Host } from '../host/host';
import type { Commands, MetricsView, Snapshot, Update, View, WindowView } from '../host/protocol';
import type { EpochMillis } from '../lib/epoch';
import { pause } from '../lib/wait';
import { t, type FailureId } from '../words/words';
import { Announcer } from './announcer';
import { Attachment } from './attachment';
import { nextFrame } from './frames';
import { Inbox, type Report } from './inbox.svelte';

export type Page = 'inbox' | 'connection' | 'preferences' | 'setup';

/** A section of a page that a button elsewhere leads to: of the preferences, or of the account for another person. */
export type Section = 'network' | 'another';

/** The pages of the views that the user can ask for outside the window. */
const VIEWS: Record<View, [Page, Section | null]> = {
  inbox: ['inbox', null],
  connection: ['connection', null],
  preferences: ['preferences', null],
  proxy: ['preferences', 'network'],
  setup: ['setup', null],
};

/** The metrics, and when they arrived. */
export interface Metrics {
  view: MetricsView;
  at: EpochMillis;
}

/** The state of the whole window, and its connection to the core. */
export class App {
  /** Null until the core has answered. */
  snapshot = $state.raw<Snapshot | null>(null);
  /** Why the core does not answer. */
  failure = $state<string | null>(null);
  /** The text of the live region. */
  said = $state('');
  /** The report of the last action, until it is dismissed. */
  report = $state.raw<Report | null>(null);
  /** The latest metrics; the core sends them only while the Connection view is on screen. */
  metrics = $state.raw<Metrics | null>(null);
  readonly inbox: Inbox;
  /** The server's events, for what is not part of the state. */
  readonly events: EventListeners;

  /** The section to scroll to; null for the start of the page. */
  section = $state<Section | null>(null);

  /** The app was started without an account; until the user has seen that it works. */
  #welcoming = $state(false);
  /** There has been an account since the window was opened, or there is one whose user has signed out. */
  #wasSetUp = false;

  // The pages from the inbox to this one.
  #trail = $state.raw<readonly Page[]>([]);
  #host: Host;
  #attachment: Attachment;
  #announcer = new Announcer((text) => {
    // Screen readers read a repeated text only if it differs; a no-break space is not read.
    this.said = text === this.said ? `${text}\u00A0` : text;
  });

  constructor(host: Host, frame = nextFrame) {
    this.#host = host;
    this.events = new EventListeners(host);
    this.inbox = new Inbox(host, (report) => this.tell(report));
    this.#attachment = new Attachment(
      host,
      {
        onSnapshot: (snapshot) => this.#begin(snapshot),
        onUpdates: (snapshot, updates) => this.#take(snapshot, updates),
        onFailure: (message) => (this.failure = message),
      },
      pause,
      frame,
    );
  }

  /** The page to show. Without an account, only the setup can be shown. */
  get page(): Page {
    if (this.snapshot?.account.needsSetup === true || this.#welcoming) return 'setup';
    return this.#trail.at(-1) ?? 'inbox';
  }

  /** Nobody is signed in, or somebody has just signed in for the first time: there is the set-up, and no other page. */
  get isFirstRun(): boolean {
    return this.snapshot?.account.needsSetup === true || this.#welcoming;
  }

  /** The user is led through the set-up, from the address to the first notification. */
  get isWelcoming(): boolean {
    return this.#welcoming;
  }

  /** Opens a page, or a section of it. A page that was visited on the way here is returned to. */
  go(page: Page, section: Section | null = null): void {
    this.section = section;
    if (page !== 'setup') this.#welcoming = false;
    const passed = this.#trail.indexOf(page);
    if (page === 'inbox') this.#trail = [];
    else this.#trail = [...(passed < 0 ? this.#trail : this.#trail.slice(0, passed)), page];
  }

  back(): void {
    this.#trail = this.#trail.slice(0, -1);
  }

  attach(): Promise<void> {
    this.failure = null;
    return this.#attachment.attach();
  }

  /** For commands whose failure the caller shows. */
  call<K extends keyof Commands>(name: K, request: Commands[K][0]): Promise<Commands[K][1]> {
    return this.#host.call(name, request);
  }

  /** For commands whose failure is shown as a report. Returns whether the command succeeded. */
  async attempt<K extends keyof Commands>(
    name: K,
    request: Commands[K][0],
    failed: FailureId,
  ): Promise<boolean> {
    try {
      await this.#host.call(name, request);
      return true;
    } catch (error) {
      this.tell({ text: t(failed, { reason: failureMessage(error) }) });
      return false;
    }
  }

  /** Tells the core what is on screen. A failure is ignored, because the report is repeated soon. */
  showWindow(view: WindowView): void {
    this.#host.call('window_shows', view).catch(() => undefined);
  }

  /** Shows the report and announces it. */
  tell(report: Report): void {
    this.report = report;
    this.say(report.text);
  }

  /** Announces what the screen already shows. */
  say(text: string): void {
    this.#announcer.answer(text);
  }

  undo(): void {
    const undo = this.report?.undo;
    this.report = null;
    undo?.();
  }

  /** Users who sign out and in again are not led through all of it once more. */
  #welcome({ account }: Snapshot): void {
    if (!account.needsSetup || account.accounts.length > 0) this.#wasSetUp = true;
    if (account.needsSetup && !this.#wasSetUp) this.#welcoming = true;
  }

  #begin(snapshot: Snapshot): void {
    this.failure = null;
    this.#welcome(snapshot);
    this.snapshot = snapshot;
    this.events.renew();
    this.inbox.onAccount(snapshot.account);
    void this.inbox.reload().then(() => this.inbox.onRevision(snapshot.revision));
    if (snapshot.requestedItem !== null) this.#show(snapshot.requestedItem);
    if (snapshot.requestedView !== null) this.#goTo(snapshot.requestedView);
  }

  #take(snapshot: Snapshot, updates: readonly Update[]): void {
    this.#welcome(snapshot);
    this.snapshot = snapshot;
    for (const update of updates) {
      const arrived = this.inbox.take(update);
      if (arrived.length > 0) this.#announcer.arrived(arrived);
      if (update.kind === 'itemRequested' && update.value !== null) this.#show(update.value);
      if (update.kind === 'viewRequested' && update.value !== null) this.#goTo(update.value);
      if (update.kind === 'metrics') this.metrics = { view: update.value, at: Date.now() };
    }
    this.inbox.onRevision(snapshot.revision);
  }

  #show(key: string): void {
    this.go('inbox');
    void this.inbox.openKey(key);
  }

  #goTo(view: View): void {
    this.go(...VIEWS[view]);
    // Where it fails, the view is opened once more when the page attaches again.
    this.#host.call('view_shown', null).catch(() => undefined);
  }
}
