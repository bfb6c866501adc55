-- The waiting room of a sale, as it was planned and as its operator wants it now. A sale without a row has none. Who waits is in Redis.
create table waiting_rooms (
  sale_id bigint primary key references sales,
  room_opens_at timestamptz,
  admit_per_second int not null check (admit_per_second > 0),
  pass_seconds int not null check (pass_seconds > 0),
  fail_open boolean not null,
  work_bits int not null check (work_bits between 0 and 24),
  group_limit int not null check (group_limit >= 0),
  beacon_name text,
  beacon text,
  mode text not null default 'open' check (mode in ('open', 'paused', 'draining', 'off')),
  -- Counts the changes, so that Redis refuses a call that an operator has overtaken.
  version bigint not null default 1,
  warmed_at timestamptz,
  rested_at timestamptz
);

-- The few that a service follows.
create index waiting_rooms_in_use on waiting_rooms (sale_id) where rested_at is null;
