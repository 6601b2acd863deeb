import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { version } from './version.js';

it("The version in code equals the package's", () => {
  const info = readFileSync(join(__dirname, '../../package.json'), 'utf8');
  expect(JSON.parse(info)).toMatchObject({ version });
});
