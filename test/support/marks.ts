import { readFileSync } from 'node:fs';

/** One line that a handler left. */
export interface Mark {
  what: string;
  pid: number;
  runner: string;
  call: number;
  attempt: number;
  at: number;
}

/** What handlers have left in a file, in its order; nothing where there is none yet. */
export function readMarks(file: string): Mark[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Mark);
}

/** How often each thing was marked. */
export function tally(marks: readonly Mark[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { what } of marks) counts.set(what, (counts.get(what) ?? 0) + 1);
  return counts;
}
