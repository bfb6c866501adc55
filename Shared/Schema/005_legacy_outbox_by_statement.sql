-- The legacy outbox again, with an entry for each statement and lane instead of one for each order: a row and two index entries for
-- every order cost the statement that places orders a third of its time, and the writer as much again.

-- An order's lane never changes; a writer to the legacy database locks a lane first. Never change it.
create function legacy_lane(order_id text) returns int immutable strict parallel safe language sql
return ascii(right(order_id, 1)) & 3;

create table legacy_lanes (lane int primary key);
insert into legacy_lanes select generate_series(0, 3);

alter table legacy_outbox rename to legacy_outbox_before;
alter index legacy_outbox_pkey rename to legacy_outbox_before_pkey;

-- Append-only, so that a change never waits for a writer that holds an older one. An entry says that these orders changed, not how:
-- the writer reads them as they are by then.
create table legacy_outbox (
  lane int not null,
  id bigint generated always as identity,
  order_ids text[] collate "C" not null check (cardinality(order_ids) > 0),
  orders int not null generated always as (cardinality(order_ids)) stored,
  -- Made by the statement that placed the orders, so the legacy database cannot know them yet, unless a writer died on the way.
  placed boolean not null default false,
  -- Made by a repair: the legacy row is set to ours whatever it says.
  forced boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (lane, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Random digits cannot be compressed; to try costs more than it saves.
alter table legacy_outbox alter order_ids set storage external;

insert into legacy_outbox (lane, order_ids, forced, created_at)
select legacy_lane(order_id), array[order_id], forced, created_at from legacy_outbox_before order by id;

drop table legacy_outbox_before;
