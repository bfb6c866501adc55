-- A withdrawal may be partial: it takes as many units as are available, at most as many as requested. `made` is what it changed, and
-- null while it is under way; for a change that is not partial it is the delta.
alter table stock_changes
  add column partial boolean not null default false,
  add column made int,
  add constraint stock_changes_made check (made is null or partial and made between delta and 0);
