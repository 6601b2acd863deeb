import type { BootRequest, FlameBackend, Machine, MachineExit } from '../../backends/backend.js';
import { BootError } from '../../core/errors/boot-error.js';
import type { BootPhase } from '../../core/errors/boot-error.js';
import { configExitCode } from '../../core/errors/config-exit-code.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Attachment } from '../../transport/session/link.js';

/** A machine that is up and whose runner has attached. */
export interface BootedRunner {
  readonly machine: Machine;
  readonly attachment: Attachment;
}

/** One boot. It creates the machine and waits for its runner at the same time. */
export interface Boot {
  /** Resolves when the platform has created the machine; rejects when it could not. */
  readonly made: Promise<Machine>;
  /** Resolves when the runner has attached; rejects with a BootError as soon as that has become impossible. */
  readonly up: Promise<BootedRunner>;
  /** After a failure: resolves when nothing is left of the machine. */
  readonly cleared: Promise<void>;
  /** The current phase of the boot, or the last one. */
  readonly phase: BootPhase;
  /** Gives up: `up` rejects with a BootError that names the phase. */
  abandon(why: string): void;
}

/**
 * Boots one machine and waits for its runner. `expect` waits for the runner at the attach server until its signal aborts. `request` makes the
 * request for the backend with that signal. `lastLines` returns the last output of the machine, for the error.
 */
export function bootRunner(
  backend: FlameBackend,
  request: (signal: AbortSignal) => BootRequest,
  expect: (signal: AbortSignal) => Promise<Attachment>,
  lastLines: () => readonly string[],
): Boot {
  const giveUp = new AbortController();
  const { signal } = giveUp;
  let phase: BootPhase = 'create';
  const abandoned = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const attached = expect(signal);
  const made = (async () => backend.boot(request(signal)))();

  const up = (async (): Promise<BootedRunner> => {
    const machine = await Promise.race([made, abandoned]);
    phase = 'attach';
    const ended = machine.exited.then((exit) => {
      throw diedEarly(backend, exit);
    });
    const attachment = await Promise.race([attached, ended, abandoned]);
    return { machine, attachment };
  })().catch((error: unknown) => {
    const bootError = withLastLines(asBootError(backend, error, phase), lastLines());
    giveUp.abort(bootError);
    throw bootError;
  });

  const cleared = up.then(
    () => undefined,
    async () => {
      // The runner may have attached in the moment in which its boot was given up.
      attached.then(({ link }) => link.drop('its boot was aborted')).catch(() => undefined);
      const machine = await made.catch(() => undefined);
      await machine?.stop(0);
    },
  );
  // Each of these promises may reject after another one has decided the outcome.
  for (const side of [abandoned, attached, made, up, cleared]) side.catch(() => undefined);

  return {
    made,
    up,
    cleared,
    get phase() {
      return phase;
    },
    abandon: (why) => giveUp.abort(new BootError(`${backend.name}: ${why}, in phase "${phase}"`, { phase })),
  };
}

function diedEarly(backend: FlameBackend, exit: MachineExit): BootError {
  const clean = exit.how === 'exit' && exit.code === 0;
  const why = clean
    ? `. The runner's script ended before it initialised an app with a FlameModule. A runner executes the parent's script up to createApplicationContext(), app.init() or app.listen(): make sure that the script gets there, or set the backend's option entry to a file that does`
    : '';
  return new BootError(`${backend.name}: the machine ended before its runner attached: ${exit.text}${why}`, {
    phase: 'attach',
    // A script that ends without an error does so every time.
    fatal: exit.fatal ?? (clean || (exit.how === 'exit' && exit.code === configExitCode)),
  });
}

function asBootError(backend: FlameBackend, error: unknown, phase: BootPhase): BootError {
  if (error instanceof BootError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof FlameError) {
    return new BootError(message, { phase: error.code === 'FLAME_DENIED' ? 'handshake' : phase, fatal: true, cause: error });
  }
  return new BootError(`${backend.name}: ${message}`, { phase, cause: error });
}

function withLastLines(error: BootError, lines: readonly string[]): BootError {
  if (lines.length === 0) return error;
  return new BootError(`${error.message}\nThe machine's last lines:\n${lines.map((line) => `  | ${line}`).join('\n')}`, {
    phase: error.phase,
    fatal: error.fatal,
    cause: error,
  });
}
