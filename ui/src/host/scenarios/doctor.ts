import { busy } from './busy';
import { finding, GOOD_FINDINGS, plain, SUPPORT_REPORT } from './findings';
import type { Scenario } from './scenario';
import { says } from './says';
import { HOUR } from './times';

const LONG = 'a_program_without_any_place_at_which_its_name_could_be_broken_'.repeat(4);

/** What checks find where something is wrong. */
export const CHECKS: Record<string, (now: number) => Scenario> = {
  checksFail: (now) => ({
    ...busy(now),
    findings: [
      finding('passed', 'doctor-app', plain('doctor-app-runs')),
      finding('warning', 'doctor-autostart', plain('doctor-autostart-off'), 'doctor-mend-autostart'),
      finding('failed', 'doctor-keyring', says('no keyring service is running'), 'doctor-mend-keyring'),
      finding('skipped', 'doctor-clock', {
        id: 'doctor-after',
        args: { title: plain('doctor-answer') },
      }),
      finding('failed', 'doctor-notifications', says('no service answers'), 'doctor-mend-notifications'),
      finding('passed', 'doctor-sound', plain('doctor-sound-good')),
    ],
  }),
  checksWarn: (now) => ({
    ...busy(now),
    findings: [
      ...GOOD_FINDINGS,
      finding('warning', 'doctor-tray', plain('doctor-tray-none'), 'doctor-mend-tray'),
    ],
  }),
  checksLong: (now) => ({
    ...busy(now),
    findings: [
      finding('failed', 'doctor-tls', says(`it says: ${LONG}`), 'doctor-mend-tls'),
      finding('warning', 'doctor-notifications', {
        id: 'doctor-notifications-good',
        args: { service: LONG, capabilities: LONG },
      }),
      ...GOOD_FINDINGS,
    ],
    supportReport: {
      ...SUPPORT_REPORT,
      path: `/home/anna/${LONG}/Downloads/gloria-notify-report-2026-11-25.tar.gz`,
    },
  }),
  checksRunning: (now) => ({ ...busy(now), checkMs: HOUR }),
  checksRefused: (now) => ({
    ...busy(now),
    refusals: {
      doctor_check: plain('doctor-broke'),
      support_report_preview: { id: 'doctor-timed-out', args: { seconds: 20 } },
    },
  }),
  reportRefused: (now) => ({
    ...busy(now),
    refusals: {
      support_report_save: {
        id: 'doctor-bundle-failed',
        args: { path: SUPPORT_REPORT.path, problem: 'No space left on device (os error 28)' },
      },
    },
  }),
};
