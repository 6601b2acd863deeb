/** The second part of `supervisorProgram`: starts, stops and records runners, and answers the parent. */
export const supervisedRunners = String.raw`function write(message) {
  return client ? client.output.write(JSON.stringify(message) + '\n') : true;
}

function hold(held) {
  paused = held;
  for (const { child } of runners.values()) for (const stream of [child.stdout, child.stderr]) held ? stream.pause() : stream.resume();
}

function output(runner, stream, text) {
  if (client) {
    if (!write({ type: 'output', id: runner.id, stream, text })) hold(true);
    return;
  }
  runner.kept.push({ stream, text });
  runner.size += text.length;
  while (runner.size > mostKept && runner.kept.length > 1) {
    const { text: lost } = runner.kept.shift();
    runner.size -= lost.length;
    runner.lost += lost.length;
  }
}

/** Writes down the runners. The file appears whole or not at all. */
function record() {
  const file = path.join(folder, parent + '.json');
  const own = { pid: process.pid, start: startOf(process.pid) };
  const alive = [...runners.values()].filter(({ exit }) => !exit);
  const list = alive.map(({ id, child, start, shutdownTimeout }) => ({ id, pid: child.pid, start, shutdownTimeout }));
  fs.writeFileSync(file + '.new', JSON.stringify({ boot: bootId, supervisor: own, runners: list }), { mode: 0o600 });
  fs.renameSync(file + '.new', file);
}

/** Ends what a supervisor that was killed has left. Returns the number of runners that were still there. */
async function endLeftovers(name, patient) {
  const file = path.join(folder, name + '.json');
  const written = JSON.parse(fs.readFileSync(file, 'utf8'));
  const { pid, start } = written.supervisor;
  const same = written.boot === bootId;
  if (same && startOf(pid) === start) return 0;
  const left = same ? written.runners.filter((runner) => startOf(runner.pid) === runner.start) : [];
  await Promise.all(
    left.map(async (runner) => {
      if (patient) {
        send(runner.pid, 'SIGTERM');
        const until = performance.now() + (runner.shutdownTimeout === null ? 60000 : runner.shutdownTimeout);
        while (startOf(runner.pid) === runner.start && performance.now() < until) await pause(50);
      }
      // While a process of the group exists, its id belongs to no other group.
      if (startOf(runner.pid) === runner.start || !readText('/proc/' + runner.pid + '/stat')) send(-runner.pid, 'SIGKILL');
      await groupEnds(runner.pid, 5000);
    }),
  );
  for (const end of ['.json', '.sock']) fs.rmSync(path.join(folder, name + end), { force: true });
  return left.length;
}

function run({ id, file, args, env, cwd, shutdownTimeout, reconnectTimeout }) {
  const child = spawn(file, args, { env: { ...baseEnv, ...env }, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  if (child.pid === undefined) return new Promise((_, reject) => child.once('error', reject));
  const start = startOf(child.pid);
  const runner = { id, child, start, shutdownTimeout, reconnectTimeout, kept: [], size: 0, lost: 0 };
  runners.set(id, runner);
  child.stdio[3].on('error', () => {}).resume();
  for (const stream of ['stdout', 'stderr'])
    child[stream].setEncoding('utf8').on('data', (text) => output(runner, stream, text)).on('error', () => {});
  if (paused) hold(true);
  child.once('exit', (code, signal) => void ended(runner, code, signal));
  try {
    record();
  } catch (error) {
    stop(runner, 0);
    throw error;
  }
  return { pid: child.pid };
}

async function ended(runner, code, signal) {
  const { id, child } = runner;
  const oom = signal === 'SIGKILL' && !runner.killed && oomKills() > kills[0];
  send(-child.pid, 'SIGKILL');
  clearTimeout(runner.force);
  // A detached process may hold the pipes for ever; a slow connection may not have taken the last lines yet.
  const late = setInterval(() => paused || child.stdio.forEach((stream) => stream && stream.destroy()), 500);
  await Promise.all([child.stdout, child.stderr].map((stream) => stream.closed || new Promise((resolve) => stream.once('close', resolve))));
  clearInterval(late);
  const gone = await groupEnds(child.pid, 5000);
  runner.exit = { code, signal, oom, gone };
  write({ type: 'exit', id, ...runner.exit });
  try {
    record();
  } catch {
    // The disk is full. The file names a runner too many, whose start time fits no process.
  }
  if (ending) finish();
}

function stop(runner, grace) {
  if (!runner || runner.exit) return;
  const kill = () => {
    runner.killed = true;
    send(-runner.child.pid, 'SIGKILL');
  };
  if (grace !== null && grace <= 0) return kill();
  if (!runner.asked) send(runner.child.pid, 'SIGTERM');
  runner.asked = true;
  // Longer than Node's longest timer is without end.
  if (grace !== null && grace < 2 ** 31) {
    clearTimeout(runner.force);
    runner.force = setTimeout(kill, grace);
  }
}

/** Ends the supervisor as soon as no runner is left. */
function finish() {
  ending = true;
  if ([...runners.values()].some(({ exit }) => !exit)) return;
  for (const end of ['.json', '.sock']) fs.rmSync(path.join(folder, parent + end), { force: true });
  process.exit(0);
}

const answers = {
  run,
  look: () => {
    const { bavail, bsize } = fs.statfsSync(folder);
    return { folder, free: bavail * bsize, node: process.versions.node };
  },
  list: () => [...runners.values()].filter(({ child }) => groupLives(child.pid)).map(({ id, child }) => ({ id, pid: child.pid })),
  reap: async () => {
    const names = fs.readdirSync(folder).filter((name) => name.endsWith('.json') && name !== parent + '.json');
    const counts = await Promise.all(names.map((name) => endLeftovers(name.slice(0, -5), true).catch(() => 0)));
    return counts.reduce((sum, count) => sum + count, 0);
  },
};

async function take(message) {
  const { type, id, number } = message;
  if (type === 'stop') stop(runners.get(id), message.grace);
  else if (type === 'forget') runners.delete(id);
  else if (type === 'end') {
    for (const runner of runners.values()) stop(runner, 0);
    finish();
  } else if (type === 'ask') {
    try {
      write({ type: 'answer', number, value: await answers[message.what](message) });
    } catch (error) {
      write({ type: 'answer', number, error: { code: error.code, message: error.message } });
    }
  }
}

`;
