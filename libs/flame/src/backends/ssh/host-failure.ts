import { BootError } from '../../core/errors/boot-error.js';
import type { BootPhase } from '../../core/errors/boot-error.js';

/** Why a host cannot be used now, with what to do. `host` is its name in the options. */
export class HostFailure extends Error {
  override readonly name = 'HostFailure';

  constructor(
    readonly host: string,
    readonly problem: string,
    readonly fix: string,
    /** True if another try would fail in the same way. */
    readonly fatal = false,
    /** True if the host itself has reported it, so that nothing was started there. */
    readonly reported = false,
  ) {
    super(`${host}: ${problem}. ${fix}`);
  }

  toBootError(phase: BootPhase): BootError {
    return new BootError(`ssh: ${this.message}`, { phase, fatal: this.fatal, cause: this });
  }
}

/** An error of ssh2, which has a level for errors of its own, and a code for those of the system. */
interface ClientError extends Error {
  readonly level?: string;
  readonly code?: string;
}

/** The failure of a connection that ssh2 could not make. `how` describes the login. */
export function connectFailure(host: string, error: unknown, user: string): HostFailure {
  const { level, code, message } = error as ClientError;
  if (level === 'client-authentication')
    return new HostFailure(
      host,
      `it refuses the login of ${user}`,
      `Add the public key to ~${user}/.ssh/authorized_keys there, with ~/.ssh and that file writable by this user only, or set user, privateKey or agent.`,
      true,
    );
  if (level === 'agent')
    return new HostFailure(
      host,
      `the SSH agent gave no key (${message})`,
      'Start the agent and add the key with ssh-add, or set privateKey.',
      true,
    );
  if (level === 'client-timeout' || code === 'ETIMEDOUT')
    return new HostFailure(host, 'it did not answer in time', 'Check that it is up, and that no firewall drops connections to this port.');
  if (code === 'ECONNREFUSED')
    return new HostFailure(host, 'no SSH server listens at this port', 'Start sshd there, or correct the option port.');
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new HostFailure(
      host,
      `its name cannot be resolved (${code})`,
      'Correct the option host, or the DNS record.',
      code === 'ENOTFOUND',
    );
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH')
    return new HostFailure(host, `it cannot be reached (${code})`, 'Check that it is up, and the network in between.');
  return new HostFailure(host, `the SSH connection failed (${message})`, 'Read the log of its sshd.');
}

/** The failure of a supervisor whose process ended before it said hello. `code` is its exit code, `text` its last lines on stderr. */
export function startFailure(host: string, node: string, code: number | undefined, text: string): HostFailure {
  const said = text.trim().replaceAll(/\s*\n\s*/g, ' ');
  const words = said === '' ? '' : `: ${said.slice(0, 300)}`;
  if (code === 127 || code === 126)
    return new HostFailure(
      host,
      `this user cannot start Node there with the command ${node}${words}`,
      'Install Node 20.19 or later, or set the option node to its path. A login without a terminal reads no profile, so it lacks the PATH that nvm sets there.',
      true,
    );
  return new HostFailure(
    host,
    `the process that starts its runners (supervisor) ended at once${code === undefined ? '' : ` (exit code ${code})`}${words}`,
    'Check that the user has a login shell there, and that neither sshd nor authorized_keys forces another command.',
    code !== undefined,
  );
}

/** The failure of a supervisor or of a runner's start, by the system's error on the host. */
export function hostFailure(
  host: string,
  { code, message }: { readonly code?: string; readonly message: string },
  doing: string,
): HostFailure {
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new HostFailure(
      host,
      `${doing}: its disk is full (${message})`,
      "Free space in the user's ~/.cache/nestjs-flame and in /tmp there.",
      false,
      true,
    );
  if (code === 'PLATFORM')
    return new HostFailure(
      host,
      `${doing}: ${message}`,
      'Use a host with Linux: SshBackend starts runners on no other system.',
      true,
      true,
    );
  if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR')
    return new HostFailure(host, `${doing}: ${message}`, 'Correct the options command and cwd: both are paths on the host.', true, true);
  return new HostFailure(host, `${doing}: ${message}`, 'Remove the cause on the host.', false, true);
}
