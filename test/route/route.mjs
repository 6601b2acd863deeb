// Counts the source files that one plain call on ProcessBackend passes: its arguments from the decorated method to the handler, and its result
// from the handler to the caller. `npm run route` prints both as lists of files in their order; `--json` prints them for programs.
//
// V8 counts the functions that run in both processes. Each list has the files that run in every one of several calls, so timers that fire meanwhile
// do not count. In one more call, breakpoints that never pause record the order in which the files are first entered.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Session } from 'node:inspector';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const dist = join(import.meta.dirname, '../../libs/flame/dist');
const require = createRequire(import.meta.url);
const { FlameModule, FlameParent, OnFlame, ProcessBackend } = require(join(dist, 'index.js'));
const { Injectable, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');

const calls = 5;
const socketPath = 'FLAME_ROUTE_SOCKET';

/** Which files of the library run in this process, and in which order. */
class Recorder {
  #session = new Session();
  #prefix = `${pathToFileURL(dist).href}/`;
  #scripts = new Map();
  #entered = [];

  constructor() {
    this.#session.connect();
    this.#session.on('Debugger.scriptParsed', ({ params }) => this.#scripts.set(params.url, params.scriptId));
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  }

  /** The functions that have run since this was last called, by their files. */
  take() {
    const files = new Map();
    for (const { url, functions } of this.#post('Profiler.takePreciseCoverage').result) {
      if (!url.startsWith(this.#prefix)) continue;
      const ran = functions.flatMap(({ functionName, ranges: [{ startOffset, count }] }) =>
        count > 0 ? [{ functionName, startOffset }] : [],
      );
      if (ran.length > 0) files.set(url.slice(this.#prefix.length), ran);
    }
    return files;
  }

  /** From now on, `entered` tells the order in which these functions run. */
  watch(files) {
    globalThis.flameRouteEntered = (file) => void this.#entered.push(file);
    this.#post('Debugger.enable');
    for (const [file, functions] of files) {
      const scriptId = this.#scripts.get(this.#prefix + file);
      const { scriptSource } = this.#post('Debugger.getScriptSource', { scriptId });
      for (const { functionName, startOffset } of functions) {
        // A breakpoint in a derived class's constructor makes V8 (Node 20) call `super` twice.
        if (/^[A-Z]/.test(functionName)) continue;
        const before = scriptSource.slice(0, startOffset).split('\n');
        const location = { scriptId, lineNumber: before.length - 1, columnNumber: before.at(-1).length };
        this.#post('Debugger.setBreakpoint', { location, condition: `flameRouteEntered(${JSON.stringify(file)})` });
      }
    }
  }

  /** The files entered since this was last called, each once. */
  entered() {
    return [...new Set(this.#entered.splice(0))];
  }

  /** In this thread the inspector answers before `post` returns. */
  #post(method, params) {
    let answer;
    this.#session.post(method, params, (error, result) => {
      if (error && method !== 'Debugger.setBreakpoint') throw new Error(`${method}: ${error.message}`);
      answer = result;
    });
    return answer;
  }
}

const recorder = new Recorder();

/** Both ends of the way that the runner and this script talk by, beside the library: lines of JSON. */
function talk(socket) {
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    tell: (what) => void socket.write(`${JSON.stringify(what)}\n`),
    heard: async () => JSON.parse((await lines.next()).value),
  };
}

/** What has run in this process since it was last asked. */
function passed() {
  return { files: [...recorder.take()], order: recorder.entered() };
}

let parent;

class Route {
  async call(text) {
    parent.tell(passed());
    await parent.heard();
    passed();
    // The result leaves at the end of this turn of the event loop, at the latest of the next.
    setImmediate(() => setImmediate(() => setImmediate(() => parent.tell(passed()))));
    return text;
  }

  async watch(files) {
    recorder.watch(files);
  }
}

for (const name of ['call', 'watch']) {
  const descriptor = Object.getOwnPropertyDescriptor(Route.prototype, name);
  OnFlame('route')(Route.prototype, name, descriptor);
  Object.defineProperty(Route.prototype, name, descriptor);
}
Injectable()(Route);

class RouteModule {}
Module({
  imports: [FlameModule.forRoot([{ name: 'route', min: 1, max: 1 }], { backend: new ProcessBackend() })],
  providers: [Route],
})(RouteModule);

/** One call: what its arguments and its result pass in both processes. */
async function measure(route, runner) {
  passed();
  const answer = route.call('text');
  const argumentsInRunner = await runner.heard();
  const argumentsInParent = passed();
  runner.tell('go on');
  await answer;
  const resultInParent = passed();
  const resultInRunner = await runner.heard();
  return { argumentsInParent, argumentsInRunner, resultInRunner, resultInParent };
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'flame-route-'));
  const server = createServer().listen(join(folder, 'socket'));
  const connection = once(server, 'connection');
  process.env[socketPath] = join(folder, 'socket');
  const app = await NestFactory.createApplicationContext(RouteModule, { logger: ['error', 'warn'] });
  const [socket] = await connection;
  const runner = talk(socket);
  const route = app.get(Route);
  // The first calls load modules and compile functions.
  for (let i = 0; i < 3; i++) await measure(route, runner);
  const measured = [];
  for (let i = 0; i < calls; i++) measured.push(await measure(route, runner));
  const inEveryCall = (part) =>
    new Map(measured[0][part].files.filter(([file]) => measured.every((one) => one[part].files.some(([other]) => other === file))));
  const found = Object.fromEntries(Object.keys(measured[0]).map((part) => [part, inEveryCall(part)]));
  recorder.watch([...found.argumentsInParent, ...found.resultInParent]);
  await route.watch([...found.argumentsInRunner, ...found.resultInRunner]);
  const ordered = await measure(route, runner);
  const inOrder = (part) => [...new Set([...ordered[part].order, ...found[part].keys()])].filter((file) => found[part].has(file));
  const parts = Object.fromEntries(Object.keys(found).map((part) => [part, inOrder(part)]));
  const report = {
    arguments: { parent: parts.argumentsInParent, runner: parts.argumentsInRunner },
    result: { runner: parts.resultInRunner, parent: parts.resultInParent },
  };
  await app.close();
  socket.destroy();
  server.close();
  rmSync(folder, { recursive: true });
  if (process.argv.includes('--json')) return console.log(JSON.stringify(report));
  for (const [way, processes] of Object.entries(report)) {
    console.log(`${way}: ${new Set(Object.values(processes).flat()).size} files`);
    for (const [name, files] of Object.entries(processes)) for (const file of files) console.log(`  ${name.padEnd(7)} ${file}`);
  }
}

if (FlameParent.get()) {
  parent = talk(connect(process.env[socketPath]));
  await NestFactory.createApplicationContext(RouteModule, { logger: ['error', 'warn'] });
} else await main();
