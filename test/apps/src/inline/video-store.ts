import { Injectable } from '@nestjs/common';

/** Stands for what a runner has of its own, such as a connection. */
@Injectable()
export class VideoStore {
  async put(id: string, frames: readonly number[]): Promise<string[]> {
    return frames.map((frame) => `${id}/${frame} by ${process.pid}`);
  }

  async text(page: string, language: string): Promise<string> {
    if (page === 'torn') throw new RangeError('the page is torn');
    return `${page} in ${language} by ${process.pid}`;
  }
}
