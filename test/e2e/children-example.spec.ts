import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { Flame, FlameCall, FlameModule } from 'nestjs-flame';
import type { OnFlameStart, OnFlameStop } from 'nestjs-flame';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

@Injectable()
class ModelStore {
  async load(name: string): Promise<{ answer: (text: string) => string; free: () => void }> {
    return { answer: (text) => `${name} says: ${text}`, free: () => undefined };
  }
}

// docs/children.md shows what follows.
@Injectable()
class Assistant implements OnFlameStart<{ model: string }>, OnFlameStop {
  #model?: Awaited<ReturnType<ModelStore['load']>>;

  constructor(private readonly store: ModelStore) {}

  async onFlameStart({ model }: { model: string }): Promise<void> {
    this.#model = await this.store.load(model);
  }

  async ask(question: string): Promise<string> {
    if (question === 'bye') FlameCall.current()?.end('the user said goodbye');
    return this.#model!.answer(question);
  }

  onFlameStop(reason: string): void {
    console.log(`the assistant ends: ${reason}`);
    this.#model?.free();
  }
}

describe('an assistant on a runner', () => {
  let app: TestingModule;
  let flame: Flame;

  beforeEach(async () => {
    app = await Test.createTestingModule({
      imports: [FlameModule.forRoot([{ name: 'models', max: 2, maxConcurrency: 4 }], { handlers: [Assistant] })],
      providers: [ModelStore],
    }).compile();
    app.useLogger(false);
    await app.init();
    flame = app.get(Flame);
  });

  afterEach(() => app.close());

  it('keeps its state over many calls', async () => {
    const child = await flame.placeChild('models', Assistant, { model: 'small' });
    expect(await child.api.ask('hello')).toBe('small says: hello');
    expect(await child.with({ timeout: 5_000 }).ask('again')).toBe('small says: again');
    expect(await child.stop('done')).toEqual({ how: 'stopped', reason: 'done' });
  });

  it('ends with the block that holds it', async () => {
    await using child = await flame.placeChild('models', Assistant, { model: 'small' });
    expect(await child.api.ask('hello')).toBe('small says: hello');
  });

  it('ends itself', async () => {
    const child = await flame.placeChild('models', Assistant, { model: 'small' });
    expect(await child.api.ask('bye')).toBe('small says: bye');
    expect(await child.exited).toEqual({ how: 'ended', reason: 'the user said goodbye' });
  });
});
