import { describe, expect, test } from 'vitest';
import { announcement } from '../../src/lib/announce';
import { badgeLabel, badgeText } from '../../src/lib/badge';
import {
  excerpt,
  initials,
  leavesServer,
  linkLabel,
  plainText,
  sentence,
  singleLine,
  webLinkHost,
} from '../../src/lib/text';
import { INVISIBLE } from '../../src/host/protocol';
import { item } from '../../src/host/scenarios/item';

test('controls and what turns text around are taken out, line breaks are kept', () => {
  expect(plainText('a\u0000b\u0007\u001B[31mc\u009B\u007F')).toBe('ab[31mc');
  expect(plainText('invoice\u202Efdp.exe \u2066x\u2069\u200F')).toBe('invoicefdp.exe x');
  expect(plainText('one\r\ntwo\rthree\nfour\tfive')).toBe('one\ntwo\nthree\nfour\tfive');
});

test('whatever the core takes for invisible is taken out here', () => {
  for (const range of INVISIBLE) {
    for (const code of range) {
      if (code === 0x0d || code === 0x2028) continue;
      expect(plainText(`a${String.fromCodePoint(code)}b`), code.toString(16)).toBe('ab');
    }
  }
  expect(plainText('one\u2028two')).toBe('one\ntwo');
});

test.each([
  ['Open', 'https://evil.example/x', 'Open'],
  ['', 'https://evil.example/x', 'evil.example'],
  ['https://gloria.example.com/safe', 'https://evil.example/x', 'evil.example'],
  ['Go to gloria.example.com now', 'https://evil.example/x', 'evil.example'],
  ['GLORIA.example.com', 'https://gloria.example.com:8443/x', 'GLORIA.example.com'],
  ['www.gloria.example.com', 'https://gloria.example.com/x', 'www.gloria.example.com'],
  ['evil.example@gloria.example.com', 'https://evil.example/x', 'evil.example'],
  ['https://evil.example@gloria.example.com/', 'https://evil.example/x', 'evil.example'],
  ['gloria。example。com', 'https://evil.example/x', 'evil.example'],
  ['localhost:3000', 'https://evil.example/x', 'evil.example'],
  ['10.0.0.1', 'https://evil.example/x', 'evil.example'],
  ['gloria\u200b.example.com', 'https://evil.example/x', 'evil.example'],
  ['Open report.pdf', 'https://evil.example/x', 'Open report.pdf'],
  ['https://report.pdf', 'https://evil.example/x', 'evil.example'],
  ['Version 1.2.3', 'https://evil.example/x', 'Version 1.2.3'],
  ['Yes. No.', 'https://evil.example/x', 'Yes. No.'],
])('a button with the label %s to %s says %s', (label, link, said) => {
  expect(linkLabel(label, link)).toBe(said);
});

test('a link to another host than the server leaves it', () => {
  expect(leavesServer('gloria.example', 'https://gloria.example/api/v1')).toBe(false);
  expect(leavesServer('gloria.example:8443', 'wss://gloria.example/api/v1')).toBe(false);
  expect(leavesServer('gloria.example.evil.example', 'https://gloria.example/api/v1')).toBe(true);
  expect(leavesServer('gloria.example', null)).toBe(true);
});

test('what emoji and scripts are joined with stays', () => {
  expect(plainText('👩‍👧 \u200Cمی‌خواهم')).toBe('👩‍👧 \u200Cمی‌خواهم');
});

test('a title is one line', () => {
  expect(singleLine('  one\n\n two\tthree \u0000')).toBe('one two three');
});

test('words of the core stand as a sentence', () => {
  expect(sentence('the server answered 503')).toBe('The server answered 503');
  expect(sentence('https://a.example is used with encryption')).toBe(
    'https://a.example is used with encryption',
  );
  expect(sentence('ökonomie, kurz')).toBe('Ökonomie, kurz');
  expect(sentence('')).toBe('');
});

test('an excerpt ends at a whole character', () => {
  expect(excerpt('💥💥💥💥', 3)).toBe('💥💥…');
  expect(excerpt('short', 5)).toBe('short');
});

test.each([
  ['https://gloria.example.com/a?b', 'gloria.example.com'],
  ['http://localhost:8080/', 'localhost:8080'],
  ['HTTPS://EXAMPLE.com', 'example.com'],
  ['https://user:secret@real.example/', 'real.example'],
  ['javascript:alert(1)', null],
  ['java\nscript:alert(1)', null],
  ['data:text/html,x', null],
  ['file:///etc/passwd', null],
  ['mailto:a@example.com', null],
  ['//example.com', null],
  ['/path', null],
  ['https://', null],
  ['', null],
  [null, null],
])('%s leads to %s', (link, host) => {
  expect(webLinkHost(link)).toBe(host);
});

test('initials are those of the first and the last name', () => {
  expect(initials('Miriam Okafor')).toBe('MO');
  expect(initials('Juan de la Cruz')).toBe('JC');
  expect(initials('service-desk')).toBe('SD');
  expect(initials('佐藤 花子')).toBe('佐花');
  expect(initials('"><')).toBe('');
});

test('the badge is capped, its label is exact', () => {
  expect([0, 1, 99, 100].map(badgeText)).toEqual([null, '1', '99', '99+']);
  expect([0, 1, 100].map(badgeLabel)).toEqual([
    'No new notifications',
    '1 new notification',
    '100 new notifications',
  ]);
});

describe('an announcement', () => {
  const named = (title: string) => item({ key: title, createdAt: 0, title });

  test('names one, and counts many with the newest', () => {
    expect(announcement([named('A')])).toBe('New: A');
    expect(announcement([named('A'), named('B'), named('C')])).toBe('3 new, newest: C');
    expect(announcement([])).toBe('');
  });
});
