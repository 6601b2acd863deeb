import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

/** Debian's package; another one by its path. */
const executablePath = process.env['FLAME_CHROMIUM'] ?? '/usr/bin/chromium';
/** What CI keeps of a run. */
const screenshots = join(import.meta.dirname, '../../out/screenshots');

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts a real Chromium with an empty profile. It ends with the test. */
export async function openBrowser(options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const profile = mkdtempSync(join(tmpdir(), 'flame-browser-'));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: flags, ...options });
  onTestFinished(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });
  return context;
}

/** A page and all that its console has complained of: errors, and what its own policy has blocked. */
export async function openPage(context: BrowserContext, url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  return { page, complaints };
}

/** Keeps a picture of the page under `out/screenshots`: of all of it, or of what is seen, where a dialog lies over it. */
export async function picture(page: Page, name: string): Promise<Buffer> {
  const fullPage = (await page.locator('dialog').count()) === 0;
  mkdirSync(screenshots, { recursive: true });
  return page.screenshot({ path: join(screenshots, `${name}.png`), fullPage, animations: 'disabled' });
}
