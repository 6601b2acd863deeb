import { crc32 } from 'node:zlib';

/** What was checked of a PNG file. */
export interface PngSize {
  readonly width: number;
  readonly height: number;
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * Reads a PNG file's size, and on the way its signature and every chunk with its checksum, from IHDR to IEND.
 *
 * Source: https://www.w3.org/TR/png/, sections 5.2 to 5.6.
 *
 * @throws {Error} that says what is wrong with the file.
 */
export function readPng(bytes: Buffer): PngSize {
  if (!bytes.subarray(0, signature.length).equals(signature)) throw new Error('it has no PNG signature');
  let size: PngSize | undefined;
  let pixels = 0;
  for (let at = signature.length; at < bytes.length;) {
    if (at + 12 > bytes.length) throw new Error(`it ends in the middle of a chunk, after ${bytes.length} bytes`);
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const end = at + 12 + length;
    if (end > bytes.length) throw new Error(`its chunk ${type} is cut off after ${bytes.length} bytes`);
    if (crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4))
      throw new Error(`the checksum of its chunk ${type} is wrong`);
    if (!size && (type !== 'IHDR' || length !== 13)) throw new Error(`it begins with ${type} and not with IHDR`);
    size ??= { width: bytes.readUInt32BE(at + 8), height: bytes.readUInt32BE(at + 12) };
    if (type === 'IDAT') pixels += length;
    if (type === 'IEND') {
      if (pixels === 0) throw new Error('it has no pixels (IDAT)');
      if (end !== bytes.length) throw new Error(`${bytes.length - end} bytes follow its end`);
      return size;
    }
    at = end;
  }
  throw new Error('it has no end (IEND)');
}
