import type { PoolStats } from 'nestjs-flame';
import type { VideoRecord } from '../videos/video.js';

/** What the app answers to a video. */
export interface Answer {
  readonly id: string;
  readonly thumbnails: readonly string[];
}

/** The app's API, as a client of it sees it. */
export class AppClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async post(video: Buffer, everySeconds: number, signal: AbortSignal): Promise<Answer> {
    const headers = { 'content-type': 'video/mp4' };
    const response = await this.#fetch(`/videos?every=${everySeconds}`, { method: 'POST', headers, body: new Uint8Array(video), signal });
    return (await response.json()) as Answer;
  }

  async record(id: string, signal: AbortSignal): Promise<VideoRecord> {
    const response = await this.#fetch(`/videos/${id}`, { signal });
    return (await response.json()) as VideoRecord;
  }

  async file(address: string, signal: AbortSignal): Promise<Buffer> {
    const response = await this.#fetch(address, { signal });
    return Buffer.from(await response.arrayBuffer());
  }

  async pool(signal: AbortSignal): Promise<PoolStats> {
    const response = await this.#fetch('/pools', { signal });
    const [pool] = (await response.json()) as PoolStats[];
    if (!pool) throw new Error('GET /pools names no pool');
    return pool;
  }

  async #fetch(address: string, init: RequestInit): Promise<Response> {
    const response = await fetch(new URL(address, this.#url), init);
    if (!response.ok)
      throw new HttpError(
        response.status,
        `${init.method ?? 'GET'} ${address} was answered with ${response.status}: ${await response.text()}`,
      );
    return response;
  }
}

/** The app refused, or failed. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}
