import type { FlameLog } from '../../core/flame-log.js';
import { AppBuild } from '../launch/app-build.js';
import { reasonAgainstBundle } from '../launch/bundle-flags.js';
import { KnownFiles } from '../launch/known-files.js';
import { findBundle, hasBundle } from '../launch/runner-bundle.js';
import { withoutRegister } from '../launch/node-flags.js';
import type { CommandLine } from './process-command.js';

/**
 * Starts runners from the app's bundle where there is one that was made from the build on disk, and from the app's main file otherwise. It
 * says once why it does not use a bundle that is there.
 */
export class RunnerStart {
  readonly #said = new Set<string>();
  /** As last read. Reading it again costs little where no file has changed. */
  #build: AppBuild | undefined;
  readonly #known = new KnownFiles();

  /** The command line with the start script of the bundle in the place of the main file, if the bundle can be used. */
  choose(line: CommandLine, env: Readonly<Record<string, string | undefined>>, log: Pick<FlameLog, 'log' | 'warn'>): CommandLine {
    if (!hasBundle(line.script)) return line;
    this.#build = this.#build?.script === line.script ? this.#build.now() : AppBuild.read(line.script);
    const bundle = this.#build && findBundle(line.script, this.#build, this.#known);
    if (bundle === undefined) return line;
    if ('why' in bundle) return this.#refuse(line, bundle.why, (text) => log.warn(text));
    const why = reasonAgainstBundle(line.flags, env);
    if (why !== undefined) return this.#refuse(line, why, (text) => log.log(text));
    return { ...line, flags: withoutRegister(line.flags), script: bundle.script };
  }

  #refuse(line: CommandLine, why: string, say: (text: string) => void): CommandLine {
    if (!this.#said.has(why)) say(`runners start from ${line.script} and not from its bundle: ${why}`);
    this.#said.add(why);
    return line;
  }
}
