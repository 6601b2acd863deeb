import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Ffmpeg } from '../videos/ffmpeg.js';

/** The clip that the demo posts, and what its thumbnails must be. */
export interface Clip {
  readonly path: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly everySeconds: number;
  /** How many thumbnails it gives. */
  readonly thumbnails: number;
  readonly thumbnail: { readonly width: number; readonly height: number };
}

const part = { width: 1280, height: 720, seconds: 5 };
const parts = 18;

/** Makes the clip from ffmpeg's test source: a few seconds, which are coded once and strung together. */
export async function makeClip(folder: string, signal: AbortSignal): Promise<Clip> {
  const ffmpeg = new Ffmpeg();
  const piece = join(folder, 'part.mp4');
  const path = join(folder, 'clip.mp4');
  const source = `testsrc=size=${part.width}x${part.height}:rate=25:duration=${part.seconds}`;
  await ffmpeg.run(['-f', 'lavfi', '-i', source, '-c:v', 'libx264', '-preset', 'superfast', '-pix_fmt', 'yuv420p', piece], signal);
  await ffmpeg.run(['-stream_loop', String(parts - 1), '-i', piece, '-c', 'copy', path], signal);
  const { size } = await stat(path);
  return {
    path,
    bytes: size,
    seconds: part.seconds * parts,
    everySeconds: part.seconds,
    thumbnails: parts,
    thumbnail: { width: 320, height: (320 * part.height) / part.width },
  };
}
