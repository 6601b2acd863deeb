import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Matches the script that `nest new` writes into package.json: `"start:prod": "node dist/main"`. */
const startScript = /\bnode\s+(?:-\S+\s+)*([^\s&|;-]\S*)/;

/**
 * Finds the app's main file: the given file, else the file that the script `start:prod` starts, else dist/main.js.
 *
 * @throws {Error} that asks for the missing file.
 */
export function findEntry(given: string | undefined, folder = process.cwd()): string {
  const candidates = given === undefined ? [started(folder), 'dist/main.js'] : [given];
  for (const candidate of candidates) {
    const path = candidate === undefined ? undefined : findFile(resolve(folder, candidate));
    if (path !== undefined) return path;
  }
  if (given !== undefined)
    throw new Error(`the file ${resolve(folder, given)} does not exist: build the app first, or pass the path of its main file`);
  throw new Error(`no built app was found in ${folder}: build it first, or pass its main file, as in npx nestjs-flame doctor dist/main.js`);
}

/** Finds a file with or without its extension, as `node` does. */
function findFile(path: string): string | undefined {
  return ['', '.js', '.mjs', '.cjs'].map((end) => path + end).find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}

function started(folder: string): string | undefined {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  const { scripts } = JSON.parse(readFileSync(file, 'utf8')) as { scripts?: Record<string, string> };
  return startScript.exec(scripts?.['start:prod'] ?? '')?.[1];
}
