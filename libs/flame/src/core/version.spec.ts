import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { version } from './version.js';

it("The version in code is the package's", () => {
  const info = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  expect(JSON.parse(info)).toMatchObject({ version });
});
