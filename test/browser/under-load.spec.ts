import { setMaxListeners } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AppClient } from '../../apps/demo/src/driver/app-client.js';
import { AppProcess } from '../../apps/demo/src/driver/app-process.js';
import { makeClip } from '../../apps/demo/src/driver/clip.js';
import { openBrowser, openPage, picture } from '../support/browser.js';

const calls = 200;
const main = join(import.meta.dirname, '../../apps/demo/dist/main.js');

describe('the dashboard under load', () => {
  it(`shows the demo with ${calls} calls, wide and narrow, light and dark`, { timeout: 300_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flame-load-'));
    const over = new AbortController();
    setMaxListeners(Infinity, over.signal);
    onTestFinished(() => {
      over.abort(new Error('the pictures are taken'));
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    });
    const { signal } = over;
    const clip = await makeClip(folder, signal);
    const app = await AppProcess.start({ main, env: { VIDEO_STORE: join(folder, 'store') }, log: join(folder, 'app.log'), signal });
    onTestFinished(() => app.stop().then(() => undefined));
    const context = await openBrowser({ viewport: { width: 1280, height: 860 } });
    const { page, complaints } = await openPage(context, `${app.url}/flame`);
    await page.getByText('No runner is up. The first call boots one.').waitFor();
    await picture(page, 'at-rest-1280');

    const client = new AppClient(app.url);
    const video = readFileSync(clip.path);
    const answered: number[] = [];
    for (let n = 0; n < calls; n++) {
      // Long ones and short ones.
      const post = client.post(video, n % 4 === 3 ? clip.everySeconds : 45, signal);
      post.then(
        () => answered.push(n),
        () => undefined,
      );
    }
    await page
      .getByText(/^booting$/)
      .first()
      .waitFor();
    await picture(page, 'booting-1280');
    await page.getByText('All 4 runners are full, the pool has its maximum of 4.').waitFor();
    await expect.poll(() => answered.length, { timeout: 150_000 }).toBeGreaterThan(7);
    expect(await page.locator('.lanes .lane').count()).toBe(4);
    const waiting = Number(/\d+/.exec((await page.locator('.summary').innerText()).split('·')[2]!)![0]);
    expect(waiting).toBeGreaterThan(calls / 2);

    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const width of [1280, 375]) {
        await page.setViewportSize({ width, height: 860 });
        // A frame after the lanes have found their width.
        await page.evaluate('new Promise((done) => setTimeout(() => requestAnimationFrame(done), 250))');
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        await picture(page, `load-${width}-${colorScheme}`);
      }
    }
    expect(complaints).toEqual([]);
  });
});
