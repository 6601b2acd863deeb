import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { it, onTestFinished } from 'vitest';
import { openBrowser, openPage, picture } from '../support/browser.js';
import { SpawnedApp } from '../support/spawned-app.js';

const file = join(import.meta.dirname, '../apps/src/conformance/work.service.ts');
/** Where the handler makes its first mark. */
const line = readFileSync(file, 'utf8').split('async work(')[0]!.split('\n').length + 2;

it("a handler on a runner is held at a breakpoint of Chrome's DevTools for longer than its limits, and answers", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flame-debugged-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const app = new SpawnedApp('survival/main.js', {
    SURVIVAL_DOING: 'asksUntilHeld',
    SURVIVAL_FOLDER: folder,
    SURVIVAL_POOL: JSON.stringify({ handlerTimeout: 1_000, max: 1 }),
    SURVIVAL_BACKEND: JSON.stringify({ inspect: true }),
  });
  const [, address] = await app.line(/runner \S+ of pool "p": Debugger listening on ws:\/\/(\S+)/);
  const { page } = await openPage(await openBrowser(), `devtools://devtools/bundled/js_app.html?v8only=true&ws=${address}`);

  await page.getByRole('tab', { name: 'Sources' }).click();
  await page.getByText('file://').waitFor();
  await page.keyboard.press('Control+P');
  await page.getByLabel('Quick open prompt', { exact: true }).fill(`work.service.ts:${line}`);
  await page
    .getByRole('option')
    .filter({ hasText: `work.service.ts:${line}` })
    .click();
  await page.locator('.cm-lineNumbers').getByText(String(line), { exact: true }).click();
  await page.getByText('Paused on breakpoint').waitFor();
  await picture(page, 'devtools');

  // Longer than the call's limit, and than the watchdog waits beyond it.
  await pause(3_500);
  await page.keyboard.press('F8');
  await app.line(/is at it/);
});
