import type { Message } from '../protocol';

/** A message with this text. */
export function says(words: string): Message {
  return { id: 'alert-earlier', args: { words } };
}
