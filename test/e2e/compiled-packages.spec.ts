import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tool } from '../support/tool.js';

const root = join(import.meta.dirname, '../..');

interface Usage {
  /** The packages with their dependencies: one of the registry, or names of packages that are installed here. */
  readonly from: string | readonly string[];
  /** Whether the program passes marked functions of the package itself. It passes some of its own in any case. */
  readonly marked: boolean;
  /** An ES module that uses the package, and prints what it gives. */
  readonly program: string;
}

const usages: Readonly<Record<string, Usage>> = {
  async: {
    from: 'async@3.2.6',
    marked: false,
    program: `import async from 'async';
const list = [3, 1, 2], limit = 2, seen = [];
async.map(list, (item, done) => setImmediate(done, null, item * 2), (error, results) => console.log('map', error, results, seen));
async.map(list, (item, done) => done(new Error('no ' + item)), function (error) { console.log(error.message, arguments.length); });
await async.map(list, async (item) => seen.push(item));
{
  async.map(list, (item, done) => setImmediate(done), () => console.log(declaredBelow));
  const declaredBelow = 'declared below';
}
await async.mapLimit(list, limit, async (item) => seen.push(item));
async.waterfall.call(async, [(done) => done(null, 1), (one, done) => done(null, one + limit)], (error, sum) => console.log(error, sum));`,
  },
  bluebird: {
    from: 'bluebird@3.7.2',
    marked: true,
    program: `import Promise from 'bluebird/js/browser/bluebird.js';
const list = [1, 2, 3], given = Promise.resolve(list);
const context = { factor: 2 };
console.log(await Promise.map(list, (item) => item * 2, { concurrency: 1 }), await given.map((item) => item + 1));
console.log(await given.then.call(given, function (items) { return [items, this === undefined]; }));
console.log(await given.bind(context).map(function (item) { return item * this.factor; }).reduce((sum, item) => sum + item));
await Promise.reject(new TypeError('no')).catch(TypeError, (error) => console.log(error.message));`,
  },
  'docker-modem': {
    from: ['docker-modem'],
    marked: true,
    program: `import { extend, parseJSON } from 'docker-modem/lib/utils.js';
const own = { a: 1, b: 1 };
console.log(extend(own, { b: 2 }, undefined, { c: 3 }) === own, own, parseJSON('{"x":1}'), parseJSON('{'));
console.log([].filter.call('abc', (letter) => letter > 'a'), [].map.call(own.c + '12', (digit) => digit * own.b));`,
  },
  highland: {
    from: 'highland@2.13.5',
    marked: true,
    program: `import _ from 'highland/dist/highland.js';
const source = [1, 2, 3, 4];
_(source).map((x) => x * 2).filter((x) => x > 2).batch(2).toArray((all) => console.log(all));
const stream = _(source);
stream.map.call(stream, (x) => x + source.length).toArray((all) => console.log(all));
_.map((x) => x + 1)(_(source)).errors((error) => console.log(error)).toArray((all) => console.log(all));
_((push, next) => { push(null, 1); push(new Error('no')); push(null, _.nil); }).stopOnError((error) => console.log(error.message)).toArray(console.log);`,
  },
  jquery: {
    from: 'jquery@3.7.1',
    marked: true,
    program: `import { Window } from 'happy-dom';
const window = new Window();
window.document.body.innerHTML = '<ul><li>a<li>b<li>c</ul>';
Object.assign(globalThis, { window, document: window.document });
const { default: $ } = await import('jquery/dist/jquery.min.js');
const list = $('li'), names = [];
console.log($.map(list, (item, index) => item.textContent + index), list.map.call(list, function () { return this.textContent; }).get());
list.each.call(list, function (index) { names.push(index + this.textContent); });
list.queue((next) => { names.push('queued'); next(); }).queue(function () { names.push(this.textContent); $(this).dequeue(); });
list.on('click', { x: 1 }, function (event) { names.push(event.type, event.data.x, $(this).text()); }).first().trigger('click');
list.promise().done(() => console.log(names));
$.when($.Deferred().resolve(1), 2).then((one, two) => console.log(one, two));`,
  },
  lodash: {
    from: ['lodash'],
    marked: false,
    program: `import _ from 'lodash';
const list = [3, 1, 2], context = { factor: 2 };
console.log(_.map(list, (item) => item * context.factor), _.map.call(_, function (item) { return item; }));
console.log(_.flow.call(_, (x) => x + 1, (x) => x * context.factor)(4), _(list).map((x) => x + 1).sortBy().value());
console.log(_.map(list, context, (item) => item), _.partialRight(_.map, (x) => -x)(list), _.bind(function () { return this.factor; }, context)());
console.log(_.memoize.call(_, (x) => [x, list])(1), _.reduce(list, (sum, x) => sum + x), _.template('<%= a %>!')({ a: 1 }));`,
  },
  moment: {
    from: ['moment'],
    marked: true,
    program: `import moment from 'moment';
const texts = ['2026-02-30', '2026-11-30T10:20:30Z', 'no date', '30/11/2026'];
console.log(texts.map((text) => moment.utc(text, ['YYYY-MM-DDTHH:mm:ssZ', 'DD/MM/YYYY', 'YYYY-MM-DD'], true).isValid()));
console.log([].map.call(texts.slice(1, 2), (text) => moment.utc(text).add(texts.length, 'days').format('LLLL')), moment.duration(90, 'minutes').humanize());`,
  },
  mongoose: {
    from: 'mongoose@9.12.1',
    marked: true,
    program: `import mongoose from 'mongoose';
const schema = new mongoose.Schema({ title: { type: String, required: true }, tags: [String], size: Number, parts: [{ name: String }] });
schema.methods.shout = function () { return this.title.toUpperCase(); };
schema.virtual('both').get(function () { return this.tags.join() + this.size; });
schema.pre('validate', function () { this.size ??= 7; });
const Video = mongoose.model('Video', schema);
const id = '0'.repeat(24), video = new Video({ _id: id, title: 'a', tags: ['x', 'y', 'z'], parts: [{ _id: id, name: 'p' }] });
console.log(video.tags.pull('y', 'none').toObject(), video.tags.map((tag) => tag + id.length), video.isModified('tags'), video.isModified());
await video.validate();
console.log(video.shout(), video.both, JSON.stringify(video), video.modifiedPaths(), video.$__.activePaths.some('modify', 'require'));
console.log(Array.prototype.map.call(video.parts, (part) => [part.name, video.title]), await new Video({ size: 'no' }).validate().catch((error) => Object.keys(error.errors)));
console.log(new mongoose.Query().cast(Video, { size: '5', tags: { $in: [1] } }));`,
  },
  'object-inspect': {
    from: ['object-inspect'],
    marked: true,
    program: `import inspect from 'object-inspect';
const keys = [1, 'a'], many = new Map([[keys, new Set(keys)], ['b', new Map()]]);
console.log(inspect(many), inspect(new Set([many, [keys]]), { depth: 2 }), inspect({ a: [many], f() {} }, { indent: 2 }));
console.log([].map.call('ab', (letter) => inspect(letter + keys)));`,
  },
  prettier: {
    from: ['prettier'],
    marked: true,
    program: `import { format } from 'prettier/standalone';
import * as babel from 'prettier/plugins/babel';
import * as estree from 'prettier/plugins/estree';
import * as html from 'prettier/plugins/html';
import * as markdown from 'prettier/plugins/markdown';
const plugins = [babel, estree, html, markdown];
for (const [parser, text] of [['babel', 'a( <b>c  d {" "}{e}\\n f</b> )'], ['html', '<p>a   b<br><b> c</b>\\n\\n\\n</p><pre> d\\n e</pre>'], ['markdown', '*a*  b\\nc\\n* d\\n\\n   * e']])
  console.log(await [].map.call([text].flat(), (given) => format(given, { parser, plugins, proseWrap: 'always', printWidth: 20 }))[0]);`,
  },
  rxjs: {
    from: ['rxjs'],
    marked: false,
    program: `import { concatMap, from, lastValueFrom, map, Observable, of, toArray } from 'rxjs';
const source = from([1, 2, 3]), context = { factor: 2 };
const doubled = source.pipe(map(function (x) { return x * this.factor; }, context), concatMap((x) => of(x, -x)), toArray());
console.log(await lastValueFrom(doubled));
source.subscribe.call(source, (x) => console.log(x, context));
const lifted = source.lift.call(source, function (target) { return target.subscribe.call(source, (x) => console.log(this === undefined, x)); });
lifted.subscribe({ error: (error) => console.log('error', error) });
await source.forEach.call(source, (x) => console.log('each', x));
new Observable((target) => Array.prototype.forEach.call([1, 2], (x) => target.next(x + context.factor))).subscribe((x) => console.log(x));`,
  },
};

/** In the place of `nestjs-flame/inline`: prints at the end the ids of the functions that this process marked. */
const counting = `'use strict';
const inline = require(${JSON.stringify(join(root, 'libs/flame/dist/entry/inline.js'))});
const ids = new Set();
exports.$inline = (run, id, ...more) => (ids.add(id), inline.$inline(run, id, ...more));
exports.$method = inline.$method;
exports.$function = inline.$function;
process.on('exit', () => console.error(JSON.stringify([...ids])));`;

let folder: string;
/** What the programs print before anything is compiled, by package. */
const published = new Map<string, string>();
/** What the command printed. */
let compiling: string;

/** The compile step passes over `node_modules`. So the packages are copied to `packages`, and `node_modules` is a link to that folder. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flame-packages-'));
  for (const { from } of Object.values(usages)) install(from);
  // The page that jQuery works on.
  symlinkSync(join(tool('happy-dom@21.0.4'), '../happy-dom'), join(folder, 'packages/happy-dom'));
  mkdirSync(join(folder, 'packages/nestjs-flame'));
  writeFileSync(join(folder, 'packages/nestjs-flame/package.json'), '{ "name": "nestjs-flame", "exports": { "./inline": "./inline.js" } }');
  writeFileSync(join(folder, 'packages/nestjs-flame/inline.js'), counting);
  symlinkSync('packages', join(folder, 'node_modules'));
  for (const [name, { program }] of Object.entries(usages)) writeFileSync(join(folder, `${name}.mjs`), program);
  for (const name of Object.keys(usages)) published.set(name, (await run(name)).stdout);
  const compiled = await promisify(execFile)(process.execPath, [join(root, 'libs/flame/dist/entry/cli.js'), 'compile', folder]);
  compiling = compiled.stderr;
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, maxRetries: 5 }));

/** Copies packages, without types, maps and texts. */
function install(from: string | readonly string[]): void {
  const installed = typeof from === 'string' ? join(tool(from), '..') : join(root, 'node_modules');
  for (const name of typeof from === 'string' ? readdirSync(installed) : from)
    if (!name.startsWith('.')) cpSync(join(installed, name), join(folder, 'packages', name), { recursive: true, filter: isCode });
}

const isCode = (path: string): boolean => !/\.(ts|map|md|txt|flow|yml)$/.test(path);

/** Runs the program of a package as it is now. Without warnings, which Node gives for old packages, stderr has nothing but the ids. */
function run(name: string): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, ['--no-warnings', join(folder, `${name}.mjs`)], { cwd: folder });
}

describe('Published packages whose calls look like those of Flame', () => {
  it.each(Object.entries(usages))('behave the same when they are compiled: %s', async (name, { marked }) => {
    const { stdout, stderr } = await run(name);
    expect(published.get(name)).not.toBe('');
    expect(stdout).toBe(published.get(name));
    const ids = JSON.parse(stderr) as string[];
    const ofProgram = ids.filter((id) => id.startsWith(`${name}.mjs#`));
    expect(ofProgram).not.toEqual([]);
    expect(ids.length > ofProgram.length).toBe(marked);
  });

  it('are compiled without a warning', () => {
    expect(compiling).toMatch(/^compiled \d+ inline functions in \d+ of \d{4} files \(.* s\)\n$/);
  });
});
