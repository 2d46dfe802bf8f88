import { Channel, invoke } from '@tauri-apps/api/core';
import type { Host } from './host';
import type { Commands, ListenerMessage, Revised, Snapshot } from './protocol';

// One for the page's whole life: by its number the shell knows that only the types change.
const events = new Channel<ListenerMessage>();

/** The core behind Tauri's commands. */
export const tauriHost: Host = {
  call: (name, request) => invoke<Commands[typeof name][1]>('call', { name, request }),
  attach: (onUpdate) => invoke<Snapshot>('attach', { updates: new Channel<Revised>(onUpdate) }),
  listen: async (types, onMessage) => {
    events.onmessage = onMessage;
    await invoke('listen', { types, events });
  },
};
