import { registerFlags, withoutInspector, withoutPreloads } from './node-flags.js';

/** The parent's variables that a runner inherits, and the variables that are added. */
export interface EnvRules {
  readonly inheritEnv: 'all' | 'none' | readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The machine gets the app's code only after Node has started. So `NODE_OPTIONS` must name no modules; the loader loads them. */
  readonly shipsCode?: boolean;
}

/** Variables that describe the machine of a process. On another machine their values would be wrong. */
const ofAMachine = /^(HOSTNAME|HOME|PATH|PWD|OLDPWD|SHLVL|USER|LOGNAME|SHELL|TERM|TMPDIR|TEMP|TMP|XDG_.*|SSH_.*|DOCKER_HOST|KUBECONFIG|_)$/;

/** Variables that Node and PM2 set for the processes that they start. Neither starts runners, so runners must not inherit them. */
const ofNode = /^(NODE_UNIQUE_ID|NODE_CHANNEL_FD|NODE_CHANNEL_SERIALIZATION_MODE|WATCH_REPORT_DEPENDENCIES)$/;
const ofPm2 =
  /^(NODE_APP_INSTANCE|PM2_(USAGE|INTERACTOR_PROCESSING|PROGRAMMATIC|JSON_PROCESSING)|_pm2_version|pm2?_.*|axm_.*|args|automation|autorestart|autostart|created_at|env|exec_interpreter|exec_mode|filter_env|instance_var|instances|kill_retry_time|km_link|merge_logs|name|namespace|node_args|pmx|restart_time|status|treekill|unique_id|unstable_restarts|username|vizion|vizion_running|watch|windowsHide)$/;

/**
 * The environment of a runner: the inherited variables, then `env`, then `FLAME_PARENT`, which cannot be overridden. `NODE_OPTIONS` is
 * always inherited, because the app may not start without the loaders in it.
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
 * The environment of a runner on another machine. With `inheritEnv: 'all'` it does not contain the variables that describe a machine
 * (`HOSTNAME`, `PATH`, …), nor those that match `platform`. With a list of names it contains all of them.
 *
 * The runner is started by its image's command, and not by the parent's. So `NODE_OPTIONS` says that it compiles inline functions as it
 * loads them, if the parent's flags `execArgv` say so of the parent.
 */
export function remoteEnv(
  rules: EnvRules,
  flameParent: string,
  platform?: RegExp,
  own: NodeJS.ProcessEnv = process.env,
  execArgv: readonly string[] = process.execArgv,
): Record<string, string> {
  const options = own.NODE_OPTIONS?.split(' ') ?? [];
  if (rules.shipsCode) {
    const { shipsCode: _, ...others } = rules;
    const left = withoutPreloads(options).join(' ');
    return remoteEnv(others, flameParent, platform, { ...own, NODE_OPTIONS: left === '' ? undefined : left }, []);
  }
  const register = registerFlags(options).length > 0 ? [] : registerFlags(execArgv);
  const inherited = register.length > 0 ? { ...own, NODE_OPTIONS: [...options, ...register].join(' ') } : own;
  if (rules.inheritEnv !== 'all') return runnerEnv(rules, flameParent, inherited);
  const travels = Object.entries(inherited).filter(([name]) => !ofAMachine.test(name) && platform?.test(name) !== true);
  return runnerEnv(rules, flameParent, Object.fromEntries(travels));
}

/** Windows ignores the case of a variable's name. */
export function isFlameParent(name: string): boolean {
  return name.toUpperCase() === 'FLAME_PARENT';
}

function pick(own: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(names.map((name) => [name, own[name]]));
}
