import { Injectable, Module } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OmitType, PartialType } from '@nestjs/mapped-types';
import { Exclude, Expose, instanceToPlain, Type } from 'class-transformer';
import { ValidateNested } from 'class-validator';
import { FlameModule, OnFlame } from 'nestjs-flame';
import type { FlameModuleOptions } from 'nestjs-flame';
import { afterEach, describe, expect, it } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';

class Profile {
  id = 1;
  @Exclude()
  password = 'hash';
  @Expose()
  get label(): string {
    return `profile ${this.id}`;
  }
}
// Mapped types, without decorators of their own.
class SafeProfile extends OmitType(Profile, ['label']) {}
class ProfileUpdate extends PartialType(Profile) {}
class OwnProfile extends OmitType(Profile, ['id']) {}
class NewProfile extends PartialType(Profile) {}
class Team {
  @Type(() => OwnProfile)
  members: object[] = [new OwnProfile()];
  @ValidateNested()
  lead: NewProfile = new NewProfile();
}

@Injectable()
class WorkService {
  @OnFlame('p')
  async pass(value: unknown): Promise<unknown> {
    return value;
  }

  @OnFlame('p')
  async safe(how: 'itself' | 'nested'): Promise<unknown> {
    return how === 'itself' ? new SafeProfile() : { list: [1, new SafeProfile()] };
  }

  @OnFlame('p')
  async *safeItems(): AsyncIterable<unknown> {
    yield [new SafeProfile()];
  }

  @OnFlame('p')
  async update(update: ProfileUpdate): Promise<unknown> {
    return [update];
  }
}

const apps: INestApplicationContext[] = [];

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

async function start(options: FlameModuleOptions = {}): Promise<WorkService> {
  @Module({ imports: [FlameModule.forRoot([{ name: 'p', max: 1 }], options)], providers: [WorkService] })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  apps.push(app);
  return app.get(WorkService);
}

describe('classes below a mapped type, without decorators of their own', () => {
  it('register themselves if they are the type of a member with decorators', async () => {
    const work = await start();
    const back = (await work.pass(new Team())) as Team;
    expect(back).toStrictEqual(new Team());
    expect(back.members[0]).toBeInstanceOf(OwnProfile);
    expect(back.lead).toBeInstanceOf(NewProfile);
    expect(JSON.stringify(instanceToPlain(back))).not.toContain('hash');
  });

  it("register themselves if a handler's signature names them", async () => {
    const work = await start();
    const back = (await work.update(new ProfileUpdate())) as object[];
    expect(back[0]).toBeInstanceOf(ProfileUpdate);
    expect(instanceToPlain(back[0])).toEqual({ id: 1 });
  });

  it('are refused with path, class and fix if nothing names them, and are copied once `classes` names them', async () => {
    const work = await start();
    const refusal = (path: string) => ({
      code: 'FLAME_ENCODING',
      message: expect.stringMatching(
        new RegExp(
          `${path}: a SafeProfile cannot cross.*the class-transformer metadata.*register the class SafeProfile in the module's \`classes\``,
        ),
      ),
    });
    expect(await failure(work.pass([new SafeProfile()]))).toMatchObject(refusal('args\\[0\\]\\[0\\]'));
    expect(await failure(work.safe('itself'))).toMatchObject(refusal('result'));
    expect(await failure(work.safe('nested'))).toMatchObject(refusal('result\\.list\\[1\\]'));
    expect(await failure((async () => { for await (const _ of work.safeItems()); })())).toMatchObject(refusal('item\\[0\\]')); // prettier-ignore
    const knowing = await start({ classes: [SafeProfile] });
    expect(instanceToPlain(await knowing.safe('nested'))).toEqual({ list: [1, { id: 1 }] });
    for await (const [item] of knowing.safeItems() as AsyncIterable<[unknown]>) expect(item).toBeInstanceOf(SafeProfile);
  });
});
