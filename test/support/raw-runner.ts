import { Client, type ClientDuplexStream, credentials, type StatusObject } from '@grpc/grpc-js';
import type { Manifest } from '../../libs/flame/src/core/manifest.js';
import { attachPath } from '../../libs/flame/src/transport/grpc/grpc-options.js';
import { helloPacket, introductionPacket, readWelcome } from '../../libs/flame/src/transport/protocol/introduction.js';
import { ProtoWriter } from '../../libs/flame/src/transport/protocol/protobuf.js';

/** A runner without our client, which writes arbitrary bytes to an attach stream on a Unix socket. */
export class RawRunner {
  /** How the stream ended. */
  readonly status: Promise<StatusObject>;
  readonly packets: Buffer[] = [];
  readonly #checks = new Set<() => void>();
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;

  constructor(address: string) {
    const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    const asIs = (bytes: Buffer): Buffer => bytes;
    this.#stream = client.makeBidiStreamRequest(attachPath, asIs, asIs);
    this.#stream.on('data', (packet: Buffer) => {
      this.packets.push(packet);
      for (const check of this.#checks) check();
    });
    // The status says it, too.
    this.#stream.on('error', () => {});
    this.status = new Promise((resolve) => {
      this.#stream.on('status', (status: StatusObject) => {
        client.close();
        resolve(status);
      });
    });
  }

  write(bytes: Buffer): void {
    this.#stream.write(bytes);
  }

  hello(runner: string, token: string, manifest: Manifest): void {
    const about = { runner, manifest, pid: 1, host: 'h', node: '20' };
    this.write(helloPacket({ runner, token, session: new Uint8Array(0), received: 0 }, about));
  }

  /** A hello with arbitrary bytes after the credentials. */
  helloWith({ runner, token }: { runner: string; token: string }, about: Uint8Array): void {
    const out = new ProtoWriter(64);
    out.string(10, runner);
    out.string(18, token);
    out.blob(42, about);
    this.write(introductionPacket('hello', out.bytes.subarray(0, out.at)));
  }

  resume(runner: string, session: Uint8Array, received: number): void {
    const manifest: Manifest = { version: '', protocol: 0, handlers: [], digest: '' };
    this.write(helloPacket({ runner, token: '', session, received }, { runner, manifest, pid: 1, host: 'h', node: '20' }));
  }

  /** The session's key from the welcome. */
  async key(): Promise<Uint8Array> {
    await this.received(1);
    return readWelcome(this.packets[0]!).session;
  }

  /** Resolves when it has received `count` packets. */
  received(count: number): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.packets.length < count) return;
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }
}
