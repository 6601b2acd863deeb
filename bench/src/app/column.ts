/** The contestant for which this app was started; undefined if only its boot is measured. */
export const column = process.argv[3];

/** An app with OpenTelemetry, which records this share of its requests. `app`: none of our features for operators are on; `all`: all are. */
const [, whose, share] = /^(app|all) (\d+) %$/.exec(column ?? '') ?? [];

/** The share of recorded traces; undefined without OpenTelemetry. */
export const recorded = share === undefined ? undefined : Number(share) / 100;
/** Whether all features for operators are on: traces, too. */
export const all = whose === 'all';
/** Whether a client has the dashboard open. */
export const watched = column === 'watched' || all;
/** Whether health checks, metrics and the dashboard are on. */
export const observed = column === 'observed' || watched;
