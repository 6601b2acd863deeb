import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningApp } from './support/running-app.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'flame-script-'))));
afterAll(() => rmSync(folder, { recursive: true, maxRetries: 5 }));

describe('a script that creates an application context, calls once and closes', () => {
  it.each([
    { boots: 'boots its runner for the call', min: '0' },
    { boots: 'has its runner before it begins', min: '1' },
  ])('sends its mail once, and ends with its processes, where it $boots', async ({ min }) => {
    const outbox = join(folder, `script-${min}`);
    const script = new RunningApp('script/send-newsletter.js', { OUTBOX: outbox, MIN: min });
    try {
      await script.line(/^Newsletter sent/);
      expect(await script.exited, script.output).toBe(0);
      expect(script.processes).toEqual([]);
      const [, sentBy, renderedBy] = /^Dear Ada, from (\d+), rendered by (\d+)\n$/.exec(readFileSync(outbox, 'utf8')) ?? [];
      expect(Number(sentBy), script.output).toBe(script.pid);
      expect(renderedBy).not.toBe(sentBy);
      expect(script.lines.filter((line) => line.includes('Newsletter sent'))).toHaveLength(1);
    } finally {
      await script.stop('SIGKILL');
    }
  });
});

describe('an app that is created, closed, and created again', () => {
  it('runs its calls on runners that were created in the same way', async () => {
    const outbox = join(folder, 'twice');
    const app = new RunningApp('script/twice.main.js', { OUTBOX: outbox });
    try {
      await app.line(/^Newsletter sent/);
      expect(existsSync(outbox) && readFileSync(outbox, 'utf8'), app.output).toMatch(new RegExp(`^from ${app.pid}, rendered by \\d+\\n$`));
    } finally {
      await app.stop();
    }
  });
});
