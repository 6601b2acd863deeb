/**
 * What parent and runner must agree on before a session starts: the same handlers, in the same order, under versions
 * that understand each other. A handler's number on the wire is its place in `handlers`.
 */
export interface Manifest {
  /** The version of nestjs-flame. */
  readonly version: string;
  /** The protocol's number; sessions need equal ones. */
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
  /** What the process was started from; undefined where that cannot be told. */
  readonly build?: BuildDigest | undefined;
}

/** A build of the app, as one of its processes found it on disk at its start. Builds can be compared where the entries are equal. */
export interface BuildDigest {
  /** The path of the main file within its package, without the extension, such as `dist/main`. */
  readonly entry: string;
  /** How many files it has. */
  readonly files: number;
  /** SHA-256 over the paths and contents of its files, hexadecimal. */
  readonly digest: string;
}
