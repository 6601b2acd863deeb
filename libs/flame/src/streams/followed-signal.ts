import type { Codec } from '../core/codec/codec.js';
import type { StreamFrame } from '../core/session/frame.js';

/** Sends a frame to the other end when a signal aborts. The returned function ends this. */
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
