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

  it("keeps a request's token out of log lines of other requests", () => {
    for (const user of users) {
      const written = lines.filter(({ msg }) => msg.includes(user));
      expect(written.length, app.output).toBeGreaterThanOrEqual(4);
      for (const line of written) expect([undefined, `Bearer token-of-${user}`], JSON.stringify(line)).toContain(tokenOf(line));
    }
  });

  it('keeps the tokens of requests out of a booting runner’s output and its pool’s log lines', () => {
    const belongsToNobody = lines.filter(({ msg, context }) => context?.startsWith('Flame') && !users.some((user) => msg.includes(user)));
    expect(belongsToNobody.length, app.output).toBeGreaterThan(5);
    expect(belongsToNobody.filter((line) => tokenOf(line) !== undefined)).toEqual([]);
  });

  it("logs the controller's own lines with their request, before and after the call", () => {
    for (const user of users) {
      const [line] = lines.filter(({ msg }) => msg === `answers ${user}`);
      expect(tokenOf(line!), app.output).toBe(`Bearer token-of-${user}`);
    }
  });
});

function tokenOf({ req }: Line): string | undefined {
  return req?.headers.authorization;
}
