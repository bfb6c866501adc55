-- What operators did with the ops interface: the row is written before the action begins, and its outcome before the caller has the answer.
create table operator_actions (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  operator text not null,
  role text not null,
  -- The address of the caller.
  origin text,
  service text not null,
  action text not null,
  target text not null,
  -- Null while it runs, and when the process died or could not answer.
  status int,
  -- json, not jsonb: a text may have characters that jsonb refuses.
  before json,
  after json
);
