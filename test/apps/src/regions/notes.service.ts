import { Injectable } from '@nestjs/common';
import { FlameCall, OnFlame } from 'nestjs-flame';
import { OnRegion, RegionRpc } from 'nestjs-flame/rpc';

/** Notes that are written where the database is, and read anywhere. */
@Injectable()
export class NotesService {
  readonly #notes: string[] = [];

  constructor(private readonly rpc: RegionRpc) {}

  @OnRegion('primary')
  async write(text: string): Promise<{ notes: number; by: string; region: string; pid: number }> {
    this.#notes.push(text);
    console.log(`[wrote ${text}]`);
    return { notes: this.#notes.length, by: this.rpc.instances()[0]!.id, region: this.rpc.myRegion, pid: process.pid };
  }

  /** Says when it has begun, and stays until it is told to go. */
  @OnRegion('primary', { timeout: 60_000 })
  async *watch(): AsyncGenerator<string> {
    yield `watched by ${this.rpc.instances()[0]!.id}`;
    await new Promise((resolve) => FlameCall.current()!.signal.addEventListener('abort', resolve));
  }

  @OnRegion('primary', { timeout: 60_000 })
  async stay(ms: number, text = ''): Promise<string> {
    console.log(`[wrote ${text}]`);
    await new Promise((resolve) => setTimeout(resolve, ms));
    return this.rpc.instances()[0]!.id;
  }

  /** Writes from a runner of this instance's pool, and tells which instances that sees. */
  @OnFlame('work')
  async writeFromRunner(text: string): Promise<{ runner: number; sees: string[]; note: Awaited<ReturnType<NotesService['write']>> }> {
    const note = await this.write(text);
    return { runner: process.pid, sees: this.rpc.instances().map(({ id, self }) => (self ? 'itself' : id)), note };
  }

  @OnRegion('primary')
  async echo(value: string): Promise<string> {
    return value;
  }
}
