import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { Injectable, Module } from '@nestjs/common';
import { Flame, FlameModule, OnFlame, ProcessBackend } from 'nestjs-flame';
import { settings } from './settings.js';

const require = createRequire(import.meta.url);

@Injectable()
export class Places {
  constructor(private readonly flame: Flame) {}

  /** What the files of this app see of where they are, in this process. */
  @OnFlame('runners')
  async look(): Promise<Record<string, unknown>> {
    const name = 'named-at-run-time';
    // @ts-expect-error the test installs it
    const besideItself = (await import('beside-itself')) as {
      default: {
        text: string;
        main: unknown;
        loads(name: string): unknown;
        imports(file: string): Promise<typeof import('./settings.js')>;
      };
    };
    // @ts-expect-error the test installs it
    const module = (await import('beside-module')) as { text: string; default: string };
    // @ts-expect-error the test installs it
    const outside = (await import('outside')) as { default: { common: object }; named: string };
    // @ts-expect-error the test installs it
    const common = (await import('common-js')) as { default: object };
    const byName = (await import(`${name}`)) as { default: string };
    const byPath = (await import(`./${['settings', 'js'].join('.')}`)) as typeof import('./settings.js');
    return {
      file: import.meta.url,
      folder: import.meta.dirname,
      manifest: JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')),
      script: process.argv[1],
      beside: [besideItself.default.text, module.text, module.default],
      main: besideItself.default.main,
      loads: besideItself.default.loads('./data.json'),
      named: byName.default,
      // One copy of each module, whoever loads it.
      same: [
        byPath.settings === settings,
        (await besideItself.default.imports(join(import.meta.dirname, 'settings.js'))).settings === settings,
        outside.default.common === common.default,
        outside.named,
      ],
      settings,
    };
  }

  @OnFlame('runners')
  async addon(): Promise<unknown> {
    const { extractStrings } = require('msgpackr-extract') as { extractStrings: object };
    return [
      typeof extractStrings,
      Object.keys(require.cache)
        .filter((file) => file.endsWith('.node'))
        .map((file) => basename(file)),
    ];
  }

  @OnFlame('runners')
  async missing(): Promise<void> {
    // @ts-expect-error nobody installs it
    await import('not-installed');
  }

  /** What the command line of a runner is, in an inline function. */
  async command(): Promise<string> {
    const suffix = ' of ';
    return this.flame.call(
      'runners',
      async () => readFileSync('/proc/self/cmdline', 'utf8').split('\0').join(' ').trim() + suffix + this.constructor.name,
    );
  }
}

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'runners', max: 1, bootTimeout: 60_000, queueTimeout: 60_000 }], {
      backend: new ProcessBackend({ bundle: process.env['BUNDLE'] !== 'no' }),
    }),
  ],
  providers: [Places],
})
export class AppModule {}
