import { failureMessage, type Host } from '../host/host';
import type { Revised, Snapshot, Update } from '../host/protocol';
import { reduce } from './reducer';

export interface Attached {
  /** The whole state is new; whatever was read before is to be read again. */
  onSnapshot(snapshot: Snapshot): void;
  /** One update was applied. */
  onUpdate(snapshot: Snapshot, update: Update): void;
  /** The core does not answer. */
  onFailure(message: string): void;
}

// A core that skipped revisions for ever would otherwise be asked as fast as it answers.
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Follows the core's state: attaches, applies updates in order, attaches again after a gap. */
export class Attachment {
  #host: Host;
  #attached: Attached;
  #wait: (ms: number) => Promise<void>;
  #snapshot: Snapshot | null = null;
  // What arrives between the call and its answer.
  #early: Revised[] = [];
  // Updates of an earlier attachment carry an earlier number and are dropped.
  #epoch = 0;
  #gapsInARow = 0;

  constructor(
    host: Host,
    attached: Attached,
    wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms)),
  ) {
    this.#host = host;
    this.#attached = attached;
    this.#wait = wait;
  }

  async attach(): Promise<void> {
    this.#epoch += 1;
    const epoch = this.#epoch;
    this.#snapshot = null;
    this.#early = [];
    try {
      const snapshot = await this.#host.attach((revised) => {
        if (epoch === this.#epoch) this.#take(revised);
      });
      if (epoch !== this.#epoch) return;
      this.#snapshot = snapshot;
      this.#attached.onSnapshot(snapshot);
      const early = this.#early;
      this.#early = [];
      for (const revised of early) if (epoch === this.#epoch) this.#take(revised);
    } catch (error) {
      if (epoch === this.#epoch) this.#attached.onFailure(failureMessage(error));
    }
  }

  #take(revised: Revised): void {
    if (this.#snapshot === null) {
      this.#early.push(revised);
      return;
    }
    const next = reduce(this.#snapshot, revised);
    if (next === 'gap') {
      void this.#attachAfterGap();
    } else if (next !== this.#snapshot) {
      this.#gapsInARow = 0;
      this.#snapshot = next;
      this.#attached.onUpdate(next, revised.update);
    }
  }

  async #attachAfterGap(): Promise<void> {
    this.#epoch += 1;
    const epoch = this.#epoch;
    const pause = this.#gapsInARow === 0 ? 0 : FIRST_PAUSE_MS * 2 ** (this.#gapsInARow - 1);
    this.#gapsInARow += 1;
    if (pause > 0) await this.#wait(Math.min(pause, LONGEST_PAUSE_MS));
    if (epoch === this.#epoch) await this.attach();
  }
}
