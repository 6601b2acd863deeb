/** The result of one check: a line in the output of `npx nestjs-flame doctor`. */
export interface Check {
  /** The subject of the check: one lower-case word, the same each time, such as `engine`, `rights`, `image`, `network`. */
  readonly name: string;
  readonly ok: boolean;
  /** The finding, in one sentence without a full stop. Quotes the platform's own error text, if there is one. Contains no secret. */
  readonly message: string;
  /** The fix, in one sentence: the option to set, the right to grant, the command to run. Always set if `ok` is false. */
  readonly fix?: string;
  /** The figures in `message`, for programs. */
  readonly figures?: Readonly<Record<string, unknown>>;
}
