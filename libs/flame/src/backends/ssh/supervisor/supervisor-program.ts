import { hostProcesses } from './host-processes.js';
import { supervisedRunners } from './supervised-runners.js';
import { supervisorConnections } from './supervisor-connections.js';

/**
 * The program of the supervisor, which runs on each host and starts and ends this parent's runners there, in plain JavaScript for Node 20.19 or
 * later. It is text for the same reasons as `watchdogThread`, and goes to the host over standard input: nothing has to be installed there.
 *
 * It speaks JSON lines with the parent (`supervisor-messages.ts`): over its own standard input and output at first, and, after the SSH
 * connection broke and came back, over a Unix socket in its folder, to which a second instance of this program relays.
 *
 * - A runner leads a process group of its own. When it has ended, the supervisor kills what is left of the group.
 * - A runner's lifeline is a pipe from the supervisor: when that ends, however, the runner ends too.
 * - Without a parent (the connection has ended, or was silent for `silence`), runners live on, because their sessions may be resumed. Each ends
 *   by itself if that does not happen. What is left after `reconnectTimeout`, twice `shutdownTimeout` and 30 s is killed. Then the supervisor
 *   ends.
 * - A file beside the socket names the runners, with process ids and start times. So another parent's supervisor can end runners whose own
 *   supervisor was killed.
 */
export const supervisorProgram = `${hostProcesses}${supervisedRunners}${supervisorConnections}`;
