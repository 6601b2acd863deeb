// Runs runner-bundle.cjs, which lies beside it, with the compiled code of an earlier run: what a first runner leaves when it ends.
const { createHash } = require('node:crypto');
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { join } = require('node:path');
const { constants, Script } = require('node:vm');

const filename = join(__dirname, 'runner-bundle.cjs');
const source = wrap(readFileSync(filename, 'utf8'));
// V8 refuses code of another version of itself, but of the source it knows only the length.
const cache = `${filename}.${createHash('sha256').update(source).digest('hex').slice(0, 16)}.${process.arch}-${process.version}`;

let cachedData;
try {
  cachedData = readFileSync(cache);
} catch {
  // This is a first runner.
}
const script = new Script(source, { filename, cachedData, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER });
if (cachedData === undefined || script.cachedDataRejected) process.once('exit', keep);
script.runInThisContext()(exports, createRequire(filename), module, filename, __dirname);

function keep() {
  try {
    writeFileSync(`${cache}.${process.pid}`, script.createCachedData());
    renameSync(`${cache}.${process.pid}`, cache);
  } catch {
    // A folder that cannot be written to: the next runner compiles, too.
  }
}
