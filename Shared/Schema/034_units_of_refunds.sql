-- Units of a refunded order that are for sale again. They are added to the item's stock by a change of its own, which is begun in the
-- transaction of the refund; the order keeps its units, for it is paid.
alter table refunds
  add column units int not null default 0,
  add constraint refunds_units check (units >= 0 and (units = 0 or reason = 'operator'));
