-- (7) Takes orders that PostgreSQL has from the outbox, and reports which of them have no hold. Repeatable.
--
-- KEYS  1 outbox   2 holds
-- ARGV  order ids
-- Returns the orders without a hold: closed and returned since, or reserved in a Redis that has lost data since
-- Uses: pieces

local without = {}
for i, hold in ipairs(call_in_pieces('HMGET', KEYS[2], ARGV)) do
  if not hold then without[#without + 1] = ARGV[i] end
end
call_in_pieces('ZREM', KEYS[1], ARGV)
return without
