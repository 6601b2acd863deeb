import type { Manifest } from '../../libs/flame/src/core/manifest.js';
import { dial, type DialOptions } from '../../libs/flame/src/transport/attach/attach-client.js';
import { GrpcAttachServer, type GrpcAttachServerOptions } from '../../libs/flame/src/transport/attach/grpc-attach-server.js';
import type { Attachment, Link } from '../../libs/flame/src/transport/session/link.js';

export const manifest: Manifest = { version: '1.0.0', protocol: 1, handlers: ['Videos.cut', 'Videos.join'], digest: 'd1' };

/** An attach server and runners that dial it, in one process. */
export class AttachRig {
  readonly server: GrpcAttachServer;
  readonly reach: 'host' | 'network';
  readonly links: Link[] = [];
  #runners = 0;

  constructor(reach: 'host' | 'network', options: GrpcAttachServerOptions = {}) {
    this.reach = reach;
    this.server = new GrpcAttachServer({ bind: '127.0.0.1', ...options });
  }

  /** The `ParentInfo` for a new runner. */
  async info(more: Partial<DialOptions['info']> = {}): Promise<DialOptions['info']> {
    const runner = `runner-${++this.#runners}`;
    const address = await this.server.address(this.reach);
    return { runner, token: `token of ${runner}`, reconnectTimeout: 5_000, maxPayload: 64 * 1024 * 1024, ...address, ...more };
  }

  expect(info: DialOptions['info'], signal: AbortSignal = new AbortController().signal): Promise<Attachment> {
    return this.server.expect({ runner: info.runner, token: info.token, manifest, onThisHost: this.reach === 'host' }, signal);
  }

  async dial(info: DialOptions['info'], more: Partial<DialOptions> = {}): Promise<Link> {
    const link = await dial({ info, manifest, ...more });
    this.links.push(link);
    return link;
  }

  /** `told` changes the runner's `ParentInfo`, but not what the server expects. */
  async pair(told: Partial<DialOptions['info']> = {}): Promise<{ parent: Link; runner: Link }> {
    const info = await this.info();
    const attached = this.expect(info);
    const runner = await this.dial({ ...info, ...told });
    return { parent: (await attached).link, runner };
  }

  async close(): Promise<void> {
    await Promise.all(this.links.map((link) => link.close('the test is over')));
    await this.server.close();
  }
}
