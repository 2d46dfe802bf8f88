import type { FindingView } from '../host/protocol';
import { sentenceOf, t } from '../words/words';

/** The findings as they are shown: what needs the user first, the others as one line. */
export interface Sorted {
  /** Faults, then warnings, in the order of the checks: one that failed may be the cause of later ones. */
  bad: FindingView[];
  /** What could not be checked, then what is good. */
  rest: FindingView[];
  passed: number;
  skipped: number;
}

export function sorted(findings: readonly FindingView[]): Sorted {
  const of = (outcome: FindingView['outcome']): FindingView[] =>
    findings.filter((finding) => finding.outcome === outcome);
  const [passed, skipped] = [of('passed'), of('skipped')];
  return {
    bad: [...of('failed'), ...of('warning')],
    rest: [...skipped, ...passed],
    passed: passed.length,
    skipped: skipped.length,
  };
}

/** What all checks together say: faults count alone, because what should be better can wait. */
export function checkResult({ bad }: Sorted): string {
  const faults = bad.filter(({ outcome }) => outcome === 'failed').length;
  if (faults > 0) return t('ui-check-faults', { count: faults });
  return bad.length > 0 ? t('ui-check-warnings', { count: bad.length }) : t('ui-check-good');
}

/** The result said aloud, with the first thing that is wrong. */
export function checkAloud(all: Sorted): string {
  const [first] = all.bad;
  const result = checkResult(all);
  if (first === undefined) return result;
  return t('ui-check-first', { result, title: sentenceOf(first.title), cause: sentenceOf(first.cause) });
}

/** The line for what is folded. */
export function restWords({ passed, skipped }: Sorted): string {
  const words = [t('ui-check-passed', { count: passed })];
  if (skipped > 0) words.push(t('ui-check-skipped', { count: skipped }));
  return words.join(' · ');
}
