import { backoff, pause, type Wait } from '../lib/wait';
import type { Host } from './host';
import { EVENT_TYPES, type EventType, type ListenerMessage, type ServerEvents } from './protocol';

/** An event of the server: its type, its data, and how it arrived. */
export interface ServerEventOf<K extends EventType> {
  type: K;
  data: ServerEvents[K];
  /** The last event id at its arrival, if the server sends one. */
  lastEventId: string | null;
  /** It was missed while disconnected, as far as is known. */
  missed: boolean;
  /** It is not new, but was asked for again with `gloria replay`. */
  replayed: boolean;
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
  // The types of the last request; null if the core's types are not known.
  #asked: string | null = '';
  #asking = false;
  // Counts attachments: a request before an attachment may never be answered, and is not awaited.
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
    // The core would refuse a request with an unknown type, and with it all other types.
    if (!EVENT_TYPES.includes(type)) throw new TypeError(type);
    const registration: Registration = {
      type,
      // It is called only with events of its type.
      onEvent: onEvent as unknown as Registration['onEvent'],
      onMissed,
    };
    this.#registrations.add(registration);
    void this.#ask();
    return () => {
      if (this.#registrations.delete(registration)) void this.#ask();
    };
  }

  /** Requests the types again: after an attachment the core may be another one. */
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

  // One request at a time: of two at the same time, the earlier could arrive last.
  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const attachment = this.#attachment;
    try {
      for (let types = this.#types(); types.join() !== this.#asked; types = this.#types()) {
        this.#asked = types.join();
        await this.#host.listen(types, (message) => this.#publish(message));
        if (attachment !== this.#attachment) {
          // It was given up, and may have arrived after its successor.
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
    // A listener may remove itself or others while it is called; one that is added gets later events.
    for (const registration of [...this.#registrations]) {
      if (!this.#registrations.has(registration)) continue;
      try {
        if (message.kind === 'missed') registration.onMissed?.(message.value);
        else if (message.value.type === registration.type) registration.onEvent(message.value);
      } catch (error) {
        // An error in one listener must not affect the others.
        reportError(error);
      }
    }
  }
}
