import { type Profiler, Session } from 'node:inspector/promises';
import type { TraceMap } from '@jridgewell/trace-mapping';
import { expect, it, onTestFinished } from 'vitest';
import { compiled, threeWays } from '../../../../test/support/compiled-file.js';
import { Lines, originalPosition, readMap } from './source-map.js';

const code = `"use strict";
class Service {
  label = 'label';
  async run(flame, a) {
    return flame.call('p', async () => {
      if (a === 'b') return never();
      return this.label + [a].map((text) => text + '!');
    });
  }
}
async function publish(flame, a) {
  return flame.call('p', async () => { return a; });
}
exports.run = async (flame) => [await new Service().run(flame, 'a'), await publish(flame, 'b')];
`;

/**
 * Starts the coverage of V8, which c8, Vitest and NODE_V8_COVERAGE use. Returns what takes that of the evaluated files, in their order: one
 * for each text, or for each evaluation, as V8 may take a text that it knows for the same script.
 */
async function startCoverage(): Promise<() => Promise<Profiler.ScriptCoverage[]>> {
  const session = new Session();
  session.connect();
  onTestFinished(() => session.disconnect());
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return async () => (await session.post('Profiler.takePreciseCoverage')).result.filter(ran);
}

/** Whether a script is the code above. Other tests of this process evaluate files of the same name. */
function ran({ url, functions }: Profiler.ScriptCoverage): boolean {
  return url === 'src/file.js' && functions.some(({ functionName, ranges }) => functionName === 'publish' && ranges[0]!.count > 0);
}

/** How often functions and branches have run, by the line and column of the source where they begin. */
function countsOf(scripts: Profiler.ScriptCoverage[], text: string, map: TraceMap): Record<string, number> {
  const counts: Record<string, number> = {};
  const lines = new Lines(text);
  for (const { startOffset, count } of scripts.flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))) {
    const { source, line, column } = originalPosition(map, lines.at(startOffset));
    // Functions that the compiler adds come from no line of the source.
    if (source !== undefined) counts[`${line}:${column}`] = (counts[`${line}:${column}`] ?? 0) + count;
  }
  return counts;
}

it('V8 counts the copies as the lines of the source that their functions come from', async () => {
  const take = await startCoverage();
  const { code: output, map } = compiled(code);
  const result = ['labela!', 'b'];
  expect(await threeWays(code, { output })).toEqual({ written: result, inPlace: result, copy: result });

  const [written, ...inPlaceAndCopy] = await take();
  const counts = countsOf([written!], code, readMap(code, 'src/file.js', undefined));
  // A function, its branch that is not taken, the function in it, and the other function.
  expect(counts).toMatchObject({ '5:27': 1, '6:21': 0, '7:34': 1, '12:25': 1 });
  const twice = Object.fromEntries(Object.entries(counts).map(([place, count]) => [place, 2 * count]));
  expect(countsOf(inPlaceAndCopy, output, readMap(output, 'src/file.js', map))).toEqual(twice);
});
