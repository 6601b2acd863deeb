import { existsSync, statSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { dirname, join } from 'node:path';
import { isJavaScriptFile, javaScriptFiles } from './compiled-folder.js';

/** Time without a further change after which files are taken as written. */
const quiet = 30;

/** Tells which JavaScript files of a folder were written, also when the folder is removed and made again, as builders do. */
export class FolderWatch {
  /** Rejects when the folder can no longer be watched. */
  readonly ended: Promise<never>;
  readonly #folder: string;
  readonly #written: (paths: readonly string[]) => void;
  readonly #changed = new Set<string>();
  #fail!: (error: Error) => void;
  #inside: FSWatcher | undefined;
  readonly #above: FSWatcher;
  #identity: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string, written: (paths: readonly string[]) => void) {
    this.#folder = folder;
    this.#written = written;
    this.ended = new Promise<never>((_, fail) => (this.#fail = fail));
    this.#above = watch(dirname(folder), () => this.#lookAgain());
    this.#above.on('error', this.#fail);
    this.#identity = identityOf(folder);
    if (this.#identity !== undefined) this.#watchInside();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#inside?.close();
    this.#above.close();
  }

  /** Another folder in the place of the one before: all its files are new. */
  #lookAgain(): void {
    const identity = identityOf(this.#folder);
    if (identity === this.#identity) return;
    this.#identity = identity;
    this.#inside?.close();
    if (identity === undefined) return;
    this.#watchInside();
    for (const file of javaScriptFiles(this.#folder)) this.#add(file);
  }

  #watchInside(): void {
    this.#inside = watch(this.#folder, { recursive: true }, (_, file) => {
      if (file !== null && isJavaScriptFile(file)) this.#add(join(this.#folder, file));
    });
    // It was removed: `#above` tells when there is another.
    this.#inside.on('error', () => this.#inside?.close());
  }

  #add(path: string): void {
    this.#changed.add(path);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const paths = [...this.#changed].filter((path) => existsSync(path));
      this.#changed.clear();
      if (paths.length > 0) this.#written(paths);
    }, quiet);
  }
}

/** Differs for another folder at the same path, which may even have the number of the one before. */
function identityOf(folder: string): string | undefined {
  const stats = statSync(folder, { throwIfNoEntry: false });
  return stats && `${stats.ino} ${stats.birthtimeMs}`;
}
