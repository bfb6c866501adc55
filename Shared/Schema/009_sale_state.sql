-- Counts the changes of a sale's state. Redis has the version of each item beside its state and refuses a change that is older, so
-- an opening or a closing that arrives late changes nothing.
alter table sales add column state_version bigint not null default 0;
