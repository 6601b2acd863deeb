import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { Flame, FlamePool, LocalBackend, ProcessBackend, getPoolToken } from 'nestjs-flame';
import type { FlameBackend, FlameModuleOptions, FlamePoolOptions } from 'nestjs-flame';
import { afterEach, describe } from 'vitest';
import { ConformanceModule } from '../apps/src/conformance/app.module.js';
import { WorkService } from '../apps/src/conformance/work.service.js';
import { readMarks } from './marks.js';
import type { Mark } from './marks.js';
import { isAlive, until } from './process-table.js';

/** An app with one pool, `p`, and what a rule needs to try it. */
export interface Trial {
  readonly app: TestingModule;
  readonly work: WorkService;
  readonly flame: Flame;
  readonly pool: FlamePool;
  /** A new file for handlers to leave marks in. */
  file(): string;
  marks(file: string): Mark[];
  /** Waits until a handler has left a mark. */
  marked(file: string, what: string): Promise<Mark>;
}

/** Begins an app with pool `p`, and with `more` pools. */
export type Start = (pool?: Partial<FlamePoolOptions>, options?: FlameModuleOptions, more?: FlamePoolOptions[]) => Promise<Trial>;

export interface TrialBackend {
  readonly name: 'local' | 'process';
  /** Runners are processes of their own: they can be killed, and block nothing but themselves. */
  readonly isolated: boolean;
  make(): FlameBackend;
}

/** The process behind a machine's name, `pid 123`. */
export function pidOf(machine: string | undefined): number {
  return Number(/^pid (\d+)$/.exec(machine ?? '')![1]);
}

/** What the process backend starts. */
export const runnerEntry = join(import.meta.dirname, '../apps/dist/conformance/main.js');

const backends: TrialBackend[] = [
  { name: 'local', isolated: false, make: () => new LocalBackend() },
  { name: 'process', isolated: true, make: () => new ProcessBackend({ entry: runnerEntry }) },
];

/**
 * A rule that holds on every backend. `start` begins an app with pool `p`; it is closed after each test, and no process of it may be left then.
 */
export function rule(
  name: string,
  tests: (start: Start, backend: TrialBackend) => void,
  only: (backend: TrialBackend) => boolean = () => true,
): void {
  describe.each(backends.filter(only))(`${name} ($name)`, (backend) => {
    const apps: TestingModule[] = [];
    const folders: string[] = [];
    const machines = new Set<number>();

    const start: Start = async (pool = {}, options = {}, more = []) => {
      const folder = mkdtempSync(join(tmpdir(), 'flame-rule-'));
      folders.push(folder);
      const module = ConformanceModule.with([{ name: 'p', max: 2, maxConcurrency: 2, ...pool }, ...more], {
        backend: backend.make(),
        ...options,
      });
      const app = await Test.createTestingModule({ imports: [module] }).compile();
      app.useLogger(false);
      apps.push(app);
      await app.init();
      const flamePool = app.get<FlamePool>(getPoolToken('p'));
      const note = (machine: string | undefined): void => {
        if (backend.isolated && machine !== undefined) machines.add(pidOf(machine));
      };
      for (const { machine } of flamePool.stats().runners) note(machine);
      flamePool.events$.subscribe((notice) => {
        if (notice.is === 'up') note(notice.machine);
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
      };
    };

    afterEach(async () => {
      for (const app of apps.splice(0)) await app.close();
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
      const left = [...machines].filter(isAlive);
      machines.clear();
      if (left.length > 0) throw new Error(`processes ${left.join(', ')} are left`);
    });

    tests(start, backend);
  });
}
