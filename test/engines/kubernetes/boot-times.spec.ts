import { expect, it } from 'vitest';
import { rule } from '../../support/conformance.js';

const boots = 5;

rule('Boots take what docs/backends/README.md says', (start) => {
  it('from nothing to the first answer of a pod', async () => {
    const times: number[] = [];
    for (let boot = 0; boot < boots; boot++) {
      const { work, app } = await start({ max: 1, bootTimeout: 120_000 });
      const begun = performance.now();
      await work.pid();
      times.push(performance.now() - begun);
      await app.close();
    }
    times.sort((a, b) => a - b);
    console.log(`boot of a pod: ${times.map((time) => `${Math.round(time)} ms`).join(', ')}; median ${Math.round(times[2]!)} ms`);
    expect(times).toHaveLength(boots);
  });
});
