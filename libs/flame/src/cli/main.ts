#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command } from 'commander';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** `npx nestjs-flame`. Each command is a file of `commands/`, which imports what it needs when it runs. */
const program = new Command('nestjs-flame').description('Tools around the pools of a NestJS app.').version(version);

void program.parseAsync();
