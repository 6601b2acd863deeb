import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openBrowser, openPage, picture } from '../support/browser.js';
import { SpawnedApp } from '../support/spawned-app.js';

const sizes = { wide: { width: 1280, height: 860 }, narrow: { width: 375, height: 800 } };

async function open(url: string, viewport = sizes.wide, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
  const { page } = await openPage(await openBrowser({ viewport, colorScheme }), `${url}/flame`);
  await page.getByText('live', { exact: true }).waitFor();
  return page;
}

const region = (page: Page, name: string): ReturnType<Page['getByRole']> => page.getByRole('region', { name });

describe('the dashboard when it is opened', () => {
  it('shows the last minute before it was opened, also when it was empty', async () => {
    const app = new SpawnedApp('dashboard/main.js', { DASH_ACTIONS: '1' });
    const url = await app.url();
    for (let n = 0; n < 3; n++) await fetch(`${url}/hostile`);
    const page = await open(url);
    await region(page, 'work').getByText('3 calls ended in the last minute. The lanes show calls from now on.').waitFor();
    await page.keyboard.press('2');
    await page.keyboard.press('r');
    await page.getByLabel('At least').fill('1');
    await page.getByLabel('At least').press('Enter');
    await region(page, 'idle').getByText('No calls in the last minute.').waitFor();
    await picture(page, 'first-look-1280');
    await fetch(`${url}/sleep/9000`);
    await region(page, 'work').getByText('The lanes show calls from now on.').waitFor({ state: 'hidden' });
  });

  it('explains why a key has no effect here', async () => {
    const app = new SpawnedApp('dashboard/main.js', { DASH_ACTIONS: '1' });
    const page = await open(await app.url());
    const note = page.locator('.notes.shown');
    for (const key of ['r', 'p', 'd']) {
      await page.keyboard.press(key);
      await note.getByText('Go to a pool first, with 1 to 9.').waitFor();
    }
    await page.keyboard.press('1');
    await page.keyboard.press('d');
    await note.getByText('Go to a runner first, with the arrow keys.').waitFor();
    await page.keyboard.press('r');
    await page.getByRole('dialog', { name: 'Resize work' }).waitFor();
  });

  it('shows that it is read-only', async () => {
    const app = new SpawnedApp('dashboard/main.js');
    const page = await open(await app.url());
    await page.keyboard.press('r');
    await page.locator('.notes.shown').getByText('This page is read-only.').waitFor();
  });

  it.each(['light', 'dark'] as const)('shows calls that threw in their own colour, and whole lane labels, in %s', async (scheme) => {
    const app = new SpawnedApp('dashboard/main.js', { DASH_ACTIONS: '1' });
    const url = await app.url();
    const page = await open(url, sizes.wide, scheme);
    await fetch(`${url}/sleep/4000`);
    await expect.poll(() => bad(page), { timeout: 20_000 }).toBe(0);
    await fetch(`${url}/fail?message=no`);
    await expect.poll(() => bad(page), { timeout: 20_000 }).toBeGreaterThan(30);
    for (const [name, size] of Object.entries(sizes)) {
      await page.setViewportSize(size);
      expect(await cutOff(page), name).toEqual([]);
      await picture(page, `threw-${scheme}-${size.width}`);
    }
    expect(await page.getByText('p95').count()).toBeGreaterThan(1);
    expect(await page.getByText('95 of 100').count()).toBe(0);
  });
});

/** How many pixels of the lanes have the colour of what went wrong. */
function bad(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = 'var(--bad)';
    const [red, green, blue] = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
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

/** The parts of lanes' labels that are cut off when a runner says all that it can. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    for (const facts of document.querySelectorAll('.lane-facts')) facts.textContent = '100/100 · 119 min · 100 % CPU · 1023 MB · loop 850 ms late';
    const labels = [...document.querySelectorAll('.lane-head, .lane-head > *')].filter(({ clientWidth }) => clientWidth > 0);
    return labels.filter((label) => label.scrollWidth > label.clientWidth).map(({ className }) => className);
  })()`);
}
