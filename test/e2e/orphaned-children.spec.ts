import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readMarks } from '../support/marks.js';
import type { Mark } from '../support/marks.js';
import { isAlive, until } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';

/** Kills a parent outright, and says what its child did from then on. */
async function orphan(link: boolean): Promise<Mark[]> {
  const folder = mkdtempSync(join(tmpdir(), 'flame-children-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const file = join(folder, 'marks');
  const app = new SpawnedApp('children/main.js', { CHILD_FILE: file, CHILD_LINK: String(link) });
  const pid = Number((await app.line(/^placed on (\d+)/))[1]);
  await until(() => readMarks(file).some(({ what }) => what === 'beat'));
  const killed = Date.now();
  app.process.kill('SIGKILL');
  await until(() => !isAlive(pid));
  return readMarks(file).filter(({ at }) => at >= killed);
}

describe('a child whose parent is killed', () => {
  it('ends at once when it is linked', async () => {
    const marks = await orphan(true);
    expect(marks.map(({ what }) => what)).toContainEqual(expect.stringMatching(/^stop: the parent is gone/));
  });

  it('continues for shutdownTimeout if it is not, and then ends properly', async () => {
    const marks = await orphan(false);
    const beats = marks.filter(({ what }) => what === 'beat');
    expect(beats.at(-1)!.at - beats[0]!.at).toBeGreaterThan(1_500);
    expect(marks.map(({ what }) => what)).toContainEqual(expect.stringMatching(/^stop: the runner is leaving: the parent is gone/));
  });
});
