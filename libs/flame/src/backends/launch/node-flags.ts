const inspector = /^--(inspect(-brk|-wait|-port|-publish-uid)?|debug-port)(=|$)/;
const inspectorWithValue = new Set(['--inspect-port', '--debug-port', '--inspect-publish-uid']);
const opens = /^(--inspect(?:-brk|-wait)?)(?:=|$)/;
/** `-e`, `-p`, `-pe`, `-c`, `-i` and their long names; the code follows as a word of its own, except for some. */
const script = /^(-e|-p|-pe|-c|-i|--eval|--print|--check|--interactive|--test|--input-type|--test-[a-z-]+)(=|$)/;
const scriptWithValue = new Set(['-e', '-p', '-pe', '--eval', '--input-type']);

/**
 * Node's flags without those of the inspector: its port is the parent's, and a runner that waits for a debugger never attaches. The
 * inspector of runners is an option of ProcessBackend.
 */
export function withoutInspector(flags: readonly string[]): string[] {
  return without(flags, inspector, inspectorWithValue);
}

/** Node's flags for one more process like this: its inspector, if this one has one by its flags, takes any free port. */
export function ownInspector(flags: readonly string[]): string[] {
  const opened = flags.map((flag) => opens.exec(flag)?.[1]).filter((flag) => flag !== undefined);
  return [...withoutInspector(flags), ...opened.map((flag) => `${flag}=127.0.0.1:0`)];
}

/** Node's flags without those that say what to run in place of a file, such as `-e` with its code. */
export function withoutScript(flags: readonly string[]): string[] {
  return without(flags, script, scriptWithValue);
}

function without(flags: readonly string[], pattern: RegExp, withValue: ReadonlySet<string>): string[] {
  return flags.filter((flag, i) => !pattern.test(flag) && !withValue.has(flags[i - 1] ?? ''));
}
