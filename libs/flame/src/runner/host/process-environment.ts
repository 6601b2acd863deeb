import type { OpenPipe } from '../../transport/grpc/grpc-pipe.js';
import { ownCosts } from '../../system/process-costs.js';
import { exportTelemetry } from './telemetry.js';
import { reportProcessStats } from './report-process-stats.js';
import { type StayAwake, stayAwake } from './stay-awake.js';
import { Watchdog } from '../watchdog/watchdog.js';
import type { WatchdogOptions } from '../watchdog/watchdog.js';

/** The functions of its process that a host needs. A simulated runner has its own. */
export interface ProcessEnvironment {
  /** Connects to the parent; over gRPC when left out. */
  readonly openPipe?: OpenPipe;
  /** Takes over the process's signals: no other listener gets them. */
  onSignal(told: (signal: string) => void): void;
  /** Calls `send` from time to time with the process's stats; returns a function that ends this. A simulated process sends none. */
  reportStats?(send: (stats: string) => void, mostCalls: () => number, awake: () => number): () => void;
  /** The costs of the process, for `readCosts`; `parent` is the parent's address. A simulated process has no costs of its own. */
  costs?(parent: string): string;
  watchdog(options: WatchdogOptions): Pick<Watchdog, 'busy' | 'deadline' | 'close'>;
  /** Keeps the process awake between short calls. A simulated process does not sleep. */
  stayAwake?(): StayAwake | undefined;
  /** Exports the data that the app's OpenTelemetry SDK holds; rejects with the problems. A simulated process has no SDK. */
  exportTelemetry?(): Promise<void>;
}

/** The signals with which a platform or a person asks a process to end. */
const signals = ['SIGTERM', 'SIGINT'] as const;

/** The process that this code runs in. */
export const thisProcess: ProcessEnvironment = {
  onSignal: (told) => {
    for (const signal of signals) {
      // Other listeners would end the process, or its database clients, while work is running.
      process.removeAllListeners(signal);
      process.on(signal, () => told(signal));
    }
  },
  reportStats: reportProcessStats,
  costs: (parent) => JSON.stringify(ownCosts(parent)),
  watchdog: (options) => new Watchdog(options),
  stayAwake,
  exportTelemetry: () => exportTelemetry(),
};
