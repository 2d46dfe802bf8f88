import type { AccountView, SignedIn } from '../host/protocol';
import { sentenceOf, t } from '../words/words';
import { isOwnServer } from './account';
import type { EpochMillis } from './epoch';
import { plainText } from './text';
import { countdown } from './time';

/** Why there has to be another sign-in at this address, in words; empty if there is nothing to say. */
export function accountTrouble(account: AccountView, address: string): string {
  if (!isOwnServer(address, account)) return '';
  switch (account.token) {
    case 'needsSignIn':
    case 'rejected':
    case 'commandFailed':
      return sentenceOf(account.tokenProblem);
    case 'unknown':
    case 'present':
    case 'missing':
    case 'keyringLocked':
    case 'keyringUnavailable':
      return '';
  }
}

/** Who it is, by the name that the provider or the server has; null if neither says. */
export function personName(account: AccountView): string | null {
  const name = account.signedIn?.name ?? account.signedIn?.email ?? account.user.name;
  return name === null ? null : plainText(name);
}

/** "Signed in as …", as far as that is known. */
export function signedInWords(account: AccountView): string {
  const name = personName(account);
  if (name !== null) return t('ui-signed-in-as', { name });
  return t(account.signedIn === null ? 'ui-token-accepted' : 'ui-token-state-present');
}

/** The host of an issuer, as providers are named to users. */
export function issuerHost(issuer: string): string {
  return plainText(URL.canParse(issuer) ? new URL(issuer).host : issuer);
}

/** Mail address and provider, in one line. */
export function signedInAt(signedIn: SignedIn): string {
  const provider = plainText(signedIn.provider);
  const { name, email } = signedIn;
  return name === null || email === null
    ? t('ui-signed-in-at', { provider })
    : t('ui-signed-in-mail-at', { email: plainText(email), provider });
}

/** What is wrong with the sign-in, or will be; empty if nothing is. */
export function signedInTrouble(signedIn: SignedIn, now: EpochMillis): string {
  if (signedIn.trouble !== null) return sentenceOf(signedIn.trouble.message);
  if (signedIn.endsAt === null) return '';
  return t('ui-sign-in-ends', { when: countdown(signedIn.endsAt, now) });
}
