import { createHash } from 'node:crypto';
import { Injectable, Logger, PayloadTooLargeException } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';

@Injectable()
export class FilesService {
  readonly #log = new Logger(FilesService.name);

  @OnFlame('files')
  async digest(bytes: Buffer): Promise<{ size: number; sha256: string }> {
    return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  }

  @OnFlame('files', { handlerTimeout: 600_000 })
  async digestStream(chunks: AsyncIterable<Buffer>): Promise<{ size: number; sha256: string }> {
    const hash = createHash('sha256');
    let size = 0;
    try {
      for await (const chunk of chunks) {
        if (size === 0) this.#log.log(`reading in process ${process.pid}`);
        size += chunk.length;
        if (size > 100_000_000) throw new PayloadTooLargeException();
        hash.update(chunk);
      }
    } catch (error) {
      this.#log.warn(`stopped after ${size} bytes: ${error.message}`);
      throw error;
    }
    return { size, sha256: hash.digest('hex') };
  }
}
