import { randomInt } from 'node:crypto';
import type { ModuleMetadata } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { FlameRpcModule, RegionRpc } from 'nestjs-flame/rpc';
import type { Discovery, FlameRpcOptions, FoundInstance } from 'nestjs-flame/rpc';
import { startApp } from './nest-app.js';
import { until } from './process-table.js';

export const secret = 'a secret that all instances of a test share';

/** A loopback address that no other test listens on. */
export function ownHost(): string {
  return `127.${randomInt(1, 255)}.${randomInt(255)}.${randomInt(1, 255)}`;
}

/** A discovery whose result the test sets. */
export class ToldDiscovery implements Discovery {
  readonly found: FoundInstance[] = [];

  async find(): Promise<readonly FoundInstance[]> {
    return this.found;
  }
}

/** Instances of apps in this process that discover each other. */
export class Regions {
  readonly discovery = new ToldDiscovery();

  async start(myRegion: string, metadata: ModuleMetadata, options: FlameRpcOptions = {}): Promise<TestingModule> {
    const { imports = [], ...rest } = metadata;
    const host = ownHost();
    const rpc = FlameRpcModule.forRoot({
      myRegion,
      primaryRegion: 'syd',
      secret,
      host,
      refreshEvery: 50,
      discovery: this.discovery,
      ...options,
    });
    const app = await startApp({ imports: [...imports, rpc], ...rest });
    if (options.discovery === undefined) this.discovery.found.push({ address: `${host}:${options.port ?? 7171}` });
    return app;
  }

  /** Waits until an app sees that many instances, including itself. */
  async see(app: TestingModule, count: number): Promise<void> {
    await until(() => app.get(RegionRpc).instances().length === count);
  }
}
