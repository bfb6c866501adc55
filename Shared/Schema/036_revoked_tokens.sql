-- Tokens of buyers that are not accepted any more, until they expire. The version of the denied users counts their changes, too.
create table revoked_tokens (
  token_id text primary key check (char_length(token_id) between 1 and 200),
  reason text not null,
  revoked_by text not null,
  revoked_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create trigger revoked_tokens_change after insert or update or delete on revoked_tokens
  for each statement execute function count_denied_users_version();
