-- (12) Sets a stopped item back to its whole allocation; the holds of live orders are given back afterwards, by rehold.lua.
--
-- KEYS  1 item    2 buyers   3 holds   4 outbox   5 orders   6 changes
-- ARGV  1 token of the rebuild   2 allocated units   then field, value, field, value ... of the item
-- Returns 1 when done, 0 when an order in the outbox may not be in PostgreSQL yet, -1 when another rebuild began since

if redis.call('HGET', KEYS[1], 'rebuild') ~= ARGV[1] then return -1 end
for _, order in ipairs(redis.call('ZRANGE', KEYS[4], 0, 999)) do
  if redis.call('HEXISTS', KEYS[3], order) == 1 then return 0 end
end
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6])
redis.call('HSET', KEYS[1], 'allocated', ARGV[2], 'available', ARGV[2], 'held', 0, 'released', 0, unpack(ARGV, 3))
redis.call('HINCRBY', KEYS[1], 'repairs', 1)
return 1
