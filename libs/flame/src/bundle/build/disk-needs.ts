import type { DiskNeed } from '../../backends/launch/runner-bundle.js';

const startsThreads = /\bworker_threads\b/;
const startsProcesses = /\b(?:child_process|cluster)\b/;
/** What gets a path of a script. Programs that are no scripts, such as ffmpeg, need none of the app's packages. */
const threads = /\bWorker\b/;
const nodes = /\bfork\b|\bexecPath\b/;

/**
 * What a file in a bundle may read from disk. A file that asks for its own path, or loads modules by computed names, reads what lies
 * beside it. A file that starts threads or other processes of Node gives them scripts, which load their packages themselves.
 */
export function diskNeedOf(code: string, asksForPlace: boolean): DiskNeed | undefined {
  if ((startsThreads.test(code) && threads.test(code)) || (startsProcesses.test(code) && nodes.test(code))) return 'dependencies';
  return asksForPlace ? 'files' : undefined;
}

/** The needs of packages by name, each with the largest need of its files. */
export function mergeNeeds(needs: Iterable<readonly [name: string, need: DiskNeed]>): Map<string, DiskNeed> {
  const merged = new Map<string, DiskNeed>();
  for (const [name, need] of needs) if (merged.get(name) !== 'dependencies') merged.set(name, need);
  return merged;
}
