import type { Item } from '../host/protocol';
import { announcement } from '../lib/announce';

/** About the time that a screen reader needs for a sentence; a faster one would interrupt it. */
const PAUSE_MS = 5_000;

/** Uses the only live region: for the user's actions at once, for new items every few seconds. */
export class Announcer {
  #say: (text: string) => void;
  #arrived: Item[] = [];
  #pause: ReturnType<typeof setTimeout> | null = null;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** Announces the result of an action of the user. */
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
