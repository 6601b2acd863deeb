import * as tslib from 'tslib';

/** A service as people write it, in TypeScript; its `run` gives the same however it is compiled. */
export const source = `import { Inject, Injectable } from '@nestjs/common';
import { Flame } from 'nestjs-flame';
import { double } from './double';
import type { Video } from './video';

export enum Size { Small = 2, Large = 10 }
namespace Limits { export const most = 7; export const of = (flame: Flame, x: number) => flame.call('p', () => x + most); }

@Injectable()
export class Videos {
  static readonly suffix = '.mp4';
  #secret = 'secret';
  private readonly label: string = 'label';

  constructor(@Inject(Flame) private readonly flame: Flame, private readonly other?: Video) {}

  async run<T>(a: T, b: number): Promise<unknown> {
    const { x = b, ...rest } = { y: 1 } as { x?: number; y: number };
    const first = await this.flame.call('ffmpeg', async () => [this.label, this.#secret, Videos.suffix, a, double(x), rest, Size.Large, this.other?.title ?? b]);
    const second = await this.flame.map('ffmpeg', [1, 2], async (item: number, index): Promise<number> => item * b + index);
    const third: unknown[] = [];
    for await (const page of this.flame.call('ffmpeg', async function* (this: Videos) { yield this.label; yield await a; }) as AsyncIterable<unknown>) third.push(page);
    for (const item of [1, 2]) third.push(await this.flame.call('ffmpeg', async () => this.flame.call('p', async () => this.label + item)));
    return [first, second, third, await Limits.of(this.flame, b)];
  }
}

export const run = (flame: Flame & { self?: unknown }) => (flame.self = new Videos(flame)).run('a', 2);
`;

/** What its `run` gives. */
export const result = [['label', 'secret', '.mp4', 'a', 4, { y: 1 }, 10, 2], [2, 5], ['label', 'a', 'label1', 'label2'], 9];

class Flame {}

/** What it imports. */
export const modules = {
  tslib,
  '@nestjs/common': { Injectable: () => () => undefined, Inject: () => () => undefined },
  'nestjs-flame': { Flame },
  './double': { double: (value: number) => value * 2 },
};
