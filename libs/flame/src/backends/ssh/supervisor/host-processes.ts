/**
 * The first part of `supervisorProgram`: its state, the host's processes, and its folder there. The process table is read as in
 * `system/process-table.ts`.
 */
export const hostProcesses = String.raw`'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { parent, silence } = setup;
/** Characters of output that are kept of each runner while there is no connection. */
const mostKept = 65536;
const baseEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^SSH_/.test(name)));
const runners = new Map();
let client, server, quiet = 0, alone = 0, paused = false, ending = false;
let kills = [oomKills(), oomKills()];

function readText(file) {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** The fields of /proc/PID/stat after the program's name: see proc(5). */
const statOf = (pid) => readText('/proc/' + pid + '/stat').replace(/^.*\) /s, '').split(' ');
const startOf = (pid) => ('ZX'.includes(statOf(pid)[0] || 'X') ? undefined : statOf(pid)[19]);
const bootId = readText('/proc/sys/kernel/random/boot_id').trim();
function oomKills() {
  return Number((/^oom_kill (\d+)$/m.exec(readText('/proc/vmstat')) || [])[1] || 0);
}

/** Whether the group that pid leads has a process that has not ended. */
function groupLives(pid) {
  try {
    process.kill(-pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  return fs.readdirSync('/proc').some((name) => /^\d+$/.test(name) && Number(statOf(name)[2]) === pid && startOf(name) !== undefined);
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
async function groupEnds(pid, time) {
  for (const until = performance.now() + time; groupLives(pid); await pause(10)) if (performance.now() > until) return false;
  return true;
}

/** A folder of this user only. */
function privateFolder() {
  const inTemp = path.join(os.tmpdir(), 'nestjs-flame-' + process.getuid());
  const inHome = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'nestjs-flame', 'ssh');
  // A longer path than 107 bytes is no address of a Unix socket.
  for (const folder of inHome.length > 80 ? [inTemp] : [inHome, inTemp]) {
    try {
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
      const { uid, mode } = fs.lstatSync(folder);
      if (uid !== process.getuid()) throw new Error(folder + ' belongs to another user');
      if (mode & 0o077) fs.chmodSync(folder, 0o700);
      fs.accessSync(folder, fs.constants.W_OK);
      return folder;
    } catch (error) {
      if (folder === inTemp || error.code === 'ENOSPC' || error.code === 'EDQUOT') throw error;
    }
  }
}

`;
