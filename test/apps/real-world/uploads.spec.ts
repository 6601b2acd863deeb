import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/process-table.js';
import { RunningApp } from './support/running-app.js';

const megabyte = 1_000_000;

describe('an app that takes uploads', () => {
  let app: RunningApp;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flame-uploads-'));
    app = await RunningApp.serving('uploads/main.js', { UPLOADS: folder });
  });
  afterAll(async () => {
    await app?.stop();
    rmSync(folder, { recursive: true, maxRetries: 5 });
  });

  it.each(['small', 'large'])("gives a form's file to the runner: %s", async (way) => {
    const content = randomBytes(megabyte - 1);
    const { status, body } = await form(way, content);
    expect(status, app.output).toBe(201);
    expect(body).toEqual({ size: content.length, sha256: sha256(content) });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("answers 413 to a file above multer's limit", async () => {
    expect((await form('small', randomBytes(megabyte + 1))).status, app.output).toBe(413);
  });

  it('takes a body only as fast as the handler reads it', async () => {
    const upload = begin();
    const answer = answerTo(upload);
    const reader = await readingOf(upload);
    process.kill(reader, 'SIGSTOP');
    const chunk = randomBytes(megabyte);
    let taken = 0;
    for (let sent = 0; sent < 90; sent++) upload.write(chunk, () => (taken += megabyte));
    upload.end();
    let last = -1;
    while (last !== (last = taken)) await setTimeout(500);
    expect(taken, app.output).toBeLessThan(30 * megabyte);
    process.kill(reader, 'SIGCONT');
    expect(await answer, app.output).toMatchObject({ status: 201, body: { size: 90 * megabyte + 1000 } });
  });

  it('answers 413 to a body above the limit of the handler, which then stops reading', async () => {
    const upload = begin();
    upload.on('error', () => {}); // The server may close before the client has sent all.
    const answer = answerTo(upload);
    const chunk = randomBytes(megabyte);
    let answered = false;
    void answer.finally(() => (answered = true));
    while (!answered) if (!upload.write(chunk)) await Promise.race([once(upload, 'drain'), answer]);
    upload.destroy();
    expect(await answer, app.output).toMatchObject({ status: 413 });
    await app.line(/stopped after 10\d{7} bytes: Payload Too Large/);
  });

  it('ends the handler, and frees its slot, when the client leaves in the middle', async () => {
    const upload = begin();
    upload.on('error', () => {});
    await readingOf(upload);
    upload.destroy();
    await app.line(/stopped after 1000 bytes: (?!Payload)/);
    expect((await sent(randomBytes(1000))).status, app.output).toBe(201);
  });

  it('removes what multer has written when the client leaves in the middle', async () => {
    const upload = begin('large', { 'content-type': 'multipart/form-data; boundary=b' });
    upload.on('error', () => {});
    upload.write('--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n');
    upload.write(randomBytes(megabyte));
    await until(() => readdirSync(folder).length === 1);
    upload.destroy();
    await until(() => readdirSync(folder).length === 0);
  });

  it('answers 500 when the runner is lost in the middle, and takes the next upload', async () => {
    const upload = begin();
    const answer = answerTo(upload);
    process.kill(await readingOf(upload), 'SIGKILL');
    upload.on('error', () => {});
    expect(await answer, app.output).toMatchObject({ status: 500 });
    upload.destroy();
    expect((await sent(randomBytes(1000))).status, app.output).toBe(201);
  });

  async function form(way: string, content: Buffer): Promise<{ status: number; body: unknown }> {
    const body = new FormData();
    body.set('file', new Blob([content]), 'file.bin');
    const response = await fetch(`${app.url}/files/${way}`, { method: 'POST', body });
    return { status: response.status, body: await response.json() };
  }

  function begin(way = 'raw', headers: Record<string, string> = { 'content-type': 'application/octet-stream' }): ClientRequest {
    return request(`${app.url}/files/${way}`, { method: 'POST', headers });
  }

  function sent(content: Buffer): Promise<{ status: number }> {
    const upload = begin();
    const answer = answerTo(upload);
    upload.end(content);
    return answer;
  }

  /** Sends the first bytes; resolves to the process that reads them. */
  async function readingOf(upload: ClientRequest): Promise<number> {
    const lines = app.lines.length;
    upload.write(randomBytes(1000));
    const reading = /reading in process (\d+)/;
    await until(() => app.lines.slice(lines).some((line) => reading.test(line)));
    return Number(reading.exec(app.lines.slice(lines).join('\n'))![1]);
  }
});

async function answerTo(upload: ClientRequest): Promise<{ status: number; body: unknown }> {
  const [response] = (await once(upload, 'response')) as [IncomingMessage];
  return { status: response.statusCode!, body: JSON.parse(await text(response)) as unknown };
}

async function text(response: IncomingMessage): Promise<string> {
  let all = '';
  for await (const part of response) all += String(part);
  return all;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
