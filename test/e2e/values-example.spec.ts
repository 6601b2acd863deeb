import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ObjectId } from 'bson';
import { commonClasses, FlameModule, OnFlame } from 'nestjs-flame';
import { expect, it } from 'vitest';

class Money {
  readonly #cents: bigint;

  constructor(cents: bigint) {
    this.#cents = cents;
  }

  get cents(): bigint {
    return this.#cents;
  }
}

class Invoice {
  constructor(
    readonly id: ObjectId,
    readonly items: Money[],
  ) {}

  total(): Money {
    return new Money(this.items.reduce((sum, { cents }) => sum + cents, 0n));
  }
}

@Injectable()
class InvoicesService {
  @OnFlame('invoices')
  async copy(value: unknown): Promise<unknown> {
    return value;
  }
}

const forInvoices = FlameModule.forRoot([{ name: 'invoices', max: 4 }], {
  classes: [
    ...commonClasses(), // ObjectId and others
    Invoice, // its properties are all there is to it
    { type: Money, encode: (money: Money) => money.cents, decode: (cents: bigint) => new Money(cents) },
  ],
});

it('The example of docs/values.md', async () => {
  @Module({ imports: [forInvoices], providers: [InvoicesService] })
  class AppModule {}
  const app = await Test.createTestingModule({ imports: [AppModule] }).compile();
  app.useLogger(false);
  await app.init();
  try {
    const id = new ObjectId();
    const back = (await app.get(InvoicesService).copy(new Invoice(id, [new Money(1n), new Money(2n)]))) as Invoice;
    expect(back).toBeInstanceOf(Invoice);
    expect(back.id.equals(id)).toBe(true);
    expect(back.total().cents).toBe(3n);
  } finally {
    await app.close();
  }
});
