import { document } from './documents.js';

/** The files of the README's first app, as they are in a project of that Nest. */
export function twoMinutes(nest: 11 | 12): Record<string, string> {
  const [, section] = document('README.md').split('## Two minutes\n');
  const blocks = section!.split('\n## ')[0]!.matchAll(/^```ts\n\/\/ (\S+\.ts)\n(.*?)^```$/gms);
  return Object.fromEntries([...blocks].map(([, name, code]) => [name!, nest === 12 ? code! : inNest11(code!)]));
}

/** A comment beside each import of a file says how Nest 11 has it. */
function inNest11(code: string): string {
  return code.replaceAll(/from '\.\S+'; \/\/ Nest 11: ('\S+')$/gm, 'from $1;');
}
