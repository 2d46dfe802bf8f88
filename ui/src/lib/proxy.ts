import { t } from '../words/words';
import { parseUrl } from './text';

export type ProxyChoice = 'system' | 'none' | 'address';

/** A proxy as entered. */
export interface ProxyForm {
  /** Without name and password; a missing scheme means `http`. */
  address: string;
  name: string;
  password: string;
}

/** The problem of each field, as text; empty without one. */
export type ProxyProblems = Record<keyof ProxyForm, string>;

export const NO_PROBLEMS: ProxyProblems = { address: '', name: '', password: '' };

export function proxyChoice(preference: string): ProxyChoice {
  return preference === 'system' || preference === 'none' ? preference : 'address';
}

/** The parts of a saved preference. A saved password is not shown: its field is empty, and may stay empty. */
export function proxyForm(preference: string): ProxyForm {
  if (proxyChoice(preference) !== 'address') return { address: '', name: '', password: '' };
  const url = parseUrl(preference);
  return url === null
    ? { address: preference, name: '', password: '' }
    : { address: origin(url), name: decoded(url.username), password: '' };
}

/** Whether a password is saved with the preference. */
export function hasSavedPassword(preference: string): boolean {
  return proxyChoice(preference) === 'address' && (parseUrl(preference)?.password ?? '') !== '';
}

/** Whether the saved password still applies: the core uses it for no other proxy and no other name. */
export function keepsPassword(form: ProxyForm, saved: string): boolean {
  const url = parsed(form.address);
  const before = proxyForm(saved);
  return (
    hasSavedPassword(saved) &&
    url !== null &&
    origin(url) === before.address &&
    form.name.trim() === before.name
  );
}

export function proxyProblems(form: ProxyForm, saved: string): ProxyProblems {
  const name = form.name.trim();
  return {
    address: addressProblem(form.address.trim()),
    name: name === '' && form.password !== '' ? t('ui-proxy-problem-name') : '',
    password:
      name !== '' && form.password === '' && hasSavedPassword(saved) && !keepsPassword(form, saved)
        ? t('ui-proxy-problem-password')
        : '',
  };
}

function addressProblem(address: string): string {
  if (address === '') return t('ui-proxy-problem-missing');
  const url = parsed(address);
  if (url === null || url.hostname === '') return t('ui-proxy-problem-address');
  if (!/^(https?|socks|socks5h?):$/.test(url.protocol)) {
    return t('ui-proxy-problem-scheme');
  }
  if (url.username !== '' || url.password !== '') return t('ui-proxy-problem-credentials');
  if (!/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '') {
    return t('ui-proxy-problem-rest');
  }
  // The core would use the port of http; a missing port is nearly always a mistake.
  if (!/:\d+\/?$/.test(address)) return t('ui-proxy-problem-port');
  return '';
}

/** The preference to save. The form must have no {@link proxyProblems problems}. */
export function proxyPreference(form: ProxyForm, saved: string): string {
  // Unchanged, because the core compares names as they are written.
  if (form.password === '' && keepsPassword(form, saved)) return saved;
  const url = parsed(form.address);
  if (url === null) return form.address.trim();
  const name = form.name.trim();
  const password = encodeURIComponent(form.password);
  const credentials =
    name === '' ? '' : `${encodeURIComponent(name)}${password === '' ? '' : `:${password}`}@`;
  return origin(url).replace('//', () => `//${credentials}`);
}

function parsed(address: string): URL | null {
  const typed = address.trim();
  return parseUrl(typed.includes('://') ? typed : `http://${typed}`);
}

/** Scheme, host and port. The browser's parser leaves out the port that is usual for the scheme; a proxy's is said. */
function origin(url: URL): string {
  return `${url.protocol}//${url.hostname}:${url.port || usualPort(url.protocol)}`;
}

function usualPort(protocol: string): string {
  if (protocol === 'https:') return '443';
  return protocol === 'http:' ? '80' : '1080';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
