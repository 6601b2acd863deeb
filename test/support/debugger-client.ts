import { once } from 'node:events';
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { onTestFinished } from 'vitest';

/** A part of the package `ws`, which has no types. Node 20 has no WebSocket client. */
interface Socket extends EventEmitter {
  send(data: string): void;
  terminate(): void;
}
const { WebSocket } = createRequire(import.meta.url)('ws') as { WebSocket: new (url: string) => Socket };

interface Message {
  id?: number;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { message: string };
}

/** A debugger that speaks the protocol of V8's inspector, as VS Code and Chrome do. Ends with the test. */
export class DebuggerClient {
  readonly #socket: Socket;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #events: { method: string; told: (params: unknown) => void }[] = [];
  #calls = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Message;
      if (message.id !== undefined) this.#answers.get(message.id)!(message);
      for (const event of this.#events) if (event.method === message.method) event.told(message.params);
    });
  }

  /** Attaches to an inspector at the URL that a process has printed. */
  static async attach(url: string): Promise<DebuggerClient> {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    onTestFinished(() => socket.terminate());
    return new DebuggerClient(socket);
  }

  async send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#calls;
    const answer = new Promise<Message>((resolve) => this.#answers.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { error, result } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  async evaluate(expression: string): Promise<unknown> {
    return ((await this.send('Runtime.evaluate', { expression })) as { result: { value: unknown } }).result.value;
  }

  /** Resolves with what the next event of that name tells. */
  event(method: string): Promise<unknown> {
    return new Promise((told) => this.#events.push({ method, told }));
  }

  /** Calls `told` with what each event of that name tells, from now on. */
  on(method: string, told: (params: unknown) => void): void {
    this.#events.push({ method, told });
  }
}
