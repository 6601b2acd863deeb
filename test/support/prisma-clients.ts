import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

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
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(join(import.meta.dirname, 'prisma'), folder, { recursive: true });
  execFileSync(join(import.meta.dirname, 'modules.sh'), [folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  // The program of this name would be downloaded. It is only used by commands that change databases.
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath };
  execFileSync(join(folder, 'node_modules/.bin/prisma'), ['generate'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
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
