import { ProcessBackend } from 'nestjs-flame';
import type { BootRequest, Machine, ParentInfo } from 'nestjs-flame';
import { CuttingProxy } from './cutting-proxy.js';

/** A process backend whose runners reach their parent through a network that a test can cut. */
export class ProxiedBackend extends ProcessBackend {
  /** One for each runner, in the order of their boots. */
  readonly proxies: CuttingProxy[] = [];
  /** If true, the parent cannot end its machines: they only end by themselves. */
  powerless = false;

  override async boot(request: BootRequest): Promise<Machine> {
    const machine = await super.boot({
      ...request,
      flameParent: async (options) => {
        const info = JSON.parse(Buffer.from(await request.flameParent(options), 'base64').toString()) as ParentInfo;
        const proxy = await CuttingProxy.before(info.address);
        this.proxies.push(proxy);
        return request.flameParent({ ...options, more: { ...options?.more, address: proxy.address } });
      },
    });
    if (!this.powerless) return machine;
    return { id: machine.id, exited: machine.exited, stop: () => machine.exited.then(() => undefined) };
  }

  override async close(): Promise<void> {
    await super.close();
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
  }
}
