-- A body whose quoting looks like a variable of the migrator, with a semicolon on a line of its own.
create table shelf (name text primary key);
create function shelf_of(item text) returns text language sql as $body$
  select name from shelf where name = item
;
$body$;
