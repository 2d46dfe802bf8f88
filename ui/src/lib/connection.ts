import type { ConnectionView, NetworkState, Remedy, Transport } from '../host/protocol';
import { sentenceOf, t, type PlainId } from '../words/words';
import type { EpochMillis } from './epoch';
import { ago, countdown, duration } from './time';

type ConnectionTone = 'good' | 'busy' | 'bad' | 'quiet';

/** The action of a button next to the connection's text. */
export type ConnectionAction = 'retry' | 'setup' | 'proxy';

interface ConnectionButton {
  does: ConnectionAction;
  label: string;
}

/** The state, which selects text and icon. */
type Standing =
  | 'idle'
  | 'disconnected'
  | 'connecting'
  | 'connected'
  | 'unstored'
  | 'offline'
  | 'waiting'
  | 'away'
  | 'signedOut'
  | 'keyringLocked'
  | 'samePerson'
  | 'needsUser';

export interface ConnectionWords {
  standing: Standing;
  tone: ConnectionTone;
  /** The state in a word or two. */
  title: string;
  /** The time since, or until, which changes with the clock; may be empty. */
  progress: string;
  /** The title and the most important part of the rest, in one line. */
  state: string;
  /** Why; may be empty. */
  reason: string;
  /** What to do, or what happens automatically; may be empty. */
  advice: string;
  /** The most useful action first. */
  buttons: readonly ConnectionButton[];
}

const TITLES: Record<Standing, PlainId> = {
  idle: 'ui-idle',
  disconnected: 'ui-idle',
  connecting: 'ui-connecting',
  connected: 'ui-connected',
  unstored: 'ui-connected-unstored',
  offline: 'ui-offline',
  waiting: 'ui-waiting',
  away: 'ui-idle',
  signedOut: 'ui-signed-out',
  keyringLocked: 'ui-keyring-locked',
  samePerson: 'ui-same-person',
  needsUser: 'ui-needs-you',
};

const TRANSPORTS: Record<Transport, PlainId> = {
  sse: 'ui-transport-sse',
  webSocket: 'ui-transport-web-socket',
};

const NETWORKS: Record<NetworkState, PlainId> = {
  unknown: 'ui-network-unknown',
  online: 'ui-network-online',
  offline: 'ui-network-offline',
};

export function transportName(transport: Transport): string {
  return t(TRANSPORTS[transport]);
}

export function networkName(network: NetworkState): string {
  return t(NETWORKS[network]);
}

/** The text of an empty inbox. Without a cursor, earlier events cannot be requested from the server. */
export function emptyInbox(connected: boolean, historySince: EpochMillis | null): string {
  if (historySince !== null) return t('ui-empty-history', { at: historySince });
  return t(connected ? 'ui-empty' : 'ui-empty-away');
}

/** The connection as text, correct at `now`. */
export function connectionWords(view: ConnectionView, now: EpochMillis): ConnectionWords {
  const standing = standingOf(view);
  const title = t(TITLES[standing]);
  const advice = adviceFor(view.remedy);
  const remedy = remedyButton(view.remedy);
  const when = view.nextAttemptAt === null ? null : countdown(view.nextAttemptAt, now);
  // The app keeps trying whatever the cause, so trying now is always offered.
  const waysOut =
    remedy?.does === 'retry' ? [remedy] : [...(remedy === null ? [] : [remedy]), retry('ui-reconnect-now')];
  // What only the user can do stays on offer while it is tried whether it was done, and while all seems well.
  const elsewhere = remedy === null || remedy.does === 'retry' ? [] : [remedy];
  const nextAttempt = when === null ? '' : t('ui-attempt-when', { number: view.attempt + 1, when });
  const common = { standing, title, reason: reasonOf(view), advice };
  switch (view.state) {
    case 'idle':
      return {
        ...common,
        tone: 'quiet',
        progress: '',
        state: title,
        buttons: [remedy ?? retry('ui-connect')],
      };
    case 'disconnected':
      return {
        ...common,
        tone: 'quiet',
        // The reason says everything.
        title: sentenceOf(view.reason),
        progress: '',
        state: sentenceOf(view.reason),
        reason: view.storage === null ? '' : sentenceOf(view.storage),
        advice: t('ui-disconnected-advice'),
        buttons: [retry('ui-connect')],
      };
    case 'connecting':
      return {
        ...common,
        tone: 'busy',
        progress: t('ui-attempt', { number: view.attempt + 1 }),
        state:
          view.attempt > 0
            ? t('ui-connecting-attempt', { number: view.attempt + 1 })
            : t('ui-connecting-line'),
        buttons: elsewhere,
      };
    case 'connected': {
      const stored = view.storage === null;
      return {
        ...common,
        // The stream is open, but there is a problem, such as a proxy that buffers it.
        tone: !stored ? 'bad' : common.reason === '' && view.filling?.isFailing !== true ? 'good' : 'busy',
        progress:
          view.connectedSince === null
            ? ''
            : t('ui-connected-for', { duration: duration(Math.max(0, now - view.connectedSince)) }),
        state: fillingWords(view) ?? heardWords(view, now),
        advice: stored ? advice : t('ui-connected-unstored-advice'),
        buttons: stored ? elsewhere : [retry('ui-try-again')],
      };
    }
    case 'waiting':
    case 'circuitOpen': {
      const state =
        standing === 'waiting'
          ? when === null
            ? t('ui-reconnecting')
            : t('ui-reconnecting-when', { when })
          : when === null
            ? title
            : t('ui-state-next-try', { state: title, when });
      const usually = view.state === 'circuitOpen' ? t('ui-circuit-advice') : '';
      return {
        ...common,
        tone: standing === 'waiting' || standing === 'offline' ? 'busy' : 'bad',
        progress: nextAttempt,
        state,
        advice: standing === 'offline' ? t('ui-offline-advice') : advice === '' ? usually : advice,
        buttons: waysOut,
      };
    }
    case 'halted': {
      const usually = when === null ? '' : t('ui-halted-advice');
      return {
        ...common,
        tone: 'bad',
        progress: when === null ? t('ui-waiting-for-you') : t('ui-next-attempt', { when }),
        state: title,
        advice: advice === '' ? usually : advice,
        // No connection is attempted before the question above the inbox is answered.
        buttons: view.remedy === 'confirmPerson' ? [] : [remedy ?? retry('ui-connect-again')],
      };
    }
  }
}

function heardWords(view: ConnectionView, now: EpochMillis): string {
  return view.lastHeardAt === null
    ? t('ui-connected')
    : t('ui-connected-heard', { ago: ago(view.lastHeardAt, now) });
}

/** What is said of missed notifications that are being fetched. */
function fillingWords({ filling }: ConnectionView): string | null {
  if (filling === null) return null;
  return t(filling.isFailing ? 'ui-filling-fails' : 'ui-filling', { items: filling.items });
}

/** Nothing arrives before the user signs in again. */
export function isSignedOut(view: ConnectionView): boolean {
  return standingOf(view) === 'signedOut';
}

function standingOf(view: ConnectionView): Standing {
  switch (view.state) {
    case 'idle':
    case 'disconnected':
      return view.state;
    case 'connecting':
      return 'connecting';
    case 'connected':
      return view.storage === null ? 'connected' : 'unstored';
    case 'waiting':
    case 'circuitOpen':
      if (view.network === 'offline' && view.storage === null) return 'offline';
      // As in the tray: the user has to act, the outage is long, or it is a short one.
      if (view.needsUser) return needed(view.remedy);
      return view.longOutage || view.state === 'circuitOpen' ? 'away' : 'waiting';
    case 'halted':
      return needed(view.remedy);
  }
}

/** Why the user has to act. */
function needed(remedy: Remedy): Standing {
  switch (remedy) {
    case 'signIn':
      return 'signedOut';
    case 'unlockKeyring':
      return 'keyringLocked';
    case 'confirmPerson':
      return 'samePerson';
    case 'none':
    case 'retry':
    case 'checkAddress':
    case 'checkNetwork':
    case 'proxySignIn':
    case 'checkCertificate':
    case 'clientCertificate':
    case 'networkSignIn':
      return 'needsUser';
  }
}

/** A storage problem is the reason while connected, and precedes the connection's own otherwise. */
function reasonOf(view: ConnectionView): string {
  const reason = sentenceOf(view.reason);
  if (view.storage === null || view.state === 'connected') return reason;
  return t('ui-reason-after-storage', { storage: sentenceOf(view.storage), reason });
}

function adviceFor(remedy: Remedy): string {
  switch (remedy) {
    case 'none':
    case 'retry':
      return '';
    case 'signIn':
      return t('ui-advice-sign-in');
    case 'checkAddress':
      return t('ui-advice-check-address');
    case 'unlockKeyring':
      return t('ui-advice-unlock-keyring');
    case 'confirmPerson':
      return t('ui-advice-confirm-person');
    case 'checkNetwork':
      return t('ui-advice-check-network');
    case 'proxySignIn':
      return t('ui-advice-proxy-sign-in');
    case 'checkCertificate':
      return t('ui-advice-check-certificate');
    case 'clientCertificate':
      return t('ui-advice-client-certificate');
    case 'networkSignIn':
      return t('ui-advice-network-sign-in');
  }
}

/** What the user can do first; null if trying again is all. */
function remedyButton(remedy: Remedy): ConnectionButton | null {
  switch (remedy) {
    case 'signIn':
      return { does: 'setup', label: t('ui-sign-in') };
    case 'checkAddress':
      return { does: 'setup', label: t('ui-check-address') };
    case 'unlockKeyring':
      return retry('ui-unlock-keyring');
    case 'proxySignIn':
      return { does: 'proxy', label: t('ui-proxy-settings') };
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

function retry(label: PlainId): ConnectionButton {
  return { does: 'retry', label: t(label) };
}
