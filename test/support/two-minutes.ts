import { document } from './documents.js';

/** The files of the README's first app, in their form for that major version of Nest. */
export function twoMinutes(nest: 11 | 12): Record<string, string> {
  const [, section] = document('README.md').split('## Two minutes\n');
  const blocks = section!.split('\n## ')[0]!.matchAll(/^```ts\n\/\/ (\S+\.ts)\n(.*?)^```$/gms);
  return Object.fromEntries([...blocks].map(([, name, code]) => [name!, nest === 12 ? code! : inNest11(code!)]));
}

/** A comment beside each import contains its form for Nest 11. */
function inNest11(code: string): string {
  return code.replaceAll(/from '\.\S+'; \/\/ Nest 11: ('\S+')$/gm, 'from $1;');
}
