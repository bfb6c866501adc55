-- Corrects the counters of an item by exact differences, unless they were corrected since the differences were found.
--
-- KEYS  1 item
-- ARGV  1 repairs when the differences were found   2 allocated   3 available   4 held (the last three are differences)
-- Returns 1 when corrected, 0 when another repair came first, or the item is gone

if redis.call('HEXISTS', KEYS[1], 'available') == 0 then return 0 end
if (redis.call('HGET', KEYS[1], 'repairs') or '0') ~= ARGV[1] then return 0 end
redis.call('HINCRBY', KEYS[1], 'repairs', 1)
redis.call('HINCRBY', KEYS[1], 'allocated', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'available', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'held', ARGV[4])
return 1
