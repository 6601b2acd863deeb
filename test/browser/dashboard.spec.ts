import type { Page, Request } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openBrowser, openPage, picture } from '../support/browser.js';
import { proxyUnder } from '../support/path-proxy.js';
import { SpawnedApp } from '../support/spawned-app.js';

const wide = { width: 1280, height: 860 };
const narrow = { width: 375, height: 800 };

async function open(
  env: Record<string, string> = {},
  viewport = wide,
): Promise<{ app: SpawnedApp; url: string; page: Page; complaints: string[] }> {
  const app = new SpawnedApp('dashboard/main.js', { DASH_ACTIONS: '1', ...env });
  const url = await app.url();
  const context = await openBrowser({ viewport });
  const path = `${env['DASH_PREFIX'] === undefined ? '' : `/${env['DASH_PREFIX']}`}/flame`;
  const { page, complaints } = await openPage(context, `${url}${path}`);
  await page.getByText('live', { exact: true }).waitFor();
  return { app, url, page, complaints };
}

const work = (page: Page): ReturnType<Page['getByRole']> => page.getByRole('region', { name: 'work' });
const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

describe('the dashboard in a browser', () => {
  it('shows runners with their calls, and waiting calls with the reason', async () => {
    const { url, page, complaints } = await open({ DASH_PREFIX: 'api', DASH_ADAPTER: 'fastify' });
    await work(page).getByText('No runner is up. The first call boots one.').waitFor();
    await fetch(`${url}/api/sleep/8000?times=7`);
    await page.getByRole('listitem', { name: /^Runner work-\w+-1: ready, 2\/2 · .* running Work\.sleep, Work\.sleep$/ }).waitFor();
    await work(page).getByText('All 2 runners are full, the pool has its maximum of 2.').waitFor();
    await work(page)
      .getByText(/^3 × Work\.sleep, the oldest for/)
      .waitFor();
    expect(await page.title()).toMatch(/^3 waiting · flame$/);
    await work(page).getByText('at work').waitFor();
    // What the lanes show: pixels of the first handler's colour at the right end.
    await expect.poll(() => painted(page), { timeout: 20_000 }).toBeGreaterThan(500);
    expect(complaints).toEqual([]);
  });

  it.each(['express', 'fastify'])('works behind a proxy that puts the app under a path, on %s', async (DASH_ADAPTER) => {
    const app = new SpawnedApp('dashboard/main.js', { DASH_ACTIONS: '1', DASH_ADAPTER, DASH_PREFIX: 'api' });
    const outside = await proxyUnder('/apps/one', await app.url());
    const { page, complaints } = await openPage(await openBrowser({ viewport: wide }), `${outside}/api/flame`);
    await page.getByText('live', { exact: true }).waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await work(page).getByRole('button', { name: 'Pause' }).click();
    await work(page).getByText('paused', { exact: true }).waitFor();
    expect(asked).toEqual([`${outside}/api/flame/pools/work/pause?`]);
    expect(complaints).toEqual([]);
  });

  it('shows names and errors as text, not as HTML', async () => {
    const { url, page, complaints } = await open();
    await fetch(`${url}/hostile`);
    await fetch(`${url}/fail?message=${encodeURIComponent('<script>document.title=2</script><b>bold</b>')}`);
    const failure = work(page).getByText('<script>document.title=2</script><b>bold</b>').first();
    await failure.waitFor();
    await work(page).getByText('<img src=x onerror="document.title=1">').first().waitFor();
    await failure.click();
    await work(page).getByText('threw (RangeError) on').waitFor();
    expect(await page.locator('img, main script, main b:text("bold")').count()).toBe(0);
    expect(await page.title()).toBe('flame');
    expect(complaints).toEqual([]);
    await picture(page, 'failures-1280');
  });

  it('can be used with the keyboard alone', async () => {
    const { url, page } = await open();
    await fetch(`${url}/sleep/20000?times=4`);
    const lane = page.getByRole('listitem', { name: /^Runner work-\w+-2: ready/ });
    await lane.waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await picture(page, 'keys-1280');
    await page.keyboard.press('Escape');
    await page.keyboard.press('1');
    await page.keyboard.press('p');
    await work(page).getByText('paused', { exact: true }).waitFor();
    await page.getByRole('status').getByText('Pool work is paused: calls wait.').waitFor();
    await picture(page, 'paused-1280');
    await page.keyboard.press('p');
    await work(page).getByText('at work').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await lane.evaluate('document.activeElement.dataset.runner')).toMatch(/-2$/);
    await page.keyboard.press('d');
    await page.getByRole('dialog', { name: /^Drain work-\w+-2\?$/ }).waitFor();
    await picture(page, 'drain-1280');
    await page.keyboard.press('Enter');
    await page.getByRole('listitem', { name: /^Runner work-\w+-2: leaving/ }).waitFor();
    await picture(page, 'leaving-1280');
    await page.keyboard.press('r');
    const most = page.getByLabel('At most');
    await most.fill('1');
    await page.getByLabel('At least').fill('2');
    await most.press('Enter');
    await page.getByRole('status').getByText('min is 2, more than max').waitFor();
    await page.keyboard.press('r');
    await most.fill('9');
    await most.press('Enter');
    await work(page).getByText('0 to 9 runners').waitFor();
  });

  it('shows a lost connection, and continues when the app is back', async () => {
    const { app, url, page } = await open();
    app.process.kill('SIGKILL');
    await page.getByText('no connection, retrying').waitFor();
    await picture(page, 'disconnected-1280');
    const next = new SpawnedApp('dashboard/main.js', { DASH_ACTIONS: '1', PORT: new URL(url).port });
    expect(await next.url()).toBe(url);
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByText(`pid ${next.pid}`).waitFor();
    // Actions go to the new one, with its token.
    await work(page).getByRole('button', { name: 'Pause' }).click();
    await work(page).getByText('paused', { exact: true }).waitFor();
  });

  it('fetches data only while it is visible', async () => {
    const { page } = await open();
    const hide = (hidden: boolean): Promise<unknown> =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} });
        document.dispatchEvent(new Event('visibilitychange'))`);
    const isStream = (request: Request): boolean => request.url().endsWith('/flame/events');
    const [ended] = await Promise.all([page.waitForEvent('requestfailed', isStream), hide(true)]);
    expect(ended.failure()?.errorText).toBe('net::ERR_ABORTED');
    await Promise.all([page.waitForEvent('request', isStream), hide(false)]);
    await page.getByText('live', { exact: true }).waitFor();
  });

  it('fits a narrow screen, respects reduced motion, and lets the app close while it is open', async () => {
    const { app, url, page } = await open({}, narrow);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await fetch(`${url}/sleep/30000?times=9`);
    await page.getByRole('listitem', { name: /-2: ready/ }).waitFor();
    await expect.poll(() => painted(page), { timeout: 20_000 }).toBeGreaterThan(100);
    expect(await overflow(page)).toBe(0);
    await picture(page, 'narrow-375');
    app.process.kill('SIGTERM');
    expect(await app.exited).toMatchObject({ signal: 'SIGTERM' });
  });
});

/** How many pixels of the lanes have the colour of the first handler. */
function painted(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const probe = document.body.appendChild(document.createElement('i'));
    probe.className = 'handler-0';
    const [red, green, blue] = getComputedStyle(probe).backgroundColor.match(/\\d+/g).map(Number);
    probe.remove();
    let count = 0;
    for (const canvas of document.querySelectorAll('.lanes canvas')) {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < data.length; i += 4)
        if (Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue) < 12) count += 1;
    }
    return count;
  })()`);
}
