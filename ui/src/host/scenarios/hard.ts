import type { Item, ItemKind, Priority } from '../protocol';
import { item, seen, shown } from './item';
import { DAY, MINUTE } from './times';

/** Texts that are longer than a window. */
export function longItems(now: number): Item[] {
  const words =
    'The committee for the harmonisation of the harmonised procedures asks all departments to send their ' +
    'comments on the draft of the guideline on guidelines ';
  return [
    item({
      key: 'long-1',
      createdAt: now - 2 * MINUTE,
      priority: 'urgent',
      kind: 'announcement',
      title: words.repeat(4).trim(),
      body: `${words.repeat(8)}\n\n${words.repeat(12)}\n\n— ${words.repeat(3)}`,
      category: 'Committee for the harmonisation of harmonised procedures',
      actor: 'Wilhelmina Alexandrina Featherstonehaugh-Cholmondeley the Younger, Office of the Secretary',
      link: `https://gloria.example.com/${'a-very-long-path/'.repeat(12)}`,
      actions: [
        { label: words.trim(), link: 'https://gloria.example.com/a' },
        { label: 'Short', link: `https://${'sub.'.repeat(20)}example.com/` },
      ],
      alert: shown(words.repeat(2)),
    }),
    item({
      key: 'long-2',
      createdAt: now - 3 * MINUTE,
      title: 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(3),
      body: 'f3a9c1'.repeat(120),
      category: 'Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz',
    }),
    item({
      key: 'long-3',
      createdAt: now - 5 * MINUTE,
      title: 'A list with many lines',
      body: Array.from({ length: 60 }, (_, line) => `${line + 1}. Line of the list`).join('\n'),
      actor: 'A',
    }),
    seen(1, { key: 'long-4', createdAt: now - 6 * MINUTE, title: 'x', body: 'y' }),
    seen(1, {
      key: 'long-5',
      createdAt: now - 7 * MINUTE,
      title:
        '第四四半期の経費精算の締め切りは十二月十五日です。期限を過ぎた申請は来月の処理となりますのでご注意ください。',
      body: '経費精算システムで申請を行い、領収書の画像を添付してください。不明な点は経理部までお問い合わせください。'.repeat(
        4,
      ),
      category: '経理',
      actor: '佐藤 花子',
    }),
  ];
}

/** Texts that try to look like something else. */
export function hostileItems(now: number): Item[] {
  return [
    item({
      key: 'hostile-1',
      createdAt: now - MINUTE,
      title: '<img src=x onerror="alert(1)"><b>bold</b>',
      body:
        '<script>alert(2)</script>\n<iframe src="https://evil.example"></iframe>\n' +
        '<a href="javascript:alert(3)">click</a> {@html "x"} ${alert(4)}',
      category: '<style>*{display:none}</style>',
      actor: '"><svg onload=alert(5)>',
      link: 'javascript:alert(6)',
      actions: [
        { label: '<b>Harmless</b>', link: 'data:text/html,<script>alert(7)</script>' },
        { label: 'file', link: 'file:///etc/passwd' },
        { label: 'Only this one is a link', link: 'https://gloria.example.com/ok' },
      ],
      alert: shown('<img src=x onerror=alert(8)>'),
    }),
    item({
      key: 'hostile-2',
      createdAt: now - 2 * MINUTE,
      title: 'invoice\u202Efdp.exe is ready',
      body:
        'Overrides \u202Ereversed\u202C and isolates \u2066inside\u2069 end here.' +
        '\u0000\u0007\u001B[31mred\u001B[0m\u009B1m',
      link: 'https://user:secret@gloria.example.com.evil.example/login',
      actions: [
        { label: 'https://gloria.example.com/safe', link: 'https://evil.example/x' },
        { label: 'Open report.pdf', link: 'https://gloria.example.com/files/1' },
      ],
    }),
    item({
      key: 'hostile-3',
      createdAt: now - 3 * MINUTE,
      title: 'مرحبا بكم في نظام غلوريا للإشعارات',
      body: 'هذا إشعار باللغة العربية مع رقم 123 وكلمة English في الوسط.',
      category: 'عربي',
      actor: 'أمل حداد',
    }),
    item({
      key: 'hostile-4',
      createdAt: now - 4 * MINUTE,
      title: '👩‍👩‍👧‍👦🏳️‍🌈 🇪🇺 Ä\u0301\u0323\u0302\u0317\u0300 e\u0301 💥'.repeat(6),
      body:
        'Z\u0351\u036B\u0343\u036A\u0302\u036B\u033D\u034F\u0334\u0319\u0324\u031E' +
        '\u0349\u035A\u032F\u031E\u0320\u034DA\u036B\u0357\u0334\u0362\u0335\u031C\u0330\u0354L' +
        '\u0368\u0367\u0369\u0358\u0320G\u0311\u0357\u030E\u0305\u035B\u0341\u0334\u033B' +
        '\u0348\u034D\u0354\u0339O\u0342\u030C\u030C\u0358\u0328\u0335\u0339\u033B\u031D\u0333',
    }),
    item({
      key: 'hostile-5',
      createdAt: now - 5 * MINUTE,
      title: '\u0000\u202E   \u200E',
      body: '\n\n   \n',
    }),
    item({
      key: '"]<x>\\ \u0007',
      createdAt: now - 6 * MINUTE,
      title: 'A key with quotes, brackets and a bell',
      body: 'line one\r\nline two\rline three\u2028line four\ttabbed',
    }),
    item({
      key: '__proto__',
      createdAt: now + 3 * DAY,
      title: 'From the future',
      body: 'The clock of the server is wrong.',
    }),
    item({
      key: 'hostile-8',
      createdAt: now - 7 * MINUTE,
      title: 'W\u200B\u2060\u200D\uFEFF'.repeat(10_000),
      body: 'M'.repeat(10_000),
      category: 'W'.repeat(10_000),
      actor: '\u2066\u2067'.repeat(500) + 'W'.repeat(10_000),
    }),
    item({ key: 'hostile-7', createdAt: 0, title: 'From 1970', body: 'So is this one.' }),
  ];
}

/** More items than can be rendered. */
export function manyItems(now: number, count: number): Item[] {
  const kinds: ItemKind[] = [
    'notification',
    'notification',
    'notification',
    'announcement',
    'workflowCompleted',
  ];
  const priorities: Priority[] = ['normal', 'normal', 'normal', 'high', 'low', 'normal', 'urgent'];
  const actors = ['Miriam Okafor', 'Jonas Lindqvist', null, 'Nadia Petrova', 'Service desk'];
  const categories = ['Payroll', 'Leave', 'Documents', null, 'IT', 'Facilities'];
  return Array.from({ length: count }, (_, index) => {
    const createdAt = now - (index + 1) * 7 * MINUTE;
    const read = index >= 120 ? createdAt + MINUTE : null;
    const priority = priorities[index % priorities.length] ?? 'normal';
    return item({
      key: `many-${index}`,
      createdAt,
      kind: kinds[index % kinds.length] ?? 'notification',
      // Dozens of urgent unread items would fill the top of the list.
      priority: priority === 'urgent' && read === null ? 'high' : priority,
      title: `Notification ${count - index}`,
      body: 'What happened, in a sentence or two. '.repeat(index % 5),
      category: categories[index % categories.length] ?? null,
      actor: actors[index % actors.length] ?? null,
      seenAt: read,
      readAt: read,
    });
  });
}
