-- Changes of orders on their way to the legacy database, what was found there, and how the two are used.

-- Counts the changes of status, so that a reader can tell whether an order changed between two looks.
alter table orders add column version int not null default 1;

-- Written by the statement that changes the order. Append-only, so that a change never waits for a writer that holds an older one.
-- An entry says that the order changed, not how: the writer reads the order as it is by then.
create table legacy_outbox (
  id bigserial primary key,
  order_id text collate "C" not null,
  -- Made by a repair: the legacy row is set to ours whatever it says.
  forced boolean not null default false,
  created_at timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

create index legacy_outbox_by_order on legacy_outbox (order_id);

create table legacy_discrepancies (
  id bigint generated always as identity primary key,
  order_id text collate "C" not null,
  class text not null check (class in ('missing', 'extra', 'different', 'unrepresentable')),
  field text not null default '',
  ours text,
  theirs text,
  found_at timestamptz not null default now(),
  resolved_at timestamptz
);

-- Each difference is open once, however often it is seen.
create unique index legacy_discrepancies_open on legacy_discrepancies (order_id, class, field) where resolved_at is null;

-- One row: how the legacy database is used.
create table dual_write_control (
  only_row boolean primary key default true check (only_row),
  mode text not null default 'off' check (mode in ('off', 'shadow', 'dual', 'retired')),
  read_from_new_percent int not null default 100 check (read_from_new_percent between 0 and 100),
  users_reading_new bigint[] not null default '{}',
  users_reading_legacy bigint[] not null default '{}',
  changed_at timestamptz not null default now()
);
insert into dual_write_control default values;

-- One row: orders that were read back from the legacy database and found equal, once for each write.
create table legacy_verified (
  only_row boolean primary key default true check (only_row),
  orders bigint not null default 0
);
insert into legacy_verified default values;

-- One row: where the continuous verifier stands. Locked by the one worker that verifies.
create table legacy_verifier (
  only_row boolean primary key default true check (only_row),
  order_cursor text collate "C" not null default '',
  legacy_cursor bigint not null default 0,
  phase text not null default 'ours' check (phase in ('ours', 'theirs')),
  round bigint not null default 1,
  checked bigint not null default 0,
  lagging bigint not null default 0,
  round_started_at timestamptz not null default now(),
  last_round_orders bigint,
  last_round_seconds double precision
);
insert into legacy_verifier default values;

-- One row: where the backfill stands.
create table legacy_backfill (
  only_row boolean primary key default true check (only_row),
  order_cursor text collate "C" not null default '',
  total bigint not null default 0,
  done bigint not null default 0,
  started_at timestamptz,
  finished_at timestamptz
);
insert into legacy_backfill default values;

-- The breakers of the processes that use the legacy database; a row that is not renewed does not count.
create table legacy_breakers (
  process text primary key,
  state text not null check (state in ('closed', 'open', 'half-open')),
  seen_at timestamptz not null default now()
);
