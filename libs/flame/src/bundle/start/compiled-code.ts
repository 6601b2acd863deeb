import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants, Script } from 'node:vm';

/**
 * A script together with the code that V8 compiled of it in an earlier process. The earlier code is in a file beside it, whose name
 * has the architecture and the version of Node. V8 refuses code that another version of it or other flags have made; of the source it
 * checks only the length, so the file's own name has to change with its content.
 */
export class CompiledCode {
  readonly #script: Script;
  readonly #cache: string;
  #isKept: boolean;

  constructor(filename: string) {
    this.#cache = `${filename}.${process.arch}-${process.version}`;
    const cachedData = readIfThere(this.#cache);
    // For code that is made from text. All other import() is left to the start script, as Node still calls this an experiment, in a warning.
    const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
    this.#script = new Script(readFileSync(filename, 'utf8'), { filename, cachedData, importModuleDynamically });
    this.#isKept = cachedData !== undefined && this.#script.cachedDataRejected === false;
  }

  run(): void {
    this.#script.runInThisContext();
  }

  /** Writes what V8 has compiled so far, once, if there was no code or V8 refused it. A process that reads meanwhile gets a whole file. */
  save(): void {
    if (this.#isKept) return;
    this.#isKept = true;
    const fresh = `${this.#cache}.${process.pid}`;
    try {
      writeFileSync(fresh, this.#script.createCachedData());
      renameSync(fresh, this.#cache);
    } catch {
      // The folder cannot be written to, or the disk is full: every runner compiles for itself.
      rmSync(fresh, { force: true });
    }
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
