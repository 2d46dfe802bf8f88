/** Milliseconds since the Unix epoch, UTC. */
export type EpochMillis = number;
