import { failureMessage, type Host } from '../host/host';
import { PROTOCOL_VERSION, type Revised, type Snapshot, type Update } from '../host/protocol';
import { backoff, pause, type Wait } from '../lib/wait';
import { nextFrame } from './frames';
import { join, reduce } from './reducer';
import { t } from '../words/words';

export interface Attached {
  /** The whole state is new, so everything that was loaded before has to be loaded again. */
  onSnapshot(snapshot: Snapshot): void;
  /** The state after some updates, and these updates in order. Called at most once per frame. */
  onUpdates(snapshot: Snapshot, updates: readonly Update[]): void;
  /** The core does not answer. */
  onFailure(message: string): void;
}

/** A core answers at once. After this time it is reported as silent; a later answer is still used. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Follows the core's state: attaches, applies updates in order, attaches again after a gap. */
export class Attachment {
  #host: Host;
  #attached: Attached;
  #wait: Wait;
  #frame: (apply: () => void) => void;
  #snapshot: Snapshot | null = null;
  // Updates that arrived before the snapshot, or since the last frame.
  #pending: Revised[] = [];
  #frameAsked = false;
  // Updates of an earlier attachment carry an earlier number and are dropped.
  #epoch = 0;
  #gapsInARow = 0;
  #refusalsInARow = 0;

  constructor(host: Host, attached: Attached, wait: Wait = pause, frame = nextFrame) {
    this.#host = host;
    this.#attached = attached;
    this.#wait = wait;
    this.#frame = frame;
  }

  async attach(): Promise<void> {
    const epoch = this.#newEpoch();
    this.#snapshot = null;
    void this.#sayWhenSilent(epoch);
    try {
      const snapshot = await this.#host.attach((revised) => {
        if (epoch === this.#epoch) this.#take(revised);
      });
      if (epoch !== this.#epoch) return;
      // A window may be older than the app after an update, and must not interpret another protocol.
      if (snapshot.protocol !== PROTOCOL_VERSION) {
        this.#newEpoch();
        this.#attached.onFailure(t('ui-other-version'));
        return;
      }
      this.#refusalsInARow = 0;
      this.#snapshot = snapshot;
      this.#attached.onSnapshot(snapshot);
      this.#apply();
    } catch (error) {
      if (epoch !== this.#epoch) return;
      this.#attached.onFailure(failureMessage(error));
      void this.#attachAfterRefusal();
    }
  }

  async #sayWhenSilent(epoch: number): Promise<void> {
    await this.#wait(ANSWER_TIMEOUT_MS);
    if (epoch === this.#epoch && this.#snapshot === null) this.#attached.onFailure(t('ui-silent'));
  }

  // A core that is restarting refuses for a moment; the user should not have to retry.
  async #attachAfterRefusal(): Promise<void> {
    const epoch = this.#newEpoch();
    this.#refusalsInARow += 1;
    await this.#wait(backoff(this.#refusalsInARow));
    if (epoch === this.#epoch) await this.attach();
  }

  #take(revised: Revised): void {
    this.#pending.push(revised);
    if (this.#snapshot === null || this.#frameAsked) return;
    this.#frameAsked = true;
    const epoch = this.#epoch;
    this.#frame(() => {
      if (epoch !== this.#epoch) return;
      this.#frameAsked = false;
      this.#apply();
    });
  }

  #apply(): void {
    if (this.#snapshot === null) return;
    const pending = this.#pending;
    this.#pending = [];
    const updates: Update[] = [];
    let snapshot = this.#snapshot;
    let gap = false;
    for (const revised of pending) {
      const next = reduce(snapshot, revised);
      gap = next === 'gap';
      if (next === 'gap') break;
      if (next !== snapshot) updates.push(revised.update);
      snapshot = next;
    }
    if (updates.length > 0) {
      this.#gapsInARow = 0;
      this.#snapshot = snapshot;
      this.#attached.onUpdates(snapshot, join(updates));
    }
    if (gap) void this.#attachAfterGap();
  }

  async #attachAfterGap(): Promise<void> {
    const epoch = this.#newEpoch();
    const gapsBefore = this.#gapsInARow;
    this.#gapsInARow += 1;
    if (gapsBefore > 0) await this.#wait(backoff(gapsBefore));
    if (epoch === this.#epoch) await this.attach();
  }

  #newEpoch(): number {
    this.#epoch += 1;
    this.#pending = [];
    this.#frameAsked = false;
    return this.#epoch;
  }
}
