import { withoutInspector } from './node-flags.js';

/** Which of the parent's environment a runner gets, and what beside it. */
export interface EnvRules {
  readonly inheritEnv: 'all' | 'none' | readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Variables that say where a process is. On another machine they would say where the parent is. */
const ofAMachine = /^(HOSTNAME|HOME|PATH|PWD|OLDPWD|SHLVL|USER|LOGNAME|SHELL|TERM|TMPDIR|TEMP|TMP|XDG_.*|SSH_.*|DOCKER_HOST|KUBECONFIG|_)$/;

/** What Node and PM2 tell the processes that they start. A runner is started by neither. */
const ofNode = /^(NODE_UNIQUE_ID|NODE_CHANNEL_FD|NODE_CHANNEL_SERIALIZATION_MODE|WATCH_REPORT_DEPENDENCIES)$/;
const ofPm2 =
  /^(NODE_APP_INSTANCE|PM2_(USAGE|INTERACTOR_PROCESSING|PROGRAMMATIC|JSON_PROCESSING)|_pm2_version|pm2?_.*|axm_.*|args|automation|autorestart|autostart|created_at|env|exec_interpreter|exec_mode|filter_env|instance_var|instances|kill_retry_time|km_link|merge_logs|name|namespace|node_args|pmx|restart_time|status|treekill|unique_id|unstable_restarts|username|vizion|vizion_running|watch|windowsHide)$/;

/**
 * The environment of a runner: what is inherited, then `env`, then `FLAME_PARENT`, which nothing overrides. `NODE_OPTIONS` is carried on in
 * any case, because it holds the loaders without which the app may not start.
 */
export function runnerEnv(rules: EnvRules, flameParent: string, own: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const env: NodeJS.ProcessEnv = rules.inheritEnv === 'all' ? { ...own } : pick(own, rules.inheritEnv === 'none' ? [] : rules.inheritEnv);
  if (own.NODE_OPTIONS !== undefined) env.NODE_OPTIONS = withoutInspector(own.NODE_OPTIONS.split(' ')).join(' ');
  const underPm2 = own.pm_exec_path !== undefined && own.pm_id !== undefined;
  for (const name of Object.keys(env)) if (ofNode.test(name) || (underPm2 && ofPm2.test(name))) delete env[name];
  Object.assign(env, rules.env);
  for (const name of Object.keys(env)) if (env[name] === undefined || isFlameParent(name)) delete env[name];
  env.FLAME_PARENT = flameParent;
  return env as Record<string, string>;
}

/**
 * The same for a runner on another machine. With `inheritEnv: 'all'` it does not get what says where a process is (`HOSTNAME`, `PATH`, …),
 * nor what `platform` matches; a list of names gets what it names.
 */
export function remoteEnv(
  rules: EnvRules,
  flameParent: string,
  platform?: RegExp,
  own: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  if (rules.inheritEnv !== 'all') return runnerEnv(rules, flameParent, own);
  const travels = Object.entries(own).filter(([name]) => !ofAMachine.test(name) && platform?.test(name) !== true);
  return runnerEnv(rules, flameParent, Object.fromEntries(travels));
}

/** Windows has one variable for all ways to write its name. */
export function isFlameParent(name: string): boolean {
  return name.toUpperCase() === 'FLAME_PARENT';
}

function pick(own: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(names.map((name) => [name, own[name]]));
}
