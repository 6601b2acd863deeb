import { readFile } from 'node:fs/promises';
import type { AppClient } from './app-client.js';
import type { Clip } from './clip.js';
import { readPng } from './png.js';

/** How far one video of the batch is. */
export interface VideoProgress {
  state: 'waiting' | 'answered' | 'checked' | 'failed';
  /** Thumbnails fetched and found right. */
  thumbnails: number;
}

/** The demo's work: one clip posted several times at once, and every thumbnail that comes back looked at. */
export class Batch {
  readonly videos: readonly VideoProgress[];
  /** The ids that the app gave to the videos. */
  readonly ids: string[] = [];
  /** The processes that made the thumbnails. */
  readonly madeBy = new Set<number>();
  /** Milliseconds from the first post to the last answer. */
  took = 0;
  readonly #client: AppClient;
  readonly #clip: Clip;

  constructor(client: AppClient, clip: Clip, count: number) {
    this.#client = client;
    this.#clip = clip;
    this.videos = Array.from({ length: count }, () => ({ state: 'waiting', thumbnails: 0 }));
  }

  /** Thumbnails that have arrived, of all that must. */
  get arrived(): number {
    return this.videos.reduce((sum, { thumbnails }) => sum + thumbnails, 0);
  }

  get expected(): number {
    return this.videos.length * this.#clip.thumbnails;
  }

  /** @throws {AggregateError} when all videos are through and some failed. */
  async run(signal: AbortSignal): Promise<void> {
    const content = await readFile(this.#clip.path);
    const start = performance.now();
    const all = await Promise.allSettled(this.videos.map((video) => this.#send(video, content, start, signal)));
    signal.throwIfAborted();
    const errors = all.filter((one) => one.status === 'rejected').map(({ reason }) => reason as Error);
    if (errors.length > 0)
      throw new AggregateError(errors, `${errors.length} of ${this.videos.length} videos failed: ${errors[0]?.message}`);
  }

  async #send(video: VideoProgress, content: Buffer, start: number, signal: AbortSignal): Promise<void> {
    try {
      const { id, thumbnails } = await this.#client.post(content, this.#clip.everySeconds, signal);
      this.took = performance.now() - start;
      video.state = 'answered';
      this.ids.push(id);
      this.madeBy.add((await this.#client.record(id, signal)).madeBy);
      if (thumbnails.length !== this.#clip.thumbnails)
        throw new Error(`${thumbnails.length} thumbnails came back, not ${this.#clip.thumbnails}`);
      for (const address of thumbnails) {
        this.#check(address, await this.#client.file(address, signal));
        video.thumbnails++;
      }
      video.state = 'checked';
    } catch (error) {
      video.state = 'failed';
      throw error;
    }
  }

  #check(address: string, bytes: Buffer): void {
    const { width, height } = this.#clip.thumbnail;
    try {
      const size = readPng(bytes);
      if (size.width !== width || size.height !== height) throw new Error(`it is ${size.width}×${size.height}, not ${width}×${height}`);
    } catch (error) {
      throw new Error(`${address} is not the PNG that it should be: ${(error as Error).message}`, { cause: error });
    }
  }
}
