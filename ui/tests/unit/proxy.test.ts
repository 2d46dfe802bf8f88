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

  test('keeps the saved password for the same proxy and name alone', () => {
    const saved = 'http://jo:***@proxy:3128';
    expect(proxyPreference(form('proxy:3128', 'jo'), saved)).toBe(saved);
    const odd = 'http://jo$:***@proxy:3128';
    expect(proxyPreference(proxyForm(odd), odd), 'as it is written').toBe(odd);
    expect(proxyPreference(form('http://proxy:3128', 'jo', 'new'), saved)).toBe('http://jo:new@proxy:3128');
    expect(proxyPreference(form('http://proxy:3128'), saved)).toBe('http://proxy:3128');
    const again = 'Enter the password again: the saved one is for another proxy or name';
    expect(proxyProblems(form('http://other:3128', 'jo'), saved).password).toBe(again);
    expect(proxyProblems(form('http://proxy:3128', 'ann'), saved).password).toBe(again);
    expect(proxyProblems(form('http://other:3128'), saved).password).toBe('');
    expect(proxyProblems(form('http://other:3128', 'jo', 'x'), saved).password).toBe('');
    expect(proxyProblems(form('http://other:3128', 'jo'), 'system').password).toBe('');
  });

  test('says the port, an IPv6 host in its brackets, and its scheme', () => {
    expect(proxyPreference(form('proxy:80'), 'none')).toBe('http://proxy:80');
    expect(proxyPreference(form('https://proxy:443'), 'none')).toBe('https://proxy:443');
    expect(proxyPreference(form('socks5://proxy:1080', 'jo', 'x'), 'none')).toBe('socks5://jo:x@proxy:1080');
    expect(proxyPreference(form('http://[fd00::1]:3128'), 'none')).toBe('http://[fd00::1]:3128');
    expect(proxyForm('http://jo:***@proxy').address, 'the core leaves 80 out').toBe('http://proxy:80');
  });

  test('is not spoilt by what means something to a replacement', () => {
    expect(proxyPreference(form('proxy:80', '$&', "$'"), 'none')).toBe("http://%24%26:%24'@proxy:80");
  });
});

test.each([
  ['', 'Enter the address of the proxy'],
  ['proxy.example.com:8080', ''],
  ['socks5://proxy:1080', ''],
  ['socks5h://proxy:1080/', ''],
  ['socks5://proxy', 'Add the port, as in proxy.example.com:8080'],
  ['socks5://jo:secret@proxy:1080', 'Enter name and password in their own fields'],
  ['socks5://', 'This is not the address of a proxy'],
  ['socks4://proxy:1080', 'Only proxies with http://, https:// or socks5:// are supported'],
  ['http://', 'This is not the address of a proxy'],
  ['proxy.example.com', 'Add the port, as in proxy.example.com:8080'],
  ['http://[fd00::1]', 'Add the port, as in proxy.example.com:8080'],
  ['http://proxy:99999', 'This is not the address of a proxy'],
  ['http://jo:secret@proxy:80', 'Enter name and password in their own fields'],
  ['http://proxy:80/path', 'Leave out what follows the port'],
  [' http://proxy:80/ ', ''],
])('of the address %j it says %j', (address, problem) => {
  expect(proxyProblems(form(address), 'system').address).toBe(problem);
});

test('a password needs a name', () => {
  const problem = 'Enter the name that the password belongs to';
  expect(proxyProblems(form('http://proxy:80', '', 'x'), 'system').name).toBe(problem);
  expect(proxyProblems(form('http://proxy:80', 'jo', 'x'), 'system').name).toBe('');
});
