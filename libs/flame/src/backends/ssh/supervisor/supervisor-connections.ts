/** The third part of `supervisorProgram`: the connection to the parent, which comes and goes. */
export const supervisorConnections = String.raw`/** Kills the sshd of a dead connection, which would hold its port and its tunnels. */
function endSession(pid) {
  if (pid > 1 && /^sshd/.test(readText('/proc/' + pid + '/comm'))) send(pid, 'SIGTERM');
}

function detach(from) {
  if (client !== from) return;
  client = undefined;
  alone = 0;
  hold(false);
}

function attach(input, out, sshd, text) {
  const former = client;
  const own = (client = { output: out, sshd });
  quiet = 0;
  if (former) {
    endSession(former.sshd);
    former.output.destroy();
  }
  hold(false);
  let rest = '';
  const read = (data) => {
    if (client !== own) return;
    quiet = 0;
    const lines = (rest + data).split('\n');
    rest = lines.pop();
    for (const line of lines) void take(JSON.parse(line));
  };
  input.on('data', read);
  for (const event of ['end', 'close', 'error']) input.on(event, () => detach(own));
  out.on('error', () => detach(own)).on('drain', () => client === own && hold(false));
  write({ type: 'hello', runners: [...runners.keys()] });
  for (const runner of runners.values()) {
    const note = runner.lost && { stream: 'stderr', text: '[flame] ' + runner.lost + ' characters of output were lost while the connection was cut\n' };
    for (const part of [...(note ? [note] : []), ...runner.kept]) write({ type: 'output', id: runner.id, ...part });
    Object.assign(runner, { kept: [], size: 0, lost: 0 });
    if (runner.exit) write({ type: 'exit', id: runner.id, ...runner.exit });
  }
  read(text);
}

/** Every second. It counts its turns, and not the time: a host that was suspended gives the parent time to be heard. */
function tick() {
  kills = [kills[1], oomKills()];
  if (client && ++quiet > silence / 1000) {
    endSession(client.sshd);
    client.output.destroy();
    detach(client);
  }
  if (client) return;
  alone++;
  const all = [...runners.values()];
  const seconds = (time) => (time === null ? Infinity : time / 1000);
  const alive = all.filter(({ exit }) => !exit);
  for (const runner of alive)
    if (alone > seconds(runner.reconnectTimeout) + 2 * seconds(runner.shutdownTimeout) + 30) stop(runner, 0);
  // The parent may come back for how they ended.
  if (alive.length === 0 && alone > Math.max(0, ...all.map(({ reconnectTimeout }) => seconds(reconnectTimeout)))) finish();
}

async function supervise() {
  if (fs.existsSync(path.join(folder, parent + '.json'))) await endLeftovers(parent, false).catch(() => 0);
  fs.rmSync(socket, { force: true });
  record();
  server = net.createServer((relay) => {
    let text = '';
    relay.setEncoding('utf8').on('error', () => {});
    relay.on('data', function first(data) {
      text += data;
      const end = text.indexOf('\n');
      if (end < 0) return;
      relay.off('data', first);
      attach(relay, relay, JSON.parse(text.slice(0, end)).sshd, text.slice(end + 1));
    });
  });
  server.on('error', fail).listen(socket);
  for (const signal of ['SIGTERM', 'SIGINT'])
    process.on(signal, () => {
      for (const runner of runners.values()) stop(runner, runner.shutdownTimeout);
      finish();
    });
  process.on('SIGHUP', () => {});
  setInterval(tick, 1000);
  attach(process.stdin, process.stdout, process.ppid, setup.rest);
  process.stdin.resume();
}

function relay(to) {
  to.write(JSON.stringify({ sshd: process.ppid }) + '\n' + setup.rest);
  process.stdin.pipe(to).pipe(process.stdout);
  for (const stream of [to, process.stdout]) stream.on('error', () => process.exit(0));
  to.on('close', () => process.stdout.end(() => process.exit(0)));
}

function fail(error) {
  process.stdout.write(JSON.stringify({ type: 'failed', code: error.code, message: error.message }) + '\n', () => process.exit(1));
}

let folder, socket;
try {
  if (process.platform !== 'linux') throw Object.assign(new Error('the host runs ' + process.platform), { code: 'PLATFORM' });
  folder = privateFolder();
  socket = path.join(folder, parent + '.sock');
  const found = net.connect(socket);
  found.once('connect', () => {
    found.removeAllListeners('error');
    relay(found);
  });
  found.once('error', () => supervise().catch(fail));
} catch (error) {
  fail(error);
}
`;
