import { Client, type ClientDuplexStream, credentials, type StatusObject } from '@grpc/grpc-js';
import type { Manifest } from '../../libs/flame/src/core/manifest.js';
import { attachPath } from '../../libs/flame/src/wire/grpc-options.js';
import { helloPacket } from '../../libs/flame/src/wire/introduction.js';

/** A runner without our client: it writes whatever bytes a test wants to an attach stream on a Unix socket. */
export class RawRunner {
  /** How the stream ended. */
  readonly status: Promise<StatusObject>;
  readonly packets: Buffer[] = [];
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;

  constructor(address: string) {
    const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    const asIs = (bytes: Buffer): Buffer => bytes;
    this.#stream = client.makeBidiStreamRequest(attachPath, asIs, asIs);
    this.#stream.on('data', (packet: Buffer) => this.packets.push(packet));
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
}
