import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { Flame, FlamePool, LocalBackend, ProcessBackend, getPoolToken } from 'nestjs-flame';
import type { FlameBackend, FlameModuleOptions, FlamePoolOptions } from 'nestjs-flame';
import { afterEach, describe } from 'vitest';
import { ConformanceModule } from '../apps/src/conformance/app.module.js';
import { WorkService } from '../apps/src/conformance/work.service.js';
import { isAlive, until } from './process-table.js';

/** One line that a handler left. */
export interface Mark {
  what: string;
  pid: number;
  runner: string;
  call: number;
  attempt: number;
  at: number;
}

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

const entry = join(import.meta.dirname, '../apps/src/conformance/main.js');

const backends: TrialBackend[] = [
  { name: 'local', isolated: false, make: () => new LocalBackend() },
  { name: 'process', isolated: true, make: () => new ProcessBackend({ entry }) },
];

/**
 * A rule that holds on every backend. `start` begins an app with pool `p`; it is closed after each test, and no process of it may be left then.
 */
export function rule(
  name: string,
  tests: (start: (pool?: Partial<FlamePoolOptions>, options?: FlameModuleOptions) => Promise<Trial>, backend: TrialBackend) => void,
  only: (backend: TrialBackend) => boolean = () => true,
): void {
  describe.each(backends.filter(only))(`${name} ($name)`, (backend) => {
    const apps: TestingModule[] = [];
    const folders: string[] = [];
    const machines = new Set<number>();

    const start = async (pool: Partial<FlamePoolOptions> = {}, options: FlameModuleOptions = {}): Promise<Trial> => {
      const folder = mkdtempSync(join(tmpdir(), 'flame-rule-'));
      folders.push(folder);
      const module = ConformanceModule.with([{ name: 'p', max: 2, maxConcurrency: 2, ...pool }], { backend: backend.make(), ...options });
      const app = await Test.createTestingModule({ imports: [module] }).compile();
      app.useLogger(false);
      apps.push(app);
      await app.init();
      const flamePool = app.get<FlamePool>(getPoolToken('p'));
      flamePool.events$.subscribe((notice) => {
        if (notice.is === 'up' && backend.isolated) machines.add(pidOf(notice.machine));
      });
      let files = 0;
      const marks = (file: string): Mark[] => {
        try {
          return readFileSync(file, 'utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Mark);
        } catch {
          return [];
        }
      };
      return {
        app,
        work: app.get(WorkService),
        flame: app.get(Flame),
        pool: flamePool,
        file: () => join(folder, `marks-${++files}`),
        marks,
        marked: async (file, what) => {
          await until(() => marks(file).some((mark) => mark.what === what));
          return marks(file).find((mark) => mark.what === what)!;
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
