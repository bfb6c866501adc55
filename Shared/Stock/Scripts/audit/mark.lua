-- (11) A counter that only grows. When it is lower than it was, Redis has lost writes that it had confirmed.
--
-- KEYS  1 mark
-- ARGV  1 name for a store that has none   2 name that the caller knows ('' for none)   3 lowest value that it may have
-- Returns { name, value after, 1 when writes were lost; nothing grows then }
-- Uses: integer

local mark = redis.call('HMGET', KEYS[1], 'store', 'value')
local name, value = mark[1] or ARGV[1], integer(mark[2])
if name == ARGV[2] and value < tonumber(ARGV[3]) then return { name, value, 1 } end
redis.call('HSET', KEYS[1], 'store', name, 'value', value + 1)
return { name, value + 1, 0 }
