import { Channel, invoke } from '@tauri-apps/api/core';
import type { Host } from './host';
import type { Commands, ListenerMessage, Revised, Snapshot } from './protocol';

/** After so many messages of a channel the shell learns that they are here; after a few times as many it waits. */
const RECEIPT_COUNT = 16;

/** A channel that says what was received, so that a page that stands still has no more sent to it. */
function receiving<T>(onMessage: (message: T) => void): Channel<T> {
  let count = 0;
  const channel = new Channel<T>((message) => {
    count += 1;
    // The count of all, so that the next one makes up for one that is lost.
    if (count % RECEIPT_COUNT === 0)
      invoke('received', { channel: channel.id, count }).catch(() => undefined);
    onMessage(message);
  });
  return channel;
}

// One for as long as anything is listened to, so that nothing is lost where only the types change.
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
    // The shell ends it with its last type.
    if (types.length === 0) events = null;
    try {
      await invoke('listen', { types, events: channel });
    } catch (error) {
      events = null;
      throw error;
    }
  },
};
