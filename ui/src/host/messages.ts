// Generated from the list of messages and from locales/en; do not edit. `cargo xtask protocol` writes it anew.

import type { Message } from './protocol';

/** What stands in for a parameter of which the catalogue does not say what it is. */
export type Value = string | number | Message;

/** A point in time; a number is milliseconds since the Unix epoch. */
export type Time = Date | number;

/** The parameters of each message by its id; `undefined` where it has none. */
export interface Messages {
  'alert-digest-burst': undefined;
  'alert-digest-late': undefined;
  'alert-digest-missed': undefined;
  'alert-earlier': { words: string };
  'alert-failed': { reason: Message };
  'alert-failed-news': { sound: Message };
  'alert-pending': { reason: Message };
  'alert-pending-burst': undefined;
  'alert-pending-news': { sound: Message };
  'alert-reason-broke': undefined;
  'alert-reason-burst': undefined;
  'alert-reason-deleted': undefined;
  'alert-reason-expired': undefined;
  'alert-reason-handled': undefined;
  'alert-reason-in-view': { sound: Message };
  'alert-reason-lost': undefined;
  'alert-reason-low-priority': undefined;
  'alert-reason-missed': undefined;
  'alert-reason-no-service': undefined;
  'alert-reason-progress': undefined;
  'alert-reason-read': undefined;
  'alert-reason-refused': { message: string };
  'alert-reason-replaced': undefined;
  'alert-reason-shown-before': undefined;
  'alert-shown': { reason: Message };
  'alert-shown-after-wait': undefined;
  'alert-shown-news': { sound: Message };
  'alert-sound-just-played': undefined;
  'alert-sound-off': undefined;
  'alert-sound-paused': undefined;
  'alert-sound-played': undefined;
  'alert-suppressed': { reason: Message };
  'alert-suppressed-news': { sound: Message };
  'alert-withdrawn': { reason: Message };
  'alert-withdrawn-news': { sound: Message };
  'cause-silent': { seconds: number };
  'cause-status': { status: number };
  'digest-burst': { count: number };
  'digest-late': { count: number };
  'digest-missed': { count: number };
  'digest-newest': { title: string | Message };
  'digest-urgent': { count: number; title: string | Message };
  'needs-you': undefined;
  outage: undefined;
  'outage-long': { minutes: number; reason: Message };
  'outage-needs-you': { reason: Message };
  'tray-connected': undefined;
  'tray-connected-since': { at: Time };
  'tray-connecting': undefined;
  'tray-connecting-after': { attempts: number };
  'tray-last-heard': { at: Time };
  'tray-needs-you': undefined;
  'tray-not-connected': undefined;
  'tray-not-connected-after': { next: Time; attempts: number };
  'tray-not-connected-next': { next: Time };
  'tray-notifications-fail': undefined;
  'tray-offline': undefined;
  'tray-open': undefined;
  'tray-pause-sounds': undefined;
  'tray-quit': undefined;
  'tray-reconnect': undefined;
  'tray-reconnecting': { next: Time };
  'tray-reconnecting-after': { next: Time; attempts: number };
  'tray-resume-sounds': undefined;
  'tray-set-up-needed': undefined;
  'tray-unseen': { count: number };
}
