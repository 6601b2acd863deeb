import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fault that is planted on purpose: a piece of a source file, and its replacement. */
export interface PlantedFault {
  readonly name: string;
  /** Under `libs/flame/src`. */
  readonly file: string;
  readonly piece: string;
  readonly instead: string;
}

/** Returns the content of the file with the fault. @throws when the piece to be replaced does not occur exactly once. */
export function plant({ name, file, piece, instead }: PlantedFault): string {
  const source = readFileSync(join(process.cwd(), 'libs/flame/src', file), 'utf8');
  const parts = source.split(piece);
  if (parts.length !== 2) throw new Error(`"${name}" cannot be planted: ${file} has its piece ${parts.length - 1} times`);
  return parts.join(instead);
}
