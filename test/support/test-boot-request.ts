import type { AppCode, BackendContext, BootRequest, LocalMachine } from '../../libs/flame/src/backends/backend.js';

/** The context that a backend gets at its start. */
export const testContext: BackendContext = {
  parent: 'parent-1',
  underTest: true,
  log: { debug() {}, log() {}, warn() {}, error() {} },
};

let requests = 0;

/** A request for one machine that records the machine's output. The pool's name selects the behaviour of `programs/machine.mjs`. */
export class TestBootRequest implements BootRequest {
  /** A unique name, because platforms refuse a name that is in use. */
  readonly runner = `runner-${++requests}`;
  readonly parent = 'parent-1';
  readonly handlers = 'handlers-1';
  readonly bootTimeout = 10_000;
  readonly shutdownTimeout = 1_000;
  readonly reconnectTimeout = 1_000;
  readonly lines: { line: string; stream: 'stdout' | 'stderr' }[] = [];
  readonly #abort = new AbortController();
  readonly #waiting = new Map<string, () => void>();

  constructor(
    readonly pool: string,
    readonly inProcess: () => Promise<LocalMachine> = () => Promise.reject(new Error('this backend has no business in this process')),
  ) {}

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(): void {
    this.#abort.abort(new Error('the boot was abandoned'));
  }

  readonly flameParent: BootRequest['flameParent'] = async (options) => {
    // Nothing listens at this port: the machines of the contract suite do not attach.
    const address = options?.tunnel && { address: await options.tunnel(1) };
    const info = { pool: this.pool, runner: this.runner, parent: this.parent, ...address, ...options?.more };
    return Buffer.from(JSON.stringify(info)).toString('base64');
  };

  /** The code that the backend offers to its machine. */
  served: AppCode | undefined;

  readonly serveCode: BootRequest['serveCode'] = async (code) => {
    this.served = code;
  };

  readonly output: BootRequest['output'] = (line, stream) => {
    this.lines.push({ line, stream });
    this.#waiting.get(line)?.();
  };

  /** Resolves when the machine has printed this line. */
  printed(line: string): Promise<void> {
    if (this.lines.some((printed) => printed.line === line)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(line, resolve));
  }

  text(stream: 'stdout' | 'stderr'): string[] {
    return this.lines.filter((printed) => printed.stream === stream).map((printed) => printed.line);
  }
}
