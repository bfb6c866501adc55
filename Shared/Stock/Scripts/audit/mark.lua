-- (11) A counter that only grows; when it is lower than it was, Redis has lost writes that it had confirmed.
--
-- KEYS  1 mark
-- ARGV  1 name for a store that has none   2 name that the caller knows ('' for none)   3 lowest value that it may have
-- Returns { name, value after, 1 when writes were lost; nothing grows then }

redis.call('HSETNX', KEYS[1], 'store', ARGV[1])
local name, value = redis.call('HGET', KEYS[1], 'store'), tonumber(redis.call('HGET', KEYS[1], 'value') or 0)
if name == ARGV[2] and value < tonumber(ARGV[3]) then return { name, value, 1 } end
return { name, redis.call('HINCRBY', KEYS[1], 'value', 1), 0 }
