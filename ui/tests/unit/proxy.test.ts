import { describe, expect, test } from 'vitest';
import {
  hasSavedPassword,
  proxyChoice,
  proxyForm,
  proxyPreference,
  proxyProblems,
} from '../../src/lib/proxy';

const form = (address: string, name = '', password = '') => ({ address, name, password });

test('a preference is one of three choices', () => {
  expect(proxyChoice('system')).toBe('system');
  expect(proxyChoice('none')).toBe('none');
  expect(proxyChoice('http://proxy:80')).toBe('address');
});

test('a saved proxy comes apart without its password', () => {
  const saved = 'http://j%40x:***@proxy.example.com:80';
  expect(proxyForm(saved)).toEqual(form('http://proxy.example.com:80', 'j@x'));
  expect(hasSavedPassword(saved)).toBe(true);
  expect(hasSavedPassword('http://j@proxy.example.com:80')).toBe(false);
  expect(proxyForm('system')).toEqual(form(''));
});

describe('what is saved', () => {
  test('carries name and password so that an address can hold them', () => {
    expect(proxyPreference(form(' http://proxy.example.com:3128/ ', 'j@x', 'a:b/c@d'), 'system')).toBe(
      'http://j%40x:a%3Ab%2Fc%40d@proxy.example.com:3128',
    );
  });

  test('keeps the saved password as long as its name stays', () => {
    const saved = 'http://jo:***@proxy.example.com:3128';
    expect(proxyPreference(form('http://other:80', 'jo'), saved)).toBe('http://jo:***@other:80');
    expect(proxyPreference(form('http://other:80', 'jo', 'new'), saved)).toBe('http://jo:new@other:80');
    expect(proxyPreference(form('http://other:80', 'ann'), saved)).toBe('http://ann@other:80');
    expect(proxyPreference(form('http://other:80'), saved)).toBe('http://other:80');
  });

  test('keeps the port as written, and an IPv6 host in its brackets', () => {
    expect(proxyPreference(form('http://proxy:80'), 'none')).toBe('http://proxy:80');
    expect(proxyPreference(form('http://[fd00::1]:3128'), 'none')).toBe('http://[fd00::1]:3128');
  });
});

test.each([
  ['', 'Enter the address of the proxy'],
  ['proxy.example.com:8080', 'The address begins with http://'],
  ['socks5://proxy:1080', 'The address begins with http://'],
  ['http://', 'This is not the address of a proxy'],
  ['http://proxy.example.com', 'Add the port, as in http://proxy.example.com:8080'],
  ['http://[fd00::1]', 'Add the port, as in http://proxy.example.com:8080'],
  ['http://proxy:99999', 'This is not the address of a proxy'],
  ['http://jo:secret@proxy:80', 'Enter name and password in their own fields'],
  ['http://proxy:80/path', 'Leave out what follows the port'],
  ['http://proxy:80', ''],
  [' http://proxy:80/ ', ''],
])('of the address %j it says %j', (address, problem) => {
  expect(proxyProblems(form(address)).address).toBe(problem);
});

test('a password needs a name', () => {
  expect(proxyProblems(form('http://proxy:80', '', 'x')).name).toBe(
    'Enter the name that the password belongs to',
  );
  expect(proxyProblems(form('http://proxy:80', 'jo', 'x')).name).toBe('');
});
