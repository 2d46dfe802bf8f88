import { number, t } from '../words/words';

/** Beyond this, the exact number is useless and does not fit. */
const BADGE_CAP = 99;

/** The badge's text; null when nothing is unseen. */
export function badgeText(unseen: number): string | null {
  if (unseen <= 0) return null;
  return unseen > BADGE_CAP ? `${number(BADGE_CAP)}+` : number(unseen);
}

/** The badge for screen readers. */
export function badgeLabel(unseen: number): string {
  return t('ui-badge', { count: Math.max(0, unseen) });
}
