-- Records that a crossing is reported, so that it is not handed out again.
--
-- KEYS  1 alerts
-- ARGV  1 mark, 'low' or 'sold_out'   2 number of the crossing
-- Returns 1 when it is recorded, 0 when stock has crossed back since, and the next crossing is another one
-- Uses: alert

local number, state = parse_alert(redis.call('HGET', KEYS[1], ARGV[1]))
if number ~= ARGV[2] or state == 'above' then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], number .. ' told')
return 1
