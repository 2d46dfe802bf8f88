import type { Notice, NoticeKind, Snapshot } from '../host/protocol';
import { sentenceOf, t, type PlainId } from '../words/words';
import { connectionWords, isSignedOut, type ConnectionAction } from './connection';
import { startOfDay } from './days';
import type { EpochMillis } from './epoch';
import { issuerHost } from './sign-in';
import { clockTime, fullTime, since } from './time';

export type StatusAction = ConnectionAction | 'connection' | 'preferences' | 'resume';

/** Something that the user should know or do. */
export interface Status {
  /** The same for the same subject, whatever its words. */
  id: string;
  /** What tests find it by. */
  testid: string;
  /** Nothing arrives until the user does something; something does not work; something is as the user wants it. */
  tone: 'bad' | 'busy' | 'quiet';
  title: string;
  /** Sentences on lines of their own. */
  texts: readonly string[];
  actions: readonly { does: StatusAction; label: string }[];
  /** It may be put aside until it says something else. */
  dismissible: boolean;
}

/** What can be done about a notice here, and whether it may be put aside: not while something may get lost. */
const NOTICES: Record<NoticeKind, { does: StatusAction; label: PlainId } | null> = {
  storage: { does: 'retry', label: 'ui-try-again' },
  action: null,
  size: null,
  keyring: { does: 'retry', label: 'ui-unlock-keyring' },
  sound: { does: 'preferences', label: 'ui-sound-settings' },
  notifications: { does: 'preferences', label: 'ui-preferences' },
  tray: { does: 'connection', label: 'ui-details' },
  settings: { does: 'connection', label: 'ui-details' },
  internal: { does: 'connection', label: 'ui-details' },
  lock: { does: 'connection', label: 'ui-details' },
  window: { does: 'connection', label: 'ui-details' },
};
const LASTING: ReadonlySet<NoticeKind> = new Set(['storage', 'keyring', 'lock']);

/** The titles that were put aside, by subject. */
export type Aside = Readonly<Record<string, string>>;

/** What stays aside. What ended in between is news when it comes again, in the same words too. */
export function stillAside(aside: Aside, present: readonly Status[]): Aside {
  const ids = new Set(present.map(({ id }) => id));
  const kept = Object.entries(aside).filter(([id]) => ids.has(id));
  return kept.length === Object.keys(aside).length ? aside : Object.fromEntries(kept);
}

/** Everything that the inbox has to say above its list, the most important first. */
export function statuses(snapshot: Snapshot, now: EpochMillis): Status[] {
  return [
    ...connectionStatus(snapshot, now),
    ...insecureStatus(snapshot),
    ...snapshot.notices.map(noticeStatus),
    ...pauseStatus(snapshot, now),
  ];
}

/** What is said on the other pages too. */
export function insecureStatus({ connection }: Snapshot): Status[] {
  if (!connection.insecure) return [];
  return [
    {
      id: 'insecure',
      testid: 'insecure-bar',
      tone: 'bad',
      title: t('ui-insecure'),
      texts: [],
      actions: [{ does: 'connection', label: t('ui-details') }],
      dismissible: false,
    },
  ];
}

/** Why nothing arrives; a short outage needs no word. */
function connectionStatus({ connection, account }: Snapshot, now: EpochMillis): Status[] {
  const words = connectionWords(connection, now);
  const whole = { testid: 'standing', actions: words.buttons, dismissible: false };
  const reasons = [words.reason, words.advice].filter((text) => text !== '');
  if (isSignedOut(connection)) {
    // Somebody else set what signs in, so the user cannot.
    const isGiven = account.byCommand || account.tokenLocked;
    const advice = t(isGiven ? 'ui-signed-out-given' : 'ui-signed-out-text');
    return [
      {
        ...whole,
        id: 'signed-out',
        testid: 'signed-out',
        tone: 'bad',
        title:
          account.address === null
            ? t('ui-signed-out-title')
            : t('ui-signed-out-at', { server: issuerHost(account.address) }),
        texts: [advice, words.reason].filter((text) => text !== ''),
        actions: isGiven
          ? [{ does: 'retry', label: t('ui-try-again') }]
          : [{ does: 'setup', label: t('ui-sign-in') }],
      },
    ];
  }
  switch (words.standing) {
    case 'needsUser':
    case 'keyringLocked':
      return [{ ...whole, id: 'needs-user', tone: 'bad', title: words.title, texts: reasons }];
    case 'disconnected':
    case 'idle':
      return [
        { ...whole, id: 'idle', tone: 'quiet', title: words.title, texts: [t('ui-disconnected-advice')] },
      ];
    case 'connecting':
    case 'offline':
    case 'waiting':
    case 'away': {
      if (!connection.longOutage) break;
      const { lastHeardAt } = connection;
      const title =
        lastHeardAt === null
          ? t('ui-nothing-arrives')
          : t('ui-nothing-since', { time: since(lastHeardAt, now) });
      return [
        { ...whole, id: 'outage', tone: 'busy', title, texts: words.reason === '' ? [] : [words.reason] },
      ];
    }
    case 'connected':
    case 'unstored':
    case 'signedOut':
    case 'samePerson':
      break;
  }
  // Nothing to say, or the question above the list says it.
  return [];
}

function noticeStatus({ kind, message }: Notice): Status {
  const verb = NOTICES[kind];
  return {
    id: kind,
    testid: 'notice',
    tone: 'busy',
    title: sentenceOf(message),
    texts: [],
    actions: verb === null ? [] : [{ does: verb.does, label: t(verb.label) }],
    dismissible: !LASTING.has(kind),
  };
}

function pauseStatus({ preferences }: Snapshot, now: EpochMillis): Status[] {
  const until = preferences.soundsPausedUntil;
  if (until === null || until <= now) return [];
  const time = startOfDay(until) === startOfDay(now) ? clockTime(until) : fullTime(until);
  return [
    {
      id: 'pause',
      testid: 'quiet',
      tone: 'quiet',
      title: t('ui-sounds-paused', { time }),
      texts: [],
      actions: [{ does: 'resume', label: t('ui-resume') }],
      dismissible: true,
    },
  ];
}
