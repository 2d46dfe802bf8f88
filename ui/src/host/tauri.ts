import { Channel, invoke } from '@tauri-apps/api/core';
import type { Host } from './host';
import type { Commands, ListenerMessage, Revised, Snapshot } from './protocol';

/** The page acknowledges this many messages at a time; the shell waits after a few times as many. */
const RECEIPT_COUNT = 16;

/** A channel that acknowledges its messages, so that the shell stops sending to a page that stalls. */
function receiving<T>(onMessage: (message: T) => void): Channel<T> {
  let count = 0;
  const channel = new Channel<T>((message) => {
    count += 1;
    // The total count, so that the next acknowledgement makes up for a lost one.
    if (count % RECEIPT_COUNT === 0)
      invoke('received', { channel: channel.id, count }).catch(() => undefined);
    onMessage(message);
  });
  return channel;
}

// One channel while anything is listened to, so that no event is lost when only the types change.
let events: Channel<ListenerMessage> | null = null;
let onEvent: (message: ListenerMessage) => void = () => undefined;

/** The core behind Tauri's commands. */
export const tauriHost: Host = {
  call: (name, request) => invoke<Commands[typeof name][1]>('call', { name, request }),
  attach: (onUpdate) => invoke<Snapshot>('attach', { updates: receiving<Revised>(onUpdate) }),
  listen: async (types, onMessage) => {
    onEvent = onMessage;
    events ??= receiving<ListenerMessage>((message) => onEvent(message));
    const channel = events;
    // The shell closes it with its last type.
    if (types.length === 0) events = null;
    try {
      await invoke('listen', { types, events: channel });
    } catch (error) {
      events = null;
      throw error;
    }
  },
};
