/** The primary's answer to a call that asked for the position of its log: the position, or why it is unknown. */
export type ToldPosition = { readonly position: string } | { readonly unknown: string };

/** Receives the positions of one call. The primary sends one before a result or an error, or before the end of each stream of a result. */
export interface CallPositions {
  /** Called before the call's promise settles. */
  told(told: ToldPosition): void;
  /** Called at the end of a stream of the result, which its reader gets only after this. Resolves to an error for the reader. */
  atStreamEnd(told: ToldPosition): Promise<unknown>;
  /** The call is over: no wait of it is needed any more. */
  over(): void;
}
