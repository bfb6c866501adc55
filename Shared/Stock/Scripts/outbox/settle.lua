-- (7) Takes orders that PostgreSQL has from the outbox, and tells which of them have no hold. Repeatable.
--
-- KEYS  1 outbox   2 holds
-- ARGV  order ids
-- Returns the orders without a hold: closed and returned by now, or reserved in a Redis that has lost data since

redis.call('ZREM', KEYS[1], unpack(ARGV))
local without = {}
for i, hold in ipairs(redis.call('HMGET', KEYS[2], unpack(ARGV))) do
  if not hold then without[#without + 1] = ARGV[i] end
end
return without
