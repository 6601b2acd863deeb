import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { OnFlame } from 'nestjs-flame';

let made = 0;

/** What belongs to a tenant and is dear to make, as a connection to its database is. */
@Injectable({ scope: Scope.REQUEST, durable: true })
export class TenantOrders {
  readonly #made = ++made;
  readonly #tenant: string;

  constructor(@Inject(REQUEST) { tenant }: { tenant: string }) {
    this.#tenant = tenant;
  }

  /** Whose they are, and which of all that this process has made. */
  @OnFlame('p')
  async whose(): Promise<string> {
    return `${this.#tenant} ${this.#made}`;
  }
}
