import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

/** The command of Debian's package, or the path of another Chromium. */
const executablePath = process.env['FLAME_CHROMIUM'] ?? '/usr/bin/chromium';
/** The folder of screenshots, which CI keeps. */
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
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  return context;
}

/** A page, and the complaints in its console: errors, and requests that its content security policy has blocked. */
export async function openPage(context: BrowserContext, url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  return { page, complaints };
}

/** Saves a screenshot under `out/screenshots`: of the whole page, or, with an open dialog, of the visible part. */
export async function picture(page: Page, name: string): Promise<Buffer> {
  const fullPage = (await page.locator('dialog').count()) === 0;
  mkdirSync(screenshots, { recursive: true });
  return page.screenshot({ path: join(screenshots, `${name}.png`), fullPage, animations: 'disabled' });
}
