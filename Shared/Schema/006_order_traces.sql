-- Which orders on their way to the legacy database belong to a request that was sampled, and its W3C traceparent. A few
-- rows, written by the worker and taken by the legacy writer; rows that are not taken are deleted after an hour. Losing one loses a span.
create table order_traces (
  order_id text collate "C" primary key,
  trace_parent text not null,
  created_at timestamptz not null default now()
);
