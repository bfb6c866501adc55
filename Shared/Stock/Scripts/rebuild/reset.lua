-- (12) Sets a stopped item back to its whole allocation; rehold.lua gives the holds of live orders back afterwards, and
-- restore_returns.lua counts the others.
--
-- KEYS  1 item    2 buyers   3 holds   4 outbox   5 orders   6 changes   7 returned
-- ARGV  1 token of the rebuild   2 allocated units   then field, value, field, value ... of the item
-- Returns 1 when done, 0 when an order in the outbox may not be in PostgreSQL yet, -1 when another rebuild began since
-- Uses: integer
--
-- A key that it deletes unread may be of any type: a rebuild repairs it.

local item = redis.call('HMGET', KEYS[1], 'rebuild', 'repairs', 'seq')
if item[1] ~= ARGV[1] then return -1 end
for _, order in ipairs(redis.call('ZRANGE', KEYS[4], 0, 999)) do
  if redis.call('HEXISTS', KEYS[3], order) == 1 then return 0 end
end
redis.call('HSET', KEYS[1], 'allocated', ARGV[2], 'available', ARGV[2], 'held', 0, 'released', 0, 'repairs', integer(item[2]) + 1,
  'logged', -1, 'seq', integer(item[3]) + 1, unpack(ARGV, 3))
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7])
return 1
