import { Injectable } from '@nestjs/common';
import { Flame } from 'nestjs-flame';
import { extractFrames } from './frames.js';
import { VideoStore } from './video-store.js';

export interface Video {
  readonly id: string;
  readonly url: string;
}

@Injectable()
export class VideosService {
  constructor(
    private readonly flame: Flame,
    private readonly store: VideoStore,
  ) {}

  async publish(video: Video, every: number): Promise<string[]> {
    const urls = await this.flame.call('ffmpeg', async () => {
      const frames = await extractFrames(video.url, every); // video and every travel as values
      return this.store.put(video.id, frames); // this is the runner's own VideosService
    });
    return urls;
  }

  async read(pages: AsyncIterable<string>, language: string): Promise<string[]> {
    const texts: string[] = [];
    const results = this.flame.map('ocr', pages, async (page, index) => `${index}: ${await this.store.text(page, language)}`);
    for await (const text of results) texts.push(text);
    return texts;
  }

  async readWhatCanBeRead(pages: string[]): Promise<{ texts: string[]; failed: number[] }> {
    const texts: string[] = [];
    const failed: number[] = [];
    const options = { concurrency: 20, ordered: false, settle: true } as const;
    for await (const result of this.flame.map('ocr', pages, async (page) => this.store.text(page, 'en'), options)) {
      if (result.status === 'fulfilled') texts.push(result.value);
      else failed.push(result.index);
    }
    return { texts, failed };
  }
}
