import { describe, expect, it } from 'vitest';
import { Ffmpeg, FfmpegError } from './ffmpeg.js';

const endless = ['-re', '-f', 'lavfi', '-i', 'testsrc=size=16x16', '-f', 'null', '-'];

describe('Ffmpeg', () => {
  it("rejects bad input with the program's message", async () => {
    await expect(new Ffmpeg().run(['-i', import.meta.filename, '-f', 'null', '-'])).rejects.toThrow(FfmpegError);
    await expect(new Ffmpeg().run(['-i', import.meta.filename, '-f', 'null', '-'])).rejects.toThrow('Invalid data found');
  });

  it("is ended by its signal, with the signal's reason", async () => {
    const stop = new AbortController();
    const running = new Ffmpeg().run(endless, stop.signal);
    stop.abort(new Error('nobody waits any more'));
    await expect(running).rejects.toThrow('nobody waits any more');
  });

  it('does not start under a signal that has aborted', async () => {
    await expect(new Ffmpeg().run(['-no-such-option'], AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });
});
