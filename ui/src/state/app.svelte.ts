import { failureMessage, type Host } from '../host/host';
import type { Commands, Snapshot, Update, WindowView } from '../host/protocol';
import { Announcer } from './announcer';
import { Attachment } from './attachment';
import { Inbox, type Report } from './inbox.svelte';

export type Page = 'inbox' | 'preferences' | 'setup';

/** Everything on screen, and the way to the core. */
export class App {
  /** Null until the core has answered. */
  snapshot = $state.raw<Snapshot | null>(null);
  /** Why the core does not answer. */
  failure = $state<string | null>(null);
  /** What the live region says. */
  said = $state('');
  /** The last thing done, until it is dismissed. */
  report = $state.raw<Report | null>(null);
  readonly inbox: Inbox;

  #chosenPage = $state<Page>('inbox');
  #host: Host;
  #attachment: Attachment;
  #announcer = new Announcer((text) => {
    // The same words twice are read only if they differ; a no-break space is not read.
    this.said = text === this.said ? `${text}\u00A0` : text;
  });

  constructor(host: Host) {
    this.#host = host;
    this.inbox = new Inbox(host, (report) => this.tell(report));
    this.#attachment = new Attachment(host, {
      onSnapshot: (snapshot) => this.#begin(snapshot),
      onUpdate: (snapshot, update) => this.#take(snapshot, update),
      onFailure: (message) => (this.failure = message),
    });
  }

  /** What is shown. Without an account there is nothing else to show. */
  get page(): Page {
    return this.snapshot?.account.needsSetup === true ? 'setup' : this.#chosenPage;
  }

  go(page: Page): void {
    this.#chosenPage = page;
  }

  attach(): Promise<void> {
    this.failure = null;
    return this.#attachment.attach();
  }

  /** For commands whose failure the caller shows in its place. */
  call<K extends keyof Commands>(name: K, request: Commands[K][0]): Promise<Commands[K][1]> {
    return this.#host.call(name, request);
  }

  /** For commands whose failure one sentence explains. Answers whether it worked. */
  async attempt<K extends keyof Commands>(
    name: K,
    request: Commands[K][0],
    failed: string,
  ): Promise<boolean> {
    try {
      await this.#host.call(name, request);
      return true;
    } catch (error) {
      this.tell({ text: `${failed}: ${failureMessage(error)}` });
      return false;
    }
  }

  /** Tells the core what is on screen. Nobody can mend it when that fails, and the next change tells it again. */
  showWindow(view: WindowView): void {
    this.#host.call('window_shows', view).catch(() => undefined);
  }

  /** Says it on screen and in the live region. */
  tell(report: Report): void {
    this.report = report;
    this.say(report.text);
  }

  /** Says what the screen already shows. */
  say(text: string): void {
    this.#announcer.answer(text);
  }

  undo(): void {
    const undo = this.report?.undo;
    this.report = null;
    undo?.();
  }

  #begin(snapshot: Snapshot): void {
    this.failure = null;
    this.snapshot = snapshot;
    void this.inbox.reload();
    if (snapshot.requestedItem !== null) this.#show(snapshot.requestedItem);
  }

  #take(snapshot: Snapshot, update: Update): void {
    this.snapshot = snapshot;
    const arrived = this.inbox.take(update);
    if (arrived.length > 0) this.#announcer.arrived(arrived);
    if (update.kind === 'itemRequested') this.#show(update.value);
  }

  #show(key: string): void {
    this.#chosenPage = 'inbox';
    void this.inbox.openKey(key);
  }
}
