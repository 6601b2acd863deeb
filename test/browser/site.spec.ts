import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBrowser, openPage, picture } from '../support/browser.js';

const site = join(import.meta.dirname, '../../site/dist');
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

/** Serves the site that `npm run docs` has built, until the end of the test. */
async function serve(): Promise<string> {
  const server = createServer(({ url = '/' }, response) => {
    const path = join(site, new URL(url, 'http://site').pathname);
    const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'index.html') : path;
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function open(path: string, options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
  const opened = await openPage(await openBrowser({ viewport: { width: 1280, height: 860 }, ...options }), `${await serve()}${path}`);
  // Vue has taken over what the server rendered.
  await opened.page.waitForFunction("'__vue_app__' in document.querySelector('#app')");
  return opened;
}

describe('the site', () => {
  it('finds an option by its name, and leads to it', async () => {
    const { page, complaints } = await open('/');
    await page.keyboard.press('Control+k');
    await page.getByRole('searchbox').fill('handlerTimeout');
    await page.locator('.VPLocalSearchBox a.result[href*="/options.html"]').first().click();
    await page.waitForURL(/\/options\.html/);
    await page.getByRole('heading', { level: 1, name: 'Options' }).waitFor();
    await picture(page, 'site-options');
    expect(complaints).toEqual([]);
  });

  it('opens every page of the sidebar without an error', async () => {
    const { page, complaints } = await open('/');
    const links = await page
      .locator('.VPSidebar a')
      .evaluateAll((found) => found.map((link) => (link as unknown as { href: string }).href));
    expect(links.length).toBeGreaterThan(20);
    for (const link of links) {
      const answer = await page.goto(link);
      expect([link, answer?.status()]).toEqual([link, 200]);
      await page.locator('.vp-doc h1').first().waitFor();
    }
    expect(complaints).toEqual([]);
  });

  it('has a reference of every entry of the package', async () => {
    const { page, complaints } = await open('/reference/');
    await page.getByRole('link', { name: 'nestjs-flame/docker', exact: true }).click();
    await page.getByRole('link', { name: 'DockerBackend', exact: true }).first().click();
    await page.getByRole('heading', { level: 1, name: /DockerBackend/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('is dark where the reader wants it', async () => {
    const { page, complaints } = await open('/', { colorScheme: 'dark' });
    expect(await page.locator('html').getAttribute('class')).toContain('dark');
    await picture(page, 'site-dark');
    expect(complaints).toEqual([]);
  });

  it('fits a narrow screen', async () => {
    const { page, complaints } = await open('/errors.html', { viewport: { width: 375, height: 800 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(375);
    await page.getByRole('button', { name: 'Menu', exact: true }).click();
    await page.locator('.VPSidebar').getByRole('link', { name: 'Calling' }).click();
    await page.waitForURL(/\/calling\.html/);
    await picture(page, 'site-narrow');
    expect(complaints).toEqual([]);
  });
});
