-- Users who may not order. The version lets storefronts read the list only when it has changed.
create table denied_users (
  user_id bigint primary key,
  reason text not null,
  denied_by text not null,
  denied_at timestamptz not null default now()
);

create table denied_users_version (
  one boolean primary key default true check (one),
  version bigint not null default 0
);
insert into denied_users_version default values;

create function count_denied_users_version() returns trigger language plpgsql as $$
begin
  update denied_users_version set version = version + 1;
  return null;
end $$;

create trigger denied_users_change after insert or update or delete on denied_users
  for each statement execute function count_denied_users_version();
