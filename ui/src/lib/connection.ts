import type { ConnectionView } from '../host/protocol';
import { ago, countdown, type EpochMillis } from './time';

export type ConnectionTone = 'good' | 'busy' | 'bad' | 'quiet';

/** What a button beside the connection's words does. */
export type ConnectionRemedy = 'retry' | 'setup';

export interface ConnectionWords {
  tone: ConnectionTone;
  /** Where it stands; changes with the clock. */
  state: string;
  /** Why; may be empty. */
  reason: string;
  button: { does: ConnectionRemedy; label: string } | null;
}

/** The connection in words, true at `now`. */
export function connectionWords(view: ConnectionView, now: EpochMillis): ConnectionWords {
  const { reason } = view;
  switch (view.state) {
    case 'idle':
      return { tone: 'quiet', state: 'Not connected', reason, button: remedyButton(view, 'Connect') };
    case 'connecting':
      return {
        tone: 'busy',
        state: view.attempt > 0 ? `Connecting, attempt ${view.attempt + 1}…` : 'Connecting…',
        reason,
        button: null,
      };
    case 'connected':
      return {
        tone: 'good',
        state:
          view.lastHeardAt === null ? 'Connected' : `Connected · last heard ${ago(view.lastHeardAt, now)}`,
        reason,
        button: null,
      };
    case 'waiting':
      return {
        tone: 'busy',
        state:
          view.nextAttemptAt === null ? 'Reconnecting' : `Reconnecting ${countdown(view.nextAttemptAt, now)}`,
        reason,
        button: remedyButton(view, 'Retry now'),
      };
    case 'circuitOpen':
      return {
        tone: 'bad',
        state:
          view.nextAttemptAt === null
            ? 'Server out of reach'
            : `Server out of reach · next try ${countdown(view.nextAttemptAt, now)}`,
        reason,
        button: remedyButton(view, 'Retry now'),
      };
    case 'halted':
      return { tone: 'bad', state: haltedState(view), reason, button: remedyButton(view, 'Connect again') };
  }
}

function haltedState(view: ConnectionView): string {
  switch (view.remedy) {
    case 'signIn':
      return 'Signed out';
    case 'unlockKeyring':
      return 'Keyring locked';
    case 'none':
    case 'retry':
    case 'checkAddress':
    case 'checkNetwork':
      return 'Disconnected';
  }
}

function remedyButton(view: ConnectionView, retryLabel: string): ConnectionWords['button'] {
  switch (view.remedy) {
    case 'signIn':
      return { does: 'setup', label: 'Sign in' };
    case 'checkAddress':
      return { does: 'setup', label: 'Check address' };
    case 'unlockKeyring':
      return { does: 'retry', label: 'Try again' };
    case 'none':
    case 'retry':
    case 'checkNetwork':
      return { does: 'retry', label: retryLabel };
  }
}
