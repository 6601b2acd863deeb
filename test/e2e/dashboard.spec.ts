import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Watching } from '../support/watching.js';
import { SpawnedApp } from '../support/spawned-app.js';

const start = async (env: Record<string, string> = {}): Promise<{ app: SpawnedApp; url: string }> => {
  const app = new SpawnedApp('dashboard/main.js', env);
  return { app, url: await app.url() };
};
const status = async (url: string, init?: RequestInit): Promise<number> => (await fetch(url, init)).status;

/** A request with headers that `fetch` would not let through; rejects when the answer has no end. */
const ask = (
  url: string,
  method: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false, timeout: 10_000 }, (response) => {
      let text = '';
      const answered = (): void => resolve({ status: response.statusCode!, headers: response.headers, text });
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        // A stream of events has no end: its first words are enough.
        if (!response.headers['content-type']?.startsWith('text/event-stream')) return;
        answered();
        response.destroy();
      });
      response.on('end', answered);
    });
    asked.on('timeout', () => asked.destroy(new Error(`${method} ${url} has no end`)));
    asked.on('error', reject).end();
  });
const corsOf = (headers: IncomingHttpHeaders): string[] => Object.keys(headers).filter((name) => name.startsWith('access-control-'));

describe.each(['express', 'fastify'])('FlameDashboardModule on %s', (DASH_ADAPTER) => {
  it('answers no page of another origin, in an app that lets all of them read', async () => {
    const { url } = await start({ DASH_ADAPTER, DASH_ACTIONS: '1', DASH_CORS: '1', DASH_PREFIX: 'api' });
    const { host } = new URL(url);
    const routes = ['flame', 'flame/', 'flame/events', 'flame/pools/work/pause', 'flame/nothing'].map((path) => `${url}/api/${path}`);
    const foreign = [
      'http://evil.example',
      'null',
      'nonsense',
      `http://${host}.evil.example`,
      `http://localhost:${Number(new URL(url).port) + 1}`,
    ];
    for (const route of routes) {
      for (const origin of foreign) {
        for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
          const { status: code, headers, text } = await ask(route, method, { origin, 'content-type': 'text/plain' });
          expect([method, route, origin, code, corsOf(headers)]).toEqual([method, route, origin, 403, []]);
          expect(text).not.toContain('token');
        }
      }
      const preflight = {
        origin: 'http://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-flame-token',
      };
      expect(corsOf((await ask(route, 'OPTIONS', preflight)).headers)).toEqual([]);
      expect(corsOf((await ask(route, 'GET')).headers)).toEqual([]);
    }
    expect((await ask(`${url}/api/flame/events`, 'GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).status).toBe(403);
    // The app's own routes are as they were.
    expect((await ask(`${url}/api/stats`, 'GET', { origin: 'http://evil.example' })).headers['access-control-allow-origin']).toBe(
      'http://evil.example',
    );
  });

  it("answers its own page, with its origin, through a link, and with the browser's headers", async () => {
    const { url } = await start({ DASH_ADAPTER, DASH_CORS: '1' });
    const { host } = new URL(url);
    const own: Record<string, string>[] = [
      {},
      { origin: url },
      // What ended TLS before the app.
      { origin: `https://${host}` },
      { origin: 'https://ops.example', host: 'ops.example:443' },
      { origin: 'https://ops.example', 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
    ];
    for (const headers of own) {
      expect([headers, (await ask(`${url}/flame/events`, 'GET', headers)).status]).toEqual([headers, 200]);
      expect([headers, (await ask(`${url}/flame`, 'GET', headers)).status]).toEqual([headers, 200]);
    }
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect((await ask(`${url}/flame`, 'GET', link)).status).toBe(200);
    expect((await ask(`${url}/flame/events`, 'GET', link)).status).toBe(403);
    expect((await ask(`${url}/flame`, 'GET', { ...link, 'sec-fetch-dest': 'iframe' })).status).toBe(403);
  });

  it('answers under configured origins, if a proxy changes the host', async () => {
    const { url } = await start({ DASH_ADAPTER, DASH_ORIGINS: 'https://ops.example' });
    expect((await ask(`${url}/flame/events`, 'GET', { origin: 'https://ops.example' })).status).toBe(200);
    const { status: code, text } = await ask(`${url}/flame/events`, 'GET', { origin: 'http://ops.example' });
    expect([code, text]).toEqual([403, expect.stringContaining('option origins')]);
    // Nobody has said that this proxy can be trusted.
    expect((await ask(`${url}/flame`, 'GET', { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' })).status).toBe(403);
  });

  it('answers HEAD with the headers of GET, and ends', async () => {
    const { url } = await start({ DASH_ADAPTER });
    const { status: code, headers, text } = await ask(`${url}/flame/events`, 'HEAD');
    expect([code, headers['content-type'], text]).toEqual([200, 'text/event-stream; charset=utf-8', '']);
    expect((await ask(`${url}/flame`, 'HEAD')).status).toBe(200);
    expect((await ask(`${url}/flame/pools/work/pause`, 'HEAD')).status).toBe(404);
  });

  it('serves one page below the global prefix, before the guards of the app, under a policy that lets nothing else in', async () => {
    const { url } = await start({ DASH_ADAPTER, DASH_PREFIX: 'api', DASH_PATH: '/ops/flame', DASH_GUARD: '1' });
    const response = await fetch(`${url}/api/ops/flame`);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(html.length).toBeLessThan(40_000);
    expect(html).not.toMatch(/(?:src|href)="(?!data:,")/);
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'sha256-\S+'; style-src 'sha256-\S+'/);
    expect(await status(`${url}/api/ops/flame`, { headers: { 'if-none-match': response.headers.get('etag')! } })).toBe(304);
    expect(await status(`${url}/api/ops/flame/`)).toBe(200);
    expect(await status(`${url}/api/ops/flame/nothing`)).toBe(404);
    expect(await status(`${url}/ops/flame`)).toBe(404);
    expect(await status(`${url}/api/stats`)).toBe(403);
  });

  it('shows inline functions by their ids: running, ended and failed', async () => {
    const { url } = await start({ DASH_ADAPTER });
    const watching = await Watching.start(`${url}/flame/events`);
    await watching.next('hello');
    const handler = 'src/dashboard/main.js#sleepAll/1';
    await fetch(`${url}/sleep-all/2500,2500`);
    const busy = await watching.until((pool) => pool.running === 2);
    expect(busy.work).toMatchObject([{ handler, state: 'running' }, { handler }]);
    const done = await watching.until((pool) => pool.ended.length > 0);
    expect(done.ended[0]).toMatchObject({ handler, failed: false });
    await fetch(`${url}/sleep-all/0`);
    const failed = await watching.until(({ failures }) => failures !== undefined && failures.length > 0);
    expect(failed.failures).toMatchObject([{ type: 'threw', code: 'RangeError', message: 'no time to sleep', handler }]);
  });

  it("shows the pools' activity live, and ends with the app", async () => {
    const { app, url } = await start({ DASH_ADAPTER });
    const watching = await Watching.start(`${url}/flame/events`);
    expect((await watching.next('hello')).instance).toContain(`pid ${app.pid}`);
    await fetch(`${url}/sleep/2500?times=5`);
    const busy = await watching.until((pool) => pool.running > 0 && pool.waiting > 0);
    expect(busy).toMatchObject({ name: 'work', max: 2, backend: 'local' });
    expect(busy.why).toMatch(/full|booting/);
    expect(busy.work[0]).toMatchObject({ handler: 'Work.sleep', state: 'running' });
    expect(busy.queue[0]).toMatchObject({ handler: 'Work.sleep', state: 'waiting' });
    await watching.until((pool) => pool.ended.some(({ ran }) => ran >= 2_400));
    app.process.kill('SIGTERM');
    await watching.ended;
    expect(await app.exited).toMatchObject({ signal: 'SIGTERM' });
  });

  it('performs no actions unless they are enabled', async () => {
    const { url } = await start({ DASH_ADAPTER });
    const watching = await Watching.start(`${url}/flame/events`);
    expect((await watching.next('hello')).token).toBeUndefined();
    expect(await status(`${url}/flame/pools/work/pause`, { method: 'POST' })).toBe(404);
  });

  it('takes actions from its own page only', async () => {
    const { url } = await start({ DASH_ADAPTER, DASH_ACTIONS: '1' });
    const watching = await Watching.start(`${url}/flame/events`);
    const { token } = await watching.next('hello');
    const post = (path: string, headers: Record<string, string> = { 'x-flame-token': token! }): Promise<Response> =>
      fetch(`${url}/flame/pools/${path}`, { method: 'POST', headers });
    expect((await post('work/pause', {})).status).toBe(403);
    expect((await post('work/pause', { 'x-flame-token': `${token!}x` })).status).toBe(403);
    expect((await post('work/pause', { 'x-flame-token': token!, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect(await status(`${url}/flame/pools/work/pause`, { headers: { 'x-flame-token': token! } })).toBe(405);
    expect((await post('nobody/pause')).status).toBe(404);
    // Express refuses by itself what is not well written.
    expect([400, 404]).toContain((await post('%ff/pause')).status);
    expect((await post('work/explode')).status).toBe(404);
    expect((await post('work/pause')).status).toBe(200);
    expect((await watching.until((pool) => pool.paused !== undefined)).paused).toBe('on the dashboard');
    expect((await post('work/resume')).status).toBe(200);
    const bad = await post('work/resize?min=5&max=2');
    expect([bad.status, await bad.text()]).toEqual([400, expect.stringContaining('min is 5, more than max')]);
    expect((await post('work/resize?min=&max=2')).status).toBe(400);
    expect((await post('work/drain-runner?runner=work-1')).status).toBe(400);
    expect((await post('work/resize?min=1&max=3')).status).toBe(200);
    const [runner] = (await watching.until((pool) => pool.runners.some(({ state }) => state === 'ready'))).runners;
    expect((await post(`work/drain-runner?runner=${runner!.id}`)).status).toBe(200);
    await watching.until((pool) => pool.runners.every(({ id }) => id !== runner!.id));
  });

  it('asks for name and password', async () => {
    const { url } = await start({ DASH_ADAPTER, DASH_AUTH: 'ops:secret', DASH_ACTIONS: '1' });
    const authorization = `Basic ${Buffer.from('ops:secret').toString('base64')}`;
    const response = await fetch(`${url}/flame`);
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Basic realm="flame"')]);
    expect(await status(`${url}/flame/events`)).toBe(401);
    expect(await status(`${url}/flame/pools/work/pause`, { method: 'POST' })).toBe(401);
    expect(await status(`${url}/flame`, { headers: { authorization } })).toBe(200);
  });
});

describe('FlameDashboardModule', () => {
  it('uses the host that a proxy forwards if Express trusts the proxy', async () => {
    const { url } = await start({ DASH_TRUST: '1' });
    const from = (origin: string): Promise<number> =>
      ask(`${url}/flame/events`, 'GET', { origin, 'x-forwarded-host': 'ops.example, inner' }).then((answer) => answer.status);
    expect(await from('https://ops.example')).toBe(200);
    expect(await from('https://inner')).toBe(403);
  });

  it('serves a page that reads nothing, without buffering for it', async () => {
    const { app, url } = await start();
    const stalled = request(`${url}/flame/events`, (response) => response.pause()).end();
    await fetch(`${url}/sleep/10?times=2000`);
    const watching = await Watching.start(`${url}/flame/events`);
    await watching.until((pool) => pool.runners.length > 0);
    stalled.destroy();
    app.process.kill('SIGTERM');
    expect(await app.exited).toMatchObject({ signal: 'SIGTERM' });
  });

  it('does nothing in runners', async () => {
    const { url } = await start({ DASH_BACKEND: 'process', NODE_ENV: 'production', DASH_AUTH: 'ops:secret' });
    const stats = async (): Promise<{ calls: { returned: number } }> =>
      (await fetch(`${url}/stats`)).json() as Promise<{ calls: { returned: number } }>;
    await fetch(`${url}/sleep/1`);
    await expect.poll(stats, { timeout: 40_000 }).toMatchObject({ calls: { returned: 1 } });
  });
});
