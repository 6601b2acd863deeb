// Asks the registry for known holes in what an app gets with the library. Fails on a high one; says loudly when it was not told.
import { spawnSync } from 'node:child_process';

const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8', timeout: 120_000 });
const answer = parse(stdout);
const found = answer?.metadata?.vulnerabilities;

if (found === undefined) {
  console.log('!!! NOT AUDITED: the registry does not answer audits here');
  console.log(`!!! ${answer?.message ?? error?.message ?? 'npm audit gave no report'}`);
} else {
  console.log(`npm audit: ${JSON.stringify(found)}`);
  for (const [name, { severity, range }] of Object.entries(answer.vulnerabilities ?? {})) console.log(`${severity}: ${name} ${range}`);
  process.exitCode = found.high + found.critical > 0 ? 1 : 0;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
