/** The phase of a boot: the platform creates the machine, starts it, the runner attaches, and both sides compare versions and handlers. */
export type BootPhase = 'create' | 'start' | 'attach' | 'handshake';

/** The error of a failed boot. `message` starts with the backend's name and contains the platform's own error text. */
export class BootError extends Error {
  override readonly name = 'BootError';
  /** True if a retry cannot succeed, for example without an image or with wrong credentials. */
  readonly fatal: boolean;
  readonly phase: BootPhase;

  constructor(message: string, options: { fatal?: boolean; phase: BootPhase; cause?: unknown }) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.fatal = options.fatal ?? false;
    this.phase = options.phase;
  }
}
