import { expect, it } from 'vitest';
import { SpawnedApp } from '../support/spawned-app.js';

it("runs a feature module's handlers on runners of its own pool", async () => {
  const app = new SpawnedApp('features/main.js');
  expect((await app.line(/^A report, printed on (.*)/))[1]).toMatch(/^pdf-/);
  expect((await app.exited).code).toBe(0);
});
