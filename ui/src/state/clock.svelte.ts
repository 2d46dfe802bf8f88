import { createSubscriber } from 'svelte/reactivity';
import type { EpochMillis } from '../lib/epoch';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** The time, as a value that changes. It ticks only while something on screen reads it. */
class Ticks {
  #subscribe: () => void;

  constructor(interval: number) {
    this.#subscribe = createSubscriber((update) => {
      // Timers of a hidden page are slow, and stand still while the machine sleeps.
      document.addEventListener('visibilitychange', update);
      const timer = setInterval(update, interval);
      return () => {
        clearInterval(timer);
        document.removeEventListener('visibilitychange', update);
      };
    });
  }

  get now(): EpochMillis {
    this.#subscribe();
    return Date.now();
  }
}

/** For countdowns. */
export const seconds = new Ticks(SECOND_MS);

/** For what stands on screen all day: each change has the whole window painted anew and wakes a dozen threads. */
export const calm = new Ticks(10 * SECOND_MS);

/** For ages and days. A third of a minute, so that a minute's change shows soon after it. */
export const minutes = new Ticks(MINUTE_MS / 3);
