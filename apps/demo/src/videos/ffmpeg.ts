import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import ffmpeg from '@ffmpeg-installer/ffmpeg';
import { Injectable } from '@nestjs/common';

/** ffmpeg did not like what it was given; the message is its own. */
export class FfmpegError extends Error {
  override readonly name = 'FfmpegError';
}

/** The ffmpeg program, as the package `@ffmpeg-installer/ffmpeg` ships it. */
@Injectable()
export class Ffmpeg {
  /**
   * Runs it once, on one core, and answers with what it writes to its standard output (`-`).
   *
   * @param signal ends it; the promise then rejects with the signal's reason
   * @throws {FfmpegError} when it exits with an error.
   */
  async run(args: readonly string[], signal?: AbortSignal): Promise<Buffer> {
    signal?.throwIfAborted();
    const child = spawn(ffmpeg.path, ['-v', 'error', '-nostdin', '-y', '-threads', '1', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const kill = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', kill, { once: true });
    const written = buffer(child.stdout);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2_000)));
    try {
      const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
      signal?.throwIfAborted();
      if (code !== 0) throw new FfmpegError(said.trim() || `ffmpeg ended with ${code ?? 'a signal'}`);
      return await written;
    } finally {
      signal?.removeEventListener('abort', kill);
    }
  }
}
