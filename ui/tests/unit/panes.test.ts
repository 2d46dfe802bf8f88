import { describe, expect, test } from 'vitest';
import {
  listRangeIn,
  rememberedWidths,
  rememberWidths,
  VIEWS_RANGE,
  widthAfterKey,
} from '../../src/lib/panes';

/** A storage with this in it under any name. */
function stored(text: string | null): Pick<Storage, 'getItem'> {
  return { getItem: () => text };
}

describe('the widths of the panes', () => {
  test('are read as they were remembered', () => {
    let text = '';
    rememberWidths({ setItem: (_, value) => (text = value) }, { views: 250, list: 333 });
    expect(rememberedWidths(stored(text))).toEqual({ views: 250, list: 333 });
  });

  test('are the usual ones where nothing useful is stored, or nothing can be', () => {
    const usual = rememberedWidths(stored(null));
    for (const damaged of ['', '{', '7', 'null', '[]', '{"views":"wide","list":null}'])
      expect(rememberedWidths(stored(damaged)), damaged).toEqual(usual);
    const refuses = (): never => {
      throw new Error('denied');
    };
    expect(rememberedWidths({ getItem: refuses })).toEqual(usual);
    rememberWidths({ setItem: refuses }, usual);
  });

  test('leave no pane too narrow or too wide', () => {
    expect(rememberedWidths(stored('{"views":9999,"list":1}'))).toEqual({
      views: VIEWS_RANGE.max,
      list: 280,
    });
    // More than half is the open notification's, except where both are narrow.
    expect(listRangeIn(1000).max).toBe(450);
    expect(listRangeIn(500).max).toBe(280);
    expect(listRangeIn(3000).max).toBe(560);
  });

  test('follow the keys, in the direction of the text', () => {
    const { min, max, usual } = VIEWS_RANGE;
    const after = (key: string, width = usual, rtl = false): number | null =>
      widthAfterKey(key, width, VIEWS_RANGE, rtl);
    expect(after('ArrowRight')).toBe(usual + 16);
    expect(after('ArrowLeft')).toBe(usual - 16);
    expect(after('ArrowRight', usual, true)).toBe(usual - 16);
    expect(after('ArrowLeft', usual, true)).toBe(usual + 16);
    expect([after('Home'), after('End'), after('Enter', max)]).toEqual([min, max, usual]);
    expect(after('ArrowRight', max)).toBe(max);
    expect(after('ArrowUp')).toBeNull();
    expect(after('j')).toBeNull();
  });
});
