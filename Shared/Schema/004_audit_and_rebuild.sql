-- The fence of a rebuild, what tells that Redis lost data, and what audits repaired.

-- epoch counts the rebuilds; an item in Redis with a lower one is older than a rebuild. lost_at is set while a rebuild is needed.
alter table sale_items
  add column epoch int not null default 1,
  add column lost_at timestamptz;

-- The highest value that the counter in each Redis has had; see RedisMark.
create table redis_marks (
  store text primary key,
  mark bigint not null,
  seen_at timestamptz not null default now()
);

-- Written before the repair is made, and completed after it.
create table audit_repairs (
  id bigint generated always as identity primary key,
  sale_id bigint not null,
  sku_id bigint not null,
  kind text not null,
  order_id text collate "C",
  user_id bigint,
  repair text not null,
  decided_at timestamptz not null default now(),
  done_at timestamptz
);
create index audit_repairs_by_item on audit_repairs (sale_id, sku_id, id);
