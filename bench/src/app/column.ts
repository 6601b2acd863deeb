/** The column that this app is started for; none for its own boot. */
export const column = process.argv[3];

/** An app that has set up OpenTelemetry for itself, of whose requests this share is recorded; with nothing of ours on, or with all. */
const [, whose, share] = /^(app|all) (\d+) %$/.exec(column ?? '') ?? [];

/** Undefined where the app has no OpenTelemetry. */
export const recorded = share === undefined ? undefined : Number(share) / 100;
/** Whether calls are traced, which is the last of all that shows what runs. */
export const all = whose === 'all';
/** With somebody who looks at the dashboard. */
export const watched = column === 'watched' || all;
/** With all that shows what runs, but traces. */
export const observed = column === 'observed' || watched;
