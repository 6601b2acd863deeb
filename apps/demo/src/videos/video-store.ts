import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Video, VideoRecord } from './video.js';

/**
 * Keeps videos, their thumbnails and what is known of them: a folder that stands in for an object store and a database. As with those, parent and runner each
 * have an instance of their own and see the same content.
 */
export class VideoStore {
  readonly #folder: string;

  /** @param folder is made when it is first written to */
  constructor(folder = join(tmpdir(), 'flame-demo-store')) {
    this.#folder = folder;
  }

  async putVideo(content: Readable): Promise<Video> {
    const id = randomUUID();
    const url = join(this.#folder, id, 'video');
    await mkdir(join(this.#folder, id), { recursive: true });
    try {
      await pipeline(content, createWriteStream(url));
    } catch (error) {
      await this.drop({ id, url });
      throw error;
    }
    return { id, url };
  }

  /** Takes the files in and writes the video's record; answers with the thumbnails' addresses. */
  async putThumbnails({ id }: Video, files: readonly string[]): Promise<string[]> {
    for (const file of files) await copyFile(file, join(this.#folder, id, basename(file)));
    const thumbnails = files.map((file) => `/videos/${id}/thumbnails/${basename(file)}`);
    const record: VideoRecord = { id, thumbnails, madeBy: process.pid };
    // Renamed into its place, so that nobody reads half of it.
    const place = this.#recordOf(id);
    await writeFile(`${place}.new`, JSON.stringify(record));
    await rename(`${place}.new`, place);
    return thumbnails;
  }

  /** Undefined for a video that has no thumbnails. */
  async record(id: string): Promise<VideoRecord | undefined> {
    const text = await readFile(this.#recordOf(id), 'utf8').catch(ifMissing);
    return text === undefined ? undefined : (JSON.parse(text) as VideoRecord);
  }

  /** Where ffmpeg reads a video's thumbnails: a pattern of their numbers. */
  thumbnailsUrl(id: string): string {
    return join(this.#folder, id, '%03d.png');
  }

  /** Undefined for what is not a thumbnail of the video. */
  async thumbnail(id: string, name: string): Promise<Readable | undefined> {
    const record = await this.record(id);
    if (!record?.thumbnails.some((address) => basename(address) === name)) return undefined;
    return createReadStream(join(this.#folder, id, name));
  }

  /** Forgets a video and all that belongs to it. */
  async drop({ id }: Video): Promise<void> {
    await rm(join(this.#folder, id), { recursive: true, force: true });
  }

  #recordOf(id: string): string {
    return join(this.#folder, id, 'record.json');
  }
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
