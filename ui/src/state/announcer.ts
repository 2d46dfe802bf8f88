import type { Item } from '../host/protocol';
import { announcement } from '../lib/announce';

/** A screen reader needs about this long for one sentence; faster talk would only cut itself off. */
const PAUSE_MS = 5_000;

/** Speaks through the one live region: what the user did at once, what arrived at most every few seconds. */
export class Announcer {
  #say: (text: string) => void;
  #arrived: Item[] = [];
  #pause: ReturnType<typeof setTimeout> | null = null;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** The answer to something the user did. */
  answer(text: string): void {
    this.#say(text);
    this.#rest();
  }

  arrived(items: readonly Item[]): void {
    this.#arrived.push(...items);
    if (this.#pause === null) this.#speak();
  }

  #speak(): void {
    this.#pause = null;
    if (this.#arrived.length === 0) return;
    this.#say(announcement(this.#arrived));
    this.#arrived = [];
    this.#rest();
  }

  #rest(): void {
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#speak(), PAUSE_MS);
  }
}
