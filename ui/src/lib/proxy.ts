import { parseUrl } from './text';

export type ProxyChoice = 'system' | 'none' | 'address';

/** What the core shows instead of a saved password, and takes as "the one that is saved". */
export const SAVED_PASSWORD = '***';

/** A proxy as typed. */
export interface ProxyForm {
  /** With its scheme, without name and password. */
  address: string;
  name: string;
  password: string;
}

export interface ProxyProblems {
  address: string;
  name: string;
}

export function proxyChoice(preference: string): ProxyChoice {
  return preference === 'system' || preference === 'none' ? preference : 'address';
}

/** The parts of a saved preference. A saved password is not shown: its field is empty, and stays it. */
export function proxyForm(preference: string): ProxyForm {
  const url = proxyChoice(preference) === 'address' ? parseUrl(preference) : null;
  if (url === null) {
    return { address: proxyChoice(preference) === 'address' ? preference : '', name: '', password: '' };
  }
  return {
    address: `${url.protocol}//${hostAndPort(preference, url)}`,
    name: decoded(url.username),
    password: '',
  };
}

/** Whether a password is saved with the preference. */
export function hasSavedPassword(preference: string): boolean {
  return proxyChoice(preference) === 'address' && (parseUrl(preference)?.password ?? '') !== '';
}

export function proxyProblems(form: ProxyForm): ProxyProblems {
  return {
    address: addressProblem(form.address.trim()),
    name:
      form.name.trim() === '' && form.password !== '' ? 'Enter the name that the password belongs to' : '',
  };
}

function addressProblem(address: string): string {
  if (address === '') return 'Enter the address of the proxy';
  if (!/^http:\/\//i.test(address)) return 'The address begins with http://';
  const url = parseUrl(address);
  if (url === null) return 'This is not the address of a proxy';
  if (url.username !== '' || url.password !== '') return 'Enter name and password in their own fields';
  if (portOf(address) === null) return 'Add the port, as in http://proxy.example.com:8080';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return 'Leave out what follows the port';
  }
  return '';
}

/** What is saved. Without a new password the saved one stays, as long as the name does. */
export function proxyPreference(form: ProxyForm, saved: string): string {
  const url = new URL(form.address.trim());
  const name = form.name.trim();
  const kept = hasSavedPassword(saved) && name === proxyForm(saved).name ? SAVED_PASSWORD : '';
  const password = form.password === '' ? kept : encodeURIComponent(form.password);
  const credentials =
    name === '' ? '' : `${encodeURIComponent(name)}${password === '' ? '' : `:${password}`}@`;
  return `http://${credentials}${hostAndPort(form.address, url)}`;
}

function hostAndPort(address: string, url: URL): string {
  const port = portOf(address);
  return port === null ? url.hostname : `${url.hostname}:${port}`;
}

/** The port as written: the browser's parser drops 80, which http needs not say, but a proxy does. */
function portOf(address: string): string | null {
  return /:(\d+)(?:[/?#].*)?$/.exec(address.trim())?.[1] ?? null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
