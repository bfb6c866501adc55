-- Records the root over all who take part in the draw, and later, in another call, the seed: the secret is published with the seed.
--
-- KEYS  1 room
-- ARGV  1 commitment   2 number of participants   3 root   4 seed, '' for the first of the two calls   5 ms between the two, at least
--       6 value of the beacon that is in the seed, '' for none
-- Returns 1 when it is recorded, also when it was before; when nothing is changed: 0 when it is too early, or the beacon is another one
--         now, or -1 when the room is another one, or has another root, number or seed
-- Uses: integer, time

local room = redis.call('HMGET', KEYS[1], 'commitment', 'sealed', 'root', 'root_at', 'seed', 'beacon')
if room[1] ~= ARGV[1] or (room[2] and room[2] ~= ARGV[2]) or (room[3] and room[3] ~= ARGV[3]) then return -1 end
if not room[2] then return 0 end
local now = now_ms()
if not room[3] then
  if ARGV[4] ~= '' then return 0 end
  redis.call('HSET', KEYS[1], 'root', ARGV[3], 'root_at', now)
  return 1
end
if ARGV[4] == '' or room[5] then return (ARGV[4] == '' or room[5] == ARGV[4]) and 1 or -1 end
local since = now - integer(room[4])
-- A negative time: the clock was set back.
if since >= 0 and since < tonumber(ARGV[5]) then return 0 end
if (room[6] or '') ~= ARGV[6] then return 0 end
redis.call('HSET', KEYS[1], 'seed', ARGV[4], 'seed_at', now)
return 1
