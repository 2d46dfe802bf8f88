import type { Host } from './host';
import type { EventType, ListenerMessage, ServerEvents } from './protocol';

/** An event of the server: its type, its data, and how it came. */
export interface ServerEventOf<K extends EventType> {
  type: K;
  data: ServerEvents[K];
  /** The last event id when it came, where the server gives one. */
  lastEventId: string | null;
  /** It was missed while there was no connection, as far as can be told. */
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
  #registrations: Registration[] = [];
  // What the core was asked for last, and whether it is being asked.
  #asked = '';
  #asking = false;

  constructor(host: Host) {
    this.#host = host;
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
    const registration: Registration = {
      type,
      // It is called with events of its type alone.
      onEvent: onEvent as unknown as Registration['onEvent'],
      onMissed,
    };
    this.#registrations.push(registration);
    void this.#ask();
    return () => {
      this.#registrations = this.#registrations.filter((each) => each !== registration);
      void this.#ask();
    };
  }

  /** Asks again for what is listened to: after an attachment the core may be another one. */
  renew(): void {
    if (this.#asked === '' && this.#registrations.length === 0) return;
    this.#asked = '?';
    void this.#ask();
  }

  #types(): EventType[] {
    return [...new Set(this.#registrations.map(({ type }) => type))].sort();
  }

  // One question at a time: of two that are on their way together the earlier one could come last.
  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      for (let types = this.#types(); types.join() !== this.#asked; types = this.#types()) {
        this.#asked = types.join();
        await this.#host.listen(types, (message) => this.#take(message));
      }
    } catch {
      // A core that does not answer is attached to again, and asked again then.
      this.#asked = '?';
    } finally {
      this.#asking = false;
    }
  }

  #take(message: ListenerMessage): void {
    // A listener may end itself or others while it is called.
    for (const registration of [...this.#registrations]) {
      if (!this.#registrations.includes(registration)) continue;
      if (message.kind === 'missed') registration.onMissed?.(message.value);
      else if (message.value.type === registration.type) registration.onEvent(message.value);
    }
  }
}
