import { describe, expect, it } from 'vitest';
import { fuzzer, type TargetName, targetNames } from './campaign.js';
import type { PlantedFault } from '../support/planted-fault.js';

/** Faults behind conditions that only hold together; and in what they show. */
const faults: readonly (PlantedFault & { readonly target: TargetName })[] = [
  {
    name: 'a chunk may hold more than its frame announced',
    target: 'packets',
    file: 'transport/session/inbox.ts',
    piece: 'if (bytes.length > chunked.bytes.length - chunked.filled) throw',
    instead: 'if (bytes.length > chunked.bytes.length + 1e9) throw',
  },
  {
    name: 'an instance with two handlers and a large pid is not read',
    target: 'introductions',
    file: 'transport/protocol/introduction.ts',
    piece: 'else if (tag === aboutTags.region) region = from.string();',
    instead:
      "else if (tag === aboutTags.region) { region = from.string(); if (handlers.length > 1) if (pid > 100) throw new TypeError('planted'); }",
  },
];
const executions = 100_000;

describe('The fuzzer', () => {
  it.each(targetNames)('finds nothing wrong with %s in two seconds', async (target) => {
    const run = await fuzzer(`short-${target}`);
    const { findings, blocks, executions: count } = await run(target, { seconds: 2 });
    expect(findings).toEqual({});
    expect(blocks).toBeGreaterThan(100);
    expect(count).toBeGreaterThan(500);
  });

  it.each(faults)('finds that $name, which random bytes do not', async ({ target, ...fault }) => {
    const run = await fuzzer(`planted-${target}`, fault);
    const [guided, unguided] = await Promise.all([run(target, { executions }), run(target, { executions, unguided: true })]);
    expect(Object.keys(guided.findings)).toHaveLength(1);
    expect(Object.keys(guided.findings)[0]).toMatch(/^(RangeError|TypeError)/);
    expect(unguided.findings).toEqual({});
    expect(unguided.blocks).toBeLessThan(guided.blocks);
  });
});
