-- Puts orders that left the outbox without a row back into it, to be published again. Repeatable.
--
-- KEYS  1 outbox   2 holds
-- ARGV  order ids
-- Returns the number of entries made
-- Uses: time

local now, made = now_ms(), 0
for _, order in ipairs(ARGV) do
  if redis.call('HEXISTS', KEYS[2], order) == 1 then made = made + redis.call('ZADD', KEYS[1], 'NX', now, order) end
end
return made
