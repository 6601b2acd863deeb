/** The files of an app with an inline function, in `src`; with the endings of imports that Nest 12 has, or without. */
export function inlineApp(nest: 11 | 12): Record<string, string> {
  const files = {
    'app.service.ts': service,
    'app.controller.ts': controller,
    'app.module.ts': module,
    'app.controller.spec.ts': spec('.', false),
    'entry-of-runners.ts': `process.env.APP_ENTRY = 'dist/main.js';\n`,
    'built.spec.ts': spec('../dist', true),
  };
  if (nest === 12) return files;
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replaceAll(/('\.[^']*)\.js'/g, `$1'`)]));
}

/** The line of `app.service.ts` that runs on a runner. */
export const lineOnRunner = 'greeting: this.greet(name)';

const service = `
import { Inject, Injectable } from '@nestjs/common';
import { Flame } from 'nestjs-flame';

/** The compiled file has none of these lines. */
export interface Answer {
  greeting: string;
  parent: number;
  runner: number;
  at: string;
}

@Injectable()
export class AppService {
  readonly #mark = '!';

  constructor(@Inject(Flame) private readonly flame: Flame) {}

  getHello(): string {
    return 'Hello World!';
  }

  greet(name: string): string {
    return \`Hello \${name}\${this.#mark}\`;
  }

  async answer(name: string): Promise<Answer> {
    const parent: number = process.pid;
    return this.flame.call('work', async () => {
      type Gone = { also: 'not there' };
      const at = new Error('here').stack!.split('\\n')[1]!;
      return { greeting: this.greet(name), parent, runner: process.pid, at };
    });
  }
}
`;

const controller = `
import { Controller, Get, Inject, Param } from '@nestjs/common';
import { AppService } from './app.service.js';
import type { Answer } from './app.service.js';

@Controller()
export class AppController {
  constructor(@Inject(AppService) private readonly app: AppService) {}

  @Get()
  getHello(): string {
    return this.app.getHello();
  }

  @Get('answers/:name')
  answer(@Param('name') name: string): Promise<Answer> {
    return this.app.answer(name);
  }
}
`;

const module = `
import { Module } from '@nestjs/common';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { AppController } from './app.controller.js';
import { AppService } from './app.service.js';

const { APP_ENTRY: entry, APP_INSPECT } = process.env;
const execArgv = entry === undefined ? undefined : ['--import', 'nestjs-flame/register'];

@Module({
  imports: [FlameModule.forRoot([{ name: 'work', max: 1 }], { backend: new ProcessBackend({ entry, execArgv, inspect: APP_INSPECT ? 0 : undefined }) })],
  controllers: [AppController],
  providers: [AppService],
})
export class AppModule {}
`;

/** What a user tests: the source, whose pools are local, or the build, with runners of its own. */
const spec = (from: string, elsewhere: boolean): string => `
${elsewhere ? `import './entry-of-runners.js';` : ''}
import { Test } from '@nestjs/testing';
import { AppModule } from '${from}/app.module.js';
import { AppService } from '${from}/app.service.js';

it('answers', async () => {
  const compiled = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = await compiled.createNestApplication().init();
  const { greeting, runner } = await app.get(AppService).answer('you');
  expect(greeting).toBe('Hello you!');
  expect(runner !== process.pid).toBe(${elsewhere});
  await app.close();
}, 60_000);
`;
