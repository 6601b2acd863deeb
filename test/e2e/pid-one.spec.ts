import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SpawnedApp } from '../support/spawned-app.js';

const program = join(import.meta.dirname, '../support/programs/parent.mjs');

/** A parent whose runner spawns something and is killed then; `at` is a command that runs it somewhere else. */
function start(...at: string[]): SpawnedApp {
  const folder = mkdtempSync(join(tmpdir(), 'pid-one-'));
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
  return new SpawnedApp(program, {}, 'ignore', at, 'spawns', join(folder, 'parent.sock'), 'kills');
}

describe('A parent that is PID 1', () => {
  /** As in a container without an init; takes root. */
  const app = (): SpawnedApp => start('unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--');

  it('counts no machine whose processes are all zombies', async () => {
    const [said] = await app().line(/^no machine is left, .*/);
    expect(said).toMatch(/State:\s+Z \(zombie\)$/);
  });

  it('explains at start why it needs an init process', async () => {
    await app().line(/^This process is PID 1.*zombies.*docker run --init, init: true .*shareProcessNamespace: true.*tini/);
  });

  it('gets no warning if it is not PID 1', async () => {
    const other = start();
    await other.line(/^pid \d+ runs/);
    expect(other.lines.join()).not.toContain('PID 1');
  });
});
