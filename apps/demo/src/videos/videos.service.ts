import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, Logger, UnprocessableEntityException } from '@nestjs/common';
import { Flame, FlameCall, OnFlame } from 'nestjs-flame';
import { Ffmpeg, FfmpegError } from './ffmpeg.js';
import { VideoStore } from './video-store.js';
import type { Video } from './video.js';

@Injectable()
export class VideosService {
  readonly #logger = new Logger(VideosService.name);

  constructor(
    private readonly ffmpeg: Ffmpeg,
    private readonly store: VideoStore,
    private readonly flame: Flame,
  ) {}

  /** Makes a thumbnail of every so many seconds of the video, on a runner, and answers with their addresses. */
  @OnFlame('ffmpeg', { handlerTimeout: 60_000 })
  async thumbnails(video: Video, everySeconds: number): Promise<string[]> {
    const folder = await mkdtemp(join(tmpdir(), 'thumbnails-'));
    try {
      const pattern = join(folder, '%03d.png');
      await this.ffmpeg.run(
        ['-i', video.url, '-vf', `fps=1/${everySeconds},scale=320:-2`, '-threads', '1', pattern],
        FlameCall.current()?.signal,
      );
      const files = (await readdir(folder)).sort().map((name) => join(folder, name));
      this.#logger.log(`${files.length} thumbnails of ${video.id}`);
      return await this.store.putThumbnails(video, files);
    } catch (error) {
      if (!(error instanceof FfmpegError)) throw error;
      // Thrown on a runner, it is HTTP status 422 at the parent.
      throw new UnprocessableEntityException(`This is not a video that ffmpeg can read: ${error.message}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** All thumbnails of the video in one picture, as PNG; undefined for a video that has none. */
  async sheet(id: string, columns: number): Promise<Buffer | undefined> {
    const record = await this.store.record(id);
    if (!record) return undefined;
    const rows = Math.ceil(record.thumbnails.length / columns);
    // An inline function: the variables travel as values, and `this` is the runner's own service.
    return this.flame.call('ffmpeg', async () => {
      const tiles = ['-i', this.store.thumbnailsUrl(id), '-vf', `tile=${columns}x${rows}`, '-frames:v', '1'];
      return this.ffmpeg.run([...tiles, '-f', 'image2pipe', '-c:v', 'png', '-'], FlameCall.current()?.signal);
    });
  }
}
