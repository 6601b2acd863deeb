import { readdirSync, readFileSync } from 'node:fs';

/** All processes of this process namespace but the one that made it and this one, where a stress test has it for itself. */
export function otherProcesses(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && ![1, process.pid].includes(Number(entry)))
    .flatMap((pid) => {
      try {
        const state = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!;
        return state === 'Z' ? [] : [`process ${pid}: ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`];
      } catch {
        // It went while it was looked at.
        return [];
      }
    });
}
