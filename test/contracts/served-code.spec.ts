import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { type ClientReadableStream, Client, loadPackageDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchArchive } from '../../libs/flame/src/backends/ship/loader/fetch-archive.js';
import type { Parent } from '../../libs/flame/src/backends/ship/loader/fetch-archive.js';
import type { ServedCode } from '../../libs/flame/src/transport/session/link.js';
import { pinned } from '../../libs/flame/src/transport/grpc/client-credentials.js';
import { AttachRig } from '../support/attach-rig.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { call, closed, connectTo, message, preface } from '../support/raw-http2.js';

const archive = randomBytes(3 * 1024 * 1024 + 17);

interface FetchRequest {
  readonly runner?: string;
  readonly token?: string;
  readonly part?: 'LOADER' | 'ARCHIVE';
  readonly offset?: number;
}
type CodeClient = Client & { fetch(request: FetchRequest): ClientReadableStream<{ data: Buffer }> };

/** A client that gRPC makes from our proto file. */
const { flame } = loadPackageDefinition(loadSync(join(import.meta.dirname, '../../proto/flame/v1/code.proto'))) as unknown as {
  flame: { v1: { Code: new (...args: ConstructorParameters<typeof Client>) => CodeClient } };
};

/** A parent that expects a runner whose machine fetches its code. */
async function serve(code: Partial<ServedCode> = {}, options: ConstructorParameters<typeof AttachRig>[1] = {}) {
  const rig = new AttachRig('network', options);
  onTestFinished(() => rig.close());
  const info = await rig.info();
  const boot = new AbortController();
  const attached = rig.expect(info, boot.signal);
  attached.catch(() => {});
  const served: ServedCode = {
    bytes: archive.length,
    loader: async () => Buffer.from('the loader'),
    read: async (offset, length) => archive.subarray(offset, offset + length),
    ...code,
  };
  await rig.server.serveCode(info.runner, served);
  const trust = pinned(info.certificate!);
  const client = new flame.v1.Code(info.address, trust.credentials, trust.options);
  onTestFinished(() => client.close());
  const fetch = (request: FetchRequest = {}): ClientReadableStream<{ data: Buffer }> =>
    client.fetch({ runner: info.runner, token: info.token, part: 'ARCHIVE', ...request });
  return { rig, info, boot, attached, client, fetch };
}

async function read(stream: ClientReadableStream<{ data: Buffer }>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const { data } of stream as AsyncIterable<{ data: Buffer }>) pieces.push(data);
  return Buffer.concat(pieces);
}

const codeOf = (stream: ClientReadableStream<{ data: Buffer }>): Promise<status | undefined> =>
  read(stream).then(
    () => status.OK,
    (error: ServiceError) => error.code,
  );

const same = (bytes: Buffer): boolean =>
  createHash('sha1').update(bytes).digest('hex') === createHash('sha1').update(archive).digest('hex');

describe('Code/Fetch', () => {
  it('gives the machine of an expected runner the loader and the archive, from any offset on', async () => {
    const sent = vi.fn<(bytes: number) => void>();
    const { fetch } = await serve({ onSent: sent });
    expect(String(await read(fetch({ part: 'LOADER' })))).toBe('the loader');
    expect(sent).not.toHaveBeenCalled();
    expect(same(await read(fetch()))).toBe(true);
    expect(sent).toHaveBeenLastCalledWith(archive.length);
    const rest = await read(fetch({ offset: archive.length - 10 }));
    expect(rest.equals(archive.subarray(-10))).toBe(true);
    expect(await codeOf(fetch({ offset: archive.length }))).toBe(status.OK);
    expect(await codeOf(fetch({ offset: archive.length + 1 }))).toBe(status.OUT_OF_RANGE);
  });

  it.each([
    ['another token', { token: 'token of runner-2' }],
    ['no token', { token: '' }],
    ['a runner that is not expected', { runner: 'runner-9' }],
    ['no runner', { runner: '' }],
  ])('refuses %s, for the loader too', async (_, request) => {
    const { fetch } = await serve();
    expect(await codeOf(fetch(request))).toBe(status.UNAUTHENTICATED);
    expect(await codeOf(fetch({ ...request, part: 'LOADER' }))).toBe(status.UNAUTHENTICATED);
  });

  it('leaves the token valid for the attachment, and refuses it afterwards', async () => {
    const { rig, info, fetch, attached } = await serve();
    await read(fetch());
    await rig.dial(info);
    await attached;
    expect(await codeOf(fetch())).toBe(status.UNAUTHENTICATED);
  });

  it('refuses a machine whose boot is over, and stops a transfer then', async () => {
    let served = 0;
    const { fetch, boot } = await serve({
      bytes: 1e9,
      read: async (_, length) => {
        if (++served === 5) boot.abort(new Error('the boot is over'));
        return Buffer.alloc(length);
      },
    });
    expect(await codeOf(fetch())).toBe(status.ABORTED);
    expect(served).toBeLessThan(10);
    expect(await codeOf(fetch())).toBe(status.UNAUTHENTICATED);
  });

  it('has no code for a runner whose code is not shipped', async () => {
    const { rig, fetch } = await serve();
    const other = await rig.info();
    rig.expect(other).catch(() => {});
    expect(await codeOf(fetch({ runner: other.runner, token: other.token }))).toBe(status.NOT_FOUND);
  });

  it('lets a boot fetch a hundred times', async () => {
    const { fetch } = await serve();
    for (let n = 0; n < 100; n++) expect(await codeOf(fetch({ part: 'LOADER' }))).toBe(status.OK);
    expect(await codeOf(fetch({ part: 'LOADER' }))).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('reads no more than a machine takes', async () => {
    let furthest = 0;
    const { fetch } = await serve({
      bytes: 1e9,
      read: async (offset, length) => {
        furthest = offset + length;
        return Buffer.alloc(length);
      },
    });
    const stream = fetch();
    onTestFinished(() => stream.cancel());
    stream.on('error', () => {});
    await once(stream, 'readable');
    // Nothing more comes when the buffers are full.
    await expect
      .poll(
        async () => {
          const before = furthest;
          await new Promise((resolve) => setTimeout(resolve, 200));
          return furthest - before;
        },
        { timeout: 10_000 },
      )
      .toBe(0);
    expect(furthest).toBeLessThan(40 * 1024 * 1024);
  });

  it('ends a transfer whose archive cannot be read', async () => {
    const { fetch } = await serve({ read: () => Promise.reject(new Error('EIO: the disk is gone')) });
    await expect(read(fetch())).rejects.toMatchObject({ code: status.INTERNAL, details: 'EIO: the disk is gone' });
  });

  it('limits connections that have not authenticated here, too', async () => {
    const { rig, info } = await serve({}, { preAuth: { maxBytes: 4_096 } });
    const socket = connectTo({ address: info.address });
    await once(socket, 'secureConnect');
    const over = closed(socket);
    const wrong = Buffer.concat([Buffer.from([0x0a, 1]), Buffer.from('x')]);
    socket.write(preface);
    for (let n = 0; n < 2_000 && socket.writable; n++) {
      const stream = n * 2 + 1;
      await new Promise((written) => socket.write(Buffer.concat([call(stream, '/flame.v1.Code/Fetch'), message(stream, wrong)]), written));
    }
    await over;
    expect(await rig.pair()).toBeDefined();
  });

  it('decompresses nothing', async () => {
    const { info } = await serve();
    const trust = pinned(info.certificate!);
    const client = new flame.v1.Code(info.address, trust.credentials, { ...trust.options, 'grpc.default_compression_algorithm': 2 });
    onTestFinished(() => client.close());
    expect(await codeOf(client.fetch({ runner: info.runner, token: info.token }))).toBe(status.UNIMPLEMENTED);
  });
});

describe('fetchArchive', () => {
  const parentOf = (info: Awaited<ReturnType<typeof serve>>['info'], more: Partial<Parent> = {}): Parent => ({
    ...info,
    bootTimeout: 5_000,
    code: { hash: '', bytes: archive.length, unpacked: 0, main: '', folder: '', preloads: [] },
    ...more,
  });
  const collect = async (parent: Parent): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    for await (const piece of fetchArchive(parent)) pieces.push(piece);
    return Buffer.concat(pieces);
  };

  it('goes on after a cut with what is missing', async () => {
    const sent: number[] = [];
    const reads: number[] = [];
    let cut = false;
    const { info } = await serve({
      onSent: (bytes) => sent.push(bytes),
      read: async (offset, length) => {
        reads.push(offset);
        if (offset > archive.length / 2 && !cut) {
          cut = true;
          // What was sent before has arrived when the connection is cut.
          await expect.poll(() => got).toBeGreaterThan(1_000_000);
          proxy.drop();
        }
        return archive.subarray(offset, offset + length);
      },
    });
    const proxy = await CuttingProxy.before(info.address);
    onTestFinished(() => proxy.close());
    let got = 0;
    const hash = createHash('sha1');
    for await (const piece of fetchArchive(parentOf(info, { address: proxy.address }))) {
      hash.update(piece);
      got += piece.length;
    }
    expect(hash.digest('hex')).toBe(createHash('sha1').update(archive).digest('hex'));
    expect(cut).toBe(true);
    expect(reads.filter((offset) => offset === 0)).toHaveLength(1);
  });

  it('gives up when nothing has come for bootTimeout, with how much had come', async () => {
    const { info, rig } = await serve();
    const proxy = await CuttingProxy.before(info.address);
    onTestFinished(() => proxy.close());
    proxy.cut();
    const parent = parentOf(info, { address: proxy.address, bootTimeout: 600 });
    await expect(collect(parent)).rejects.toThrow(
      new RegExp(`failed after 0 of ${archive.length} bytes, and no more came within bootTimeout \\(600 ms\\)`),
    );
    expect(rig).toBeDefined();
  });

  it('trusts only the certificate of its parent', async () => {
    const { info } = await serve();
    const { info: other } = await serve();
    await expect(collect(parentOf(info, { certificate: other.certificate!, bootTimeout: 300 }))).rejects.toThrow(
      /no more came within bootTimeout.*self-signed certificate/,
    );
  });

  it('ends at once when the parent refuses', async () => {
    const { info } = await serve();
    await expect(collect(parentOf(info, { token: 'another' }))).rejects.toThrow(
      /sends no code: runner runner-1 may not fetch code: its token is wrong/,
    );
  });

  it('refuses more bytes than were announced', async () => {
    const { info } = await serve();
    const parent = parentOf(info);
    await expect(collect({ ...parent, code: { ...parent.code, bytes: 1_000 } })).rejects.toThrow(
      'it has more bytes than the 1000 that the parent announced',
    );
  });
});
