import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import type { BootRequest } from '../backend.js';
import type { DockerEngine } from './docker-api.js';
import { splitLines } from '../launch/line-splitter.js';
import { heapIsFull } from '../process/process-exit.js';

/** The output of a container, passed on line by line. */
export interface ContainerOutput {
  /** Resolves at the end of the output. */
  readonly ended: Promise<void>;
  /** Whether V8 has reported that its heap is full. */
  readonly heapFull: boolean;
  /** Stops reading. */
  close(): void;
}

/** Idle time in milliseconds after which a connection is probed, so that a dead connection breaks. */
const probeAfter = 30_000;

/**
 * Attaches to a container before it starts, so that no output is lost. Attaching does not depend on the container's logs: the log driver
 * may not support reading, and following logs can lose the last lines.
 */
export async function readOutput({ ask }: DockerEngine, id: string, output: BootRequest['output']): Promise<ContainerOutput> {
  let demux!: Docker['modem']['demuxStream'];
  const attach = (docker: Docker): Promise<NodeJS.ReadWriteStream> => {
    demux = docker.modem.demuxStream.bind(docker.modem);
    return docker.getContainer(id).attach({ stream: true, stdout: true, stderr: true });
  };
  const attached = (await ask(`attach to container ${id}`, attach)) as NodeJS.ReadWriteStream & {
    readonly socket?: Socket;
    destroy(): void;
  };
  attached.socket?.setKeepAlive(true, probeAfter);
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  let heapFull = false;
  splitLines(streams.stdout, (line) => output(line, 'stdout'));
  splitLines(streams.stderr, (line) => {
    heapFull ||= heapIsFull.test(line);
    output(line, 'stderr');
  });
  demux(attached, streams.stdout, streams.stderr);
  const both = Object.values(streams);
  const read = both.map((stream) => new Promise((resolve) => stream.once('close', resolve)));
  // This also ends the streams if the engine's connection is lost.
  for (const event of ['end', 'error', 'close']) attached.once(event, () => both.forEach((stream) => stream.end()));
  return {
    ended: Promise.all(read).then(() => undefined),
    get heapFull() {
      return heapFull;
    },
    close: () => attached.destroy(),
  };
}
