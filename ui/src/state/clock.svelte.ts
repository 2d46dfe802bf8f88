import { createSubscriber } from 'svelte/reactivity';
import type { EpochMillis } from '../lib/epoch';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** The time as a reactive value. It ticks only while something on screen uses it. */
class Ticks {
  #subscribe: () => void;

  constructor(interval: number) {
    this.#subscribe = createSubscriber((update) => {
      // Timers of a hidden page are slow, and stop while the computer sleeps.
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

/** For text that is always on screen: each change repaints the whole window and wakes a dozen threads. */
export const calm = new Ticks(10 * SECOND_MS);

/** For ages and days: every 20 s, so that a new minute is shown soon. */
export const minutes = new Ticks(MINUTE_MS / 3);
