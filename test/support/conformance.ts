import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { Flame, FlamePool, getPoolToken } from 'nestjs-flame';
import type { FlameModuleOptions, FlamePoolOptions } from 'nestjs-flame';
import { afterEach, describe } from 'vitest';
import { ConformanceModule } from '../apps/src/conformance/app.module.js';
import { WorkService } from '../apps/src/conformance/work.service.js';
import { readMarks } from './marks.js';
import type { Mark } from './marks.js';
import { until } from './process-table.js';
import { marksFolder, trialBackends } from './trial-backends.js';
import type { TrialBackend } from './trial-backends.js';

export { pidOf, runnerEntry } from './trial-backends.js';

/** An app with one pool, `p`, and the tools that a rule needs to test it. */
export interface Trial {
  readonly app: TestingModule;
  readonly work: WorkService;
  readonly flame: Flame;
  readonly pool: FlamePool;
  /** A new file in which handlers write marks. */
  file(): string;
  marks(file: string): Mark[];
  /** Waits until a handler has written a mark. */
  marked(file: string, what: string): Promise<Mark>;
  /** Sends a signal to a runner's process, without the pool's knowledge. */
  signal(runner: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Resolves when a runner's machine no longer exists on the platform. */
  gone(runner: string): Promise<void>;
}

/** Starts an app with pool `p` and `more` pools. */
export type Start = (pool?: Partial<FlamePoolOptions>, options?: FlameModuleOptions, more?: FlamePoolOptions[]) => Promise<Trial>;

const backends = await trialBackends();

/**
 * Defines a rule that holds on every backend. `start` starts an app with pool `p`. The app is closed after each test, and then none of its machines may be left.
 */
export function rule(
  name: string,
  tests: (start: Start, backend: TrialBackend) => void,
  only: (backend: TrialBackend) => boolean = () => true,
): void {
  describe.each(backends.filter(only))(`${name} ($name)`, (backend) => {
    const apps: TestingModule[] = [];
    const folders: string[] = [];
    const machines = new Map<string, string>();
    const patience = backend.bootTimeout === undefined ? {} : { bootTimeout: backend.bootTimeout };

    const start: Start = async (pool = {}, options = {}, more = []) => {
      const folder = mkdtempSync(join(marksFolder, 'rule-'));
      // Runners may be of another user.
      chmodSync(folder, 0o777);
      folders.push(folder);
      const module = ConformanceModule.with([{ name: 'p', max: 2, maxConcurrency: 2, ...patience, ...pool }, ...more], {
        backend: backend.make(),
        ...options,
      });
      const app = await Test.createTestingModule({ imports: [module] }).compile();
      app.useLogger(false);
      apps.push(app);
      await app.init();
      const flamePool = app.get<FlamePool>(getPoolToken('p'));
      for (const { id, machine } of flamePool.stats().runners) if (machine !== undefined) machines.set(id, machine);
      flamePool.events$.subscribe((event) => {
        if (event.type === 'up') machines.set(event.runner, event.machine);
      });
      let files = 0;
      return {
        app,
        work: app.get(WorkService),
        flame: app.get(Flame),
        pool: flamePool,
        file: () => join(folder, `marks-${++files}`),
        marks: readMarks,
        marked: async (file, what) => {
          await until(() => readMarks(file).some((mark) => mark.what === what));
          return readMarks(file).find((mark) => mark.what === what)!;
        },
        signal: (runner, signal) => backend.signal(machines.get(runner)!, signal),
        gone: (runner) => until(() => backend.gone(machines.get(runner)!)),
      };
    };

    afterEach(async () => {
      for (const app of apps.splice(0)) await app.close();
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      const left: string[] = [];
      for (const machine of machines.values()) if (!(await backend.gone(machine))) left.push(machine);
      machines.clear();
      if (left.length > 0) throw new Error(`machines ${left.join(', ')} are left`);
    });

    tests(start, backend);
  });
}
