// Without a wait, something that fails at once would be called again at once.
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

export type Wait = (ms: number) => Promise<void>;

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** How long to wait after this many failures in a row, doubled each time. */
export function backoff(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), MAX_PAUSE_MS);
}
