import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Injectable, Module } from '@nestjs/common';
import { FlameModule, FlameParent, OnFlame, ProcessBackend } from 'nestjs-flame';

interface Ended {
  code: number;
  output: string;
}

/** Handlers that start the app again, each in another way. */
@Injectable()
export class Descendants {
  @OnFlame('work')
  async forked(file: string): Promise<Ended> {
    return ended(fork(join(import.meta.dirname, file), { silent: true }));
  }

  @OnFlame('work')
  async spawned({ file, env }: { file: string; env: Record<string, string> }): Promise<Ended> {
    return ended(spawn(process.argv0, [join(import.meta.dirname, file)], { env: { PATH: process.env['PATH'], ...env } }));
  }

  @OnFlame('work')
  async thread(file: string): Promise<Ended> {
    const worker = new Worker(join(import.meta.dirname, file), { stdout: true, stderr: true });
    let failure = '';
    worker.once('error', (error: Error) => (failure = error.message));
    const code = await new Promise<number>((resolve) => worker.once('exit', resolve));
    return { code, output: failure + (await text(worker.stdout)) + (await text(worker.stderr)) };
  }

  @OnFlame('work')
  async clusterWorker(): Promise<unknown> {
    cluster.setupPrimary({ exec: process.argv[1] });
    return [cluster.fork().isDead(), Object.keys(cluster.workers!)];
  }
}

async function ended(child: ChildProcess): Promise<Ended> {
  const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  return { code: code as number, output: out + err };
}

@Module({
  imports: [FlameModule.forRoot([{ name: 'work', min: 1, max: 1, handlerTimeout: 60_000 }], { backend: new ProcessBackend() })],
  providers: [Descendants],
})
export class AppModule {}

/** How deep this process is: a parent of its own says so. */
export function tell(what: string): void {
  console.log(`[${FlameParent.choose({ parent: 'parent', runner: 'runner' })}] ${process.pid} ${what}`);
}
