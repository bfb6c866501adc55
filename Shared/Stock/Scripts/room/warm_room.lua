-- Makes the waiting room of a sale. Repeatable: a room that exists keeps its places, and only gets what an operator may change.
--
-- KEYS  1 room
-- ARGV  1 version of its settings   2 mode   3 admissions per second   4 value of the beacon, '' while unknown
--       5 opening of the room, ms   6 time of the draw, ms
--       then field, value ... of a new room
-- Returns 1 when the room was made, 0 when it existed, -1 when it has newer settings and is unchanged
-- Uses: integer

local room = redis.call('HMGET', KEYS[1], 'commitment', 'version', 'beacon', 'seed', 'sealed')
if room[1] and integer(room[2]) > tonumber(ARGV[1]) then return -1 end
if room[1] then
  -- A beacon is given once, and changes nothing after the draw.
  local beacon = room[3] or ''
  if beacon == '' and not room[4] then beacon = ARGV[4] end
  redis.call('HSET', KEYS[1], 'version', ARGV[1], 'mode', ARGV[2], 'rate', ARGV[3], 'beacon', beacon)
  if not room[5] then redis.call('HSET', KEYS[1], 'opens', ARGV[5], 'draws', ARGV[6]) end
  return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'mode', ARGV[2], 'rate', ARGV[3], 'beacon', ARGV[4], 'opens', ARGV[5],
  'draws', ARGV[6], unpack(ARGV, 7))
return 1
