/** One finding of an examination: a line of what `npx nestjs-flame doctor` prints. */
export interface Check {
  /** What was looked at: one lower-case word, the same each time, such as `engine`, `rights`, `image`, `network`. */
  readonly name: string;
  readonly ok: boolean;
  /** What was found, in one sentence without a full stop, in the platform's own words where it has some. Shows no secret. */
  readonly message: string;
  /** What to do about it, in one sentence: the option to set, the right to give, the command to run. There whenever `ok` is false. */
  readonly fix?: string;
  /** The figures in it, for programs. */
  readonly figures?: Readonly<Record<string, unknown>>;
}
