import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Started } from '../launch/own-script.js';
import { allArguments, runnerCommand as commandLine, runnerScript } from './process-command.js';

const here = __dirname;
const started: Started = {
  execPath: '/usr/bin/node',
  execArgv: ['--inspect=9229', '-r', './preload.js', '--import', 'tsx'],
  argv: ['/usr/bin/node', '/app/dist/main', '--port', '3000'],
  env: {},
};

const runnerCommand = (...given: Parameters<typeof commandLine>): { file: string; args: string[] } => {
  const line = commandLine(...given);
  return { file: line.file, args: allArguments(line) };
};

describe('runnerCommand', () => {
  it("is the parent's own command line, without the inspector's flags", () => {
    expect(runnerCommand({}, started)).toEqual({
      file: '/usr/bin/node',
      args: ['-r', './preload.js', '--import', 'tsx', '/app/dist/main', '--port', '3000'],
    });
  });

  it("uses args and execArgv instead of the parent's", () => {
    const { args } = runnerCommand({ args: ['--runner'], execArgv: ['--inspect=0'] }, started);
    expect(args).toEqual(['--inspect=0', '/app/dist/main', '--runner']);
  });

  it('makes the runner compile inline functions if the parent does, whatever execArgv says', () => {
    const parent = { ...started, execArgv: ['--import=nestjs-flame/register', '--no-warnings'] };
    const flagsOf = (execArgv: string[]) => runnerCommand({ args: [], execArgv }, parent).args.slice(0, -1);
    expect(flagsOf(['--max-old-space-size=99'])).toEqual(['--import', 'nestjs-flame/register', '--max-old-space-size=99']);
    expect(flagsOf(['-r', 'nestjs-flame/register'])).toEqual(['-r', 'nestjs-flame/register']);
  });

  it("starts entry with the parent's flags and without the parent's arguments", () => {
    const { args } = runnerCommand({ entry: 'package.json', cwd: join(here, '../../..') }, started);
    expect(args).toEqual(['-r', './preload.js', '--import', 'tsx', join(here, '../../../package.json')]);
  });

  it.each([
    ['a file: URL as text', pathToFileURL(__filename).href],
    ['a URL', new URL(pathToFileURL(__filename).href)],
    ['an absolute path', join(here, 'process-command.spec.ts')],
  ])('accepts %s as entry', (_, entry) => {
    expect(runnerCommand({ entry, execArgv: [] }, started).args).toEqual([join(here, 'process-command.spec.ts')]);
  });

  it('finds an entry without extension, as node does', () => {
    const program = join(here, '../../../../../test/support/programs/preload');
    expect(runnerCommand({ entry: `${program}.cjs`, execArgv: [] }, started).args).toEqual([`${program}.cjs`]);
    const typescript = join(here, '../../../../../node_modules/typescript');
    expect(runnerCommand({ entry: join(typescript, 'lib/typescript'), execArgv: [] }, started).args).toEqual([
      join(typescript, 'lib/typescript.js'),
    ]);
  });

  it('refuses an entry that does not exist', () => {
    expect(refusal(() => runnerCommand({ entry: 'dist/nowhere.js' }, started))).toMatch(
      /^ProcessBackend\.entry is a file that does not exist: ".*nowhere\.js"\. Build the app first/,
    );
    expect(refusal(() => runnerCommand({ entry: pathToFileURL('/nowhere.js') }, started))).toContain('"/nowhere.js"');
  });

  it("starts the file that PM2 was told to start, instead of PM2's own", () => {
    const argv = ['/usr/bin/node', '/opt/node_modules/pm2/lib/ProcessContainer.js', '--port', '3000'];
    const env = { pm_exec_path: '/app/dist/main.js', pm_id: '0' };
    expect(runnerCommand({ execArgv: [] }, { ...started, argv, env }).args).toEqual(['/app/dist/main.js', '--port', '3000']);
    expect(runnerCommand({ execArgv: [] }, { ...started, env }).args).toEqual(['/app/dist/main', '--port', '3000']);
  });

  it('refuses a worker thread, because no process can be started from it', () => {
    expect(refusal(() => runnerScript({}, started, true))).toMatch(/^ProcessBackend\.entry is missing: the app runs in a worker thread/);
    expect(runnerScript({ entry: __filename }, started, true)).toBe(join(here, 'process-command.spec.ts'));
  });

  it.each([
    ['a REPL', ['/usr/bin/node'], []],
    ['standard input', ['/usr/bin/node', '-', 'x'], []],
    ['node -e, whose arguments look like a script', ['/usr/bin/node', 'x'], ['-e', 'start()']],
    ['node -p', ['/usr/bin/node'], ['--print', '--eval=1']],
  ])('refuses %s, which has no script to start', (_, argv, execArgv) => {
    expect(refusal(() => runnerCommand({}, { ...started, argv, execArgv }))).toMatch(
      /^ProcessBackend\.entry is missing: .*started from code.*entry: 'dist/,
    );
  });

  it('omits the code of node -e if an entry is given', () => {
    const code: Started = { ...started, argv: ['/usr/bin/node'], execArgv: ['--input-type=module', '-e', 'start()', '--no-warnings'] };
    expect(runnerCommand({ entry: pathToFileURL(__filename).href }, code).args).toEqual([
      '--no-warnings',
      join(here, 'process-command.spec.ts'),
    ]);
  });
});

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof FlameError && error.code === 'FLAME_CONFIG') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}
