create table basket (name text primary key);
insert into shelf values ('a');
insert into shelf values ('a');
