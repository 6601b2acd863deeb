import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const providersOfModule = 8;

/** The TypeScript files of an app: for each module an entity, a GraphQL type and resolver, and services that need each other. */
function* sources(modules: number): Generator<[string, string]> {
  for (let m = 0; m < modules; m++) {
    yield [
      `m${m}/thing.ts`,
      `import { Field, Int, ObjectType } from '@nestjs/graphql';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@ObjectType('Thing${m}') @Entity('thing${m}')
export class Thing${m} {
  @Field(() => Int) @PrimaryGeneratedColumn() id!: number;
  @Field() @Column() name!: string;
  @Field({ nullable: true }) @Column({ nullable: true }) note?: string;
}`,
    ];
    yield [
      `m${m}/resolver.ts`,
      `import { Args, Int, Query, Resolver } from '@nestjs/graphql';
import { Thing${m} } from './thing.js';
import { Service${m}x0 } from './service0.js';
@Resolver(() => Thing${m})
export class Resolver${m} {
  constructor(private readonly service: Service${m}x0) {}
  @Query(() => [Thing${m}]) things${m}(@Args('limit', { type: () => Int }) limit: number): Promise<Thing${m}[]> { return this.service.things.find({ take: limit }); }
}`,
    ];
    for (let s = 0; s < providersOfModule; s++) {
      const needs = [
        ...(s + 1 < providersOfModule ? [[`Service${m}x${s + 1}`, `./service${s + 1}.js`]] : []),
        ...(s === 0 && m > 0 ? [[`Service${m - 1}x0`, `../m${m - 1}/service0.js`]] : []),
      ];
      yield [
        `m${m}/service${s}.ts`,
        `import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Thing${m} } from './thing.js';
${needs.map(([name, file]) => `import { ${name} } from '${file}';`).join('\n')}
@Injectable()
export class Service${m}x${s} {
  constructor(@InjectRepository(Thing${m}) readonly things: Repository<Thing${m}>, ${needs.map(([name], i) => `private readonly need${i}: ${name}`).join(', ')}) {}
  ${Array.from({ length: 5 }, (_, i) => `async method${i}(value: number): Promise<number> { return value + (await this.things.count()) + ${i}; }`).join('\n  ')}
}`,
      ];
    }
    const services = Array.from({ length: providersOfModule }, (_, s) => `Service${m}x${s}`);
    yield [
      `m${m}/module.ts`,
      `import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Thing${m} } from './thing.js';
import { Resolver${m} } from './resolver.js';
${services.map((name, s) => `import { ${name} } from './service${s}.js';`).join('\n')}
${m > 0 ? `import { Module${m - 1} } from '../m${m - 1}/module.js';` : ''}
@Module({ imports: [TypeOrmModule.forFeature([Thing${m}]), ${m > 0 ? `Module${m - 1}` : ''}], providers: [Resolver${m}, ${services.join(', ')}], exports: [Service${m}x0] })
export class Module${m} {}`,
    ];
  }
  yield [
    'app.module.ts',
    `import { Injectable, Module } from '@nestjs/common';
import { AbstractGraphQLDriver, GraphQLModule } from '@nestjs/graphql';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FlameModule, OnFlame, ProcessBackend } from 'nestjs-flame';
${Array.from({ length: modules }, (_, m) => `import { Module${m} } from './m${m}/module.js';`).join('\n')}
/** Makes the schema, as the drivers of servers do. */
class SchemaDriver extends AbstractGraphQLDriver {
  async start(options: any) { this.schema = options.schema; }
  async stop() {}
  async generateSchema(options: any) { return super.generateSchema(options); }
  schema: unknown;
}
@Injectable()
export class Stages {
  onApplicationBootstrap() { performance.mark('booted'); }
  @OnFlame('runners')
  async measure(): Promise<Record<string, number>> {
    const at = (name: string) => performance.timeOrigin + performance.getEntriesByName(name)[0]!.startTime;
    return {
      process: performance.timeOrigin,
      node: performance.timeOrigin + (performance as any).nodeTiming.bootstrapComplete,
      loaded: at('loaded'),
      booted: at('booted'),
      cpu: (process.cpuUsage().user + process.cpuUsage().system) / 1000,
      called: performance.timeOrigin + performance.now(),
    };
  }
}
@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'sqljs', autoLoadEntities: true, synchronize: false }),
    GraphQLModule.forRoot({ driver: SchemaDriver, autoSchemaFile: true }),
    ${Array.from({ length: modules }, (_, m) => `Module${m}`).join(', ')},
    FlameModule.forRoot([{ name: 'runners', max: 1 }], { backend: new ProcessBackend({ bundle: process.env.RUNNER_BUNDLE !== 'no' }) }),
  ],
  providers: [Stages],
})
export class AppModule {}`,
  ];
  yield [
    'main.ts',
    `import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule, Stages } from './app.module.js';
performance.mark('loaded');
const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
await app.init();
const now = () => performance.timeOrigin + performance.now();
const begun = now();
const stages = await app.get(Stages).measure();
console.log(JSON.stringify({ begun, ...stages, answered: now() }));
await app.close();`,
  ];
}

/** Writes a compiled app with this many modules to a folder. Returns the number of its providers. */
export function writeApp(folder: string, modules: number): number {
  for (const [file, text] of sources(modules)) {
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    });
    const path = join(folder, 'dist', file.replace(/ts$/, 'js'));
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, outputText);
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'generated', type: 'module', dependencies: { 'nestjs-flame': '*' } }));
  return modules * (providersOfModule + 1);
}
