import { expect, it } from 'vitest';
import { SpawnedApp } from '../support/spawned-app.js';

it('Twelve password hashes on one runner of a pool that could have two cause one warning; waiting calls cause none', async () => {
  const app = new SpawnedApp('hashes/main.js');
  await app.line(
    /pool "sync": up to 12 calls ran at once .* its event loop was busy for \d+ % .* 1 of at most 2 .* maxConcurrency \(now 100;/,
  );
  await app.line(/pool "async": up to 12 calls ran at once .* thread pool had a queue .* 1 of at most 2 .* maxConcurrency \(now 100;/);
  await app.line(/^runners: sync 1, async 1, waits 1$/);
  expect(app.lines.filter((line) => line.includes('maxConcurrency'))).toHaveLength(2);
});
