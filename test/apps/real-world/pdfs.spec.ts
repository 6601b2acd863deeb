import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childrenOf, isAlive, until } from '../../support/process-table.js';
import { RunningApp } from './support/running-app.js';

describe('an app that prints PDFs with Chromium', () => {
  let app: RunningApp;
  /** The server of the logo, which answers when it is told to. */
  let logos: Server;
  let answering = true;
  /** The folder of Chromium's profiles, among others. */
  let folder: string;

  beforeAll(async () => {
    logos = createServer((_request, response) => void (answering && response.writeHead(404).end()));
    await once(logos.listen(0, '127.0.0.1'), 'listening');
    folder = mkdtempSync(join(tmpdir(), 'flame-pdfs-'));
    app = await RunningApp.serving('pdfs/main.js', {
      TMPDIR: folder,
      CHROMIUM: process.env['FLAME_CHROMIUM'] ?? '/usr/bin/chromium',
      LOGO: `http://127.0.0.1:${(logos.address() as AddressInfo).port}/logo.png`,
    });
  });
  afterAll(async () => {
    await app?.stop();
    logos.closeAllConnections();
    logos.close();
    rmSync(folder, { recursive: true, maxRetries: 5 });
  });

  it('answers with PDFs, all from the one Chromium of the runner', async () => {
    const customers = ['Ada & Sons', 'Grace <b>', 'Edsger'];
    const pdfs = await Promise.all(customers.map((customer) => pdf(customer)));
    for (const [index, { status, bytes }] of pdfs.entries()) {
      expect(status, app.output).toBe(200);
      expect(bytes.subarray(0, 5).toString()).toBe('%PDF-');
      expect(execFileSync('pdftotext', ['-', '-'], { input: bytes, encoding: 'utf8' })).toContain(`Invoice for ${customers[index]}`);
    }
    expect(childrenOf(runner())).toHaveLength(1);
  });

  it('closes the page when the client leaves, and keeps Chromium', async () => {
    const [chromium] = childrenOf(runner());
    answering = false;
    const asked = once(logos, 'request') as Promise<[IncomingMessage]>;
    const leaving = new AbortController();
    const left = pdf('Ada', leaving.signal).catch((error: Error) => error.name);
    const [request] = await asked;
    const closed = once(request.socket, 'close');
    leaving.abort();
    expect(await left).toBe('AbortError');
    await closed;
    answering = true;
    expect((await pdf('Ada')).status, app.output).toBe(200);
    expect(childrenOf(runner())).toEqual([chromium]);
  });

  it('starts another Chromium after a crash', async () => {
    const [chromium] = childrenOf(runner());
    process.kill(chromium!, 'SIGKILL');
    // Until the runner knows of the crash, pages fail with it.
    await until(async () => (await pdf('Ada')).status === 200);
    expect(childrenOf(runner())).not.toContain(chromium);
  });

  it('leaves no process of Chromium when the runner is killed', async () => {
    const lost = runner();
    const processes = descendantsOf(lost);
    expect(processes.length).toBeGreaterThan(2);
    process.kill(lost, 'SIGKILL');
    await until(() => !processes.some(isAlive));
    await until(async () => (await pdf('Ada')).status === 200);
  });

  it('finishes a page on a runner that is told to stop, and prints the next on another', async () => {
    answering = false;
    const asked = once(logos, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    const printing = pdf('Ada');
    const [, logo] = await asked;
    answering = true;
    process.kill(runner(), 'SIGTERM');
    await app.line(/it received SIGTERM/);
    expect((await pdf('Grace')).status, app.output).toBe(200);
    expect(childrenOf(app.pid)).toHaveLength(2);
    logo.writeHead(404).end();
    expect((await printing).status, app.output).toBe(200);
    await until(() => childrenOf(app.pid).length === 1);
  });

  it('ends Chromium, and removes its profile, when the app closes', async () => {
    const processes = descendantsOf(runner());
    expect(processes.length).toBeGreaterThan(2);
    // Those of the Chromiums before, which were killed, are still there.
    const profiles = readdirSync(folder).filter((name) => name.startsWith('puppeteer'));
    await app.stop();
    expect(processes.filter(isAlive)).toEqual([]);
    expect(profiles.filter((name) => readdirSync(folder).includes(name))).toHaveLength(profiles.length - 1);
  });

  function runner(): number {
    const [pid] = childrenOf(app.pid);
    return pid!;
  }

  async function pdf(customer: string, signal?: AbortSignal): Promise<{ status: number; bytes: Buffer }> {
    const response = await fetch(`${app.url}/invoices/${encodeURIComponent(customer)}`, { signal: signal ?? null });
    return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
  }
});

/** Chromium gives some of its processes an environment of their own, so they are found by their parents. */
function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}
