import type { Link } from '../../libs/flame/src/transport/session/link.js';
import { MemoryAttachServer } from '../../libs/flame/src/transport/attach/memory-attach-server.js';
import { manifest, WireRig } from '../support/wire-rig.js';
import { fairLinkContract, linkContract, type LinkRig } from './link.contract.js';

linkContract('the in-memory link', async () => new MemoryRig());
linkContract('the gRPC link over a Unix socket', async () => new WireRig('host'));
linkContract('the gRPC link over TLS', async () => new WireRig('network'));

fairLinkContract('the gRPC link over a Unix socket', async () => new WireRig('host'));
fairLinkContract('the gRPC link over TLS', async () => new WireRig('network'));

class MemoryRig implements LinkRig {
  readonly #door = new MemoryAttachServer();
  #runners = 0;

  async pair(): Promise<{ parent: Link; runner: Link }> {
    const runner = `runner-${++this.#runners}`;
    const attached = this.#door.expect({ runner, token: 't', manifest }, new AbortController().signal);
    const end = this.#door.attach('t', { runner, manifest, pid: 1, host: 'h', node: '20' });
    return { parent: (await attached).link, runner: end };
  }

  close(): Promise<void> {
    return this.#door.close();
  }
}
