import type { AppClient } from './app-client.js';
import type { Clip } from './clip.js';
import { readPng } from './png.js';
import type { PngSize } from './png.js';

/** Thumbnails side by side. */
const columns = 6;

/**
 * Asks for a video's contact sheet, which the app's inline function makes on a runner.
 *
 * @throws {Error} when it is no PNG, or not as large as all thumbnails together.
 */
export async function fetchSheet(client: Pick<AppClient, 'file'>, id: string, clip: Clip, signal: AbortSignal): Promise<PngSize> {
  const address = `/videos/${id}/sheet?columns=${columns}`;
  const { width, height } = readPng(await client.file(address, signal));
  const expected = [columns * clip.thumbnail.width, Math.ceil(clip.thumbnails / columns) * clip.thumbnail.height];
  if (width !== expected[0] || height !== expected[1]) throw new Error(`${address} is ${width}×${height}, not ${expected.join('×')}`);
  return { width, height };
}
