import { failureMessage, type Host } from '../host/host';
import type { AccountView, InboxPage, InboxView, Item, Mark, Marked, Snooze, Update } from '../host/protocol';
import { t } from '../words/words';
import * as lists from './list';

/** Enough rows for two screens of a tall window, few enough to arrive within a frame. */
const PAGE_SIZE = 100;
/** A larger page, for loading all pages, which are not shown one by one. */
const LARGE_PAGE_SIZE = 500;

/** A sentence about the last action, and how to undo it if that is possible. */
export interface Report {
  text: string;
  undo?: () => void;
}

/** The inbox on screen: its pages, marks, and the open item. */
export class Inbox {
  /** The core's list, with the user's changes that it does not include yet. */
  readonly list = $derived.by(() => lists.withDoings(this.#list, this.#doings));
  /** The first page was loaded, or failed to load. */
  ready = $state(false);
  reading = $state(false);
  /** Why loading failed last. */
  failure = $state<string | null>(null);
  /** What was typed to find items. */
  text = $state('');
  /** The row that the keyboard acts on. */
  activeKey = $state<string | null>(null);
  /** The item whose detail is shown; it stays when the item leaves the list. */
  readonly open = $derived.by(() => this.#open && lists.withMarks(this.#open, this.#doings));
  /** The list is scrolled to its newest end. */
  atTop = $state(true);
  /** The number of items above the lower edge of the screen, which are loaded again after a change. */
  depth = 0;

  #list = $state.raw<lists.InboxList>(lists.emptyList('inbox'));
  #open = $state.raw<Item | null>(null);
  #doings = $state.raw<readonly lists.Doing[]>([]);
  #host: Host;
  #report: (report: Report) => void;
  // Pages that were requested before the filter changed are discarded.
  #generation = 0;
  // The account in use, as the core names it.
  #account: string | null = null;
  // Updates that arrive while a page is loaded may be newer than the page, so they are applied again.
  #meanwhile: ((list: lists.InboxList) => lists.InboxList)[] = [];
  #reloadAgain = false;
  // The revision of the core's state that was applied last.
  #revision = 0;

  constructor(host: Host, report: (report: Report) => void) {
    this.#host = host;
    this.#report = report;
  }

  get activeItem(): Item | undefined {
    return this.list.items.find((item) => item.key === this.activeKey);
  }

  show(view: InboxView): void {
    if (view === this.#list.filter.view && !lists.isSearch(this.#list)) return;
    this.#begin(lists.emptyList(view));
    void this.reload();
  }

  /** Finds items in all lists by what was typed; nothing typed shows the list that was on show before. */
  search(text: string): void {
    if (text.trim() === '') {
      this.show(this.#list.filter.view);
      // Spaces may be the beginning of something.
      this.text = text;
      return;
    }
    const { ready } = this;
    this.#begin(lists.searching(this.#list, text));
    this.text = text;
    this.ready = ready;
    void this.reload();
  }

  /** Nothing of an account that was left stays on screen, not even until the next one's items are loaded. */
  onAccount({ accounts }: AccountView): void {
    const account = accounts.find(({ active }) => active)?.id ?? null;
    const left = this.#account !== null && this.#account !== account;
    this.#account = account;
    if (!left) return;
    this.#open = null;
    this.#doings = [];
    this.#begin(lists.emptyList(this.#list.filter.view));
    void this.reload();
  }

  /** Loads the pages on show again. */
  async reload(): Promise<void> {
    if (this.reading) {
      this.#reloadAgain = true;
      return;
    }
    await this.#read(async (generation) => {
      do {
        this.#reloadAgain = false;
        const wanted = Math.min(this.depth, this.#list.items.length) + PAGE_SIZE;
        let page: InboxPage = await this.#page(null, Math.min(wanted, LARGE_PAGE_SIZE));
        while (page.next !== null && page.items.length < wanted && generation === this.#generation) {
          const more = await this.#page(page.next, LARGE_PAGE_SIZE);
          page = { ...more, items: page.items.concat(more.items), hits: page.hits.concat(more.hits) };
        }
        if (generation !== this.#generation) return;
        this.#land((list) => lists.replaceItems(list, page, this.#holds));
        // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set while a page was awaited
      } while (this.#reloadAgain);
    });
  }

  /** Loads the next page, if there is one. */
  async readMore(): Promise<void> {
    await this.#readNext(PAGE_SIZE);
  }

  /** Loads all pages, so that the oldest item can be shown. */
  async readToEnd(): Promise<void> {
    const generation = this.#generation;
    while (this.#list.next !== null && this.failure === null && generation === this.#generation) {
      if (!(await this.#readNext(LARGE_PAGE_SIZE))) return;
    }
  }

  /** Loads again after a failure. */
  async retry(): Promise<void> {
    this.failure = null;
    await this.reload();
  }

  /** Applies an update of the core; returns the new items. */
  take(update: Update): Item[] {
    switch (update.kind) {
      case 'itemsStored': {
        const fresh = lists.newItems(this.#list, update.value);
        const open = update.value.findLast((item) => item.key === this.#open?.key);
        if (open !== undefined) this.#open = open;
        this.#change((list) => lists.storeItems(list, update.value, this.#holds));
        // Only the core knows what has the words now.
        if (lists.isSearch(this.#list)) void this.reload();
        return fresh;
      }
      case 'itemsRemoved':
        this.#change((list) => lists.removeItems(list, update.value));
        if (this.#open !== null && update.value.includes(this.#open.key)) {
          this.#open = null;
          this.#report({ text: t('ui-item-withdrawn') });
        }
        return [];
      case 'inboxChanged':
        void this.reload();
        return [];
      case 'account':
        this.onAccount(update.value);
        return [];
      case 'connection':
      case 'counts':
      case 'signIn':
      case 'preferences':
      case 'notices':
      case 'release':
      case 'itemRequested':
      case 'viewRequested':
      case 'inView':
      case 'metrics':
      case 'missed':
        return [];
    }
  }

  /** The core's state up to this revision was applied, so changes that it includes need no overlay any more. */
  onRevision(revision: number): void {
    if (this.#doings.some((doing) => doing.revision !== null && doing.revision <= revision))
      this.#doings = this.#doings.filter((doing) => doing.revision === null || doing.revision > revision);
    this.#revision = Math.max(this.#revision, revision);
  }

  showWaiting(): void {
    this.#list = lists.showWaiting(this.#list);
  }

  openItem(item: Item): void {
    this.#show(item);
    if (item.readAt === null) void this.mark([item], 'read');
  }

  /** Opens the item of a clicked notification, in any view. */
  async openKey(key: string): Promise<void> {
    const shown = [...this.#list.items, ...this.#list.waiting].find((item) => item.key === key);
    try {
      const item = shown ?? (await this.#host.call('inbox_item', key));
      if (item === null) {
        this.#report({ text: t('ui-item-gone') });
        // It marks nothing, but ends the request: the next window would say the same again.
        this.#host.call('inbox_mark', { keys: [key], mark: 'read' }).catch(() => undefined);
        return;
      }
      this.#show(item);
      // Even if it is read: the mark informs the core that the requested item was shown.
      void this.mark([item], 'read');
    } catch (error) {
      this.#report({ text: t('ui-item-not-read', { reason: failureMessage(error) }) });
    }
  }

  close(): void {
    this.#open = null;
  }

  toggleRead(item: Item): void {
    void this.mark([item], item.readAt === null ? 'read' : 'unread');
  }

  toggleFlag(item: Item): void {
    void this.mark([item], item.flaggedAt === null ? 'flagged' : 'unflagged');
  }

  archive(item: Item): void {
    if (this.#open?.key === item.key) this.#open = null;
    void this.mark([item], 'archived').then((done) => {
      if (done) this.#report({ text: t('ui-done-archived'), undo: () => void this.#unarchive(item) });
    });
  }

  moveToInbox(item: Item): void {
    if (this.#open?.key === item.key) this.#open = null;
    void this.mark([item], 'unarchived').then((done) => {
      if (done)
        this.#report({ text: t('ui-done-unarchived'), undo: () => void this.mark([item], 'archived') });
    });
  }

  /** Shows the mark at once, until the core includes or refuses it. */
  mark(items: readonly Item[], mark: Mark): Promise<boolean> {
    const keys = items.map((item) => item.key);
    return this.#do(keys, mark, () => this.#host.call('inbox_mark', { keys, mark }));
  }

  /** The core knows the clock and the time zone, and says when the item returns. */
  async snooze(item: Item, until: Snooze): Promise<void> {
    const keys = [item.key];
    if (this.#open?.key === item.key) this.#open = null;
    const shown: Mark = { snoozed: { at: Date.now(), wall: null } };
    if (await this.#do(keys, shown, () => this.#host.call('inbox_snooze', { keys, until }))) {
      this.#report({ text: t('ui-done-snoozed'), undo: () => void this.mark([item], 'unsnoozed') });
    }
  }

  async #do(keys: readonly string[], mark: Mark, ask: () => Promise<Marked>): Promise<boolean> {
    if (lists.takesOut(this.#list, mark)) for (const key of keys) this.#leaveRow(key);
    const doing: lists.Doing = { keys, mark, at: Date.now(), revision: null };
    this.#doings = [...this.#doings, doing];
    try {
      // The counts in the answer are ignored: the updates have them in the right order.
      const { revision } = await ask();
      this.#doings = this.#doings.map((each) => (each === doing ? { ...each, revision } : each));
      this.onRevision(this.#revision);
      return true;
    } catch (error) {
      this.#doings = this.#doings.filter((each) => each !== doing);
      this.#report({ text: t('ui-not-marked', { reason: failureMessage(error) }) });
      return false;
    }
  }

  async #unarchive(item: Item): Promise<void> {
    // Archiving also marks it as read.
    if ((await this.mark([item], 'unarchived')) && item.readAt === null) await this.mark([item], 'unread');
  }

  #show(item: Item): void {
    this.activeKey = item.key;
    // Its marks are an overlay, because the core may still refuse them.
    this.#open = this.#list.items.find(({ key }) => key === item.key) ?? item;
  }

  get #holds(): boolean {
    return !this.atTop && this.#list.items.length > 0;
  }

  #begin(list: lists.InboxList): void {
    this.#generation += 1;
    this.#list = list;
    this.text = '';
    // What was asked for before is no concern of the new list.
    this.#reloadAgain = false;
    this.ready = false;
    this.reading = false;
    this.activeKey = null;
    this.atTop = true;
    this.depth = 0;
  }

  /** Moves the active row when it is about to disappear: to the next one, or at the end to the previous one. */
  #leaveRow(key: string): void {
    const { items } = this.list;
    const index = items.findIndex((item) => item.key === key);
    if (index >= 0) this.activeKey = (items[index + 1] ?? items[index - 1])?.key ?? null;
  }

  #change(change: (list: lists.InboxList) => lists.InboxList): void {
    this.#list = change(this.#list);
    if (this.reading) this.#meanwhile.push(change);
  }

  #land(change: (list: lists.InboxList) => lists.InboxList): void {
    this.#list = this.#meanwhile.reduce((list, again) => again(list), change(this.#list));
    this.#meanwhile = [];
  }

  async #readNext(limit: number): Promise<boolean> {
    const { next } = this.#list;
    if (next === null || this.reading) return false;
    return await this.#read(async (generation) => {
      const page = await this.#page(next, limit);
      if (generation === this.#generation) this.#land((list) => lists.appendPage(list, page));
    });
  }

  async #read(work: (generation: number) => Promise<void>): Promise<boolean> {
    const generation = this.#generation;
    this.reading = true;
    this.#meanwhile = [];
    try {
      await work(generation);
      if (generation === this.#generation) this.failure = null;
      return true;
    } catch (error) {
      if (generation === this.#generation) this.failure = failureMessage(error);
      return false;
    } finally {
      if (generation === this.#generation) {
        this.ready = true;
        this.reading = false;
        // A change arrived while a later page was loaded: its position in the list is not known.
        if (this.#reloadAgain && this.failure === null) void this.reload();
      }
    }
  }

  #page(after: string | null, limit: number): Promise<InboxPage> {
    // The first page answers to each letter; a newer one ends the search for an older one.
    const command = lists.isSearch(this.#list) && after === null ? 'inbox_search' : 'inbox_page';
    return this.#host.call(command, { filter: this.#list.filter, after, limit });
  }
}
