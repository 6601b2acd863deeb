import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { FlameModule } from '../nest/module/flame.module.js';
import { flameDefaults } from '../nest/module/flame-options.js';
import type { FlameModuleOptions, FlamePoolOptions } from '../nest/module/flame-options.js';
import { SystemClock } from '../system/system-clock.js';
import { FlameFaults } from './flame-faults.js';
import { TestBackend } from './test-backend.js';
import { VirtualClock } from './virtual-clock.js';

/** Options of `FlameTestingModule.forRoot`: those of `FlameModule`, except for `backend` and `clock`, which the testing module sets. */
export interface FlameTestingOptions extends Omit<FlameModuleOptions, 'backend' | 'clock'> {
  /**
   * Whether the pools use a `VirtualClock`, which the test advances.
   *
   * @default false
   */
  virtualTime?: boolean;
}

/**
 * `FlameModule` for tests: pools as in production, with runners in this process, and with faults that the test causes. The pools' own
 * backends are not used. `FlameFaults` and, with `virtualTime`, `VirtualClock` can be injected, or read from the testing module.
 */
@Module({})
export class FlameTestingModule {
  /** @throws {FlameError} FLAME_CONFIG that names the option's path and the fix. */
  static forRoot(pools: FlamePoolOptions[], options: FlameTestingOptions = {}): DynamicModule {
    const { virtualTime = false, ...rest } = options;
    const clock = virtualTime ? new VirtualClock() : new SystemClock();
    const faults = new FlameFaults(clock, rest.reconnectTimeout ?? flameDefaults.reconnectTimeout);
    const backend = new TestBackend(faults, clock);
    const providers = [
      { provide: FlameFaults, useValue: faults },
      ...(clock instanceof VirtualClock ? [{ provide: VirtualClock, useValue: clock }] : []),
    ];
    return {
      module: FlameTestingModule,
      global: true,
      imports: [FlameModule.forRoot(pools, { ...rest, backend, clock })],
      providers,
      exports: providers.map(({ provide }) => provide),
    };
  }
}
