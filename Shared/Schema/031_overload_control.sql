-- One row: what operators have changed of the settings under Overload while storefronts run. Null is the setting of each process.
create table overload_control (
  only_row boolean primary key default true check (only_row),
  enabled boolean,
  target_queue_wait_milliseconds int check (target_queue_wait_milliseconds between 1 and 60000),
  target_cpu_wait_milliseconds int check (target_cpu_wait_milliseconds between 1 and 60000),
  min_concurrency int check (min_concurrency between 1 and 1000000),
  max_concurrency int check (max_concurrency between 1 and 1000000),
  longest_retry_after_seconds int check (longest_retry_after_seconds between 1 and 60),
  changed_at timestamptz not null default now()
);
insert into overload_control default values;
