-- The transactions that wrote orders when the backfill was started, as pg_locks names them. It waits for their end, not for all that began
-- before it: PostgreSQL shows the begin of other users' transactions only to users who may read all statistics.
alter table legacy_backfill add column writers text[] not null default '{}';
