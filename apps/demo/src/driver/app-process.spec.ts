import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppProcess } from './app-process.js';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'app-process-'))));
afterEach(() => rm(folder, { recursive: true }));

async function start(code: string, signal = new AbortController().signal): Promise<AppProcess> {
  const main = join(folder, 'main.mjs');
  await writeFile(main, code);
  return AppProcess.start({ main, env: { DEMO: 'yes' }, log: join(folder, 'app.log'), signal });
}

const listens = `console.log('DEMO=' + process.env.DEMO, 'PORT=' + process.env.PORT); console.log('Listening on http://127.0.0.1:4711'); setInterval(() => {}, 1000);`;

describe('AppProcess', () => {
  it('waits until the app has logged its address', async () => {
    await using app = await start(listens);
    expect(app.url).toBe('http://127.0.0.1:4711');
    expect(app.lastLines).toContain('DEMO=yes PORT=0');
  });

  it('ends the app with SIGTERM, once, and keeps its log', async () => {
    const app = await start(listens);
    expect(await Promise.all([app.stop(), app.stop()])).toEqual(['ended with SIGTERM', 'ended with SIGTERM']);
    expect(() => process.kill(app.pid, 0)).toThrow('ESRCH');
    await expect.poll(() => readFile(join(folder, 'app.log'), 'utf8')).toContain('Listening on http://127.0.0.1:4711');
  });

  it('rejects with the output of an app that did not start', async () => {
    await expect(start(`console.error('no database'); process.exit(3);`)).rejects.toThrow(/The app ended with exit code 3[^]*no database/);
  });

  it('ends an app whose start is cancelled', async () => {
    const giveUp = new AbortController();
    const starting = start(`setInterval(() => {}, 1000);`, giveUp.signal);
    giveUp.abort(new Error('ended by SIGINT'));
    await expect(starting).rejects.toThrow('ended by SIGINT');
  });
});
