import type { OpenPipe } from '../../transport/grpc/client-pipe.js';
import { ownCosts } from '../../system/process-costs.js';
import { exportTelemetry } from './telemetry.js';
import { reportProcessStats } from './report-process-stats.js';
import { Watchdog } from '../watchdog/watchdog.js';
import type { WatchdogOptions } from '../watchdog/watchdog.js';

/** What a host needs of the process that it is in. A simulated runner has its own. */
export interface ProcessEnvironment {
  /** Connects to the parent; over gRPC when left out. */
  readonly openPipe?: OpenPipe;
  /** Takes the process's signals over: they are the host's alone. */
  onSignal(told: (signal: string) => void): void;
  /** Tells `send`, now and then, how the process is; returns what ends that. A simulated one has nothing to tell. */
  reportStats?(send: (stats: string) => void, mostCalls: () => number): () => void;
  /** What the process takes, as `readCosts` reads it; `parent` is where the parent is. A simulated one takes nothing of its own. */
  costs?(parent: string): string;
  watchdog(options: WatchdogOptions): Pick<Watchdog, 'busy' | 'deadline' | 'close'>;
  /** Exports what the app's OpenTelemetry SDK holds; rejects with what went wrong. A simulated one has none. */
  exportTelemetry?(): Promise<void>;
}

/** How a platform, or a person, asks a process to go. */
const signals = ['SIGTERM', 'SIGINT'] as const;

/** This very process. */
export const thisProcess: ProcessEnvironment = {
  onSignal: (told) => {
    for (const signal of signals) {
      // Whoever else listened would end the process, or its database clients, under the running work.
      process.removeAllListeners(signal);
      process.on(signal, () => told(signal));
    }
  },
  reportStats: reportProcessStats,
  costs: (parent) => JSON.stringify(ownCosts(parent)),
  watchdog: (options) => new Watchdog(options),
  exportTelemetry: () => exportTelemetry(),
};
