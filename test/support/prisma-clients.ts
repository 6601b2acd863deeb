import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { generatePrisma } from './generate-prisma.js';

/** The parts of a generated Prisma client that tests use. */
export interface PrismaClient {
  readonly entry: { create(args: { data: { key: string } }): Promise<unknown>; findMany(): Promise<{ key: string; version: number }[]> };
  $queryRawUnsafe(sql: string, ...params: string[]): PromiseLike<unknown>;
  $disconnect(): Promise<void>;
}

/**
 * Generates a client of Prisma 7 for the table of `ReplicatedPostgres`, and connects one to each address through Prisma's adapter for `pg`.
 * Its packages are installed once, outside of the repository.
 */
export async function prismaClients(...urls: string[]): Promise<PrismaClient[]> {
  const folder = mkdtempSync(join(tmpdir(), 'flame-prisma-'));
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
  cpSync(join(import.meta.dirname, 'prisma/schema.prisma'), join(folder, 'schema.prisma'));
  generatePrisma(folder);
  const [{ PrismaClient }, { PrismaPg }] = (await Promise.all([
    import(join(folder, 'generated/client.ts')),
    import(join(folder, 'node_modules/@prisma/adapter-pg/dist/index.mjs')),
  ])) as [{ PrismaClient: new (options: object) => PrismaClient }, { PrismaPg: new (options: object) => object }];
  return urls.map((connectionString) => {
    const client = new PrismaClient({ adapter: new PrismaPg({ connectionString }) });
    onTestFinished(() => client.$disconnect());
    return client;
  });
}
