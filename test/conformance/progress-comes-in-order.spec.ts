import { expect, it } from 'vitest';
import { StreamService } from '../apps/src/conformance/stream.service.js';
import { rule } from '../support/conformance.js';

rule('Progress comes in order and before the result', (start) => {
  it('is passed to onProgress', async () => {
    const { flame } = await start();
    const told: unknown[] = [];
    const onProgress = (value: unknown): void => void told.push((value as { step: number }).step);
    told.push(await flame.on('p', StreamService, { onProgress }).steps(50));
    expect(told).toEqual([...Array.from({ length: 50 }, (_, i) => i + 1), 'done']);
  });

  it('has no effect when onProgress throws or is missing', async () => {
    const { app, flame } = await start();
    const onProgress = (): never => {
      throw new Error('a bug of the app');
    };
    expect(await flame.on('p', StreamService, { onProgress }).steps(5)).toBe('done');
    expect(await app.get(StreamService).steps(5)).toBe('done');
  });
});
