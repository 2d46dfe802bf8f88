/** An entry of a menu. */
export interface MenuItem {
  label: string;
  /** Beside the label. */
  hint?: string;
  icon?: 'read' | 'unread' | 'snooze' | 'flag' | 'archive' | 'inbox';
  onchoose: () => void;
}

/** Where a menu opens: at a point, or below a button. */
export type MenuPlace = { x: number; y: number } | HTMLElement;
