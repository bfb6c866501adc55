-- For operators: why a breaker is open and since when, and since when changes go to the legacy database. Orders from before that have no
-- legacy row until a backfill, which is no difference that a repair should look at.
alter table legacy_breakers add column cause text, add column opened_at timestamptz;
-- Null while unknown: it was switched on before this column existed, or never.
alter table dual_write_control add column switched_on_at timestamptz;

-- A trigger, because no statement can forget it, not even one of an older version.
create function note_switch_on() returns trigger language plpgsql as $$
begin
  new.switched_on_at := now();
  return new;
end $$;

create trigger dual_write_control_switch_on before update on dual_write_control for each row
when (old.mode not in ('shadow', 'dual') and new.mode in ('shadow', 'dual'))
execute function note_switch_on();
