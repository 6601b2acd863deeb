import type { Link } from '../../libs/flame/src/transport/session/link.js';
import { MemoryAttachServer } from '../../libs/flame/src/transport/attach/memory-attach-server.js';
import { manifest, AttachRig } from '../support/attach-rig.js';
import { fairLinkContract, linkContract, type LinkRig } from './link.contract.js';

linkContract('the in-memory link', async () => new MemoryRig());
linkContract('the gRPC link over a Unix socket', async () => new AttachRig('host'));
linkContract('the gRPC link over TLS', async () => new AttachRig('network'));

fairLinkContract('the gRPC link over a Unix socket', async () => new AttachRig('host'));
fairLinkContract('the gRPC link over TLS', async () => new AttachRig('network'));

class MemoryRig implements LinkRig {
  readonly #server = new MemoryAttachServer();
  #runners = 0;

  async pair(): Promise<{ parent: Link; runner: Link }> {
    const runner = `runner-${++this.#runners}`;
    const attached = this.#server.expect({ runner, token: 't', manifest }, new AbortController().signal);
    const end = this.#server.attach('t', { runner, manifest, pid: 1, host: 'h', node: '20' });
    return { parent: (await attached).link, runner: end };
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}
