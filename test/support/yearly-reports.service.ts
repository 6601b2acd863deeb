import { Injectable } from '@nestjs/common';
import { Flame, FlameCall } from 'nestjs-flame';

/** A service with inline functions, for the example of docs/testing.md. */
@Injectable()
export class YearlyReportsService {
  readonly #title = 'report';

  constructor(private readonly flame: Flame) {}

  yearly(year: number): Promise<string> {
    return this.flame.call('reports', async () => {
      FlameCall.current()?.progress('half');
      return `${this.#title} ${year}`;
    });
  }

  pages(count: number): AsyncIterable<string> {
    return this.flame.call('reports', async function* () {
      for (let page = 1; page <= count; page++) yield `page ${page}`;
    });
  }
}
