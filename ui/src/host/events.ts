import { backoff, pause, type Wait } from '../lib/wait';
import type { Host } from './host';
import { EVENT_TYPES, type EventType, type ListenerMessage, type ServerEvents } from './protocol';

/** An event of the server: its type, its data, and how it came. */
export interface ServerEventOf<K extends EventType> {
  type: K;
  data: ServerEvents[K];
  /** The last event id when it came, where the server gives one. */
  lastEventId: string | null;
  /** It was missed while there was no connection, as far as is known. */
  missed: boolean;
}

interface Registration {
  type: EventType;
  onEvent: (event: ServerEventOf<EventType>) => void;
  onMissed: ((count: number) => void) | undefined;
}

/**
 * Listeners to the server's events. They stand beside the state and never replace it: an event comes once its effect
 * is stored, and only while somebody listens to its type.
 */
export class EventListeners {
  #host: Host;
  #wait: Wait;
  readonly #registrations = new Set<Registration>();
  // What the core was asked for last; null where it is not known what it listens to.
  #asked: string | null = '';
  #asking = false;
  // Counts attachments: a question of before an attachment may never be answered, and is not waited for.
  #attachment = 0;
  #refusalsInARow = 0;

  constructor(host: Host, wait: Wait = pause) {
    this.#host = host;
    this.#wait = wait;
  }

  /**
   * Calls `onEvent` for each event of a type, until the function that it answers with is called. `onMissed` is called
   * with how many events, of all types that are listened to, were left out because this page was too slow for them.
   */
  addEventListener<K extends EventType>(
    type: K,
    onEvent: (event: ServerEventOf<K>) => void,
    onMissed?: (count: number) => void,
  ): () => void {
    // The core refuses a question with such a type in it, and so every listener's.
    if (!EVENT_TYPES.includes(type)) throw new TypeError(type);
    const registration: Registration = {
      type,
      // It is called with events of its type alone.
      onEvent: onEvent as unknown as Registration['onEvent'],
      onMissed,
    };
    this.#registrations.add(registration);
    void this.#ask();
    return () => {
      if (this.#registrations.delete(registration)) void this.#ask();
    };
  }

  /** Asks again for what is listened to: after an attachment the core may be another one. */
  renew(): void {
    if (this.#asked === '' && this.#registrations.size === 0) return;
    this.#attachment += 1;
    this.#asking = false;
    this.#refusalsInARow = 0;
    this.#askAnew();
  }

  #askAnew(): void {
    this.#asked = null;
    void this.#ask();
  }

  #types(): EventType[] {
    return [...new Set([...this.#registrations].map(({ type }) => type))].sort();
  }

  // One question at a time: of two that are on their way together the earlier one could come last.
  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const attachment = this.#attachment;
    try {
      for (let types = this.#types(); types.join() !== this.#asked; types = this.#types()) {
        this.#asked = types.join();
        await this.#host.listen(types, (message) => this.#publish(message));
        if (attachment !== this.#attachment) {
          // It was taken for lost, and may have come after the one that took its place.
          this.#askAnew();
          return;
        }
      }
      this.#refusalsInARow = 0;
      this.#asking = false;
    } catch {
      if (attachment === this.#attachment) await this.#askAfterRefusal(attachment);
    }
  }

  async #askAfterRefusal(attachment: number): Promise<void> {
    this.#asked = null;
    this.#asking = false;
    this.#refusalsInARow += 1;
    await this.#wait(backoff(this.#refusalsInARow));
    // Asked again meanwhile, for another type, it has nothing to ask.
    if (attachment === this.#attachment) void this.#ask();
  }

  #publish(message: ListenerMessage): void {
    // A listener may end itself or others while it is called, and one that begins meanwhile gets what comes next.
    for (const registration of [...this.#registrations]) {
      if (!this.#registrations.has(registration)) continue;
      try {
        if (message.kind === 'missed') registration.onMissed?.(message.value);
        else if (message.value.type === registration.type) registration.onEvent(message.value);
      } catch (error) {
        // What one listener does wrong is no reason that the others do not hear.
        reportError(error);
      }
    }
  }
}
