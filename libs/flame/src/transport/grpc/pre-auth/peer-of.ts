import type { Socket } from 'node:net';

/** Where a connection comes from, which no other one does at the same time. */
export function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
