/**
 * What parent and runner must agree on before a session starts: the same handlers, in the same order, under versions
 * that understand each other. A handler's number on the wire is its place in `handlers`.
 */
export interface Manifest {
  /** The version of nestjs-flame. */
  readonly version: string;
  /** The protocol's number; sessions need equal ones. */
  readonly protocol: number;
  /** The names of all handlers, sorted. */
  readonly handlers: readonly string[];
  /** SHA-256 over the handlers' names, hexadecimal. */
  readonly digest: string;
}
