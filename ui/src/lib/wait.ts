// What does not answer would otherwise be asked as fast as it refuses.
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

export type Wait = (ms: number) => Promise<void>;

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** How long to wait after so many failures in a row: twice as long each time. */
export function backoff(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), MAX_PAUSE_MS);
}
