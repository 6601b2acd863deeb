import { readFileSync } from 'node:fs';

/** A line that a handler has written. */
export interface Mark {
  what: string;
  pid: number;
  runner: string;
  call: number;
  attempt: number;
  at: number;
}

/** The marks in a file, in order; empty if the file does not exist yet. */
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

/** The number of marks of each kind. */
export function tally(marks: readonly Mark[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { what } of marks) counts.set(what, (counts.get(what) ?? 0) + 1);
  return counts;
}
