import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FlameError } from '../../core/errors/flame-error.js';
import { registerInlineFunctions } from './register-hooks.js';

type Loader = NonNullable<Parameters<typeof registerInlineFunctions>[0]>;
type Hooks = Parameters<NonNullable<Loader['registerHooks']>>[0];
type Loaded = ReturnType<Hooks['load']>;

const path = '/app/dist/videos.js';
const url = pathToFileURL(path).href;
const call = `async function publish(flame, video) {\n  return flame.call('ffmpeg', async () => video.length);\n}\n`;
const wrong = `const { Flame } = require('nestjs-flame'); function publish(app, video) {\n  return app.get(Flame).call('ffmpeg', async () => { video = 2; });\n}\n`;
const unreadable = `@Injectable() class Videos {}\n${call}`;

/** A process whose loader gives on what it gets. */
function register(env: Record<string, string> = {}) {
  const global = globalThis as Record<symbol, unknown>;
  delete global[Symbol.for('nestjs-flame:register')];
  onTestFinished(() => void delete global[Symbol.for('nestjs-flame:register')]);
  const _compile = vi.fn<(code: string, path: string, ...more: unknown[]) => string>((code) => code);
  const prototype: Loader['prototype'] = { _compile: _compile as Loader['prototype']['_compile'] };
  const hooks: Hooks[] = [];
  const loader: Loader = { prototype, registerHooks: (added) => void hooks.push(added) };
  const emitWarning = vi.fn<(text: string, type: string) => void>();
  const registerOnce = () => registerInlineFunctions(loader, { env, versions: process.versions, emitWarning } as unknown as typeof process);
  registerOnce();
  return {
    _compile,
    hooks,
    emitWarning,
    registerOnce,
    requires: (code: string, at = path, ...more: unknown[]) => prototype._compile.call({}, code, at, ...more) as string,
    imports: (loaded: Partial<Loaded>, at = url) =>
      hooks[0]!.load(at, {} as never, () => ({ format: 'module', source: '', ...loaded }) as Loaded).source,
  };
}

describe('registerInlineFunctions', () => {
  it('compiles required modules, with an inline map', () => {
    const { requires, _compile } = register();
    const code = requires(call, path, undefined, 1);
    expect(code).toMatch(/^const .*require\("nestjs-flame\/inline"\)[^]*\n\/\/# sourceMappingURL=data:application\/json/);
    expect(_compile).toHaveBeenCalledWith(code, path, undefined, 1);
    expect(requires('a();')).toBe('a();');
  });

  it('compiles imported modules, as text and as bytes', () => {
    const { imports } = register();
    for (const source of [call, Buffer.from(call)]) {
      expect(imports({ source }, `${url}?version=2#a`)).toMatch(/^import [^]*\n\/\/# sourceMappingURL=data:application\/json/);
    }
  });

  it('compiles an ES module once if it is required', () => {
    const { imports, requires } = register();
    const code = imports({ source: call }) as string;
    expect(requires(code, path, 'module')).toBe(code);
    expect(requires(call, path, 'module')).toMatch(/^import /);
  });

  it.each<[string, Partial<Loaded>, string]>([
    ['CommonJS, which require compiles', { format: 'commonjs', source: call }, url],
    ['CommonJS whose text Node reads later', { format: 'commonjs', source: null as never }, url],
    ['TypeScript, whose types Node strips later', { format: 'module-typescript', source: call }, url],
    ['JSON', { format: 'json', source: call }, url],
    ['what is no file', { source: call }, 'data:text/javascript,'],
  ])('does not change %s', (_, loaded, at) => {
    expect(register().imports(loaded, at)).toBe(loaded.source);
  });

  it('refuses a file with an inline function that cannot run elsewhere', () => {
    const { requires, imports } = register();
    for (const load of [() => requires(wrong), () => imports({ source: wrong })]) {
      expect(load).toThrow(FlameError);
      expect(load).toThrow(/videos\.js:2:\d+ - error/);
    }
  });

  it('warns in the parent, and not in each runner again', () => {
    const parent = register();
    parent.requires(unreadable);
    expect(parent.emitWarning).toHaveBeenCalledWith(expect.stringMatching(/videos\.js:1:1 - warning/), 'FlameWarning');
    const runner = register({ FLAME_PARENT: '{}' });
    runner.requires(unreadable);
    expect(runner.emitWarning).not.toHaveBeenCalled();
  });

  it('registers once, however often it is imported', () => {
    const { registerOnce, hooks } = register();
    registerOnce();
    expect(hooks).toHaveLength(1);
  });

  it('refuses a Node without such hooks, and names the command', () => {
    register();
    delete (globalThis as Record<symbol, unknown>)[Symbol.for('nestjs-flame:register')];
    const old = { prototype: { _compile: vi.fn<Loader['prototype']['_compile']>() } };
    const { _compile } = old.prototype;
    expect(() => registerInlineFunctions(old)).toThrow(
      expect.objectContaining({
        code: 'FLAME_CONFIG',
        message: `nestjs-flame/register needs Node 22.15 or later, and this is Node ${process.versions.node}. Compile the app's files instead, after each build: npx nestjs-flame compile dist`,
      }),
    );
    expect(old.prototype._compile).toBe(_compile);
  });
});
