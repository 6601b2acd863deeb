import { ProcessBackend } from 'nestjs-flame';
import type { FlameBackend } from 'nestjs-flame';
import { expect, it } from 'vitest';
import { rule, runnerEntry } from '../../support/conformance.js';
import { trial } from './trial.js';

const boots = 5;

rule('Boots take what docs/backends/README.md says', (start) => {
  it.each<[string, () => FlameBackend]>([
    ['a process', () => new ProcessBackend({ entry: runnerEntry })],
    ['a container', () => trial.make()],
  ])('from nothing to the first answer of %s', async (what, make) => {
    const times: number[] = [];
    for (let boot = 0; boot < boots; boot++) {
      const { work, app } = await start({ max: 1 }, { backend: make() });
      const begun = performance.now();
      await work.pid();
      times.push(performance.now() - begun);
      await app.close();
    }
    times.sort((a, b) => a - b);
    console.log(`boot of ${what}: ${times.map((time) => `${Math.round(time)} ms`).join(', ')}; median ${Math.round(times[2]!)} ms`);
    expect(times).toHaveLength(boots);
  });
});
