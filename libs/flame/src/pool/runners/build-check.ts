import type { AppBuild } from '../../backends/launch/app-build.js';
import type { BuildDigest } from '../../core/manifest.js';
import type { Hello } from '../../transport/session/link.js';

/** The reaction to a runner that was started from another build than its parent. */
export const buildMismatches = ['warn', 'refuse', 'ignore'] as const;
export type BuildMismatch = (typeof buildMismatches)[number];

const mostNamed = 5;

/**
 * Compares the builds of attaching runners with the build of the parent. If a build changes on disk while the parent runs, the next runner
 * loads the new build, and then runs code that its parent does not have.
 */
export class BuildCheck {
  readonly #build: AppBuild | undefined;
  readonly #mode: BuildMismatch;
  readonly #warn: (text: string) => void;
  /** The builds for which a warning was logged. */
  readonly #told = new Set<string>();

  constructor(build: AppBuild | undefined, mode: BuildMismatch, warn: (text: string) => void) {
    this.#build = build;
    this.#mode = mode;
    this.#warn = warn;
  }

  /** Returns why a runner is refused; undefined when it may attach. Warns once for each different build. */
  readonly refusal = ({ runner, manifest: { build: there } }: Hello): string | undefined => {
    const here = this.#build?.digest;
    if (!here || !there || here.entry !== there.entry || here.digest === there.digest) return undefined;
    if (this.#mode === 'refuse') return this.#sentence(runner, here, there);
    if (this.#mode === 'ignore' || this.#told.has(there.digest)) return undefined;
    this.#told.add(there.digest);
    this.#warn(
      `${this.#sentence(runner, here, there)} This warning is logged once for each build. Set buildMismatch: 'refuse' to refuse such runners.`,
    );
    return undefined;
  };

  #sentence(runner: string, here: BuildDigest, there: BuildDigest): string {
    const changes = this.#build!.changes();
    const named = changes.slice(0, mostNamed).join(', ');
    const more = changes.length - mostNamed;
    const changed =
      named === '' ? '' : ` These files have changed on disk since the parent started: ${named}${more > 0 ? ` and ${more} more` : ''}.`;
    return (
      `runner ${runner} was started from another build of the app than its parent: the runner has build ${shown(there)}, the parent build ${shown(here)}.` +
      `${changed} Restart the parent, and deploy each build to its own folder or image.`
    );
  }
}

function shown({ digest, files }: BuildDigest): string {
  return `${digest.slice(0, 8)} (${files} file${files === 1 ? '' : 's'})`;
}
