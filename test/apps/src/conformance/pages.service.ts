import { Injectable } from '@nestjs/common';
import { FlameResource, OnFlame } from 'nestjs-flame';
import type { FlameTrackable } from 'nestjs-flame';
import { mark } from './work.service.js';

/** Something alive that leaves a mark when it is released. */
export class Page implements FlameTrackable {
  readonly #file: string;

  constructor(
    readonly url: string,
    file: string,
  ) {
    this.#file = file;
  }

  onFlameRelease(): void {
    mark(this.#file, `released ${this.url}`);
  }
}

/** Handlers that hand out resources. */
@Injectable()
export class PagesService {
  @OnFlame('p', { trackResources: true })
  async open(file: string, url: string): Promise<FlameResource<Page>> {
    return FlameResource.of(new Page(url, file));
  }

  @OnFlame('p', { trackResources: true })
  async openMany(file: string): Promise<unknown> {
    return {
      list: [new Page('list', file)],
      map: new Map([['key', new Page('map', file)]]),
      set: new Set([new Page('set', file)]),
      deep: { in: { an: [{ object: new Page('deep', file) }] } },
    };
  }

  @OnFlame('p', { trackResources: false })
  async describe(file: string, url: string): Promise<Page> {
    return new Page(url, file);
  }

  /** As the pool decides. */
  @OnFlame('p')
  async either(file: string, url: string): Promise<unknown> {
    return new Page(url, file);
  }
}
