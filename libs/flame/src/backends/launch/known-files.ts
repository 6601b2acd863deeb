import { readFileSync, statSync } from 'node:fs';

/** What was computed from the content of files. A file is read again only when its stamp has changed. */
export class KnownFiles {
  readonly #known = new Map<string, { readonly stamp: string; readonly value: string }>();

  /** `compute` of the file's content; undefined if there is no such file. */
  get(file: string, compute: (content: Buffer) => string): string | undefined {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat?.isFile()) return undefined;
    const stamp = [stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino].join(' ');
    const known = this.#known.get(file);
    if (known?.stamp === stamp) return known.value;
    const value = compute(readFileSync(file));
    this.#known.set(file, { stamp, value });
    return value;
  }
}
