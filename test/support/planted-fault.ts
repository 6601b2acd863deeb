import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A rule broken on purpose: one piece of one file, put another way. */
export interface PlantedFault {
  readonly name: string;
  /** Under `libs/flame/src`. */
  readonly file: string;
  readonly piece: string;
  readonly instead: string;
}

/** The file with the fault. @throws when the piece to be replaced is not in it exactly once. */
export function plant({ name, file, piece, instead }: PlantedFault): string {
  const source = readFileSync(join(process.cwd(), 'libs/flame/src', file), 'utf8');
  const parts = source.split(piece);
  if (parts.length !== 2) throw new Error(`"${name}" cannot be planted: ${file} has its piece ${parts.length - 1} times`);
  return parts.join(instead);
}
