/** The sizes of the headers of a log file's first page and of its other pages, in bytes (SizeOfXLogLongPHD, SizeOfXLogShortPHD). */
const longHeader = 40;
const shortHeader = 24;

/** The timeline of a primary: the first eight digits of the name of its log's current file. */
const ownTimeline = "('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint";

/**
 * The primary's position: the end of the last record. The insert position includes commits that are not flushed yet
 * (`synchronous_commit = off`). At the beginning of a page or of a file it lies after the page's header, where no record ends: a replica
 * would reach it only with the next record, which may take 15 seconds. Fails on a replica.
 *
 * https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-BACKUP
 */
export const positionSql = `
  with log as materialized (
    select lsn, lsn - '0/0'::pg_lsn as bytes from (select pg_current_wal_insert_lsn() as lsn) as now
  )
  select (select system_identifier from pg_control_system())::text || ':' || ${ownTimeline} || ':' || case
    when bytes % pg_size_bytes(current_setting('wal_segment_size')) = ${longHeader} then lsn - ${longHeader}::numeric
    when bytes % current_setting('wal_block_size')::int = ${shortHeader} then lsn - ${shortHeader}::numeric
    else lsn end as position
  from log`;

/**
 * The state of each position in the list $1, one letter each: r (reached), p (pending), l (of a timeline of which it is unknown whether it
 * is in this one's history), o (of another database). $2 is the highest timeline that was seen here.
 *
 * - A replica shows the timeline that it receives only to roles with `pg_read_all_stats`; for others it is the one of the last restart
 *   point, or of the last flush. For those, a higher timeline counts as followed.
 * - On a replica that was promoted, `pg_last_wal_replay_lsn()` stays where its former timeline ended.
 *
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA
 */
export const statesSql = `
  with base as materialized (
    select pg_is_in_recovery() as standby, pg_has_role('pg_read_all_stats', 'usage') as exact, pg_last_wal_replay_lsn() as replayed,
      (select system_identifier from pg_control_system())::text as system
  ), here as materialized (
    select base.*,
      case when standby then replayed else pg_current_wal_insert_lsn() end as lsn,
      case when standby then greatest(
        (select timeline_id from pg_control_checkpoint()),
        (select min_recovery_end_timeline from pg_control_recovery()),
        (select received_tli from pg_stat_wal_receiver),
        $2::text::bigint
      ) else ${ownTimeline} end as timeline
    from base
  ), wanted as (
    select place, split_part(one, ':', 1) as system, split_part(one, ':', 2)::bigint as timeline, split_part(one, ':', 3)::pg_lsn as lsn
    from unnest(string_to_array($1::text, ',')) with ordinality as list(one, place)
  )
  select here.system as system, here.timeline::text as timeline, (
    select string_agg(case
      when wanted.system <> here.system then 'o'
      when wanted.timeline = here.timeline then case when here.lsn >= wanted.lsn then 'r' else 'p' end
      when wanted.timeline > here.timeline then case when here.standby and not here.exact and here.lsn >= wanted.lsn then 'r' else 'p' end
      when not here.standby and wanted.timeline = here.timeline - 1 and here.replayed >= wanted.lsn then 'r'
      else 'l' end, '' order by place)
    from wanted
  ) as states
  from here`;
