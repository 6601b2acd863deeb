import { fuzz } from './fuzzer.js';
import { targets } from './targets.js';

// node <this, bundled> TARGET '{"seed":1,"seconds":10,"executions":1e9,"unguided":false}': prints a report, as JSON
const [name, options] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await fuzz(targets[name!]!, JSON.parse(options!))));
