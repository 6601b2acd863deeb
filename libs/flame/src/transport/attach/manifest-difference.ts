import type { Manifest } from '../../core/manifest.js';

/** How a runner differs from its parent, and what to do about it; undefined when they match. */
export function manifestDifference(runner: string, ofRunner: Manifest, ofParent: Manifest): string | undefined {
  const differences: string[] = [];
  if (ofRunner.protocol !== ofParent.protocol) {
    differences.push(`it speaks protocol ${ofRunner.protocol}, the parent ${ofParent.protocol}`);
  }
  if (ofRunner.version !== ofParent.version) {
    differences.push(`it has nestjs-flame ${ofRunner.version}, the parent ${ofParent.version}`);
  }
  const onlyRunner = onlyIn(ofRunner, ofParent);
  const onlyParent = onlyIn(ofParent, ofRunner);
  if (onlyRunner.length > 0) differences.push(`only the runner has ${list(onlyRunner)}`);
  if (onlyParent.length > 0) differences.push(`only the parent has ${list(onlyParent)}`);
  const changed = differences.length === 0 ? otherCode(ofRunner, ofParent) : [];
  if (changed.length > 0) differences.push(`it has other code for ${list(changed)}`);
  if (differences.length === 0 && ofRunner.digest !== ofParent.digest) {
    differences.push(`its handlers' digest is ${ofRunner.digest}, the parent's ${ofParent.digest}`);
  }
  if (differences.length === 0) return undefined;
  const hints = ['Run the same build of the app on both sides.'];
  if (changed.length > 0) hints.push('Compile both with the same compiler: tsc, swc and esbuild make different code of the same source.');
  hints.push(...ofInlineFunctions(['runner', ofRunner], ['parent', ofParent], onlyParent));
  hints.push(...ofInlineFunctions(['parent', ofParent], ['runner', ofRunner], onlyRunner));
  // If a script starts several apps, runners are copies of the first app.
  if (onlyRunner.length > 0 && onlyParent.length > 0) {
    hints.push(
      "If the script starts several apps with a FlameModule, runners use the first one: set the option `entry` of the other apps' backends to a file that starts only that app.",
    );
  }
  return `runner ${runner} does not match its parent: ${differences.join('; ')}. ${hints.join(' ')}`;
}

type Side = readonly [name: 'parent' | 'runner', manifest: Manifest];

/** What to do about inline functions that one side lacks. `missing` are all handlers that it lacks. */
function* ofInlineFunctions([side, own]: Side, [other, { code }]: Side, missing: readonly string[]): Generator<string> {
  if (own.code === undefined && code !== undefined) {
    yield `The ${side} has no inline functions at all. If its files were not compiled, start it with \`--import nestjs-flame/register\`, or run \`npx nestjs-flame compile\` after its build.`;
  }
  const files = [...new Set(missing.flatMap((name) => fileOf(name) ?? []))].slice(0, mostNamed);
  if (files.length > 0) {
    yield `If only the ${other} loads ${files.join(', ')}: import such files at the top of a file that the app's root module imports, so that both sides load them.`;
  }
}

/** The file of an inline function outside of classes, whose name is `file#function/n`. */
function fileOf(name: string): string | undefined {
  return /^(.+\.[cm]?[jt]sx?)#/.exec(name)?.[1];
}

function onlyIn(one: Manifest, other: Manifest): string[] {
  const names = new Set(other.handlers);
  return one.handlers.filter((name) => !names.has(name));
}

/** The inline functions whose code differs. Both manifests have the same handlers. */
function otherCode(one: Manifest, other: Manifest): string[] {
  return one.handlers.filter((_, number) => (one.code?.[number] ?? '') !== (other.code?.[number] ?? ''));
}

/** The most handlers that an error names. */
const mostNamed = 8;

function list(handlers: readonly string[]): string {
  const named = handlers.slice(0, mostNamed).join(', ');
  const more = handlers.length - mostNamed;
  return `the handler${handlers.length > 1 ? 's' : ''} ${named}${more > 0 ? ` and ${more} more` : ''}`;
}
