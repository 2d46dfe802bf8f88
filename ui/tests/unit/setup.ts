import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach } from 'vitest';
import { useWords } from '../../src/words/words';

const ENGLISH = join(import.meta.dirname, '../../../locales/en');

/** English as the tests read it: without marks around arguments, and nothing may be missing. */
beforeEach(() => {
  const catalogue = readdirSync(ENGLISH).map((file) => readFileSync(join(ENGLISH, file), 'utf8'));
  useWords('en-GB', catalogue, {
    isolating: false,
    onError: (error) => {
      throw error;
    },
  });
});
