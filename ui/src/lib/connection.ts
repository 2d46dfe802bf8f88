import type { ConnectionView } from '../host/protocol';
import { sentence } from './text';
import { ago, countdown, type EpochMillis } from './time';

export type ConnectionTone = 'good' | 'busy' | 'bad' | 'quiet';

/** What a button beside the connection's words does. */
export type ConnectionRemedy = 'retry' | 'setup';

export interface ConnectionButton {
  does: ConnectionRemedy;
  label: string;
}

export interface ConnectionWords {
  tone: ConnectionTone;
  /** Where it stands; changes with the clock. */
  state: string;
  /** Why; may be empty. */
  reason: string;
  buttons: readonly ConnectionButton[];
}

/** The connection in words, true at `now`. */
export function connectionWords(view: ConnectionView, now: EpochMillis): ConnectionWords {
  const reason = sentence(view.reason);
  const remedy = remedyButton(view);
  switch (view.state) {
    case 'idle':
      return { tone: 'quiet', state: 'Not connected', reason, buttons: [remedy ?? retry('Connect')] };
    case 'connecting':
      return {
        tone: 'busy',
        state: view.attempt > 0 ? `Connecting, attempt ${view.attempt + 1}…` : 'Connecting…',
        reason,
        buttons: [],
      };
    case 'connected':
      return {
        tone: 'good',
        state:
          view.lastHeardAt === null ? 'Connected' : `Connected · last heard ${ago(view.lastHeardAt, now)}`,
        reason,
        buttons: [],
      };
    case 'waiting':
      return {
        tone: 'busy',
        state:
          view.nextAttemptAt === null ? 'Reconnecting' : `Reconnecting ${countdown(view.nextAttemptAt, now)}`,
        reason,
        // Waiting goes on whatever the cause, so trying at once is always on offer.
        buttons: [...(remedy?.does === 'setup' ? [remedy] : []), retry('Retry now')],
      };
    case 'circuitOpen':
      return {
        tone: 'bad',
        state:
          view.nextAttemptAt === null
            ? 'Server out of reach'
            : `Server out of reach · next try ${countdown(view.nextAttemptAt, now)}`,
        reason,
        buttons: [...(remedy?.does === 'setup' ? [remedy] : []), retry('Retry now')],
      };
    case 'halted':
      return { tone: 'bad', state: haltedState(view), reason, buttons: [remedy ?? retry('Connect again')] };
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

/** What the user can do first; null where trying again is all there is. */
function remedyButton(view: ConnectionView): ConnectionButton | null {
  switch (view.remedy) {
    case 'signIn':
      return { does: 'setup', label: 'Sign in' };
    case 'checkAddress':
      return { does: 'setup', label: 'Check address' };
    case 'unlockKeyring':
      return retry('Try again');
    case 'none':
    case 'retry':
    case 'checkNetwork':
      return null;
  }
}

function retry(label: string): ConnectionButton {
  return { does: 'retry', label };
}
