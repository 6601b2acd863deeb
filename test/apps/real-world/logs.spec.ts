import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningApp } from './support/running-app.js';

interface Line {
  readonly msg: string;
  readonly context?: string;
  readonly req?: { readonly headers: { readonly authorization: string } };
}

describe('an app that logs with nestjs-pino, each line with its request', () => {
  const users = ['alice', 'bob', 'carol'];
  let app: RunningApp;
  let lines: Line[];

  beforeAll(async () => {
    app = await RunningApp.serving('logs/main.js');
    for (const user of users) {
      await app.get(`/reports/${user}`, { authorization: `Bearer token-of-${user}` });
      await app.line(new RegExp(`complains of the report of ${user}`));
      await app.line(new RegExp(`prints the report of ${user}`));
    }
    // What the pool says while it stops its runner belongs to nobody either.
    await app.stop();
    lines = app.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line);
  });
  afterAll(() => app?.stop());

  it("gives the controller's own lines their request, before and after the call", () => {
    for (const user of users) {
      const [line] = lines.filter(({ msg }) => msg === `answers ${user}`);
      expect(tokenOf(line!), app.output).toBe(`Bearer token-of-${user}`);
    }
  });
});

function tokenOf({ req }: Line): string | undefined {
  return req?.headers.authorization;
}
