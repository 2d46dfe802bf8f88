import type { Item } from '../protocol';
import { item, seen, shown } from './item';
import { DAY, HOUR, MINUTE, SECOND } from './times';
import { says } from './says';

/** Two items with actions that the server does not have: one that waits, one that it refused. */
export function actedItems(now: number): Item[] {
  return [
    seen(1, { key: 'n-1', createdAt: now - 4 * MINUTE, title: 'Read on the train', pending: true }),
    item({
      key: 'n-2',
      createdAt: now - 5 * MINUTE,
      title: 'Locked by the audit',
      refused: says('It is locked by the audit until Monday'),
    }),
  ];
}

/** A realistic inbox. */
export function busyItems(now: number): Item[] {
  return [
    item({
      key: 'n-1',
      createdAt: now - 20 * SECOND,
      priority: 'urgent',
      title: 'Payment run 2211 stopped: bank file rejected',
      body:
        'The bank refused the file because line 418 has no valid IBAN.\n' +
        'The run waits for a corrected file until 16:00, then it moves to the next working day.',
      category: 'Payroll',
      actor: 'Miriam Okafor',
      link: 'https://gloria.example.com/payroll/runs/2211',
      actions: [
        { label: 'Correct line 418', link: 'https://gloria.example.com/payroll/runs/2211/lines/418' },
      ],
      alert: shown('Notification shown; with sound'),
    }),
    item({
      key: 'n-2',
      createdAt: now - 4 * MINUTE,
      title: 'Jonas Lindqvist asked you to approve 3 days of leave',
      body: '14 to 16 December. Nobody else of the team is away on those days.',
      category: 'Leave',
      actor: 'Jonas Lindqvist',
      link: 'https://gloria.example.com/leave/8812',
      actions: [
        { label: 'Approve', link: 'https://gloria.example.com/leave/8812/approve' },
        { label: 'Team calendar', link: 'https://calendar.example.com/team' },
      ],
    }),
    item({
      key: 'n-3',
      kind: 'workflowRunning',
      createdAt: now - 11 * MINUTE,
      title: 'Quarterly report: collecting figures',
      body: '9 of 20 departments have delivered.',
      progress: 45,
      seenAt: now - 10 * MINUTE,
      alert: {
        state: 'suppressed',
        reason: { why: 'progress' },
        words: says('No notification: this workflow has not ended'),
      },
    }),
    item({
      key: 'n-4',
      createdAt: now - 38 * MINUTE,
      priority: 'high',
      title: 'Visitor for you at the front desk',
      body: 'Dr. Amal Haddad, Northwind Audits. Badge 17 is printed.',
      category: 'Reception',
      seenAt: now - 30 * MINUTE,
      actor: 'Front desk',
    }),
    seen(5, {
      key: 'n-5',
      kind: 'maintenance',
      createdAt: now - 2 * HOUR,
      title: 'Time sheets read-only on Saturday, 22:00 to 23:30',
      body: 'The database moves to new hardware. What you enter before is kept.',
      category: 'IT',
    }),
    seen(1, {
      key: 'n-6',
      createdAt: now - 3.2 * HOUR,
      title: 'Your parcel is in locker 12',
      body: '',
    }),
    seen(30, {
      key: 'n-7',
      createdAt: now - 22 * HOUR,
      title: 'Nadia Petrova commented on “Onboarding checklist”',
      body: 'Could we move the safety briefing to day one? Two people asked where the exits are, and nobody knew.',
      category: 'Documents',
      actor: 'Nadia Petrova',
      link: 'https://gloria.example.com/documents/onboarding#comment-9',
    }),
    seen(4, {
      key: 'n-8',
      kind: 'workflowFailed',
      createdAt: now - 25 * HOUR,
      title: 'Import of supplier prices failed',
      body: 'The sheet “Prices” has no column “Article”. Nothing was imported.',
      category: 'Purchasing',
      link: 'https://gloria.example.com/workflows/import-118',
    }),
    seen(120, {
      key: 'n-9',
      kind: 'announcement',
      createdAt: now - 28 * HOUR,
      title: 'Town hall on Thursday at 10:00',
      body: 'In the atrium and as a stream. Send questions to Ines until Wednesday evening.',
      category: 'Company',
      actor: 'Ines Fuentes',
    }),
    seen(9, {
      key: 'n-10',
      kind: 'workflowCompleted',
      createdAt: now - 2.3 * DAY,
      title: 'Backup of the archive completed',
      body: '184 GB in 41 minutes.',
    }),
    seen(60, {
      key: 'n-11',
      createdAt: now - 3.1 * DAY,
      title: 'Expense report approved',
      body: '€ 312.40 are paid with the next run.',
      category: 'Finance',
      actor: 'Tomás Herrera',
    }),
    seen(60, {
      key: 'n-12',
      priority: 'low',
      createdAt: now - 9 * DAY,
      title: 'New menu in the canteen',
      body: 'From Monday on there is a second warm dish without meat every day.',
      category: 'Canteen',
    }),
    seen(2, {
      key: 'n-13',
      createdAt: now - 12 * DAY,
      archivedAt: now - 11 * DAY,
      title: 'Parking space 44 is yours from December',
      body: 'Collect the card at the front desk.',
      category: 'Facilities',
    }),
    seen(2, {
      key: 'n-14',
      createdAt: now - 15 * DAY,
      archivedAt: now - 14 * DAY,
      title: 'Password changed',
      body: 'If this was not you, call the service desk at once.',
      category: 'Security',
      priority: 'high',
    }),
  ];
}
