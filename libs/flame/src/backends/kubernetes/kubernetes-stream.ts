import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Cluster } from './kubernetes-cluster.js';

/** After which a connection that says nothing is probed, in milliseconds: one that is dead breaks. */
const probeAfter = 30_000;
/** Node's longest timer. */
const longestTimer = 2 ** 31 - 1;

/** What of the API server is read for as long as it has something to say. */
export interface Stream {
  /** Below the server's address. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Milliseconds for the answer to begin, where the API server does not wait for the first word of something else. No limit when left out. */
  readonly limit?: number;
  /** Takes the answer. */
  readonly read: (answer: IncomingMessage) => void;
}

/**
 * Resolves when the API server has said all. The library's own `Watch` and `Log` give no hold on a request that is not answered.
 *
 * @throws {Error} when the connection breaks, with the status as its `code` when the answer is a refusal; the signal's reason.
 */
export async function readStream({ config }: Cluster, { path, query, signal, limit = Infinity, read }: Stream): Promise<void> {
  const url = new URL(`${config.getCurrentCluster()!.server}${path}?${new URLSearchParams(query)}`);
  const options = {};
  await config.applyToHTTPSOptions(options);
  await new Promise<void>((resolve, reject) => {
    const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const request = send(url, { ...options, signal }, (answer: IncomingMessage) => {
      answer.socket.setTimeout(0);
      answer.once('error', reject).once('close', () => reject(new Error('the connection broke')));
      if (answer.statusCode === 200) {
        read(answer);
        answer.once('end', resolve);
      } else {
        answer.resume();
        reject(Object.assign(new Error(answer.statusMessage || `status ${answer.statusCode}`), { code: answer.statusCode }));
      }
    });
    request.setSocketKeepAlive(true, probeAfter);
    if (limit <= longestTimer) request.setTimeout(limit, () => request.destroy(new Error(`no answer within ${limit} ms`)));
    request.once('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error)).end();
  });
}
