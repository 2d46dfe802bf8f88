import { Channel, invoke } from '@tauri-apps/api/core';
import type { Host } from './host';
import type { Commands, Revised, Snapshot } from './protocol';

/** The core behind Tauri's commands. */
export const tauriHost: Host = {
  call: (name, request) => invoke<Commands[typeof name][1]>('call', { name, request }),
  attach: (onUpdate) => invoke<Snapshot>('attach', { updates: new Channel<Revised>(onUpdate) }),
};
