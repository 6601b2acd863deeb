#!/usr/bin/env node
import { Command } from 'commander';
import { version } from '../core/version.js';

/** The command line `npx nestjs-flame`. Each command is a file of `commands/`, which is imported when the command runs. */
const program = new Command('nestjs-flame').description('Tools for the pools of a NestJS app.').version(version);

program
  .command('doctor')
  .description(
    'Checks a deployment from inside: starts the app, boots a runner in each of its pools, and prints a fix for each failed check.',
  )
  .argument('[entry]', "the app's compiled main file; by default the file of package.json's script start:prod, or dist/main.js")
  .argument('[args...]', "the app's own arguments, after --")
  .option('-p, --pool <name...>', 'check only these pools')
  .option('--no-boot', 'check the platforms only, without booting runners')
  .option('--json', 'print one JSON object')
  .option('--start-limit <ms>', 'maximum time for the app to start, in milliseconds', Number, 60_000)
  .action(async (entry, args, options) => {
    const { doctor } = await import('./commands/doctor.js');
    process.exitCode = await doctor(entry, args, options);
  });

program
  .command('top')
  .description("Shows the activity of a running app's pools, live. Connects to the port of FlameModule's option ops.")
  .argument('<address>', 'host:port')
  .option('-p, --pool <name...>', 'show only these pools')
  .option('--token <token>', 'the value of ops.token; by default the environment variable FLAME_OPS_TOKEN')
  .option('--ca <file>', 'the certificate of ops.tls, or of the authority that signed it')
  .option('--every <ms>', 'time between two updates, in milliseconds', Number, 1_000)
  .option('--once', 'print the current state once, and exit')
  .option('--json', 'print one JSON object per update')
  .action(async (address, options) => {
    const { top } = await import('./commands/top.js');
    process.exitCode = await top(address, options);
  });

program
  .command('compile')
  .description('Compiles the inline functions of flame.call, flame.cast and flame.map in JavaScript files, in place, after each build.')
  .argument('<folder...>', 'folders of compiled JavaScript, such as dist, or single files')
  .option('-c, --check', 'only look for inline functions that cannot run elsewhere, and change no file')
  .option('-w, --watch', 'keep running, and compile each file that is written')
  .action(async (folders, options) => {
    const { compileFolders } = await import('./commands/compile.js');
    process.exitCode = await compileFolders(folders, options);
  });

program
  .command('bundle')
  .description('Makes one file of the compiled app, from which ProcessBackend starts runners in less time. Run it after each build.')
  .argument('[entry]', "the app's compiled main file; by default the file of package.json's script start:prod, or dist/main.js")
  .option('-e, --external <package...>', 'packages to leave in node_modules, besides those with native addons')
  .action(async (entry, options) => {
    const { bundleApp } = await import('./commands/bundle.js');
    process.exitCode = await bundleApp(entry, options);
  });

void program.parseAsync();
