import type { FindingView, Message, SupportReport } from '../protocol';

/** A message without arguments. */
export const plain = (id: string): Message => ({ id, args: {} });

/** What a check found. */
export function finding(
  outcome: FindingView['outcome'],
  title: string,
  cause: Message,
  mend?: string,
): FindingView {
  return { outcome, title: plain(title), cause, mend: mend === undefined ? null : plain(mend) };
}

/** A computer on which nothing is wrong. */
export const GOOD_FINDINGS: FindingView[] = [
  finding('passed', 'doctor-app', plain('doctor-app-runs')),
  finding('passed', 'doctor-proxy', plain('doctor-proxy-none')),
  finding('passed', 'doctor-answer', { id: 'doctor-answered', args: { status: 401 } }),
  finding('passed', 'doctor-keyring', plain('doctor-keyring-good')),
  finding('passed', 'doctor-sign-in', plain('doctor-signed-in')),
  finding('passed', 'doctor-stream', plain('doctor-stream-open')),
  finding('passed', 'doctor-sound', plain('doctor-sound-good')),
];

/** A report that is not saved yet. */
export const SUPPORT_REPORT: SupportReport = {
  path: '/home/anna/Downloads/gloria-notify-report-2026-11-25.tar.gz',
  files: [
    { name: 'versions.json', bytes: 182 },
    { name: 'doctor.jsonl', bytes: 5_310 },
    { name: 'settings.jsonl', bytes: 7_044 },
    { name: 'connection.json', bytes: 12_480 },
    { name: 'status.json', bytes: 9_120 },
    { name: 'log.txt', bytes: 1_482_000 },
  ],
  saved: false,
  problem: null,
};
