import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import type { BootOrder } from '../backend.js';
import { splitLines } from '../line-splitter.js';
import { heapIsFull } from '../process/process-exit.js';

/** What a container prints, handed on line by line. */
export interface ContainerOutput {
  /** Resolves when that was all. */
  readonly ended: Promise<void>;
  /** Whether V8 has said that its heap is full. */
  readonly heapFull: boolean;
}

/**
 * Attaches to a container before it is started, so that nothing is missed, whatever becomes of its logs: their driver may not be readable, and following
 * them loses last lines.
 */
export async function readOutput(docker: Docker, container: Docker.Container, output: BootOrder['output']): Promise<ContainerOutput> {
  const attached = await container.attach({ stream: true, stdout: true, stderr: true });
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  let heapFull = false;
  splitLines(streams.stdout, (line) => output(line, 'stdout'));
  splitLines(streams.stderr, (line) => {
    heapFull ||= heapIsFull.test(line);
    output(line, 'stderr');
  });
  docker.modem.demuxStream(attached, streams.stdout, streams.stderr);
  const both = Object.values(streams);
  const read = both.map((stream) => new Promise((resolve) => stream.once('close', resolve)));
  // An engine that goes away ends it too.
  for (const event of ['end', 'error', 'close']) attached.once(event, () => both.forEach((stream) => stream.end()));
  return {
    ended: Promise.all(read).then(() => undefined),
    get heapFull() {
      return heapFull;
    },
  };
}
