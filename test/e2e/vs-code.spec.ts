import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';
import { VsCodeDebugger } from '../support/vs-code-debugger.js';

const apps = join(import.meta.dirname, '../apps');
const handler = join(apps, 'src/conformance/work.service.ts');
/** Where the handler makes its first mark. */
const line = readFileSync(handler, 'utf8').split('async work(')[0]!.split('\n').length + 2;

/** As docs/debugging.md has them, without VS Code's variables. */
const folders = { cwd: apps, outFiles: [`${apps}/dist/**/*.js`] };

function environment(backend: object): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'flame-debugged-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return {
    SURVIVAL_DOING: 'asksUntilHeld',
    SURVIVAL_FOLDER: folder,
    SURVIVAL_POOL: JSON.stringify({ handlerTimeout: 1_000, max: 1 }),
    SURVIVAL_BACKEND: JSON.stringify(backend),
  };
}

/** Holds the handler for longer than its call's limit, and than the watchdog waits beyond it. */
async function hold(code: VsCodeDebugger): Promise<void> {
  const { method, resume } = await code.stopped;
  expect(method).toBe('WorkService.work');
  await pause(3_500);
  await resume();
}

describe("VS Code's debugger holds a handler on a runner at a breakpoint in TypeScript for longer than its limits", () => {
  it('if it launches the app, and finds the runner by itself', async () => {
    const code = await VsCodeDebugger.start({ path: handler, line });
    const program = join(apps, 'dist/survival/main.js');
    await code.debug({
      request: 'launch',
      program,
      env: environment({}),
      autoAttachChildProcesses: true,
      outputCapture: 'std',
      ...folders,
    });
    await hold(code);
    await until(() => /is at it|FlameError/.test(code.output));
    expect(code.output).not.toContain('FlameError');
  });

  it('if it attaches to the port of a runner', async () => {
    const app = new SpawnedApp('survival/main.js', environment({ inspect: true }));
    const [, port] = await app.line(/Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)/);
    const code = await VsCodeDebugger.start({ path: handler, line });
    await code.debug({ request: 'attach', port: Number(port), restart: true, ...folders });
    await hold(code);
    await app.line(/is at it/);
  });
});
