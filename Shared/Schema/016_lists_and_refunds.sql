-- The order in which operators read these lists, page by page, and the name of a refund in a path. A refund that is done is marked, with
-- who and when; the first mark stays.

alter table refunds
  add column id bigint generated always as identity unique,
  add column settled_at timestamptz,
  add column settled_by text,
  add constraint refunds_settled check ((settled_at is null) = (settled_by is null));

create index refunds_waiting on refunds (created_at) where settled_at is null;

alter table quarantined_orders add column id bigint generated always as identity unique;
