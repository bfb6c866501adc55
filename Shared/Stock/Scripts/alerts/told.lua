-- Remembers that a crossing was told, so that nobody is handed it again.
--
-- KEYS  1 alerts
-- ARGV  1 mark, 'low' or 'sold_out'   2 number of the crossing
-- Returns 1 when it is remembered, 0 when stock has crossed back since, and the next crossing is another one

local number, state = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '0 above', '^(%d+) (.+)$')
if number ~= ARGV[2] or state == 'above' then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], number .. ' told')
return 1
