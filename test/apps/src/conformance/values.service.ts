import { Injectable } from '@nestjs/common';
import { Exclude } from 'class-transformer';
import { FlameCall, OnFlame } from 'nestjs-flame';

/** A class of the app with behaviour, which nobody registered. */
export class Account {
  password = 'hash';

  constructor(readonly owner: string) {}

  toJSON(): unknown {
    return { owner: this.owner };
  }
}

/** A class that registers itself, as class-transformer knows it. */
export class Member {
  @Exclude()
  password = 'hash';

  constructor(readonly name: string) {}

  get label(): string {
    return `member ${this.name}`;
  }
}

/** A class that is registered at one end only. */
export class OneSided {
  /** Large values take another way than small ones. */
  constructor(readonly bytes: Buffer) {}

  size(): number {
    return this.bytes.length;
  }
}

/** Handlers that give an instance of such a class, in each of the ways that values take. */
@Injectable()
export class ValuesService {
  @OnFlame('p')
  async result(): Promise<unknown> {
    return { accounts: [new Account('a')] };
  }

  @OnFlame('p')
  async members(member: Member): Promise<unknown> {
    return new Map([[member.label, [member, new Member('b')]]]);
  }

  @OnFlame('p')
  async *items(): AsyncIterable<unknown> {
    yield 1;
    yield { account: new Account('a') };
  }

  @OnFlame('p')
  async progress(): Promise<string> {
    try {
      FlameCall.current()!.progress({ account: new Account('a') });
      return 'sent';
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Gives an instance of a class that the caller does not know, of that size. */
  @OnFlame('p')
  async oneSided(how: 'result' | 'thrown' | 'progress', size: number): Promise<unknown> {
    const value = { list: [new OneSided(Buffer.alloc(size))] };
    if (how === 'thrown') throw Object.assign(new Error('no'), { value });
    if (how === 'progress') FlameCall.current()!.progress(value);
    return value;
  }

  @OnFlame('p')
  async *oneSidedItems(size: number): AsyncIterable<unknown> {
    yield 1;
    yield { list: [new OneSided(Buffer.alloc(size))] };
  }

  @OnFlame('p')
  async read(items: AsyncIterable<unknown>): Promise<void> {
    for await (const _ of items);
  }

  @OnFlame('p')
  async thrown(): Promise<void> {
    throw Object.assign(new Error('no'), { account: new Account('a') });
  }
}
