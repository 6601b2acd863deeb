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

  @OnFlame('p')
  async thrown(): Promise<void> {
    throw Object.assign(new Error('no'), { account: new Account('a') });
  }
}
