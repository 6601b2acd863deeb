import type { Manifest } from '../../core/manifest.js';

/** Why a runner is sent away; `message` is for the runner and, when `unlike`, for whoever expects it. */
export class AttachRejected extends Error {
  override readonly name = 'AttachRejected';
  constructor(
    /** `stranger`: it has no right to be here. `unlike`: it is the right one, but does not match its parent. */
    readonly why: 'stranger' | 'unlike',
    message: string,
  ) {
    super(message);
  }
}

/** Says in what a runner differs from its parent, undefined when they match. */
export function difference(runner: string, ofRunner: Manifest, ofParent: Manifest): string | undefined {
  const differences: string[] = [];
  if (ofRunner.protocol !== ofParent.protocol) {
    differences.push(`it speaks protocol ${ofRunner.protocol}, the parent ${ofParent.protocol}`);
  }
  if (ofRunner.version !== ofParent.version) {
    differences.push(`it has nestjs-flame ${ofRunner.version}, the parent ${ofParent.version}`);
  }
  const onlyRunner = ofRunner.handlers.filter((name) => !ofParent.handlers.includes(name));
  const onlyParent = ofParent.handlers.filter((name) => !ofRunner.handlers.includes(name));
  if (onlyRunner.length > 0) differences.push(`only the runner has ${list(onlyRunner)}`);
  if (onlyParent.length > 0) differences.push(`only the parent has ${list(onlyParent)}`);
  if (differences.length === 0 && ofRunner.digest !== ofParent.digest) {
    differences.push(`its handlers' digest is ${ofRunner.digest}, the parent's ${ofParent.digest}`);
  }
  if (differences.length === 0) return undefined;
  // Of several apps in one script, a runner is the first.
  const otherApp =
    onlyRunner.length > 0 && onlyParent.length > 0
      ? ' Where the script starts several apps with a FlameModule, runners are the first: give the backend of the others an `entry` that starts theirs alone.'
      : '';
  return `runner ${runner} does not match its parent: ${differences.join('; ')}. Run the same build of the app on both sides.${otherApp}`;
}

const mostNamed = 8;

function list(handlers: readonly string[]): string {
  const named = handlers.slice(0, mostNamed).join(', ');
  const more = handlers.length - mostNamed;
  return `the handler${handlers.length > 1 ? 's' : ''} ${named}${more > 0 ? ` and ${more} more` : ''}`;
}
