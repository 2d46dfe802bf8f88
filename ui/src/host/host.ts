import { say, t } from '../words/words';
import type { Commands, EventType, ListenerMessage, Message, Revised, Snapshot } from './protocol';

/** The core behind the window: the real one through Tauri, or a fake one in tests and in a plain browser. */
export interface Host {
  /** Rejects with a {@link failureMessage readable} error. */
  call<K extends keyof Commands>(name: K, request: Commands[K][0]): Promise<Commands[K][1]>;

  /**
   * Answers with the whole state; what follows goes to `onUpdate`, possibly before the answer is here.
   * An earlier attachment may still send updates; the caller ignores them after attaching again.
   */
  attach(onUpdate: (revised: Revised) => void): Promise<Snapshot>;

  /**
   * From now on events of these types come, and no others; none end it. It is the last caller's `onMessage` that gets
   * them. {@link EventListeners} is what pages use.
   */
  listen(types: readonly EventType[], onMessage: (message: ListenerMessage) => void): Promise<void>;
}

/** The code of the message that a {@link Host} rejected with. */
export function failureCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('message' in error)) return null;
  return isMessage(error.message) ? error.message.id : null;
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'id' in value && 'args' in value;
}

/** The text of an error of a {@link Host}: a `CommandError`, or a plain string of Tauri's. */
export function failureMessage(error: unknown): string {
  if (typeof error === 'string' && error !== '') return error;
  if (typeof error === 'object' && error !== null && 'message' in error) {
    const { message } = error;
    if (typeof message === 'string' && message !== '') return message;
    if (isMessage(message)) return say(message);
  }
  return t('ui-unexpected');
}
