import type { ConnectionView, Remedy, Transport } from '../host/protocol';
import { sentence } from './text';
import { ago, clockTime, countdown, duration, type EpochMillis } from './time';

export type ConnectionTone = 'good' | 'busy' | 'bad' | 'quiet';

/** What a button beside the connection's words does. */
export type ConnectionAction = 'retry' | 'setup' | 'proxy';

export interface ConnectionButton {
  does: ConnectionAction;
  label: string;
}

export interface ConnectionWords {
  tone: ConnectionTone;
  /** Where it stands, in a word or two. */
  title: string;
  /** How long so far, or how long still; changes with the clock; may be empty. */
  progress: string;
  /** Title and what matters most of the rest, for one line. */
  state: string;
  /** Why; may be empty. */
  reason: string;
  /** What to do, or what happens by itself; may be empty. */
  advice: string;
  /** What leads out first. */
  buttons: readonly ConnectionButton[];
}

export const TRANSPORT_NAMES: Record<Transport, string> = {
  sse: 'Server-sent events',
  webSocket: 'WebSocket',
};

/** What an empty inbox says. Without a position the server cannot be asked for what it sent before. */
export function emptyInbox(connected: boolean, historySince: EpochMillis | null, locale: string): string {
  if (historySince !== null) {
    return `New notifications appear here, from ${clockTime(historySince, locale)} on. This server does not send again what you miss while you are not connected.`;
  }
  return connected
    ? 'New notifications appear here as they arrive.'
    : 'New notifications appear here once connected.';
}

/** The connection in words, true at `now`. */
export function connectionWords(view: ConnectionView, now: EpochMillis): ConnectionWords {
  // What cannot be kept is the reason while connected, and stands before the connection's own otherwise.
  const storage = view.storage !== null && view.state !== 'connected' ? `${sentence(view.storage)}. ` : '';
  const reason = storage + sentence(view.reason);
  const advice = adviceFor(view.remedy);
  const remedy = remedyButton(view.remedy);
  const next = view.nextAttemptAt === null ? null : countdown(view.nextAttemptAt, now);
  // Waiting goes on whatever the cause, so trying at once is always on offer, under the name of what it does.
  const waysOut =
    remedy?.does === 'retry' ? [remedy] : [...(remedy === null ? [] : [remedy]), retry('Reconnect now')];
  const nextAttempt = next === null ? '' : `Attempt ${view.attempt + 1} ${next}`;
  switch (view.state) {
    case 'idle':
      return {
        tone: 'quiet',
        title: 'Not connected',
        progress: '',
        state: 'Not connected',
        reason,
        advice,
        buttons: [remedy ?? retry('Connect')],
      };
    case 'connecting':
      return {
        tone: 'busy',
        title: 'Connecting',
        progress: `Attempt ${view.attempt + 1}`,
        state: view.attempt > 0 ? `Connecting, attempt ${view.attempt + 1}…` : 'Connecting…',
        reason,
        advice,
        // What only the user can do stays on offer while it is tried whether it was done.
        buttons: remedy === null || remedy.does === 'retry' ? [] : [remedy],
      };
    case 'connected': {
      const heard = view.lastHeardAt === null ? '' : ` · last heard ${ago(view.lastHeardAt, now)}`;
      return {
        // Open, and yet something is wrong with it: as a proxy that holds back what the server sends.
        tone: view.storage !== null ? 'bad' : reason === '' ? 'good' : 'busy',
        title: view.storage !== null ? 'Connected, but nothing can be kept' : 'Connected',
        progress:
          view.connectedSince === null ? '' : `For ${duration(Math.max(0, now - view.connectedSince))}`,
        state: `Connected${heard}`,
        reason,
        advice:
          view.storage !== null
            ? 'New notifications are shown, and kept until Gloria Notify ends. The file is tried again by itself.'
            : advice,
        buttons:
          view.storage !== null
            ? [retry('Try again')]
            : remedy === null || remedy.does === 'retry'
              ? []
              : [remedy],
      };
    }
    case 'waiting':
    case 'circuitOpen': {
      if (view.network === 'offline' && view.storage === null) {
        return {
          tone: 'busy',
          title: 'Offline',
          progress: nextAttempt,
          state: next === null ? 'Offline' : `Offline · next try ${next}`,
          reason,
          advice: 'Gloria Notify connects as soon as this computer has a network again.',
          buttons: waysOut,
        };
      }
      // As the tray shows it: the user is needed, or it has lasted, or it is one of many short outages.
      const title = view.needsUser
        ? neededTitle(view.remedy)
        : view.longOutage || view.state === 'circuitOpen'
          ? 'Not connected'
          : 'Waiting to reconnect';
      const short = title === 'Waiting to reconnect';
      return {
        tone: short ? 'busy' : 'bad',
        title,
        progress: nextAttempt,
        state: short
          ? `Reconnecting${next === null ? '' : ` ${next}`}`
          : `${title}${next === null ? '' : ` · next try ${next}`}`,
        reason,
        advice:
          advice ||
          (view.state === 'circuitOpen'
            ? 'After many failures in a row Gloria Notify tries less often, and at once when you come back to it, the network changes or the computer wakes.'
            : ''),
        buttons: waysOut,
      };
    }
    case 'halted': {
      const title = neededTitle(view.remedy);
      return {
        tone: 'bad',
        title,
        progress: next === null ? 'Waiting for you' : `Next attempt ${next}`,
        state: title,
        reason,
        advice:
          advice ||
          (next === null
            ? ''
            : 'If you do not know why, tell your service desk. It is tried again by itself.'),
        // Nothing is dialled before the question above the inbox is answered.
        buttons: view.remedy === 'confirmPerson' ? [] : [remedy ?? retry('Connect again')],
      };
    }
  }
}

/** What the user is needed for, in a word or two. */
function neededTitle(remedy: Remedy): string {
  switch (remedy) {
    case 'signIn':
      return 'Signed out';
    case 'unlockKeyring':
      return 'Keyring locked';
    case 'confirmPerson':
      return 'Same person?';
    case 'none':
    case 'retry':
    case 'checkAddress':
    case 'checkNetwork':
    case 'proxySignIn':
    case 'checkCertificate':
    case 'clientCertificate':
    case 'networkSignIn':
      return 'Needs you';
  }
}

function adviceFor(remedy: Remedy): string {
  switch (remedy) {
    case 'none':
    case 'retry':
      return '';
    case 'signIn':
      return 'Enter your token again. If you have no other, ask your service desk for a new one.';
    case 'checkAddress':
      return 'Compare the server address with the one that your organisation gave you.';
    case 'unlockKeyring':
      return 'Your token is in the keyring of this computer. It is unlocked with your password.';
    case 'confirmPerson':
      return 'Answer above whether it is you. Nothing is stored until then, and nothing is lost.';
    case 'checkNetwork':
      return 'Try another network or the VPN. If your organisation sets its proxy by a script (PAC), enter that proxy in the preferences. If nothing changes, tell your service desk.';
    case 'proxySignIn':
      return 'Enter your name and password for the proxy in the preferences. If it wants the sign-in of Windows (NTLM, Kerberos), a helper on this computer such as Px must do that: ask your service desk, and enter the helper as the proxy.';
    case 'checkCertificate':
      return 'Check the date and time of this computer. If they are right, tell your service desk: the server may not be who it says it is.';
    case 'clientCertificate':
      return 'This server lets in only computers that show a certificate. Ask your service desk to set one up on this computer.';
    case 'networkSignIn':
      return 'Open a web page in your browser to sign in to this network, as in a hotel or on a train. Then reconnect.';
  }
}

/** What the user can do first; null where trying again is all there is. */
function remedyButton(remedy: Remedy): ConnectionButton | null {
  switch (remedy) {
    case 'signIn':
      return { does: 'setup', label: 'Sign in' };
    case 'checkAddress':
      return { does: 'setup', label: 'Check address' };
    case 'unlockKeyring':
      return retry('Unlock keyring');
    case 'proxySignIn':
      return { does: 'proxy', label: 'Proxy settings' };
    case 'none':
    case 'retry':
    case 'checkNetwork':
    case 'checkCertificate':
    case 'clientCertificate':
    case 'networkSignIn':
    case 'confirmPerson':
      return null;
  }
}

function retry(label: string): ConnectionButton {
  return { does: 'retry', label };
}
