import { closeSync, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { archiveMagic, mostEntries, mostIndexBytes } from '../archive-format.js';
import type { ArchivedFile, ArchivedLink, ArchiveIndex } from '../archive-format.js';
import { LoaderError } from './loader-error.js';

const headBytes = archiveMagic.length + 4;
const longestPath = 4096;

/**
 * Unpacks an archive into an empty folder while its bytes arrive. It trusts nothing: paths, links, sizes and the number of entries are
 * checked before anything is written, and files are only created, never overwritten.
 */
export class ArchiveReader {
  readonly #folder: string;
  readonly #size: number;
  readonly #check: (index: ArchiveIndex) => void;
  readonly #folders = new Set<string>();
  #head: Buffer[] = [];
  #read = 0;
  #index: ArchiveIndex | undefined;
  #next = 0;
  #open: { readonly fd: number; left: number } | undefined;

  /** `size` is the announced size of the whole archive. `check` gets the index before any file is written. */
  constructor(folder: string, size: number, check: (index: ArchiveIndex) => void) {
    this.#folder = folder;
    this.#size = size;
    this.#check = check;
  }

  /** Takes the next bytes. @throws {LoaderError} when the archive is not as it should be. */
  take(bytes: Buffer): void {
    this.#read += bytes.length;
    if (this.#read > this.#size) throw refused(`it has more bytes than the ${this.#size} that the parent announced`);
    if (this.#index !== undefined) return this.#write(bytes);
    this.#head.push(bytes);
    if (this.#read < headBytes) return;
    let head = Buffer.concat(this.#head);
    this.#head = [head];
    if (!head.subarray(0, archiveMagic.length).equals(archiveMagic)) throw refused('it is no archive of nestjs-flame');
    const length = head.readUInt32BE(archiveMagic.length);
    if (length > mostIndexBytes || length > this.#size) throw refused(`its index has ${length} bytes`);
    if (head.length < headBytes + length) return;
    this.#begin(head.subarray(headBytes, headBytes + length), headBytes + length);
    head = head.subarray(headBytes + length);
    this.#head = [];
    this.#write(head);
  }

  /** Makes the links, after all files are there. @throws {LoaderError} if the archive is not complete. */
  end(): void {
    if (this.#index === undefined || this.#open || this.#next < this.#index.files.length)
      throw refused(`it ends after ${this.#read} of ${this.#size} bytes`);
    for (const { path, target } of this.#index.links) {
      this.#makeFolder(dirname(path));
      symlinkSync(target, join(this.#folder, path));
    }
  }

  /** Closes the file that is being written. */
  close(): void {
    if (this.#open) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  #begin(text: Buffer, head: number): void {
    const index = parseIndex(text);
    checkIndex(index);
    const total = index.files.reduce((sum, { bytes }) => sum + bytes, head);
    if (total !== this.#size) throw refused(`its files have ${total} bytes, but the parent announced ${this.#size}`);
    this.#check(index);
    this.#index = index;
    this.#openNext();
  }

  #write(bytes: Buffer): void {
    for (let rest = bytes; rest.length > 0;) {
      if (!this.#open) throw refused('it has data after its last file');
      const piece = rest.subarray(0, this.#open.left);
      for (let at = 0; at < piece.length;) at += writeSync(this.#open.fd, piece, at);
      this.#open.left -= piece.length;
      rest = rest.subarray(piece.length);
      if (this.#open.left === 0) this.#openNext();
    }
  }

  /** Opens the next file that has content, and makes the empty ones on the way. */
  #openNext(): void {
    this.close();
    for (let file = this.#index!.files[this.#next++]; file !== undefined; file = this.#index!.files[this.#next++]) {
      this.#makeFolder(dirname(file.path));
      const fd = openSync(join(this.#folder, file.path), 'wx', file.executable ? 0o755 : 0o644);
      if (file.bytes > 0) {
        this.#open = { fd, left: file.bytes };
        return;
      }
      closeSync(fd);
    }
  }

  #makeFolder(path: string): void {
    if (this.#folders.has(path)) return;
    this.#folders.add(path);
    mkdirSync(join(this.#folder, path), { recursive: true });
  }
}

function parseIndex(text: Buffer): ArchiveIndex {
  try {
    const index = JSON.parse(text.toString()) as ArchiveIndex;
    if ([index.files, index.links, index.addons].every(Array.isArray)) return index;
  } catch {
    // The error below says it.
  }
  throw refused('its index cannot be read');
}

/** @throws {LoaderError} if an entry would be written elsewhere than in the folder, over another one, or through a link. */
function checkIndex({ files, links }: ArchiveIndex): void {
  if (files.length + links.length > mostEntries)
    throw refused(`it has ${files.length + links.length} entries, more than the limit of ${mostEntries}`);
  const taken = new Set<string>();
  for (const entry of [...files, ...links]) {
    if (!isPath(entry?.path)) throw refused(`it has an entry with the path ${JSON.stringify(entry?.path)}`);
    if (taken.has(entry.path)) throw refused(`it has two entries with the path ${JSON.stringify(entry.path)}`);
    taken.add(entry.path);
  }
  for (const { path, bytes } of files as readonly ArchivedFile[]) {
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw refused(`${JSON.stringify(path)} has the size ${JSON.stringify(bytes)}`);
  }
  for (const path of taken) {
    for (let above = dirname(path); above !== '.'; above = dirname(above)) {
      if (taken.has(above)) throw refused(`${JSON.stringify(path)} is below ${JSON.stringify(above)}, which is no folder`);
    }
  }
  for (const { path, target } of links as readonly ArchivedLink[]) {
    if (!staysInside(path, target))
      throw refused(`the link ${JSON.stringify(path)} leads out of the archive, to ${JSON.stringify(target)}`);
  }
}

/** A relative path without `.`, `..` and empty names, and without characters that some system takes for separators. */
function isPath(path: unknown): path is string {
  if (typeof path !== 'string' || path.length > longestPath || /[\\:\0]/.test(path)) return false;
  return path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
}

/**
 * A target goes up at most to the archive's root, and then only down. So it cannot leave the folder by way of another link either: a link's
 * own folder is never a link.
 */
function staysInside(path: string, target: unknown): boolean {
  if (typeof target !== 'string') return false;
  const ups = /^(?:\.\.(?:\/|$))*/.exec(target)![0];
  const rest = target.slice(ups.length);
  return Math.ceil(ups.length / 3) < path.split('/').length && (rest === '' ? ups !== '' : isPath(rest));
}

function refused(why: string): LoaderError {
  return new LoaderError(`the archive of the app's code is refused: ${why}`, true);
}
