import { ratio } from './figures.js';
import { cpu, rate } from './results.js';
import type { Results, Row } from './results.js';
import { beside, coldStart, cpuBound, groups } from './scenarios.js';

/** The rows of all tables. */
export function rowsOf(results: Results): Row[] {
  const rows: Row[] = [];
  for (const { topic, scenarios } of groups) {
    for (const { name, callers, size, argument } of scenarios.filter((scenario) => results.has(scenario.name))) {
      // The cost of a value in relation to a trivial call with the same number of callers.
      const ours = results.figure(name, 'flame', rate);
      const trivial = results.figure(`${callers} callers`, 'flame', rate);
      const small = size > 0 && size <= 1024 && ours && trivial ? { 'flame/trivial': ratio(ours, trivial) } : {};
      rows.push(results.row(topic, name, '', 'calls/s', rate, small));
      if (!argument) rows.push(results.row(topic, name, ', CPU', 'µs', cpu));
      if (callers > 1 || size > 0) continue;
      const tail = { 'p99/p50': results.figure(name, 'flame', ({ p50, p99 }) => p99 / p50) };
      rows.push(
        results.row(topic, name, ', p50', 'µs', ({ p50 }) => p50 * 1000),
        results.row(topic, name, ', p99', 'µs', ({ p99 }) => p99 * 1000, tail),
      );
    }
  }
  if (results.has(beside.name)) {
    const p50 = results.row('Beside a large value', beside.name, ', p50', 'µs', (measured) => measured.p50 * 1000);
    const { alone, beside: loaded } = p50.figures;
    rows.push({ ...p50, ratios: { 'beside/alone': ratio(loaded!, alone!) } });
  }
  if (results.has(cpuBound.name)) rows.push(results.row('Jobs', cpuBound.name, '', 'ms', ({ elapsed }) => elapsed));
  if (results.has(coldStart.name)) rows.push(results.row('Cold start', coldStart.name, '', 'ms', ({ elapsed }) => elapsed));
  return rows;
}
