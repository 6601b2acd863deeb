import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { PoolStats } from 'nestjs-flame';
import type { VideoRecord } from '../videos/video.js';

/** What the app answers to a video. */
export interface Answer {
  readonly id: string;
  readonly thumbnails: readonly string[];
}

/** The app's API, as a client of it sees it. Every call rejects with its signal's reason when that aborts. */
export class AppClient {
  readonly #url: string;
  // Not fetch(): after an aborted request it opens its connection again, unasked, and holds up the app's shutdown with it.
  readonly #agent = new Agent({ keepAlive: false });

  constructor(url: string) {
    this.#url = url;
  }

  async post(video: Buffer, everySeconds: number, signal: AbortSignal): Promise<Answer> {
    return parse<Answer>(await this.#send('POST', `/videos?every=${everySeconds}`, signal, video));
  }

  async record(id: string, signal: AbortSignal): Promise<VideoRecord> {
    return parse<VideoRecord>(await this.file(`/videos/${id}`, signal));
  }

  file(address: string, signal: AbortSignal): Promise<Buffer> {
    return this.#send('GET', address, signal);
  }

  async pool(signal: AbortSignal): Promise<PoolStats> {
    const [pool] = parse<PoolStats[]>(await this.file('/pools', signal));
    if (!pool) throw new Error('GET /pools names no pool');
    return pool;
  }

  async #send(method: string, address: string, signal: AbortSignal, video?: Buffer): Promise<Buffer> {
    signal.throwIfAborted();
    try {
      const headers = video ? { 'content-type': 'video/mp4', 'content-length': video.length } : {};
      const sent = request(new URL(address, this.#url), { method, agent: this.#agent, signal, headers }).end(video);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      const content = await buffer(response);
      const { statusCode = 0 } = response;
      if (statusCode >= 400) throw new HttpError(statusCode, `${method} ${address} was answered with ${statusCode}: ${content.toString()}`);
      return content;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
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

function parse<T>(content: Buffer): T {
  return JSON.parse(content.toString()) as T;
}
