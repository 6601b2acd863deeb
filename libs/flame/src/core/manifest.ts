/**
 * The facts on which parent and runner must agree before a session starts: the same handlers in the same order, and compatible versions. A
 * handler's number in frames is its index in `handlers`.
 */
export interface Manifest {
  /** The version of nestjs-flame. */
  readonly version: string;
  /** The version of the protocol. Both sides of a session need the same one. */
  readonly protocol: number;
  /** The names of all handlers: methods, inline functions, classes of children, each sorted. */
  readonly handlers: readonly string[];
  /**
   * The digest of each handler's code, in the order of `handlers`; empty for all but inline functions, whose ids count them. Undefined if
   * there are none.
   */
  readonly code?: readonly string[] | undefined;
  /** SHA-256 over the handlers' names and their code's digests, hexadecimal. */
  readonly digest: string;
  /** The build that the process was started from; undefined if it is unknown. */
  readonly build?: BuildDigest | undefined;
}

/** A build of the app, as one of its processes found it on disk at its start. Two builds are comparable if their entries are equal. */
export interface BuildDigest {
  /** The path of the main file within its package, without the extension, such as `dist/main`. */
  readonly entry: string;
  /** The number of its files. */
  readonly files: number;
  /** SHA-256 over the paths and contents of its files, hexadecimal. */
  readonly digest: string;
}
