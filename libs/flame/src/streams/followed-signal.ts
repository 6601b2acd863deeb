import type { Codec } from '../core/codec/codec.js';
import type { StreamFrame } from '../core/session/frame.js';

/** Tells the other end when a signal aborts. `unfollow` ends that. */
export function followSignal(
  signal: AbortSignal,
  id: number,
  stream: number,
  codec: Codec,
  send: (frame: StreamFrame) => void,
): () => void {
  const tell = (): void => send({ type: 'end', id, stream, error: codec.encodeThrown(signal.reason) });
  if (signal.aborted) {
    tell();
    return () => {};
  }
  signal.addEventListener('abort', tell, { once: true });
  return () => signal.removeEventListener('abort', tell);
}
