import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FlameError } from './flame-error.js';

describe('FlameError', () => {
  const error = new FlameError('FLAME_LOST', 'gone', { ran: 'maybe' });
  const help = 'node_modules/nestjs-flame/docs/errors.md#flame_lost';

  it('has the address of the section about its code', () => {
    expect(error.help).toBe(help);
  });

  it('is printed with it once, after code and ran', () => {
    const [head, properties] = inspect(error).split(/\n? \{\n/);
    expect(head).not.toContain(help);
    expect(properties).toBe(`  code: 'FLAME_LOST',\n  ran: 'maybe',\n  help: '${help}'\n}`);
  });

  it('has it for loggers that write JSON', () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({ name: 'FlameError', code: 'FLAME_LOST', ran: 'maybe', help });
  });
});
