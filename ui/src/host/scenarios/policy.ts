import type { LockedBy, SettingName } from '../protocol';
import type { Scenario } from './scenario';

/** Everything that an organisation can set. Complete by its type, but for the one that no policy may have. */
const LOCKS: Record<Exclude<SettingName, 'auth.token_for'>, LockedBy> = {
  'api.allow_plain_http': 'administrator',
  'api.url': 'administrator',
  'auth.transport': 'administrator',
  'auth.issuer': 'administrator',
  'auth.client_id': 'administrator',
  'auth.scopes': 'administrator',
  'auth.prompt': 'administrator',
  'auth.audience': 'administrator',
  'auth.ports': 'administrator',
  'auth.command': 'administrator',
  'auth.command_for': 'administrator',
  'sse.auto_connect': 'administrator',
  'sse.reconnect_interval': 'administrator',
  'sse.max_reconnect_attempts': 'administrator',
  'sse.heartbeat_interval': 'administrator',
  'sse.types': 'administrator',
  'network.proxy': 'administrator',
  'network.no_proxy': 'administrator',
  'network.ca_file': 'administrator',
  'network.client_certificate': 'administrator',
  'network.client_key': 'administrator',
  'network.client_certificate_password': 'administrator',
  'network.probe_url': 'administrator',
  'sounds.enabled': 'administrator',
  'sounds.volume': 'administrator',
  'sounds.sound': 'administrator',
  'window.appearance': 'administrator',
  'start.at_login': 'administrator',
  'log.level': 'administrator',
  'metrics.listen': 'administrator',
  'metrics.textfile': 'administrator',
  'inbox.keep_days': 'administrator',
  'inbox.keep_items': 'administrator',
  'inbox.keep_categories': 'administrator',
  'inbox.keep_megabytes': 'administrator',
  'updates.url': 'administrator',
  'updates.key': 'administrator',
  'updates.channel': 'administrator',
};

/** This scenario on the computer of an organisation that sets everything, also how the app signs in. */
export function setByPolicy(scenario: Scenario): Scenario {
  return {
    ...scenario,
    account: { ...scenario.account, addressLock: 'administrator', byCommand: true },
    preferences: {
      ...scenario.preferences,
      proxy: 'http://proxy.a-large-organisation.example.com:3128',
      locks: LOCKS,
    },
  };
}
