/** Where a boot is: the platform makes the machine, starts it, the runner attaches, both sides agree. */
export type BootPhase = 'create' | 'start' | 'attach' | 'handshake';

/** Why a machine could not be made. `message` starts with the backend's name and carries the platform's own words. */
export class BootError extends Error {
  override readonly name = 'BootError';
  /** Trying again cannot help: no such image, bad credentials. */
  readonly fatal: boolean;
  readonly phase: BootPhase;

  constructor(message: string, options: { fatal?: boolean; phase: BootPhase; cause?: unknown }) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.fatal = options.fatal ?? false;
    this.phase = options.phase;
  }
}
