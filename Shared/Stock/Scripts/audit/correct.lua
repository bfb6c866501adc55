-- Corrects the counters of an item by exact differences, unless another repair came after the differences were found.
--
-- KEYS  1 item
-- ARGV  1 repairs when the differences were found   2 allocated   3 available   4 held (the last three are differences)
-- Returns 1 when corrected, 0 when another repair came first, or the item is gone
-- Uses: integer

local item = redis.call('HMGET', KEYS[1], 'available', 'repairs', 'allocated', 'held', 'seq')
if not item[1] or (item[2] or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'repairs', integer(item[2]) + 1, 'allocated', integer(item[3]) + ARGV[2],
  'available', integer(item[1]) + ARGV[3], 'held', integer(item[4]) + ARGV[4], 'seq', integer(item[5]) + 1)
return 1
