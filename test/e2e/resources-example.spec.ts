import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { FlameModule, FlameResource, InjectPool, OnFlame } from 'nestjs-flame';
import type { FlamePool, FlameTrackable } from 'nestjs-flame';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/process-table.js';

// docs/resources.md shows what follows.
class Preview implements FlameTrackable {
  readonly #server: Server;

  constructor(
    readonly url: string,
    server: Server,
  ) {
    this.#server = server;
  }

  async onFlameRelease(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

@Injectable()
class PreviewsService {
  constructor(@InjectPool('previews') readonly pool: FlamePool) {}

  @OnFlame('previews', { trackResources: true })
  async open(): Promise<FlameResource<Preview>> {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    return FlameResource.of(new Preview(`tcp://127.0.0.1:${port}`, server));
  }
}

describe('a preview on a runner', () => {
  let app: TestingModule;
  let previews: PreviewsService;

  beforeEach(async () => {
    app = await Test.createTestingModule({
      imports: [FlameModule.forRoot([{ name: 'previews', max: 1 }])],
      providers: [PreviewsService],
    }).compile();
    app.useLogger(false);
    await app.init();
    previews = app.get(PreviewsService);
  });

  afterEach(() => app.close());

  it('holds a slot until it is released', async () => {
    const preview = await previews.open();
    expect(preview.value.url).toMatch(/^tcp:/);
    expect(previews.pool.stats().running).toBe(1);
    await preview.release();
    await until(() => previews.pool.stats().running === 0);
  });

  it('is released by the block that holds it', async () => {
    {
      await using preview = await previews.open();
      expect(preview.value.url).toMatch(/^tcp:/);
    }
    await until(() => previews.pool.stats().running === 0);
  });
});
