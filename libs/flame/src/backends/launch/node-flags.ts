const inspector = /^--(inspect(-brk|-wait|-port|-publish-uid)?|debug-port)(=|$)/;
const inspectorWithValue = new Set(['--inspect-port', '--debug-port', '--inspect-publish-uid']);
const opens = /^(--inspect(?:-brk|-wait)?)(?:=|$)/;
/** `-e`, `-p`, `-pe`, `-c`, `-i` and their long names. For those in `scriptWithValue`, the code follows as a separate argument. */
const script = /^(-e|-p|-pe|-c|-i|--eval|--print|--check|--interactive|--test|--input-type|--test-[a-z-]+)(=|$)/;
const scriptWithValue = new Set(['-e', '-p', '-pe', '--eval', '--input-type']);
const loadsRegister = /^(--import|--require|-r)=nestjs-flame\/register$/;

/**
 * Node's flags without those of the inspector. A runner cannot use the parent's inspector port, and a runner that waits for a debugger
 * never attaches. ProcessBackend has an option for the inspector of runners.
 */
export function withoutInspector(flags: readonly string[]): string[] {
  return without(flags, inspector, inspectorWithValue);
}

/** Node's flags for another process like this one. If the flags open an inspector, the new process opens it at any free port. */
export function ownInspector(flags: readonly string[]): string[] {
  const opened = flags.map((flag) => opens.exec(flag)?.[1]).filter((flag) => flag !== undefined);
  return [...withoutInspector(flags), ...opened.map((flag) => `${flag}=127.0.0.1:0`)];
}

/** Node's flags without those that run something other than a file, such as `-e` with its code. */
export function withoutScript(flags: readonly string[]): string[] {
  return without(flags, script, scriptWithValue);
}

/**
 * The flag with which a process compiles inline functions as it loads them, if it is among these flags. Runners need it too, whatever
 * else they are started with: they have to have the same functions.
 */
export function registerFlags(flags: readonly string[]): string[] {
  const given = flags.some(
    (flag, i) => loadsRegister.test(flag) || (flag === 'nestjs-flame/register' && /^(--import|--require|-r)$/.test(flags[i - 1] ?? '')),
  );
  return given ? ['--import', 'nestjs-flame/register'] : [];
}

const preload = /^(?:--import|--require|-r)(?:=(.*))?$/;
const preloadOrHooks = /^(?:--import|--require|-r|--loader|--experimental-loader)(?:=|$)/;
const preloadWithValue = new Set(['--import', '--require', '-r', '--loader', '--experimental-loader']);

/** The modules that Node loads before the main file, in order. */
export function preloads(flags: readonly string[]): string[] {
  return flags.flatMap((flag, i) => {
    const [whole, value] = preload.exec(flag) ?? [];
    return whole === undefined ? [] : [value ?? flags[i + 1] ?? ''];
  });
}

/** Node's flags without those that load modules, which another machine may not have. */
export function withoutPreloads(flags: readonly string[]): string[] {
  return without(flags, preloadOrHooks, preloadWithValue);
}

/** Node's flags without those of `registerFlags`: what a bundle holds was compiled when it was made. */
export function withoutRegister(flags: readonly string[]): string[] {
  const isSplit = (i: number): boolean => flags[i] === 'nestjs-flame/register' && /^(--import|--require|-r)$/.test(flags[i - 1] ?? '');
  return flags.filter((flag, i) => !loadsRegister.test(flag) && !isSplit(i) && !isSplit(i + 1));
}

function without(flags: readonly string[], pattern: RegExp, withValue: ReadonlySet<string>): string[] {
  return flags.filter((flag, i) => !pattern.test(flag) && !withValue.has(flags[i - 1] ?? ''));
}
