import type { Message } from '../protocol';

/** A message with these words, whatever the core says. */
export function says(words: string): Message {
  return { id: 'alert-earlier', args: { words } };
}
