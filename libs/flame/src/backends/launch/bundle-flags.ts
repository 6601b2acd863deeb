import { withoutRegister } from './node-flags.js';

/** Flags that change how files are loaded, or that show or count them one by one. In a bundle they would find one file. */
const aboutFiles =
  /^(?:--(?:import|require|loader|experimental-loader|conditions|preserve-symlinks|preserve-symlinks-main|experimental-vm-modules|inspect|inspect-brk|inspect-wait|inspect-port)(?:=|$)|-r$|-C)/;
/** What loads variables into the environment, and nothing else. */
const harmless = /^(?:--(?:import|require)=|-r ?|--(?:import|require) )dotenv\/config$/;

/** What a bundle cannot give to a process with these flags and variables, for a log; undefined if there is nothing. */
export function reasonAgainstBundle(flags: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): string | undefined {
  if (env['NODE_V8_COVERAGE'] !== undefined) return 'NODE_V8_COVERAGE is set, and coverage counts the lines of files';
  const all = withoutRegister([...flags, ...(env['NODE_OPTIONS']?.split(' ') ?? [])]);
  const found = all.findIndex((flag, i) => aboutFiles.test(flag) && !harmless.test(flag) && !harmless.test(`${flag} ${all[i + 1]}`));
  return found < 0 ? undefined : `Node's flag ${all[found]} needs the app's own files`;
}
