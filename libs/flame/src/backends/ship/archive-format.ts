/**
 * The format of an archive of code. It is uncompressed here; gzip compresses it for the transfer.
 *
 *     magic · length of the index as a 32-bit big-endian number · index as JSON · contents of the files, in the order of the index
 *
 * Equal contents give equal bytes: entries are sorted by path, and there are no times, owners or empty folders.
 */
export const archiveMagic = Buffer.from('flame.code.1\n');

/** The most files and links of an archive. */
export const mostEntries = 200_000;

/** The largest index, in bytes. */
export const mostIndexBytes = 64 * 1024 * 1024;

export interface ArchiveIndex {
  readonly files: readonly ArchivedFile[];
  readonly links: readonly ArchivedLink[];
  readonly addons: readonly ArchivedAddon[];
}

/** A file. Its path is relative to the archive's root, with `/` between names. */
export interface ArchivedFile {
  readonly path: string;
  readonly bytes: number;
  /** Absent for a file that is not executable. */
  readonly executable?: true;
}

/** A symbolic link. Its target is relative to the folder of the link, and lies in the archive. */
export interface ArchivedLink {
  readonly path: string;
  readonly target: string;
}

/** A native addon, and what it was built for. Absent fields fit every machine. */
export interface ArchivedAddon {
  readonly path: string;
  /** The package that needs it. Of a package's addons, one has to fit. */
  readonly package: string;
  /** The package works without. */
  readonly optional?: true;
  readonly platform?: string;
  readonly arch?: string;
  readonly libc?: 'glibc' | 'musl';
  /** Node's version of the interface for addons (`process.versions.modules`), for an addon that does not use Node-API. */
  readonly modules?: string;
}
