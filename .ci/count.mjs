// Adds up vitest's JSON reports in a folder. What was not run, or left no report, did not pass.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
let passed = 0;
let failed = 0;
for (const file of readdirSync(folder)) {
  const report = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  // A file that could not be loaded is a failed suite without tests.
  const broken = report.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.every((test) => test.status !== 'failed'),
  );
  for (const suite of broken) console.log(`FAILED: ${suite.name}: ${suite.message.split('\n')[0]}`);
  for (const test of report.testResults.flatMap((suite) => suite.assertionResults)) {
    if (test.status === 'failed') console.log(`FAILED: ${test.fullName}: ${test.failureMessages[0]?.split('\n')[0]}`);
  }
  passed += report.numPassedTests;
  failed += report.numFailedTests + broken.length;
  console.log(
    `${file.replace('.json', '')}: ${report.numPassedTests} passed, ${report.numFailedTests + broken.length} failed, ${report.numPendingTests} skipped`,
  );
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
