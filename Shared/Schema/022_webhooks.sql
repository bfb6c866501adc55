-- Endpoints of other services that get the events of orders by HTTP, each from its own position: docs/decisions/0050.
create table webhooks (
  id bigint generated always as identity primary key,
  url text not null,
  -- Signs what is sent (Standard Webhooks): whsec_ and base64.
  secret text not null,
  -- The number of the last event that it has.
  position bigint not null,
  -- Counts replays: a delivery that began before one does not move the position.
  version int not null default 0,
  -- Failed attempts since the last success, of the same event.
  failures int not null default 0,
  failing_since timestamptz,
  next_attempt_at timestamptz not null default now(),
  error text,
  -- Not tried any more, until an operator replays.
  dead_at timestamptz,
  delivered_at timestamptz,
  created_at timestamptz not null default now()
);
