#!/usr/bin/env node
import { Command } from 'commander';
import { version } from '../core/version.js';

/** The command line `npx nestjs-flame`. Each command is a file of `commands/`, which is imported when the command runs. */
const program = new Command('nestjs-flame').description('Tools around the pools of a NestJS app.').version(version);

program
  .command('doctor')
  .description(
    'Examines a deployment from inside: starts the app, boots a runner on each of its pools, and prints a fix for each check that fails.',
  )
  .argument('[entry]', "the app's compiled main file; found by package.json's script start:prod, else dist/main.js")
  .argument('[args...]', "the app's own arguments, after --")
  .option('-p, --pool <name...>', 'examine these pools only')
  .option('--no-boot', 'only look at the platforms, boot no runner')
  .option('--json', 'print one JSON object')
  .option('--start-limit <ms>', 'time for the app to start', Number, 60_000)
  .action(async (entry, args, options) => {
    const { doctor } = await import('./commands/doctor.js');
    process.exitCode = await doctor(entry, args, options);
  });

program
  .command('top')
  .description("Shows live what the pools of a running app do, by the port of FlameModule's option ops.")
  .argument('<address>', 'host:port')
  .option('-p, --pool <name...>', 'show these pools only')
  .option('--token <token>', 'what ops.token asks for; the environment variable FLAME_OPS_TOKEN when left out')
  .option('--ca <file>', 'the certificate of ops.tls, or of who signed it')
  .option('--every <ms>', 'time between two looks', Number, 1_000)
  .option('--once', 'print what is, and end')
  .option('--json', 'print a JSON object for each look')
  .action(async (address, options) => {
    const { top } = await import('./commands/top.js');
    process.exitCode = await top(address, options);
  });

void program.parseAsync();
